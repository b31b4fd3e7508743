//! The bodies of administrators.

use evenkeel_protocol::*;

use crate::samples::{ATTEMPT, BUCKET, attempt, both, bucket};

#[test]
fn what_administrators_change() {
    both(
        Settings {
            revision: 7,
            scope: "global".into(),
            settings: vec![Setting {
                key: "resilience.timeout".into(),
                label: "Timeout".into(),
                help: "How long.".into(),
                kind: SettingKind::Duration,
                value: Some(SettingValue::Text("90s".into())),
                file: None,
                live: true,
                options: vec![],
            }],
        },
        r#"{"revision":7,"scope":"global","settings":[{"key":"resilience.timeout","label":"Timeout","help":"How long.","kind":"duration","value":"90s","file":null,"live":true,"options":[]}]}"#,
    );
    let change = |value| SettingChange {
        scope: "models/gpt-4.1".into(),
        key: "fallbacks".into(),
        value,
    };
    both(
        SettingsChange {
            revision: 7,
            preview: true,
            changes: vec![
                change(Some(SettingValue::List(vec!["claude".into()]))),
                change(Some(SettingValue::Switch(true))),
                change(Some(SettingValue::Number(0.5))),
                change(None),
            ],
        },
        r#"{"revision":7,"preview":true,"changes":[{"scope":"models/gpt-4.1","key":"fallbacks","value":["claude"]},{"scope":"models/gpt-4.1","key":"fallbacks","value":true},{"scope":"models/gpt-4.1","key":"fallbacks","value":0.5},{"scope":"models/gpt-4.1","key":"fallbacks","value":null}]}"#,
    );
    both(
        Effect {
            revision: 8,
            running_turns: 1,
            chains: vec![ChainEffect {
                model: "a".into(),
                before: vec!["a".into(), "b".into()],
                after: vec!["b".into()],
            }],
            warnings: vec!["It survives no outage.".into()],
        },
        r#"{"revision":8,"running_turns":1,"chains":[{"model":"a","before":["a","b"],"after":["b"]}],"warnings":["It survives no outage."]}"#,
    );
}

#[test]
fn what_administrators_read() {
    both(
        AttemptPage {
            attempts: vec![LoggedAttempt {
                assistant: Some("qa".into()),
                id: 4,
                attempt: attempt(),
                user: "local".into(),
                request_id: "r".into(),
                message_id: None,
                conversation_id: Some("c".into()),
            }],
            next: Some(3),
        },
        &format!(
            r#"{{"attempts":[{{"id":4,{},"user":"local","assistant":"qa","request_id":"r","message_id":null,"conversation_id":"c"}}],"next":3}}"#,
            ATTEMPT.trim_matches(['{', '}'])
        ),
    );
    both(
        Series {
            step_s: 5,
            models: vec![ModelSeries {
                model: "a".into(),
                buckets: vec![bucket()],
            }],
        },
        &format!(r#"{{"step_s":5,"models":[{{"model":"a","buckets":[{BUCKET}]}}]}}"#),
    );
}
