//! Where every leg is open.

use super::*;

async fn opened(calls: Vec<Call>) -> World {
    let mut all = vec![refuse(Observed::Other("?".into())); 3];
    all.extend(calls);
    let world = World::new().model("a", all);
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(world.state(0), CircuitState::Open);
    world
}

#[tokio::test(start_paused = true)]
async fn the_leg_that_cools_first_is_tried_rather_than_refusing_the_user() {
    let mut all = vec![refuse(Observed::Other("?".into())); 3];
    all.push(answers("a"));
    let world = World::new()
        .model("a", all)
        .model("b", [refuse(rate_limited(500))]);
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(world.asked(), [3, 1]);
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("a"));
    assert_eq!(
        run.story(),
        [
            (K::Primary, S::Skipped),
            (K::Fallback, S::Skipped),
            (K::Probe, S::Answered)
        ]
    );
    assert_eq!(world.asked(), [4, 1]);
    assert_eq!(world.state(0), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_without_retry_and_its_failure_doubles_the_cooldown() {
    let world = opened(vec![refuse(status(500))]).await;
    let run = world.run().await;
    assert_eq!(run.failures()[0].1, Reason::ProviderUnavailable);
    assert_eq!(world.asked(), [4]);
    let leg = &world.models[0].0;
    let until = leg.circuits.model_view(&leg.model).unwrap().until;
    assert_eq!(until, Some(Instant::now() + 120 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn turns_that_come_meanwhile_wait_for_its_outcome() {
    let slow = Call::Stream(vec![
        Step::Wait(5 * SECOND),
        text("a"),
        Step::Give(Chunk::End),
    ]);
    let world = opened(vec![slow, answers("a")]).await;
    let started = Instant::now();
    let (first, second, third) = tokio::join!(world.run(), world.run(), world.run());
    for run in [first, second, third] {
        assert_eq!(run.model.as_deref(), Some("a"));
    }
    assert_eq!(started.elapsed(), 5 * SECOND);

    let fails = Call::Refuse(5 * SECOND, status(500));
    let world = opened(vec![fails]).await;
    let (first, second) = tokio::join!(world.run(), world.run());
    assert!(first.end.is_err());
    assert_eq!(second.failures()[0].1, Reason::CircuitOpen);
    assert_eq!(world.asked(), [4], "one probe for both");
}

#[tokio::test(start_paused = true)]
async fn where_the_probe_is_given_up_the_next_one_takes_its_place() {
    let world = opened(vec![Call::Silence, answers("a")]).await;
    let log = Arc::new(Log::default());
    let gives_up = tokio::time::timeout(3 * SECOND, world.turn(&log).answer());
    let (given_up, run) = tokio::join!(gives_up, world.run());
    assert!(given_up.is_err());
    assert_eq!(run.model.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_spent_credential_a_named_rest_and_a_held_circuit_are_left_alone() {
    for observed in [status(401), status(402), rate_limited(50)] {
        let world = World::new().model("a", [refuse(observed)]);
        world.run().await;
        let asked = world.asked();
        assert_eq!(world.run().await.failures()[0].1, Reason::CircuitOpen);
        assert_eq!(world.asked(), asked);
    }
    let world = World::new().model("a", [answers("a")]);
    let leg = &world.models[0].0;
    leg.circuits.force(Some(&leg.model), ForcedState::Open);
    assert_eq!(world.run().await.failures()[0].1, Reason::CircuitOpen);
    assert_eq!(world.asked(), [0]);
}

#[tokio::test(start_paused = true)]
async fn it_is_an_attempt_like_any_other_and_never_one_too_many() {
    let cut = Call::Stream(vec![
        text("half"),
        Step::Fail(Observed::Cut("reset".into())),
    ]);
    let mut failing = vec![refuse(Observed::Other("?".into())); 3];
    failing.push(answers("half and half"));
    for (max_attempts, asked) in [(2, [3, 2]), (3, [4, 2])] {
        let mut world = World::new();
        world.settings.max_attempts = max_attempts;
        let world = world
            .model("a", failing.clone())
            .model("b", [refuse(status(500)), cut.clone()]);
        let chain = Chain::new([world.models[0].0.clone()]).unwrap();
        for _ in 0..3 {
            let log = Arc::new(Log::default());
            assert!(world.turn_on(chain.clone(), &log).answer().await.is_err());
        }
        let run = world.run().await;
        assert_eq!(run.attempts[0].state, S::Skipped);
        assert_eq!(world.asked(), asked);
        assert_eq!(run.end.is_ok(), max_attempts == 3);
    }
}

#[tokio::test(start_paused = true)]
async fn retry_at_is_the_next_moment_that_is_still_to_come() {
    let world = World::new().model("a", [refuse(rate_limited(20)), refuse(rate_limited(60))]);
    let started = Instant::now();
    let run = world.run().await;
    let Err(NoAnswer::Exhausted { retry_at, .. }) = run.end else {
        panic!("{:?}", run.end)
    };
    assert_eq!(retry_at, Some(started + 80 * SECOND));

    let world = opened(vec![refuse(status(500))]).await;
    let Err(NoAnswer::Exhausted { retry_at, .. }) = world.run().await.end else {
        panic!("it answered")
    };
    assert_eq!(retry_at, Some(Instant::now() + 120 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_simulated_probe_ends_where_the_real_circuit_has_opened_meanwhile() {
    let mut world = World::new().model("a", [answers("a")]);
    let real = world.models[0].0.circuits.real().clone();
    let tester = [Overlay::from("tester")];
    let layers = world.circuits.seen_by(&real, &tester, &tester);
    world.models[0].0.circuits = layers.clone();
    let model: ModelId = "a".into();
    let failure = |simulated| {
        let observed = status(401);
        let error = UpstreamError {
            observed,
            simulated,
        };
        classify(&error, &Scrubber::default())
    };
    let admit = || layers.admit(&model, Admission::Regular).ok().unwrap();
    admit().failed(&failure(Some(tester[0].clone())));
    advance(60 * SECOND).await;
    let simulated_probe = admit();
    let log = Arc::new(Log::default());
    let turn = tokio::spawn(world.turn(&log).answer());
    tokio::task::yield_now().await;
    assert!(!turn.is_finished(), "it waits for the probe");
    // Half-open, with no probe under way: a turn that a fault is aimed at may not take that one.
    real.admit(&model, Admission::Regular)
        .ok()
        .unwrap()
        .failed(&failure(None));
    advance(60 * SECOND).await;
    drop(real.admit(&model, Admission::Regular).ok().unwrap());
    drop(simulated_probe);
    let ended = turn.await.unwrap();
    assert!(matches!(ended, Err(NoAnswer::Exhausted { .. })));
    assert_eq!(world.asked(), [0]);
}
