//! How providers and models stand: one source for the panel, `/health`, `/metrics` and the sockets that watch.
//!
//! What has ended is counted once, under the time at which it ended, and every figure is a sum of those counts. Real and
//! simulated attempts and turns are counted apart.

mod arms;
mod cell;
mod findings;
mod histogram;
mod keep;
mod model;
mod report;
mod stints;
mod sum;
mod tally;
mod track;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use evenkeel_engine::{ModelId, Transition};
use evenkeel_protocol as wire;
use tokio::sync::watch;

use self::arms::{ArmTurn, Arms};
use self::cell::Attempts;
pub use self::cell::{TurnOutcome, Turns};
pub use self::keep::{keep, restore};
use self::model::{Model, milliseconds};
pub use self::report::Viewed;
use self::stints::Stints;
pub use self::tally::Tally;
use self::track::Track;
use crate::catalog::Catalog;
use crate::clock::Clock;

/// See the module. No lock is held for longer than one model's figures take.
pub struct Health {
    clock: Clock,
    models: RwLock<HashMap<ModelId, Arc<Mutex<Model>>>>,
    turns: Mutex<TurnTracks>,
    arms: Mutex<Arms>,
    stints: Mutex<Stints>,
    alerts: RwLock<Arc<Vec<wire::Alert>>>,
    revision: AtomicU64,
    /// The first minute that is not kept yet; none before it is known what is.
    written: Mutex<Option<u64>>,
    /// Something was in the window when it was last looked at for the sake of those who watch.
    filled: AtomicBool,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct TurnTracks {
    real: Track<Turns>,
    simulated: Track<Turns>,
}

/// A turn that has ended.
pub struct EndedTurn<'t> {
    /// Whose it was.
    pub principal: &'t str,
    /// The model that was asked for.
    pub asked: &'t str,
    /// The assistant that was asked for.
    pub assistant: Option<&'t str>,
    /// Where its conversation stands among the assistant's 100; none where the model was named.
    pub share: Option<f64>,
    /// How it ended: one of [`crate::turn::OUTCOMES`].
    pub outcome: &'static str,
    /// Its attempts.
    pub attempts: &'t [wire::Attempt],
    /// When it ended.
    pub ended_at: wire::Timestamp,
    /// From the question until then.
    pub took: Duration,
}

impl EndedTurn<'_> {
    /// A fault of the debug pane had its hand in it.
    pub fn simulated(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.simulated)
    }

    /// The attempt that gave the answer, where there is one.
    pub fn answer(&self) -> Option<&wire::Attempt> {
        let mut answers = self.attempts.iter().rev();
        answers.find(|it| it.state == wire::AttemptState::Answered && self.outcome == "answered")
    }

    fn kind(&self) -> TurnOutcome {
        let by = self.answer();
        let other = by.is_some_and(|by| by.model_name.as_str() != self.asked);
        TurnOutcome::of(self.outcome, other)
    }
}

impl TurnTracks {
    fn side_mut(&mut self, simulated: bool) -> &mut Track<Turns> {
        if simulated {
            &mut self.simulated
        } else {
            &mut self.real
        }
    }
}

impl Health {
    /// Nothing has happened yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            models: RwLock::default(),
            turns: Mutex::default(),
            arms: Mutex::default(),
            stints: Mutex::default(),
            alerts: RwLock::default(),
            revision: AtomicU64::new(0),
            written: Mutex::default(),
            filled: AtomicBool::new(false),
            changed: watch::Sender::new(()),
        }
    }

    /// Says that something has changed that is not an attempt: a circuit.
    pub fn touch(&self) {
        self.changed.send_replace(());
    }

    /// Told of every change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Takes note of an attempt's change of state.
    pub fn attempt(&self, attempt: &wire::Attempt) {
        let model = self.entry(&ModelId::from(attempt.model_name.as_str()));
        lock(&model).record(attempt, self.clock.now());
        self.touch();
    }

    /// Takes note of a turn's end.
    pub fn turn(&self, turn: &EndedTurn<'_>) {
        let (at, now) = (milliseconds(turn.ended_at), milliseconds(self.clock.now()));
        let simulated = turn.simulated();
        let (kind, took) = (turn.kind(), turn.took.as_millis() as u64);
        {
            let mut turns = lock(&self.turns);
            let track = turns.side_mut(simulated);
            track.record(at, now, |cell| cell.record(kind, took));
        }
        if let (Some(assistant), false) = (turn.assistant, simulated) {
            let turn = ArmTurn {
                assistant,
                asked: turn.asked,
                kind,
                milliseconds: took,
                ended: at,
            };
            lock(&self.arms).record(&turn, now);
        }
        if let Some(by) = turn.answer() {
            lock(&self.stints).answered(turn.principal, turn.attempts, by, simulated);
        }
        self.touch();
    }

    /// Takes note of a circuit's change.
    pub fn transition(&self, transition: &Transition) {
        lock(&self.stints).transition(transition, self.clock.now());
        self.touch();
    }

    /// Forgets the models that this catalog no longer has, once there is nothing left to tell of them.
    pub fn forget(&self, catalog: &Catalog) {
        let known = |id: &ModelId| catalog.model(id.as_str()).is_some();
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        models.retain(|id, model| known(id) || !lock(model).is_idle());
        lock(&self.stints).retain(known);
        lock(&self.arms).forget(catalog);
    }

    /// The alerts that are pending or firing, and those that are over since a short while; the worst first.
    pub fn alerts(&self) -> Arc<Vec<wire::Alert>> {
        let alerts = self.alerts.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&alerts)
    }

    /// The alerts as they now stand.
    pub fn set_alerts(&self, alerts: Vec<wire::Alert>) {
        *self.alerts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(alerts);
        self.touch();
    }

    /// The state of the live settings.
    pub fn set_revision(&self, revision: u64) {
        self.revision.store(revision, Ordering::Relaxed);
        self.touch();
    }

    fn entry(&self, id: &ModelId) -> Arc<Mutex<Model>> {
        if let Some(known) = self.known(id) {
            return known;
        }
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        models.entry(id.clone()).or_default().clone()
    }

    fn known(&self, id: &ModelId) -> Option<Arc<Mutex<Model>>> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        models.get(id).cloned()
    }

    /// Every model of which something is known, in order.
    fn all(&self) -> Vec<(ModelId, Arc<Mutex<Model>>)> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = models
            .iter()
            .map(|(id, it)| (id.clone(), it.clone()))
            .collect();
        all.sort_by(|one, two| one.0.cmp(&two.0));
        all
    }
}

/// A panic elsewhere leaves what is in it whole enough: a count may be missing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
