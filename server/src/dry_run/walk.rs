//! The turns of a span once more, through the real engine, under a clock that does not wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_engine::{
    Answer, AttemptRecord, AttemptState, BudgetSettings, Chain, Circuits, Delivery, Leg, ModelId,
    NoAnswer, Observer, Owner, Progress, PromptFacts, RetryBudget, Scrubber, Turn, Usage,
};
use evenkeel_protocol::{AnsweredBy, DryRunOutcome};
use evenkeel_store::TurnEnd;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::choice;
use super::recorded::{Recorded, Replayed};
use crate::catalog::{Catalog, Choice};
use crate::health::{TurnOutcome, Turns};

/// A replay that is to be made.
pub struct Walk {
    /// The models and their settings.
    pub catalog: Arc<Catalog>,
    /// What all turns together may spend on retries.
    pub budget: BudgetSettings,
    /// What the models did.
    pub recorded: Arc<Recorded>,
    /// The turns, oldest first by their beginning.
    pub turns: Arc<Vec<TurnEnd>>,
}

/// What came of it so far.
#[derive(Default)]
struct Sums {
    turns: Turns,
    cost: f64,
    answered_by: BTreeMap<String, u64>,
}

impl Walk {
    /// Makes it, on a thread of its own. The same replay comes to the same each time.
    ///
    /// # Errors
    ///
    /// Where the system gives no runtime.
    pub fn run(self) -> std::io::Result<DryRunOutcome> {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        Ok(runtime.block_on(self.walk()))
    }

    async fn walk(self) -> DryRunOutcome {
        let turns = self.turns.clone();
        let epoch = turns.first().map_or(0, begin);
        let world = Arc::new(World {
            circuits: Circuits::new(Arc::new(|_| {})),
            budget: Arc::new(RetryBudget::new(self.budget)),
            catalog: self.catalog,
            recorded: self.recorded,
            epoch,
            began: Instant::now(),
            sums: Mutex::default(),
            sent: Arc::default(),
        });
        let tasks = TaskTracker::new();
        for (number, turn) in turns.iter().enumerate() {
            let at = Duration::from_millis(begin(turn).saturating_sub(epoch));
            sleep_until(world.began + at).await;
            let choice = choice(&world.catalog, turn);
            tasks.spawn(world.clone().turn(choice, number as u64));
        }
        tasks.close();
        tasks.wait().await;
        let sums = std::mem::take(&mut *lock(&world.sums));
        outcome(
            &sums.turns,
            sums.cost,
            world.sent.load(Ordering::Relaxed),
            sums.answered_by,
        )
    }
}

/// The account of turns as readers get it.
pub fn outcome(
    turns: &Turns,
    cost: f64,
    attempts: u64,
    answered_by: BTreeMap<String, u64>,
) -> DryRunOutcome {
    let mut answered_by: Vec<_> = answered_by
        .into_iter()
        .map(|(model, count)| AnsweredBy {
            model: model.into(),
            count,
        })
        .collect();
    answered_by.sort_by_key(|by| std::cmp::Reverse(by.count));
    DryRunOutcome {
        turns: turns.figures(),
        cost,
        attempts,
        answered_by,
    }
}

/// When a turn began, in milliseconds since 1970.
pub fn begin(turn: &TurnEnd) -> u64 {
    let ended = u64::try_from(turn.ended_at.as_millisecond()).unwrap_or_default();
    ended.saturating_sub(turn.duration_ms)
}

struct World {
    catalog: Arc<Catalog>,
    circuits: Circuits,
    budget: Arc<RetryBudget>,
    recorded: Arc<Recorded>,
    epoch: u64,
    began: Instant,
    sums: Mutex<Sums>,
    sent: Arc<AtomicU64>,
}

impl World {
    async fn turn(self: Arc<Self>, choice: Option<Choice>, number: u64) {
        let began = Instant::now();
        let seed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 1;
        let chain = choice.as_ref().and_then(|choice| self.chain(choice, seed));
        let (kind, by, cost) = match choice.zip(chain) {
            Some((choice, chain)) => self.walk(chain, &choice.model, seed).await,
            None => (TurnOutcome::Exhausted, None, 0.0),
        };
        let mut sums = lock(&self.sums);
        sums.turns.record(kind, began.elapsed().as_millis() as u64);
        sums.cost += cost;
        if let Some(by) = by {
            *sums.answered_by.entry(by.to_string()).or_default() += 1;
        }
    }

    /// The turn's chain, as far as anything is recorded of its models.
    fn chain(&self, choice: &Choice, seed: u64) -> Option<Chain> {
        let rng = Arc::new(Mutex::new(SmallRng::seed_from_u64(!seed)));
        let known = choice.chain().iter().filter(|id| self.recorded.knows(id));
        let legs: Vec<_> = known
            .filter_map(|id| {
                let (settings, traits) = self.catalog.leg_facts(id)?;
                let entry = self.catalog.model(id.as_str())?;
                let group =
                    self.circuits
                        .provider(&Owner::shared(), &entry.provider, settings.circuit);
                group.add_model(id, settings.circuit);
                Some(Leg {
                    model: id.clone(),
                    provider: entry.provider.clone(),
                    upstream: Arc::new(Replayed {
                        recorded: self.recorded.clone(),
                        model: id.clone(),
                        epoch: self.epoch,
                        began: self.began,
                        rng: rng.clone(),
                    }),
                    circuits: self.circuits.seen_by(&group, &[], &[]),
                    settings,
                    traits,
                })
            })
            .collect();
        let most = legs.first()?.settings.max_attempts as usize;
        Chain::new(legs.into_iter().take(most)).ok()
    }

    async fn walk(
        &self,
        chain: Chain,
        asked: &ModelId,
        seed: u64,
    ) -> (TurnOutcome, Option<ModelId>, f64) {
        let turn = Turn::new(
            chain,
            PromptFacts::default(),
            Delivery::Replaceable,
            Arc::new(Sent(self.sent.clone())),
            Arc::new(Scrubber::default()),
            self.budget.clone(),
            SmallRng::seed_from_u64(seed),
        );
        let mut answer = match turn.answer().await {
            Ok(answer) => answer,
            Err(none) => return (without(&none), None, 0.0),
        };
        loop {
            match answer.next().await {
                Some(Progress::Chunk(_) | Progress::Seam(_)) => {}
                Some(Progress::Finished(finished)) => {
                    let kind = TurnOutcome::of("answered", answer.model() != asked);
                    let cost = self.cost(&answer, finished.usage);
                    return (kind, Some(answer.model().clone()), cost);
                }
                Some(Progress::Broken(none)) => {
                    return (without(&none), None, self.cost(&answer, None));
                }
                None => return (TurnOutcome::Failed, None, 0.0),
            }
        }
    }

    fn cost(&self, answer: &Answer, usage: Option<Usage>) -> f64 {
        crate::turn::cost(&self.catalog, answer, usage).unwrap_or_default()
    }
}

fn without(none: &NoAnswer) -> TurnOutcome {
    match none {
        NoAnswer::Exhausted { .. } | NoAnswer::Interrupted { .. } => TurnOutcome::Exhausted,
        NoAnswer::Filtered(_) | NoAnswer::DeadlineExceeded => TurnOutcome::Failed,
    }
}

/// Counts requests.
struct Sent(Arc<AtomicU64>);

impl Observer for Sent {
    fn attempt(&self, record: &AttemptRecord) {
        if record.state == AttemptState::Started {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A panic elsewhere leaves the sums whole enough: a turn may be missing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
