//! Runs turns through the real engine in a simulated world, as fast as the machine can: the clock stands still while
//! anybody works, and jumps to the next timer when nobody does.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_engine::{
    AttemptRecord, AttemptState, Chain, Circuits, Delivery, Leg, ModelId, NoAnswer, Observer,
    Owner, Progress, PromptFacts, ProviderId, RetryBudget, Scrubber, Traits, Turn,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::scenario::{Model, Scenario};
use super::tally::{End, Outcome, Tally};
use super::world::{Request, Simulated, World};

/// Simulates so many turns. `done` is told of each that has ended.
///
/// # Errors
///
/// Where the system gives no runtime.
pub fn run(
    scenario: Scenario,
    turns: u64,
    seed: u64,
    done: &Arc<AtomicU64>,
) -> std::io::Result<Tally> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    Ok(runtime.block_on(simulate(scenario, turns, seed, done.clone())))
}

async fn simulate(scenario: Scenario, turns: u64, seed: u64, done: Arc<AtomicU64>) -> Tally {
    let simulation = Arc::new(Simulation::new(scenario, seed, done));
    let tasks = TaskTracker::new();
    let mut rng = SmallRng::seed_from_u64(seed);
    let (mut seconds, rate) = (0.0, simulation.world.scenario.turns_per_second);
    for number in 0..turns {
        // The gaps of a Poisson process.
        seconds -= (1.0 - rng.random::<f64>()).ln() / rate;
        sleep_until(simulation.world.began + Duration::from_secs_f64(seconds)).await;
        tasks.spawn(simulation.clone().turn(number));
    }
    tasks.close();
    tasks.wait().await;
    let mut tally = std::mem::take(&mut *lock(&simulation.tally));
    tally.simulated = simulation.world.began.elapsed();
    tally
}

struct Simulation {
    world: Arc<World>,
    /// Of each model; a turn puts its own request in.
    legs: Vec<Leg>,
    shares: f64,
    budget: Arc<RetryBudget>,
    scrubber: Arc<Scrubber>,
    tally: Arc<Mutex<Tally>>,
    seed: u64,
    done: Arc<AtomicU64>,
}

impl Simulation {
    fn new(scenario: Scenario, seed: u64, done: Arc<AtomicU64>) -> Self {
        let tally = Arc::new(Mutex::new(Tally::new(&scenario)));
        let opened = tally.clone();
        let circuits = Circuits::new(Arc::new(move |transition| {
            lock(&opened).transition(transition);
        }));
        let budget = Arc::new(RetryBudget::new(scenario.retry_budget));
        let world = Arc::new(World::new(scenario));
        let nothing = Arc::new(Request {
            prompt_tokens: 0,
            answer_tokens: 0,
            rng: Mutex::new(SmallRng::seed_from_u64(0)),
        });
        let scenario = &world.scenario;
        let models = scenario.models.iter().enumerate();
        let legs = models
            .map(|(place, model)| {
                let id = scenario
                    .providers
                    .get(model.provider)
                    .map(|it| it.id.as_str());
                let provider = ProviderId::from(id.unwrap_or_default());
                let group = circuits.provider(&Owner::shared(), &provider, model.settings.circuit);
                group.add_model(&ModelId::from(model.id.as_str()), model.settings.circuit);
                let upstream = Simulated {
                    world: world.clone(),
                    model: place,
                    request: nothing.clone(),
                };
                Leg {
                    model: ModelId::from(model.id.as_str()),
                    provider,
                    upstream: Arc::new(upstream),
                    circuits: circuits.seen_by(&group, &[], &[]),
                    settings: Arc::new(model.settings.clone()),
                    traits: traits(model),
                }
            })
            .collect();
        Self {
            legs,
            shares: scenario.chains.iter().map(|chain| chain.share).sum(),
            world,
            budget,
            scrubber: Arc::new(Scrubber::default()),
            tally,
            seed,
            done,
        }
    }

    /// The chain that this turn is given.
    fn chain(&self, request: &Arc<Request>, rng: &mut SmallRng) -> Option<Chain> {
        let chains = &self.world.scenario.chains;
        let mut dice = rng.random::<f64>() * self.shares;
        let chosen = chains.iter().find(|chain| {
            dice -= chain.share;
            dice < 0.0
        });
        let places = &chosen.or(chains.last())?.models;
        let legs = places.iter().filter_map(|place| {
            let upstream = Simulated {
                world: self.world.clone(),
                model: *place,
                request: request.clone(),
            };
            Some(Leg {
                upstream: Arc::new(upstream),
                ..self.legs.get(*place)?.clone()
            })
        });
        Chain::new(legs).ok()
    }

    async fn turn(self: Arc<Self>, number: u64) {
        // Each turn has its own dice: what one draws changes nothing for the others.
        let seed = self
            .seed
            .wrapping_add(1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ number;
        let mut rng = SmallRng::seed_from_u64(seed);
        let scenario = &self.world.scenario;
        let request = Arc::new(Request {
            prompt_tokens: scenario.prompt_tokens.draw(&mut rng).round().max(1.0) as u64,
            answer_tokens: scenario.answer_tokens.draw(&mut rng).round().max(1.0) as u64,
            rng: Mutex::new(SmallRng::from_rng(&mut rng)),
        });
        let Some(chain) = self.chain(&request, &mut rng) else {
            return;
        };
        let began = Instant::now();
        let watch = Arc::new(Watch {
            began,
            attempts: AtomicU32::new(0),
            lost_nanos: AtomicU64::new(u64::MAX),
            tally: self.tally.clone(),
        });
        let prompt = PromptFacts {
            tokens: request.prompt_tokens,
            ..PromptFacts::default()
        };
        let turn = Turn::new(
            chain,
            prompt,
            Delivery::Replaceable,
            watch.clone(),
            self.scrubber.clone(),
            self.budget.clone(),
            rng,
        );
        let mut outcome = self.walk(turn, began).await;
        outcome.took = began.elapsed();
        outcome.attempts = watch.attempts.load(Ordering::Relaxed);
        let lost = Duration::from_nanos(watch.lost_nanos.load(Ordering::Relaxed));
        outcome.lost = lost.min(outcome.took);
        lock(&self.tally).ended(&outcome);
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads a turn's answer to its end.
    async fn walk(&self, turn: Turn, began: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let mut answer = match turn.answer().await {
            Ok(answer) => answer,
            Err(none) => {
                outcome.end = end(&none, false);
                return outcome;
            }
        };
        outcome.first_token = Some(began.elapsed());
        outcome.fallback = answer.fallback();
        loop {
            match answer.next().await {
                Some(Progress::Chunk(_)) => {}
                Some(Progress::Seam(_)) => outcome.seams += 1,
                Some(Progress::Finished(finished)) => {
                    let model = self.place(answer.model());
                    let usage = finished.usage.unwrap_or_default();
                    outcome.cost += self.cost(model, usage.input_tokens, usage.output_tokens);
                    outcome.end = End::Served(model);
                    outcome.fallback = answer.fallback();
                    break;
                }
                Some(Progress::Broken(none)) => {
                    outcome.end = end(&none, true);
                    break;
                }
                None => break,
            }
        }
        for spent in answer.spent() {
            let usage = spent.usage;
            let model = self.place(&spent.model);
            outcome.wasted += self.cost(model, usage.input_tokens, usage.output_tokens);
        }
        outcome
    }

    fn place(&self, model: &ModelId) -> usize {
        let place = self.legs.iter().position(|leg| leg.model == *model);
        place.unwrap_or_default()
    }

    fn cost(&self, model: usize, input: u64, output: u64) -> f64 {
        self.world.scenario.models.get(model).map_or(0.0, |model| {
            (input as f64 * model.input_cost + output as f64 * model.output_cost) / 1e6
        })
    }
}

fn traits(model: &Model) -> Traits {
    Traits {
        context_window: model.context_window,
        prefill: model.prefill,
        reasoning: model.reasoning,
        price: Some(model.input_cost + model.output_cost),
        ..Traits::default()
    }
}

/// How a turn without a whole answer has ended. It is put down to what was wrong with the model that was asked for.
fn end(none: &NoAnswer, begun: bool) -> End {
    match none {
        NoAnswer::Exhausted { failures, .. } | NoAnswer::Interrupted { failures } => {
            match failures.first() {
                Some(first) if begun => End::Interrupted(first.reason),
                Some(first) => End::Exhausted(first.reason),
                None => End::DeadlineExceeded,
            }
        }
        NoAnswer::Filtered(_) => End::Filtered,
        NoAnswer::DeadlineExceeded => End::DeadlineExceeded,
    }
}

/// Counts a turn's attempts.
struct Watch {
    began: Instant,
    attempts: AtomicU32,
    /// From the turn's begin to that of the attempt that answered.
    lost_nanos: AtomicU64,
    tally: Arc<Mutex<Tally>>,
}

impl Observer for Watch {
    fn attempt(&self, record: &AttemptRecord) {
        match record.state {
            AttemptState::Started => {
                self.attempts.fetch_add(1, Ordering::Relaxed);
                lock(&self.tally).sent(record.kind);
            }
            AttemptState::Answered => {
                let lost = record.started.duration_since(self.began).as_nanos();
                let lost = u64::try_from(lost).unwrap_or(u64::MAX);
                self.lost_nanos.store(lost, Ordering::Relaxed);
            }
            AttemptState::Failed => lock(&self.tally).failed(record),
            AttemptState::Skipped => lock(&self.tally).skipped(record),
            AttemptState::Answering | AttemptState::Cancelled => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
