//! What is told of assistants.

use evenkeel_protocol::*;

use crate::samples::{MESSAGE, TOOK, both, message, server};

#[test]
fn what_is_told_of_an_assistant() {
    both(
        Assistant {
            id: "qa".into(),
            name: "Questions and answers".into(),
            model: "a".into(),
        },
        r#"{"id":"qa","name":"Questions and answers","model":"a"}"#,
    );
    let turns = TurnFigures {
        turns: 3,
        answered: 2,
        fallbacks: 1,
        exhausted: 1,
        total: Some(TOOK),
    };
    let health = AssistantHealth {
        id: "qa".into(),
        name: "Questions and answers".into(),
        status: Status::Degraded,
        model: "a".into(),
        candidate: Some(Candidate {
            model: "b".into(),
            percent: 2.5,
        }),
        use_candidate: true,
        use_fallback: false,
        chain: vec!["a".into()],
        turns,
        candidate_turns: TurnFigures {
            turns: 0,
            answered: 0,
            fallbacks: 0,
            exhausted: 0,
            total: None,
        },
    };
    let told = r#"{"id":"qa","name":"Questions and answers","status":"degraded","model":"a","candidate":{"model":"b","percent":2.5},"use_candidate":true,"use_fallback":false,"chain":["a"],"turns":{"turns":3,"answered":2,"fallbacks":1,"exhausted":1,"total":{"p50_ms":1,"p95_ms":2,"p99_ms":3}},"candidate_turns":{"turns":0,"answered":0,"fallbacks":0,"exhausted":0,"total":null}}"#;
    both(health.clone(), told);
    server(
        ServerFrame::Health(HealthReport {
            snapshot: false,
            status: Status::Ok,
            findings: vec![],
            turns: health.turns.clone(),
            simulated_turns: None,
            alerts: vec![],
            revision: 7,
            providers: vec![],
            assistants: vec![health.clone()],
        }),
        &format!(
            r#"{{"type":"health","snapshot":false,"status":"ok","findings":[],"turns":{{"turns":3,"answered":2,"fallbacks":1,"exhausted":1,"total":{{"p50_ms":1,"p95_ms":2,"p99_ms":3}}}},"simulated_turns":null,"alerts":[],"revision":7,"providers":[],"assistants":[{told}]}}"#
        ),
    );
    both(
        Message {
            assistant: Some("qa".into()),
            ..message()
        },
        &MESSAGE.replace(
            r#""requested_model":"gpt-4o","#,
            r#""requested_model":"gpt-4o","assistant":"qa","#,
        ),
    );
}
