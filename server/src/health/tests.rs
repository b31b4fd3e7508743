//! Whatever order things are recorded in, figures are those of a recount.

use std::io::Write;
use std::time::Duration;

use evenkeel_protocol::{Attempt, AttemptKind, AttemptState, Reason, Timestamp, Usage};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::time::{Instant, advance};

use super::cell::Attempts;
use super::model::Model;
use super::sum::Sum;
use super::track::{MINUTE, STEP, STEPS};
use super::{EndedTurn, Health, Viewed};
use crate::clock::Clock;
use crate::shared::Shared;

/// A day and some minutes after this, at the end of every test.
const START: u64 = 1_795_100_000_000;
const NOW: u64 = START + 24 * 60 * MINUTE + 3 * MINUTE + 1_234;

fn at(milliseconds: u64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds as i64).unwrap()
}

prop_compose! {
    fn attempt()(
        ended in prop_oneof![NOW - 20 * MINUTE..=NOW, START..=NOW],
        duration in 0_u64..300_000,
        first in prop::option::of(0_u64..60_000),
        state in prop::sample::select(vec![
            AttemptState::Answered, AttemptState::Answered, AttemptState::Failed,
            AttemptState::Cancelled, AttemptState::Skipped,
        ]),
        reason in prop::sample::select(Reason::ALL.to_vec()),
        usage in prop::option::of((0_u64..10_000, 0_u64..5_000)),
        cost in prop::option::of(0_u64..10_000_000),
        simulated in prop::bool::weighted(0.2),
    ) -> Attempt {
        let failed = matches!(state, AttemptState::Failed | AttemptState::Skipped);
        Attempt {
            index: 0,
            kind: AttemptKind::Primary,
            state,
            model_name: "m".into(),
            provider: "p".into(),
            status_code: None,
            reason: failed.then_some(reason),
            detail: None,
            retry_in_ms: None,
            retry_limit: None,
            started_at: at(ended - duration),
            first_token_ms: first.map(|first| first.min(duration)),
            duration_ms: Some(duration),
            usage: usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens }),
            cost: cost.map(|billionths| billionths as f64 / 1e9),
            simulated,
        }
    }
}

fn ended(attempt: &Attempt) -> u64 {
    attempt.started_at.as_millisecond() as u64 + attempt.duration_ms.unwrap()
}

fn recount<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> Attempts {
    let mut sum = Attempts::default();
    attempts.into_iter().for_each(|it| sum.record(&it.into()));
    sum
}

/// The same time that people would read off the raw times, within the histogram's bound.
fn is_near(found: Option<u64>, mut exact: Vec<u64>, percent: u64) -> bool {
    exact.sort_unstable();
    let rank = (exact.len() as u64 * percent).div_ceil(100).max(1);
    match (found, exact.get(rank as usize - 1)) {
        (Some(found), Some(exact)) => found.abs_diff(*exact) * 64 <= *exact,
        (found, exact) => found.is_none() && exact.is_none(),
    }
}

proptest! {
    #[test]
    fn figures_of_a_span_are_those_of_a_recount(
        attempts in prop::collection::vec(attempt(), 0..60),
        pauses in prop::collection::vec(0_u64..30 * MINUTE, 0..60),
        span in 1_u64..STEP * STEPS,
        minutes in 16_u64..24 * 60,
    ) {
        // Each is recorded when it has ended, or later, in any order; time goes on all the while.
        let mut model = Model::default();
        let mut now = START;
        for (attempt, pause) in attempts.iter().zip(pauses.iter().chain(std::iter::repeat(&0))) {
            now = NOW.min((now + pause).max(ended(attempt)));
            model.record(attempt, at(now));
        }
        model.pass(at(NOW));
        for simulated in [false, true] {
            let own = || attempts.iter().filter(|it| it.simulated == simulated);
            let Some(side) = model.side(simulated) else {
                prop_assert!(own().all(|it| ended(it) < NOW - 24 * 60 * MINUTE));
                continue;
            };
            let since = |first: u64| own().filter(move |it| ended(it) >= first);
            let window = (NOW / STEP + 1 - STEPS) * STEP;
            prop_assert_eq!(side.track.window(), &recount(since(window)));
            let first = (NOW / STEP + 1 - span.div_ceil(STEP)) * STEP;
            prop_assert_eq!(side.track.over(span, NOW), recount(since(first)));
            let first = (NOW / MINUTE + 1 - minutes) * MINUTE;
            prop_assert_eq!(side.track.over(minutes * MINUTE, NOW), recount(since(first)));

            let figures = side.track.window().figures();
            let totals: Vec<_> = since(window)
                .filter(|it| it.state == AttemptState::Answered)
                .filter_map(|it| it.duration_ms)
                .collect();
            for (percent, found) in [
                (50, figures.total.map(|it| it.p50_ms)),
                (95, figures.total.map(|it| it.p95_ms)),
                (99, figures.total.map(|it| it.p99_ms)),
            ] {
                prop_assert!(is_near(found, totals.clone(), percent));
            }
            let failed = since(window).filter(|it| it.state == AttemptState::Failed);
            for told in &figures.reasons {
                let own = failed.clone().filter(|it| it.reason == Some(told.reason));
                prop_assert_eq!(own.count() as u64, told.count);
            }
        }
    }

    #[test]
    fn cells_come_back_from_their_bytes(attempts in prop::collection::vec(attempt(), 0..40)) {
        let sum = recount(&attempts);
        prop_assert_eq!(Attempts::unpack(&sum.pack()), Some(sum));
    }

    #[test]
    fn buckets_hold_what_ended_in_them(attempts in prop::collection::vec(attempt(), 0..60)) {
        let mut model = Model::default();
        attempts.iter().for_each(|it| model.record(it, at(NOW)));
        for (buckets, length) in [(model.steps(), STEP), (model.minutes(), MINUTE)] {
            prop_assert!(buckets.windows(2).all(|pair| pair[0].start < pair[1].start));
            for bucket in &buckets {
                let start = bucket.start.as_millisecond() as u64;
                let own = || attempts.iter().filter(|it| (start..start + length).contains(&ended(it)));
                let of = |state, simulated| {
                    own().filter(|it| it.state == state && it.simulated == simulated).count() as u32
                };
                prop_assert_eq!(bucket.answered, of(AttemptState::Answered, false));
                prop_assert_eq!(bucket.failed, of(AttemptState::Failed, false));
                let simulated = [AttemptState::Answered, AttemptState::Failed, AttemptState::Cancelled];
                let simulated: u32 = simulated.into_iter().map(|state| of(state, true)).sum();
                prop_assert_eq!(bucket.simulated, simulated);
            }
        }
        prop_assert_eq!(model.latest(), model.steps().pop());
    }
}

fn answered(model: &str, started_at: Timestamp) -> Attempt {
    Attempt {
        index: 0,
        kind: AttemptKind::Primary,
        state: AttemptState::Answered,
        model_name: model.into(),
        provider: "p".into(),
        status_code: Some(200),
        reason: None,
        detail: None,
        retry_in_ms: None,
        retry_limit: None,
        started_at,
        first_token_ms: Some(120),
        duration_ms: Some(900),
        usage: Some(Usage {
            input_tokens: 700,
            output_tokens: 300,
        }),
        cost: Some(0.0042),
        simulated: false,
    }
}

#[tokio::test(start_paused = true)]
async fn figures_leave_the_window_as_time_passes_and_nothing_else_happens() {
    let clock = Clock::start();
    let health = Health::new(clock);
    let attempt = answered("m", clock.now());
    advance(Duration::from_millis(900)).await;
    health.attempt(&attempt);
    health.turn(&EndedTurn {
        principal: "local",
        asked: "m",
        assistant: None,
        share: None,
        outcome: "answered",
        attempts: &[attempt],
        ended_at: clock.now(),
        took: Duration::from_millis(900),
    });
    let count = || health.turns_over(Duration::from_secs(900)).figures.answered;
    let day = || {
        health
            .turns_over(Duration::from_secs(86_400))
            .figures
            .answered
    };
    advance(Duration::from_secs(890)).await;
    assert!(health.pass());
    assert_eq!(
        (count(), health.cost_over(Duration::from_secs(900))),
        (1, 0.0042)
    );
    advance(Duration::from_secs(15)).await;
    assert!(health.pass(), "those who watch must be told");
    assert!(!health.pass(), "but once");
    assert_eq!((count(), day()), (0, 1));
    advance(Duration::from_secs(86_400)).await;
    health.pass();
    assert_eq!(day(), 0);
}

/// `cargo test -p evenkeel what_frames_cost -- --ignored --nocapture` says it.
#[tokio::test]
#[ignore = "a measurement"]
async fn what_frames_cost_with_200_models() {
    let mut text = String::new();
    for provider in 0..10 {
        text += &format!(
            "[[providers]]\nid = \"p{provider}\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n"
        );
        for model in 0..20 {
            let id = format!("m{provider}-{model}");
            text += &format!(
                "[[models]]\nid = \"{id}\"\nprovider = \"p{provider}\"\nname = \"{id}\"\nfallbacks = []\n"
            );
        }
    }
    let folder = TempDir::new().unwrap();
    let shared = Shared::for_tests_with(&folder, &text).await;
    let (health, catalog, clock) = (&shared.health, shared.catalog(), &shared.clock);
    let mut said = String::new();
    for busy in [false, true] {
        if busy {
            let began = Instant::now();
            let mut count = 0_u32;
            for second in 0..900_u64 {
                for model in catalog.models() {
                    for _ in 0..2 {
                        let then = clock.now().as_millisecond() as u64 - second * 1000 - 900;
                        let mut attempt = answered(model.id.as_str(), at(then));
                        attempt.duration_ms = Some(300 + u64::from(count) * 7919 % 4_000);
                        attempt.first_token_ms = Some(50 + u64::from(count) * 104_729 % 900);
                        health.attempt(&attempt);
                        count += 1;
                    }
                }
            }
            said += &format!(
                "{count} attempts recorded, {:?} each\n",
                began.elapsed() / count
            );
        }
        let mut viewed = Viewed::default();
        viewed.whole(&health.report(&catalog, "local", clock));
        let began = Instant::now();
        let (mut bytes, frames) = (0, 20);
        for _ in 0..frames {
            for model in catalog.models().iter().filter(|_| busy) {
                health.attempt(&answered(model.id.as_str(), clock.now()));
            }
            let news = viewed.news(health.report(&catalog, "local", clock));
            bytes += news.map_or(0, |news| serde_json::to_string(&news).unwrap().len());
        }
        let snapshot = serde_json::to_string(&health.report(&catalog, "local", clock)).unwrap();
        said += &format!(
            "busy: {busy}: {} bytes and {:?} a frame, {} bytes of a snapshot\n",
            bytes / frames,
            began.elapsed() / frames as u32,
            snapshot.len()
        );
    }
    let packed: usize = health
        .minutes_between(0, u64::MAX)
        .iter()
        .map(|it| it.sums.len())
        .sum();
    let minutes = health.minutes_between(0, u64::MAX).len();
    said += &format!(
        "{} bytes a packed minute of 120 attempts\n",
        packed / minutes
    );
    let _ = std::io::stderr().write_all(said.as_bytes());
}
