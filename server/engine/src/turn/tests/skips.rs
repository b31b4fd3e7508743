//! Legs that are not asked, and retries that are not made.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_missing_model_is_not_asked_for_ten_minutes() {
    let world = World::new()
        .model("a", [refuse(status(404))])
        .model("b", [answers("b")]);
    world.run().await;
    let run = world.run().await;
    assert_eq!(
        run.story(),
        [(K::Primary, S::Skipped), (K::Fallback, S::Answered)]
    );
    let skipped = &run.attempts[0];
    assert_eq!(
        (
            skipped.reason,
            skipped.status_code,
            skipped.detail.as_deref()
        ),
        (Some(Reason::ModelNotFound), Some(404), Some("said 404"))
    );
    advance(600 * SECOND).await;
    world.run().await;
    assert_eq!(world.asked(), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_model_is_asked_where_discovery_lists_it_or_nobody_else_is_there() {
    let world = World::new()
        .model("a", [refuse(status(404)), answers("a")])
        .model("b", [answers("b")]);
    world.run().await;
    let leg = &world.models[0].0;
    leg.circuits.real().found(&leg.model);
    assert_eq!(world.run().await.model.as_deref(), Some("a"));

    let alone = World::new().model("a", [refuse(status(404)), answers("a")]);
    alone.run().await;
    assert_eq!(alone.run().await.model.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_cannot_do_what_is_needed_is_skipped() {
    let blind = |traits: &mut Traits| {
        traits.capabilities = Some(Capabilities {
            vision: false,
            tools: true,
        });
    };
    let mut world = World::new()
        .model("a", [answers("a")])
        .with(blind)
        .model("b", [answers("b")]);
    assert_eq!(world.run().await.model.as_deref(), Some("a"));
    world.prompt.needs.vision = true;
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("b"));
    assert_eq!(run.attempts[0].reason, Some(Reason::NotCapable));
    assert_eq!(
        run.attempts[0].detail.as_deref(),
        Some("it cannot see images")
    );
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_does_not_fit_is_not_sent() {
    let mut world = World::new()
        .model("a", [answers("a")])
        .with(|a| a.context_window = Some(1_000))
        .model("b", [answers("b")]);
    world.prompt.tokens = 1_000;
    assert_eq!(world.run().await.model.as_deref(), Some("a"));
    world.prompt.tokens = 1_001;
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("b"));
    assert_eq!(run.attempts[0].reason, Some(Reason::ContextLengthExceeded));
}

#[tokio::test(start_paused = true)]
async fn over_budget_there_is_no_retry_but_every_leg_gets_its_request() {
    let mut world = World::new()
        .model("a", [refuse(status(503))])
        .model("b", [refuse(status(503))]);
    world.budget = Arc::new(RetryBudget::new(BudgetSettings {
        share: 0.0,
        per_second: 0.0,
    }));
    world.run().await;
    assert_eq!(world.asked(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn where_one_host_serves_all_its_models_a_silent_one_is_silent_for_all() {
    let world = World::new()
        .model_on("ollama", "a", [Call::Silence])
        .with(|a| a.single_host = true)
        .model_on("ollama", "b", [answers("b")])
        .model("c", [answers("c")]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("c"));
    assert_eq!(started.elapsed(), 120 * SECOND);
    assert_eq!(run.attempts[1].reason, Some(Reason::Timeout));
    assert_eq!(world.asked(), [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_was_slow_lately_is_given_its_time() {
    let slow = Call::Stream(vec![
        Step::Wait(6 * SECOND),
        text("a"),
        Step::Give(Chunk::End),
    ]);
    let world = World::new()
        .model("a", [vec![slow; 10], vec![Call::Silence]].concat())
        .model("b", [answers("b")]);
    for _ in 0..10 {
        world.run().await;
    }
    let started = Instant::now();
    assert_eq!(world.run().await.model.as_deref(), Some("b"));
    assert_eq!(started.elapsed(), 18 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_legs_after_the_first_can_be_ordered_by_price_or_by_time() {
    let mut world = World::new();
    world.settings.routing = Routing::Cheapest;
    let world = world
        .model("a", [refuse(status(404))])
        .with(|a| a.price = Some(9.0))
        .model("b", [answers("b")])
        .with(|b| b.price = Some(5.0))
        .model("c", [answers("c")])
        .model("d", [answers("d")])
        .with(|d| d.price = Some(1.0));
    assert_eq!(world.run().await.model.as_deref(), Some("d"));

    let takes = |seconds, words| {
        Call::Stream(vec![
            Step::Wait(Duration::from_secs(seconds)),
            text(words),
            Step::Give(Chunk::End),
        ])
    };
    let mut world = World::new();
    world.settings.routing = Routing::Fastest;
    let world = world
        .model("a", [refuse(status(418))])
        .model("b", [takes(3, "b"), refuse(status(418)), takes(3, "b")])
        .model("c", [takes(1, "c")]);
    let models: Vec<_> = [
        world.run().await.model,
        // b has been timed, c has not: what is known comes first; it fails, and c answers.
        world.run().await.model,
        world.run().await.model,
    ]
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(models, ["b", "c", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_skip_takes_no_time_and_says_whether_it_was_simulated() {
    let tester = Overlay::from("tester");
    for simulated in [None, Some(tester.clone())] {
        let mut world = World::new()
            .model("a", [answers("a")])
            .model("b", [answers("b")]);
        let real = world.models[0].0.circuits.real().clone();
        let overlays = [tester.clone()];
        let layers = world.circuits.seen_by(&real, &overlays, &overlays);
        world.models[0].0.circuits = layers.clone();
        let error = UpstreamError {
            observed: status(401),
            simulated: simulated.clone(),
        };
        let failure = classify(&error, &Scrubber::default());
        let permit = layers.admit(&"a".into(), Admission::Regular);
        permit.ok().unwrap().failed(&failure);
        let run = world.run().await;
        let skip = &run.attempts[0];
        assert_eq!(
            (skip.state, skip.reason),
            (S::Skipped, Some(Reason::CircuitOpen))
        );
        assert_eq!(skip.duration, Some(Duration::ZERO));
        assert_eq!(skip.simulated, simulated.is_some());
    }
}
