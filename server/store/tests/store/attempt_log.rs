//! The log of attempts when there are many.

use std::io::Write;

use evenkeel_protocol::{Attempt, AttemptKind, AttemptState, Reason, Timestamp, Usage};
use evenkeel_store::{AttemptFilter, CallAttempts, LogPlace, Store};
use tempfile::TempDir;
use tokio::time::Instant;

const HOUR: i64 = 3_600_000;

fn attempt(number: u64, started_at: Timestamp) -> Attempt {
    let failed = number.is_multiple_of(20);
    Attempt {
        index: 0,
        kind: AttemptKind::Primary,
        state: if failed {
            AttemptState::Failed
        } else {
            AttemptState::Answered
        },
        model_name: format!("model-{}", number % 20).as_str().into(),
        provider: format!("provider-{}", number % 5).as_str().into(),
        status_code: Some(if failed { 503 } else { 200 }),
        reason: failed.then(|| Reason::ALL[number as usize / 20 % 12]),
        detail: failed.then(|| "overloaded".to_owned()),
        retry_in_ms: None,
        retry_limit: None,
        started_at,
        first_token_ms: Some(number % 900),
        duration_ms: Some(900 + number % 3_000),
        usage: Some(Usage {
            input_tokens: 700,
            output_tokens: 300,
        }),
        cost: Some(0.001),
        simulated: number.is_multiple_of(5_000),
    }
}

async fn fill(store: &Store, attempts: u64) {
    let mut batch = vec![];
    for number in 0..attempts {
        let at = 1_795_000_000_000 + number as i64 * 86_400;
        batch.push(CallAttempts {
            assistant: None,
            principal: if number % 3 == 0 { "local" } else { "other" }.into(),
            request_id: format!("request-{number}").into(),
            attempts: vec![attempt(number, Timestamp::from_millisecond(at).unwrap())],
        });
        if batch.len() == 500 {
            store.record_attempts(&batch).await.unwrap();
            batch.clear();
        }
    }
    store.record_attempts(&batch).await.unwrap();
}

/// `EVENKEEL_ATTEMPTS=1000000 cargo test -p evenkeel-store many_attempts -- --ignored --nocapture` says how long it takes.
#[tokio::test]
#[ignore = "a measurement"]
async fn many_attempts_are_found_fast() {
    let count = std::env::var("EVENKEEL_ATTEMPTS").map_or(20_000, |it| it.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let store = Store::open("sqlite://log.db", folder.path()).await.unwrap();
    let began = Instant::now();
    fill(&store, count).await;
    let mut said = format!("{count} attempts written in {:?}\n", began.elapsed());
    let middle = Timestamp::from_millisecond(1_795_000_000_000 + count as i64 * 43_200).unwrap();
    let all = AttemptFilter::default;
    for (what, filter) in [
        ("newest", all()),
        (
            "model",
            AttemptFilter {
                model: Some("model-7".into()),
                ..all()
            },
        ),
        (
            "provider",
            AttemptFilter {
                provider: Some("provider-3".into()),
                ..all()
            },
        ),
        (
            "reason",
            AttemptFilter {
                reason: Some(Reason::Timeout),
                ..all()
            },
        ),
        (
            "state",
            AttemptFilter {
                state: Some(AttemptState::Failed),
                ..all()
            },
        ),
        (
            "request",
            AttemptFilter {
                request_id: Some("request-777".to_owned()),
                ..all()
            },
        ),
        (
            "user",
            AttemptFilter {
                user: Some("local".to_owned()),
                ..all()
            },
        ),
        (
            "nobody",
            AttemptFilter {
                user: Some("nobody".to_owned()),
                ..all()
            },
        ),
        (
            "simulated",
            AttemptFilter {
                simulated: Some(true),
                ..all()
            },
        ),
        (
            "until the middle",
            AttemptFilter {
                to: Some(middle),
                ..all()
            },
        ),
        (
            "model and reason and time",
            AttemptFilter {
                model: Some("model-0".into()),
                reason: Some(Reason::Timeout),
                from: Some(middle),
                ..all()
            },
        ),
        (
            "model that never failed so",
            AttemptFilter {
                model: Some("model-7".into()),
                reason: Some(Reason::Timeout),
                ..all()
            },
        ),
        (
            "answered of a model and a user",
            AttemptFilter {
                model: Some("model-7".into()),
                user: Some("local".to_owned()),
                state: Some(AttemptState::Answered),
                ..all()
            },
        ),
    ] {
        let began = Instant::now();
        let page = store
            .logged_attempts(&filter, None, 50, "local")
            .await
            .unwrap();
        said += &format!("{what}: {} in {:?}\n", page.len(), began.elapsed());
        let began = Instant::now();
        if let Some(last) = page.last() {
            let next = store.logged_attempts(&filter, Some(LogPlace::of(last)), 50, "local");
            let next = next.await.unwrap();
            assert!(next.iter().all(|it| it.id < last.id));
            said += &format!("  next page: {} in {:?}\n", next.len(), began.elapsed());
        }
    }
    for hours in [1, 24, 24 * 30] {
        let to = Timestamp::from_millisecond(1_795_000_000_000 + count as i64 * 86_400).unwrap();
        let from = Timestamp::from_millisecond(to.as_millisecond() - hours * HOUR).unwrap();
        let (began, mut seen) = (Instant::now(), 0);
        store
            .each_attempt(from, to, |_, _, _| seen += 1)
            .await
            .unwrap();
        said += &format!(
            "statistics of {hours} h: {seen} attempts in {:?}\n",
            began.elapsed()
        );
    }
    let _ = std::io::stderr().write_all(said.as_bytes());
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
