//! The log of attempts: 200,000 of them, 1,000 a day.

use criterion::Criterion;
use evenkeel_protocol::{Attempt, AttemptKind, AttemptState, Reason, Timestamp, Usage};
use evenkeel_store::{AttemptFilter, CallAttempts, LogPlace, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const ME: &str = "local";
const ATTEMPTS: u64 = 200_000;
const BEGIN: i64 = 1_795_000_000_000;
const DAY: i64 = 86_400_000;
const DAILY: i64 = 1_000;
const BATCH: u64 = 500;
const PAGE: u32 = 50;

/// When the attempt of this number began.
fn began(number: u64) -> Timestamp {
    Timestamp::from_millisecond(BEGIN + number as i64 * (DAY / DAILY)).unwrap()
}

fn call(number: u64) -> CallAttempts {
    let failed = number.is_multiple_of(20);
    let attempt = Attempt {
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
        started_at: began(number),
        first_token_ms: Some(number % 900),
        duration_ms: Some(900 + number % 3_000),
        usage: Some(Usage {
            input_tokens: 700,
            output_tokens: 300,
        }),
        cost: Some(0.001),
        simulated: number.is_multiple_of(5_000),
    };
    CallAttempts {
        assistant: None,
        principal: if number.is_multiple_of(3) {
            ME
        } else {
            "other"
        }
        .into(),
        request_id: format!("request-{number}").into(),
        attempts: vec![attempt],
    }
}

/// What somebody may look for; every model fails for some reasons and never for others.
fn filters() -> Vec<(&'static str, AttemptFilter)> {
    let all = AttemptFilter::default;
    let model = |name: &str| AttemptFilter {
        model: Some(name.into()),
        ..all()
    };
    let middle = Some(began(ATTEMPTS / 2));
    let timeout = Some(Reason::Timeout);
    let of = |user: &str| AttemptFilter {
        user: Some(user.to_owned()),
        ..all()
    };
    vec![
        ("all", all()),
        ("of a model", model("model-7")),
        (
            "of a provider",
            AttemptFilter {
                provider: Some("provider-3".into()),
                ..all()
            },
        ),
        (
            "with a reason",
            AttemptFilter {
                reason: timeout,
                ..all()
            },
        ),
        (
            "with a state",
            AttemptFilter {
                state: Some(AttemptState::Failed),
                ..all()
            },
        ),
        (
            "of a request",
            AttemptFilter {
                request_id: Some("request-777".to_owned()),
                ..all()
            },
        ),
        ("of a user", of(ME)),
        ("of nobody", of("nobody")),
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
                to: middle,
                ..all()
            },
        ),
        (
            "of a model with a reason since the middle",
            AttemptFilter {
                reason: timeout,
                from: middle,
                ..model("model-0")
            },
        ),
        (
            "of a model that never failed so",
            AttemptFilter {
                reason: timeout,
                ..model("model-7")
            },
        ),
        (
            "of a model and a user with a state",
            AttemptFilter {
                user: Some(ME.to_owned()),
                state: Some(AttemptState::Answered),
                ..model("model-7")
            },
        ),
    ]
}

async fn fill(folder: &TempDir) -> Store {
    let store = Store::open("sqlite://log.db", folder.path()).await.unwrap();
    for first in (0..ATTEMPTS).step_by(BATCH as usize) {
        let batch: Vec<_> = (first..first + BATCH).map(call).collect();
        store.record_attempts(&batch).await.unwrap();
    }
    store
}

/// Writing, pages of every kind, and statistics.
pub fn benches(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let store = runtime.block_on(fill(&folder));
    for (name, filter) in filters() {
        let page = |after| {
            runtime
                .block_on(store.logged_attempts(&filter, after, PAGE, ME))
                .unwrap()
        };
        c.bench_function(&format!("log, {name}"), |b| b.iter(|| page(None)));
        if let Some(last) = page(None).last() {
            let after = Some(LogPlace::of(last));
            c.bench_function(&format!("log, {name}, next page"), |b| {
                b.iter(|| page(after));
            });
        }
    }
    for days in [1, 30] {
        let to = began(ATTEMPTS);
        let from = Timestamp::from_millisecond(to.as_millisecond() - days * DAY).unwrap();
        c.bench_function(&format!("statistics of {days} d"), |b| {
            b.iter(|| {
                let mut seen = 0;
                runtime
                    .block_on(store.each_attempt(from, to, |_, _, _| seen += 1))
                    .unwrap();
                seen
            });
        });
    }
    // Last, because it adds to what the others look at.
    let batch: Vec<_> = (ATTEMPTS..ATTEMPTS + BATCH).map(call).collect();
    c.bench_function(&format!("log, {BATCH} written"), |b| {
        b.iter(|| runtime.block_on(store.record_attempts(&batch)).unwrap());
    });
}
