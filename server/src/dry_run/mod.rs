//! "What if": the turns of the last hours once more, through the real engine, with what their models did then and settings
//! that are only imagined; next to what happened, and to a replay with the settings as they are, which says how far a
//! replay is to be believed.
//!
//! What is recorded is what the asked models did. A model that nobody asked in a minute does what it did in the nearest
//! one; one that nobody asked at all is left out, and named.

mod recorded;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evenkeel_engine::ModelId;
use evenkeel_protocol::{DryRun, DryRunOutcome, Timestamp};
use evenkeel_store::{StoreError, TurnEnd};

use self::recorded::Recorded;
use self::walk::{Walk, begin, outcome};
use crate::catalog::{Catalog, Choice};
use crate::config::Config;
use crate::health::{TurnOutcome, Turns};
use crate::shared::Shared;

/// More turns are not replayed.
pub const MOST: usize = 100_000;

/// Why there is no dry run.
#[derive(Debug)]
pub enum NoDryRun {
    /// The span has so many turns, which are too many.
    TooLong(usize),
    /// The database does not answer.
    Store(StoreError),
    /// The system gives no thread or runtime.
    Failed(std::io::Error),
}

/// Replays the span with the settings as they are, and with these.
///
/// # Errors
///
/// See [`NoDryRun`].
pub async fn dry_run(
    shared: &Shared,
    imagined: (Config, Catalog),
    from: Timestamp,
    to: Timestamp,
) -> Result<DryRun, NoDryRun> {
    let turns = shared
        .store
        .ended_turns(from, to)
        .await
        .map_err(NoDryRun::Store)?;
    let mut turns: Vec<_> = turns.into_iter().filter(|turn| !turn.simulated).collect();
    if turns.len() > MOST {
        return Err(NoDryRun::TooLong(turns.len()));
    }
    turns.sort_by_key(begin);
    let (mut recorded, mut cost, mut attempts) = (Recorded::default(), 0.0, 0);
    let each = |model: &str, _: &str, sample: evenkeel_store::Sample| {
        cost += sample.cost.unwrap_or_default();
        attempts += u64::from(sample.state != evenkeel_protocol::AttemptState::Skipped);
        recorded.add(model, sample);
    };
    let read = shared.store.each_attempt(from, to, each).await;
    read.map_err(NoDryRun::Store)?;
    let happened = happened(&turns, cost, attempts);
    // Whoever left or stopped then would be answered or not all the same: what came of it is no matter of the settings.
    turns.retain(|turn| turn.outcome != "cancelled");
    let (turns, recorded) = (Arc::new(turns), Arc::new(recorded));
    let (config, catalog) = imagined;
    let mut members = BTreeSet::<ModelId>::new();
    for choice in turns.iter().filter_map(|turn| choice(&catalog, turn)) {
        members.extend(choice.chain().iter().cloned());
    }
    members.retain(|id| !recorded.knows(id) && catalog.leg_facts(id).is_some());
    let unknown = members.iter().map(|id| id.as_str().into()).collect();
    let walk = |catalog: Arc<Catalog>, budget| Walk {
        catalog,
        budget,
        recorded: recorded.clone(),
        turns: turns.clone(),
    };
    let present = walk(shared.catalog(), shared.config().retry_budget);
    let changed = walk(Arc::new(catalog), config.retry_budget);
    Ok(DryRun {
        from,
        to,
        happened,
        replayed: apart(present).await?,
        changed: apart(changed).await?,
        unknown,
    })
}

/// What a recorded turn asks for here. A conversation stands where it stood among its assistant's 100, so that another
/// percentage asks another model for it.
fn choice(catalog: &Catalog, turn: &TurnEnd) -> Option<Choice> {
    let assistant = turn.assistant.as_deref();
    let model = catalog.model(turn.asked.as_str());
    match (assistant.and_then(|id| catalog.assistant(id)), turn.share) {
        (Some(assistant), Some(share)) => Some(assistant.at(share)),
        (Some(assistant), None) => Some(assistant.with(model?)),
        (None, _) => model.map(Choice::model),
    }
}

/// On a thread where it holds up nobody.
async fn apart(walk: Walk) -> Result<DryRunOutcome, NoDryRun> {
    let ran = tokio::task::spawn_blocking(|| walk.run()).await;
    ran.map_err(std::io::Error::other)
        .flatten()
        .map_err(NoDryRun::Failed)
}

fn happened(turns: &[TurnEnd], cost: f64, attempts: u64) -> DryRunOutcome {
    let (mut sums, mut answered_by) = (Turns::default(), BTreeMap::<String, u64>::new());
    for turn in turns {
        let other = turn
            .answered_by
            .as_ref()
            .is_some_and(|by| *by != turn.asked);
        sums.record(TurnOutcome::of(&turn.outcome, other), turn.duration_ms);
        if let Some(by) = &turn.answered_by {
            *answered_by.entry(by.0.clone()).or_default() += 1;
        }
    }
    outcome(&sums, cost, attempts, answered_by)
}
