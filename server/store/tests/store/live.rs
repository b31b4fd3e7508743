//! Live settings and the audit log.

use evenkeel_protocol::{SettingValue, Timestamp};
use evenkeel_store::{Deed, LiveChange};

use crate::support::world;

fn text(text: &str) -> Option<SettingValue> {
    Some(SettingValue::Text(text.to_owned()))
}

fn deed(key: &str, revision: Option<u64>) -> Deed {
    Deed {
        at: Timestamp::from_millisecond(1_700_000_000_123).unwrap(),
        by: "me".to_owned(),
        action: "setting".to_owned(),
        scope: "global".to_owned(),
        key: key.to_owned(),
        before: Some(SettingValue::Number(0.5)),
        after: Some(SettingValue::List(vec!["a".to_owned(), "b".to_owned()])),
        live_before: None,
        live_after: Some(SettingValue::Switch(true)),
        revision,
    }
}

#[tokio::test]
async fn settings_come_back_as_they_were_and_go_when_they_are_taken_back() {
    let world = world().await;
    assert_eq!(world.live_settings().await.unwrap(), Default::default());
    let list = SettingValue::List(vec!["x".to_owned()]);
    let place = |scope: &str, key: &str| (scope.to_owned(), key.to_owned());
    let value = |(scope, key): (String, String), value| (scope, key, value);
    let change = LiveChange {
        values: vec![
            value(place("global", "resilience.timeout"), text("45s")),
            value(place("models/x", "fallbacks"), Some(list.clone())),
        ],
        models: vec![("x".to_owned(), "p".to_owned(), "x-upstream".to_owned())],
        deeds: vec![
            deed("resilience.timeout", Some(1)),
            deed("fallbacks", Some(1)),
        ],
    };
    world.change_live(&change).await.unwrap();
    let kept = world.live_settings().await.unwrap();
    assert_eq!(kept.revision, 1);
    assert_eq!(
        kept.values,
        [
            (
                "global".to_owned(),
                "resilience.timeout".to_owned(),
                text("45s").unwrap()
            ),
            ("models/x".to_owned(), "fallbacks".to_owned(), list),
        ]
    );
    assert_eq!(kept.models, change.models);

    let back = LiveChange {
        values: vec![
            value(place("global", "resilience.timeout"), text("90s")),
            value(place("models/x", "fallbacks"), None),
        ],
        models: vec![],
        deeds: vec![deed("resilience.timeout", Some(2))],
    };
    world.change_live(&back).await.unwrap();
    let kept = world.live_settings().await.unwrap();
    assert_eq!((kept.revision, kept.values.len()), (2, 1));
    assert_eq!(Some(&kept.values[0].2), text("90s").as_ref());
}

#[tokio::test]
async fn the_log_is_read_in_pages_from_its_end() {
    let world = world().await;
    for (key, revision) in [
        ("one", Some(1)),
        ("two", None),
        ("three", Some(2)),
        ("four", Some(3)),
    ] {
        world.record_deed(&deed(key, revision)).await.unwrap();
    }
    let page = world.audit(None, 3).await.unwrap();
    let keys: Vec<_> = page.iter().map(|row| row.deed.key.as_str()).collect();
    assert_eq!(keys, ["four", "three", "two"]);
    let rest = world.audit(Some(page[2].id), 3).await.unwrap();
    assert_eq!((rest.len(), &rest[0].deed), (1, &deed("one", Some(1))));
    let since = world.audit_since(1).await.unwrap();
    let keys: Vec<_> = since.iter().map(|row| row.deed.key.as_str()).collect();
    assert_eq!(keys, ["four", "three"]);
    let one = world.audit_entry(rest[0].id).await.unwrap();
    assert_eq!(one.as_ref(), rest.first());
    assert_eq!(world.audit_entry(99).await.unwrap(), None);
}
