use tokio::time::advance;

use super::*;
use crate::testing::*;
use crate::{ForcedState, Observed, Routing};

const SECOND: Duration = Duration::from_secs(1);

fn broken() -> Vec<Call> {
    vec![refuse(Observed::Other("?".into())); 9]
}

fn outlook(world: &World) -> Option<Outlook> {
    let legs = world.models.iter().map(|(leg, _)| leg.clone());
    Chain::new(legs).unwrap().outlook(&world.prompt)
}

async fn after_three(world: World) -> World {
    for _ in 0..3 {
        world.run().await;
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_model_that_would_be_asked_has_none() {
    let world = World::new().model("a", [answers("a")]).model("b", broken());
    assert_eq!(outlook(&world), None);
    world.run().await;
    assert_eq!(outlook(&world), None);
}

#[tokio::test(start_paused = true)]
async fn the_next_leg_answers_until_the_first_may_be_probed() {
    let world = World::new().model("a", broken()).model("b", [answers("b")]);
    let world = after_three(world).await;
    let until = Some(Instant::now() + 60 * SECOND);
    assert_eq!(
        outlook(&world),
        Some(Outlook {
            answers: Some("b".into()),
            reason: Reason::Unknown,
            retry_at: until,
            simulated: false,
            look_again: until,
        })
    );
    advance(60 * SECOND).await;
    assert_eq!(outlook(&world), None);
    // It only looked: the circuit is not half-open.
    assert_eq!(world.state(0), crate::CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_would_be_asked_the_first_who_comes_back_is_told() {
    let world = World::new()
        .model("a", broken())
        .model("b", [refuse(rate_limited(20))]);
    let world = after_three(world).await;
    let told = outlook(&world).unwrap();
    assert_eq!((told.answers, told.reason), (None, Reason::Unknown));
    let first = Some(Instant::now() + 20 * SECOND);
    assert_eq!((told.retry_at, told.look_again), (first, first));
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_is_being_probed_is_looked_at_again_soon() {
    let mut calls = broken();
    calls.truncate(3);
    calls.push(Call::Silence);
    let world = World::new().model("a", calls).model("b", [answers("b")]);
    let world = after_three(world).await;
    advance(60 * SECOND).await;
    let (log, legs) = (std::sync::Arc::new(Log::default()), &world.models);
    let probe = tokio::spawn(world.turn(&log).answer());
    tokio::task::yield_now().await;
    let told = outlook(&world).unwrap();
    assert_eq!(told.answers, Some("b".into()));
    assert_eq!(told.retry_at, None);
    assert_eq!(told.look_again, Some(Instant::now() + SECOND));
    // The user stops: nothing tells of it, and the next who comes is the probe.
    probe.abort();
    let _ = probe.await;
    assert_eq!(outlook(&world), None);
    assert_eq!(legs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_held_open_has_no_time() {
    let world = World::new()
        .model("a", [answers("a")])
        .model("b", [answers("b")]);
    let (leg, _) = &world.models[0];
    leg.circuits.force(None, ForcedState::Open);
    let told = outlook(&world).unwrap();
    assert_eq!(told.reason, Reason::CircuitOpen);
    assert_eq!((told.retry_at, told.look_again), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_missing_model_is_passed_over_unless_it_is_the_only_one() {
    let world = World::new()
        .model("a", [refuse(status(404))])
        .model("b", [answers("b")]);
    world.run().await;
    let told = outlook(&world).unwrap();
    assert_eq!(told.reason, Reason::ModelNotFound);
    assert_eq!(told.retry_at, Some(Instant::now() + 600 * SECOND));
    let alone = Chain::new([world.models[0].0.clone()]).unwrap();
    assert_eq!(alone.outlook(&world.prompt), None);
}

#[tokio::test(start_paused = true)]
async fn the_order_is_the_turns_own() {
    let mut world = World::new();
    world.settings.routing = Routing::Cheapest;
    let world = world
        .model("a", broken())
        .model("b", [answers("b")])
        .with(|traits| traits.price = Some(9.0))
        .model("c", [answers("c")])
        .with(|traits| traits.price = Some(1.0));
    let world = after_three(world).await;
    assert_eq!(outlook(&world).unwrap().answers, Some("c".into()));
    assert_eq!(world.run().await.model.as_deref(), Some("c"));
}
