//! A second leg beside a slow first one.

use super::*;

fn slow(seconds: u64, words: &str) -> Call {
    Call::Stream(vec![
        Step::Wait(Duration::from_secs(seconds)),
        text(words),
        Step::Give(Chunk::End),
    ])
}

fn hedging() -> World {
    let mut world = World::new();
    world.settings.hedge_after = Some(2 * SECOND);
    world
}

#[tokio::test(start_paused = true)]
async fn it_is_off_by_default() {
    let world = World::new()
        .model("a", [slow(9, "a")])
        .model("b", [answers("b")]);
    assert_eq!(world.run().await.model.as_deref(), Some("a"));
    assert_eq!(world.asked(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_first_content_wins_and_the_loser_is_cancelled_at_once() {
    let world = hedging()
        .model("a", [slow(9, "a")])
        .model("b", [slow(3, "b")])
        .model("c", [answers("c")]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!((run.model.as_deref(), run.fallback), (Some("b"), true));
    assert_eq!(started.elapsed(), 5 * SECOND);
    assert_eq!(
        run.story(),
        [(K::Primary, S::Cancelled), (K::Hedge, S::Answered)]
    );
    assert_eq!((world.asked(), world.running()), (vec![1, 1, 0], 0));
    assert_eq!(world.state(0), CircuitState::Closed);

    let world = hedging()
        .model("a", [slow(4, "a")])
        .model("b", [slow(9, "b")]);
    let run = world.run().await;
    assert_eq!((run.model.as_deref(), run.fallback), (Some("a"), false));
    assert_eq!(
        run.story(),
        [(K::Primary, S::Answered), (K::Hedge, S::Cancelled)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_never_wins() {
    let world = hedging()
        .model("a", [slow(5, "a")])
        .model("b", [refuse(status(500))])
        .model("c", [answers("c")]);
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("a"));
    assert_eq!(world.asked(), [1, 1, 0]);

    let world = hedging()
        .model("a", [Call::Refuse(3 * SECOND, status(500))])
        .model("b", [slow(5, "b")])
        .model("c", [answers("c")]);
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("b"));
    assert_eq!(
        world.asked(),
        [1, 1, 0],
        "the hedge is the fallback already"
    );
}

#[tokio::test(start_paused = true)]
async fn where_both_fail_the_rest_of_the_chain_is_walked() {
    let world = hedging()
        .model("a", [Call::Refuse(3 * SECOND, status(404))])
        .model("b", [Call::Refuse(2 * SECOND, status(404))])
        .model("c", [answers("c")]);
    let run = world.run().await;
    assert_eq!(run.model.as_deref(), Some("c"));
    assert_eq!(world.asked(), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn thinking_aloud_is_no_silence() {
    let thinks = Call::Stream(vec![
        Step::Give(Chunk::Reasoning("hm".into())),
        Step::Wait(5 * SECOND),
        text("a"),
        Step::Give(Chunk::End),
    ]);
    let world = hedging().model("a", [thinks]).model("b", [answers("b")]);
    assert_eq!(world.run().await.model.as_deref(), Some("a"));
    assert_eq!(world.asked(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn never_beside_a_probe_nor_with_one_nor_over_budget() {
    let world = hedging()
        .model("a", [refuse(rate_limited(20)), slow(4, "a")])
        .model("b", [answers("b")]);
    world.run().await;
    advance(20 * SECOND).await;
    let run = world.run().await;
    assert_eq!(run.story(), [(K::Probe, S::Answered)]);

    let mut world = hedging()
        .model("a", [slow(4, "a")])
        .model("b", [answers("b")]);
    world.budget = Arc::new(RetryBudget::new(BudgetSettings {
        share: 0.0,
        per_second: 0.0,
    }));
    assert_eq!(world.run().await.story(), [(K::Primary, S::Answered)]);
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_race_is_asked_when_the_winner_breaks_off() {
    let cut = Call::Stream(vec![
        Step::Wait(4 * SECOND),
        text("one "),
        Step::Fail(Observed::Cut("reset".into())),
    ]);
    let world = hedging()
        .model("a", [cut])
        .model("b", [slow(9, "no"), answers("one two")]);
    let run = world.run().await;
    assert_eq!((run.text.as_str(), run.end.is_ok()), ("one two", true));
    assert_eq!(
        run.story(),
        [
            (K::Primary, S::Failed),
            (K::Hedge, S::Cancelled),
            (K::Fallback, S::Answered)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hedge_is_no_way_around_a_safety_system() {
    let world = hedging()
        .model("a", [Call::Refuse(5 * SECOND, status(404))])
        .model("b", [refuse(Observed::Filtered("SAFETY".into()))])
        .model("c", [answers("c")]);
    let run = world.run().await;
    assert!(
        matches!(run.end, Err(NoAnswer::Filtered(_))),
        "{:?}",
        run.end
    );
    assert_eq!(world.asked(), [1, 1, 0]);

    let world = hedging()
        .model("a", [slow(5, "a")])
        .model("b", [refuse(Observed::Filtered("SAFETY".into()))]);
    assert_eq!(world.run().await.text, "a", "nobody needs it");
}

#[tokio::test(start_paused = true)]
async fn a_loser_is_needed_later_only_where_a_request_is_left_for_it() {
    let breaks_off = Call::Stream(vec![
        text("half"),
        Step::Fail(Observed::Cut("reset".into())),
    ]);
    for (max_attempts, asked) in [(2, [1, 1]), (3, [2, 1])] {
        let mut world = hedging();
        world.settings.max_attempts = max_attempts;
        let world = world
            .model("a", [Call::Silence, answers("half and half")])
            .model("b", [breaks_off.clone()]);
        let run = world.run().await;
        assert_eq!(world.asked(), asked);
        assert_eq!(run.end.is_ok(), max_attempts == 3);
    }
}
