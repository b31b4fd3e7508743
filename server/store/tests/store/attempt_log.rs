//! The log of attempts, page by page.

use evenkeel_protocol::{Attempt, AttemptKind, AttemptState, Reason, Timestamp};
use evenkeel_store::{AttemptFilter, CallAttempts, LogPlace, Store};
use tempfile::TempDir;

/// The twentieth failed.
fn attempt(number: u32, started_at: Timestamp) -> Attempt {
    let failed = number == 20;
    Attempt {
        index: 0,
        kind: AttemptKind::Primary,
        state: if failed {
            AttemptState::Failed
        } else {
            AttemptState::Answered
        },
        model_name: "model".into(),
        provider: "provider".into(),
        status_code: None,
        reason: failed.then_some(Reason::Timeout),
        detail: None,
        retry_in_ms: None,
        retry_limit: None,
        started_at,
        first_token_ms: None,
        duration_ms: Some(900),
        usage: None,
        cost: None,
        simulated: false,
    }
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_overlap() {
    let folder = TempDir::new().unwrap();
    let store = Store::open("sqlite://log.db", folder.path()).await.unwrap();
    // Many that began in the same millisecond.
    let same = Timestamp::from_millisecond(1_795_000_000_000).unwrap();
    let call = CallAttempts {
        assistant: None,
        principal: "local".into(),
        request_id: "r".into(),
        attempts: (1..=30).map(|number| attempt(number, same)).collect(),
    };
    store.record_attempts(&[call]).await.unwrap();
    let (all, mut after, mut ids) = (AttemptFilter::default(), None, vec![]);
    loop {
        let page = store
            .logged_attempts(&all, after, 7, "local")
            .await
            .unwrap();
        ids.extend(page.iter().map(|it| it.id));
        match page.last() {
            Some(last) => after = Some(LogPlace::of(last)),
            None => break,
        }
    }
    assert_eq!(ids, (1..=30).rev().collect::<Vec<_>>());
    let failed = AttemptFilter {
        state: Some(AttemptState::Failed),
        ..AttemptFilter::default()
    };
    let found = store
        .logged_attempts(&failed, None, 50, "local")
        .await
        .unwrap();
    assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [20]);
}
