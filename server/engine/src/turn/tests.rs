//! Whole turns over scripted models, under the paused clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};

use crate::provider_circuits::Admission;
use crate::testing::*;
use crate::*;

mod guarded;
mod hedging;
mod last_resort;
mod recovery;
mod skips;

use AttemptKind as K;
use AttemptState as S;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_first_leg_answers() {
    let world = World::new()
        .model("a", [answers("hello")])
        .model("b", [answers("no")]);
    let run = world.run().await;
    assert_eq!(
        (run.text.as_str(), run.model.as_deref(), run.fallback),
        ("hello", Some("a"), false)
    );
    assert_eq!(run.story(), [(K::Primary, S::Answered)]);
    assert_eq!(run.end.unwrap().finish_reason, Some(FinishReason::Stop));
    assert_eq!(world.asked(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_error_is_retried_once_and_then_the_next_leg_answers() {
    let world = World::new()
        .model("a", [refuse(status(503))])
        .model("b", [answers("hi")]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!((run.model.as_deref(), run.fallback), (Some("b"), true));
    assert_eq!(
        run.story(),
        [
            (K::Primary, S::Failed),
            (K::Retry, S::Failed),
            (K::Fallback, S::Answered)
        ]
    );
    assert!(run.attempts[0].retry_in.unwrap() <= Duration::from_millis(500));
    let limits = run.attempts.iter().map(|attempt| attempt.retry_limit);
    assert_eq!(limits.collect::<Vec<_>>(), [Some(1), None, None]);
    assert!(started.elapsed() <= Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn a_passing_error_costs_one_retry() {
    let world = World::new()
        .model("a", [refuse(status(500)), answers("hi")])
        .model("b", [answers("no")]);
    let run = world.run().await;
    assert_eq!((run.model.as_deref(), run.fallback), (Some("a"), false));
    assert_eq!(world.asked(), [2, 0]);
    assert_eq!(world.state(0), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_last_usable_leg_gets_all_retries() {
    let world = World::new().model("a", [refuse(status(500))]);
    let run = world.run().await;
    assert_eq!(
        run.failures(),
        [("a".to_owned(), Reason::ProviderUnavailable)]
    );
    assert_eq!(world.asked(), [4]);
    let limits = run.attempts.iter().map(|attempt| attempt.retry_limit);
    assert_eq!(
        limits.collect::<Vec<_>>(),
        [Some(3), Some(3), Some(3), None]
    );
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_again_is_not_asked_again() {
    for observed in [
        status(404),
        status(401),
        status(402),
        status(403),
        status(418),
        Observed::Other("?".into()),
    ] {
        let world = World::new()
            .model("a", [refuse(observed)])
            .model("b", [answers("hi")]);
        assert_eq!(world.run().await.model.as_deref(), Some("b"));
        assert_eq!(world.asked(), [1, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mixed_chain_with_an_unknown_error_keeps_its_order() {
    let world = World::new()
        .model("a", [refuse(status(404))])
        .model("b", [refuse(Observed::Other("boom".into()))])
        .model("c", [refuse(status(429))])
        .model("d", [refuse(status(401))]);
    let run = world.run().await;
    let expected = [
        ("a", Reason::ModelNotFound),
        ("b", Reason::Unknown),
        ("c", Reason::QuotaExhausted),
        ("d", Reason::AuthError),
    ];
    assert_eq!(
        run.failures(),
        expected.map(|(model, reason)| (model.to_owned(), reason))
    );
}

#[tokio::test(start_paused = true)]
async fn a_short_retry_after_is_waited_for_and_never_undercut() {
    let world = World::new()
        .model("a", [refuse(rate_limited(2)), answers("hi")])
        .model("b", [answers("no")]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("a"));
    assert_eq!(started.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_long_retry_after_goes_to_the_next_leg_and_keeps_the_first_alone() {
    let world = World::new()
        .model("a", [refuse(rate_limited(20)), answers("hi")])
        .model("b", [answers("b")]);
    assert_eq!(world.run().await.model.as_deref(), Some("b"));
    assert_eq!(world.asked(), [1, 1]);
    let run = world.run().await;
    assert_eq!(
        run.story(),
        [(K::Primary, S::Skipped), (K::Fallback, S::Answered)]
    );
    assert_eq!(world.asked(), [1, 2]);
    advance(20 * SECOND).await;
    let run = world.run().await;
    assert_eq!(run.story(), [(K::Probe, S::Answered)]);
    assert_eq!(world.state(0), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_last_leg_waits_up_to_thirty_seconds_else_says_when() {
    let world = World::new().model("a", [refuse(rate_limited(30)), answers("hi")]);
    let started = Instant::now();
    assert_eq!(world.run().await.model.as_deref(), Some("a"));
    assert_eq!(started.elapsed(), 30 * SECOND);

    let world = World::new().model("a", [refuse(rate_limited(31))]);
    let Err(NoAnswer::Exhausted { retry_at, .. }) = world.run().await.end else {
        panic!()
    };
    assert_eq!(retry_at, Some(Instant::now() + 31 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_credential_failure_bars_the_providers_other_legs() {
    let world = World::new()
        .model_on("p", "a", [refuse(status(401))])
        .model_on("p", "b", [answers("never")])
        .model_on("q", "c", [answers("hi")]);
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("c"));
    assert_eq!(world.asked(), [1, 0, 1]);
    assert_eq!(
        (run.attempts[1].state, run.attempts[1].reason),
        (S::Skipped, Some(Reason::AuthError))
    );
    assert_eq!(run.attempts[1].status_code, Some(401));
}

#[tokio::test(start_paused = true)]
async fn a_second_models_403_bars_the_provider() {
    let world = World::new()
        .model_on("p", "a", [refuse(status(403))])
        .model_on("p", "b", [refuse(status(403))])
        .model_on("p", "c", [answers("never")]);
    let run = world.run().await;
    assert_eq!(world.asked(), [1, 1, 0]);
    assert_eq!(run.failures()[2], ("c".to_owned(), Reason::AuthError));
}

#[tokio::test(start_paused = true)]
async fn a_reset_before_headers_is_tried_again_once_at_once() {
    let world = World::new()
        .model("a", [refuse(Observed::ConnectionReset("reset".into()))])
        .model("b", [answers("hi")]);
    let started = Instant::now();
    assert_eq!(world.run().await.model.as_deref(), Some("b"));
    assert_eq!(
        (world.asked(), started.elapsed()),
        (vec![2, 1], Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_asked_twice() {
    let world = World::new()
        .model("a", [Call::Silence])
        .model("b", [answers("hi")]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!(
        (run.attempts[0].reason, world.asked()),
        (Some(Reason::Timeout), vec![1, 1])
    );
    assert_eq!(started.elapsed(), 10 * SECOND);
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_leg_may_take_the_whole_timeout() {
    let slow = Call::Stream(vec![
        Step::Wait(44 * SECOND),
        text("late"),
        Step::Give(Chunk::End),
    ]);
    let world = World::new().model("a", [slow]);
    assert_eq!(world.run().await.text, "late");
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_goes_to_the_next_leg_and_counts_for_no_circuit() {
    let empty = Call::Stream(vec![
        Step::Give(Chunk::Finish(FinishReason::Stop)),
        Step::Give(Chunk::End),
    ]);
    let world = World::new().model("a", [empty]).model("b", [answers("hi")]);
    for _ in 0..5 {
        let run = world.run().await;
        assert_eq!(run.attempts[0].reason, Some(Reason::ResponseRejected));
        assert_eq!(run.model.as_deref(), Some("b"));
    }
    assert_eq!(world.asked(), [5, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_safety_system_ends_the_turn() {
    let refused = Observed::Status {
        status: 400,
        code: Some("content_filter".into()),
        message: "blocked by policy".into(),
        retry_after: None,
    };
    let world = World::new()
        .model("a", [refuse(refused)])
        .model("b", [answers("no")]);
    let run = world.run().await;
    let Err(NoAnswer::Filtered(failure)) = run.end else {
        panic!("{:?}", run.end)
    };
    assert_eq!(failure.detail.as_deref(), Some("blocked by policy"));
    assert_eq!(world.asked(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_after_commit_keeps_the_text_and_is_no_success() {
    let cut = Call::Stream(vec![
        text("half"),
        Step::Fail(Observed::Cut("reset".into())),
    ]);
    let world = World::new()
        .model("a", [refuse(status(404))])
        .model("b", [cut])
        .model("c", [refuse(status(401))]);
    let run = world.run().await;
    assert_eq!(run.text, "half");
    let tried = [
        ("a", Reason::ModelNotFound),
        ("b", Reason::StreamInterrupted),
        ("c", Reason::AuthError),
    ];
    assert_eq!(
        run.failures(),
        tried.map(|(model, reason)| (model.to_owned(), reason))
    );
    assert_eq!(run.attempts[1].state, S::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_clean_end_without_a_finish_reason_is_an_interruption() {
    let world = World::new().model("a", [Call::Stream(vec![text("half")])]);
    assert_eq!(
        world.run().await.failures(),
        [("a".to_owned(), Reason::StreamInterrupted)]
    );
}

#[tokio::test(start_paused = true)]
async fn either_end_mark_is_enough() {
    for mark in [Chunk::End, Chunk::Finish(FinishReason::Length)] {
        let world = World::new().model("a", [Call::Stream(vec![text("all"), Step::Give(mark)])]);
        assert!(world.run().await.end.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_noticed_and_thinking_is_none() {
    let stall = Call::Stream(vec![text("half"), Step::Hang]);
    let world = World::new().model("a", [stall]);
    let started = Instant::now();
    assert_eq!(world.run().await.failures()[0].1, Reason::StreamInterrupted);
    assert_eq!(started.elapsed(), 15 * SECOND);

    let thinks = Call::Stream(vec![
        Step::Give(Chunk::Reasoning("hm".into())),
        Step::Wait(59 * SECOND),
        text("so"),
        Step::Give(Chunk::End),
    ]);
    let world = World::new().model("a", [thinks]);
    assert_eq!(world.run().await.text, "so");
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_noticed_however_often_the_answer_is_asked() {
    let world = World::new().model("a", [Call::Stream(vec![text("half"), Step::Hang])]);
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    let started = Instant::now();
    let broken = loop {
        match tokio::time::timeout(Duration::from_millis(300), answer.next()).await {
            Ok(Some(Progress::Broken(end))) => break end,
            Ok(Some(_)) | Err(_) => assert!(started.elapsed() <= 16 * SECOND),
            Ok(None) => panic!("the end was not told"),
        }
    };
    assert!(matches!(broken, NoAnswer::Interrupted { .. }));
    assert_eq!(answer.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn three_failed_turns_open_the_circuit_and_one_probe_closes_it() {
    let world = World::new()
        .model(
            "a",
            std::iter::repeat_n(refuse(status(500)), 6).chain([answers("back")]),
        )
        .model("b", [answers("b")]);
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(
        (world.asked(), world.state(0)),
        (vec![6, 3], CircuitState::Open)
    );
    let run = world.run().await;
    assert_eq!(run.attempts[0].state, S::Skipped);
    assert_eq!(run.attempts[0].reason, Some(Reason::CircuitOpen));
    assert_eq!(world.asked(), [6, 4]);
    advance(60 * SECOND).await;
    assert_eq!(world.run().await.story(), [(K::Probe, S::Answered)]);
    assert_eq!(world.state(0), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_is_not_retried() {
    let world = World::new()
        .model("a", [refuse(status(500))])
        .model("b", [answers("b")]);
    for _ in 0..3 {
        world.run().await;
    }
    advance(60 * SECOND).await;
    let run = world.run().await;
    assert_eq!(
        run.story(),
        [(K::Probe, S::Failed), (K::Fallback, S::Answered)]
    );
    assert_eq!(world.state(0), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_gives_its_permit_back_and_stops_its_call() {
    let world = World::new()
        .model(
            "a",
            std::iter::repeat_n(refuse(status(401)), 1).chain([Call::Silence, answers("back")]),
        )
        .model("b", [answers("b")]);
    world.run().await;
    assert_eq!(world.state(0), CircuitState::Open);
    advance(60 * SECOND).await;
    let log = Arc::new(Log::default());
    let turn = world.turn(&log).answer();
    assert!(tokio::time::timeout(SECOND, turn).await.is_err());
    assert_eq!(log.attempts()[0].state, S::Cancelled);
    assert_eq!(world.running(), 0);
    assert_eq!(world.run().await.story(), [(K::Probe, S::Answered)]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_answer_counts_against_no_circuit() {
    let world = World::new().model("a", [Call::Stream(vec![text("x"), Step::Hang])]);
    for _ in 0..5 {
        let log = Arc::new(Log::default());
        drop(world.turn(&log).answer().await.unwrap());
        assert_eq!(log.attempts()[0].state, S::Cancelled);
    }
    assert_eq!((world.state(0), world.running()), (CircuitState::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn the_only_models_circuit_opens_its_providers_and_closing_it_closes_that() {
    let world = World::new().model("a", [refuse(status(500))]);
    for _ in 0..3 {
        world.run().await;
    }
    let (leg, _) = &world.models[0];
    assert_eq!(leg.circuits.view().state, CircuitState::Open);
    leg.circuits.reset(Some(&leg.model));
    assert_eq!(leg.circuits.view().state, CircuitState::Closed);
    assert!(leg.circuits.admits(&leg.model));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limited_models_circuit_takes_its_providers_with_it_both_ways() {
    let world = World::new().model("a", [refuse(status(429))]);
    for _ in 0..3 {
        world.run().await;
    }
    let (leg, _) = &world.models[0];
    assert_eq!(leg.circuits.view().state, CircuitState::Open);
    leg.circuits.force(Some(&leg.model), ForcedState::Open);
    assert_eq!(leg.circuits.view().state, CircuitState::Open);
    leg.circuits.force(Some(&leg.model), ForcedState::Closed);
    assert!(leg.circuits.admits(&leg.model));
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_is_left_alone_for_as_long_as_the_provider_says() {
    let spent = Observed::Status {
        status: 429,
        code: Some("insufficient_quota".to_owned()),
        message: String::new(),
        retry_after: Some(200 * SECOND),
    };
    let world = World::new()
        .model("a", [refuse(spent), answers("a")])
        .model("b", [answers("b")]);
    for (wait, model) in [(0, "b"), (199, "b"), (1, "a")] {
        advance(wait * SECOND).await;
        assert_eq!(world.run().await.model.as_deref(), Some(model));
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_retry_after_counts_and_opens_nothing() {
    let world = World::new()
        .model("a", [refuse(rate_limited(1))])
        .model("b", [answers("b")]);
    for opened in [false, false, true] {
        world.run().await;
        assert_eq!(world.state(0) == CircuitState::Open, opened);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_retry_has_made_good_is_no_failure() {
    let cut = Call::Stream(vec![
        text("half"),
        Step::Fail(Observed::Cut("reset".into())),
    ]);
    let world = World::new().model("a", [refuse(status(500)), cut]);
    assert_eq!(
        world.run().await.failures(),
        [("a".to_owned(), Reason::StreamInterrupted)]
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_finish_reason_the_end_is_not_waited_for_long() {
    let usage = |input_tokens, output_tokens| {
        Step::Give(Chunk::Usage(Usage {
            input_tokens,
            output_tokens,
            ..Usage::default()
        }))
    };
    let steps = vec![
        usage(7, 0),
        text("all"),
        Step::Give(Chunk::Finish(FinishReason::Stop)),
        usage(0, 9),
        Step::Hang,
    ];
    let world = World::new().model("a", [Call::Stream(steps)]);
    let started = Instant::now();
    let run = world.run().await;
    let finished = run.end.unwrap();
    assert_eq!(started.elapsed(), SECOND);
    let expected = Some(Usage {
        input_tokens: 7,
        output_tokens: 9,
        ..Usage::default()
    });
    assert_eq!(
        (finished.usage, run.attempts[0].usage),
        (expected, expected)
    );
}

#[tokio::test(start_paused = true)]
async fn two_open_models_open_the_providers_circuit() {
    let world = World::new()
        .model_on("p", "a", [refuse(status(500))])
        .model_on("p", "b", [refuse(status(500))])
        .model_on("p", "c", [answers("c")]);
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(world.models[2].0.circuits.view().state, CircuitState::Open);
    assert_eq!(world.run().await.failures().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_straggler_of_an_open_model_does_not_open_its_provider_again() {
    let world = World::new()
        .model_on("p", "a", [refuse(status(500))])
        .model_on("p", "b", [refuse(status(500))])
        .model_on("p", "c", [answers("c")]);
    let group = world.models[0].0.circuits.real().clone();
    let admit = |model: &str| group.admit(&model.into(), Admission::Regular).unwrap();
    let straggler = admit("a");
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(group.view().state, CircuitState::Open);
    advance(60 * SECOND).await;
    admit("c").succeeded();
    assert_eq!(group.view().state, CircuitState::Closed);
    let error = UpstreamError {
        observed: status(500),
        simulated: None,
    };
    straggler.failed(&classify(&error, &Scrubber::default()));
    assert_eq!(group.view().state, CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_its_own_401_opened_stays_open_when_a_model_is_reset() {
    let world = World::new()
        .model_on("p", "a", [refuse(status(401))])
        .model_on("p", "b", [answers("b")]);
    world.run().await;
    let (leg, _) = &world.models[0];
    assert_eq!(leg.circuits.view().state, CircuitState::Open);
    leg.circuits.reset(Some(&leg.model));
    assert_eq!(world.state(0), CircuitState::Closed);
    assert_eq!(leg.circuits.view().state, CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_names_the_legs_that_were_never_tried() {
    let mut world = World::new();
    world.settings.deadline = 15 * SECOND;
    let world = world
        .model("a", [Call::Silence])
        .model("b", [Call::Silence])
        .model("c", [answers("never")]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!(started.elapsed(), 15 * SECOND);
    let reasons: Vec<_> = run
        .failures()
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    assert_eq!(
        reasons,
        [
            Reason::Timeout,
            Reason::DeadlineExceeded,
            Reason::DeadlineExceeded
        ]
    );
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_before_any_failure_says_so() {
    let mut world = World::new();
    world.settings.deadline = 5 * SECOND;
    let world = world.model("a", [Call::Silence]);
    assert_eq!(
        world.run().await.end.unwrap_err(),
        NoAnswer::DeadlineExceeded
    );
}
