//! The circuits as somebody sees them who is told of their transitions and of the attempts: whether each transition has
//! a cause, and each attempt was let through rightly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel_engine::*;
use tokio::time::Instant;

use crate::coverage::Coverage;
use crate::ledger::{Attempt, Ledger, LegFacts, number};

/// A circuit: its layer (0 is the real one), the credential's owner, the provider, and the model, where it is a model's.
type Key = (u32, usize, usize, Option<usize>);

/// What an attempt was let through by: each circuit, and its generation then.
#[derive(Debug)]
pub struct Visit {
    turn: u64,
    index: u32,
    circuits: Vec<(Key, u64)>,
    /// One of them was half-open: the first content has told them all that there is to tell.
    probe: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Probe {
    Out,
    Answered(Instant),
    Failed(Instant),
    Cancelled,
}

#[derive(Debug)]
struct Watched {
    state: CircuitState,
    forced: bool,
    until: Option<Instant>,
    generation: u64,
    probe: Option<(u64, u32, Probe)>,
    /// A 401 or a 402 opened it.
    hopeless: bool,
    /// Its provider has asked to be left alone until then.
    quiet: Option<Instant>,
    /// When something that was let through in this generation last failed.
    failed: Option<(Instant, u64)>,
    /// It opened in this moment, in the generation before, and the failure that did it was not told of yet.
    unexplained: Option<(Instant, u64)>,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            state: CircuitState::Closed,
            forced: false,
            until: None,
            generation: 0,
            probe: None,
            hopeless: false,
            quiet: None,
            failed: None,
            unexplained: None,
        }
    }
}

/// All circuits.
#[derive(Default)]
pub struct Shadow {
    circuits: HashMap<Key, Watched>,
    /// An administrator or the end of a fault is at work: what changes now needs no other cause.
    pub ordered: bool,
    /// Circuits that were let through before their time: the next attempt has to be a last resort.
    early: Vec<Key>,
    pub complaints: Vec<String>,
    pub coverage: Coverage,
}

impl Shadow {
    pub fn listener(shadow: &Arc<Mutex<Self>>) -> Arc<dyn Fn(&Transition) + Send + Sync> {
        let shadow = shadow.clone();
        Arc::new(move |transition: &Transition| {
            shadow
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .transition(transition);
        })
    }

    fn transition(&mut self, transition: &Transition) {
        let now = Instant::now();
        let layer = transition
            .overlay
            .as_ref()
            .map_or(0, |overlay| number(overlay.as_str()) as u32);
        let key = (
            layer,
            number(transition.owner.as_str()),
            number(transition.provider.as_str()),
            transition
                .model
                .as_ref()
                .map(|model| number(model.as_str())),
        );
        let view = transition.view;
        let ordered = self.ordered;
        let circuit = self.circuits.entry(key).or_default();
        let mut complaint = None;
        let mut complain = |text: &str| {
            complaint = Some(format!("{key:?} to {view:?}: {text}"));
        };
        if layer == 0 && view.simulated {
            complain("a simulated failure has changed a real circuit");
        }
        if layer != 0 && view.state == CircuitState::Open && !view.forced && !view.simulated {
            complain("a real failure has changed a simulated circuit");
        }
        if !ordered {
            if view.forced || circuit.forced {
                complain("nobody has forced or reset it");
            }
            match (circuit.state, view.state) {
                (CircuitState::Closed, CircuitState::Open) => {
                    // A provider's may be probed as soon as the first of its models may, which may be at once.
                    if view
                        .until
                        .is_none_or(|until| until < now && key.3.is_some())
                    {
                        complain("opened without a time to come");
                    }
                    if circuit.failed != Some((now, circuit.generation)) {
                        circuit.unexplained = Some((now, circuit.generation));
                    }
                }
                (CircuitState::Open, CircuitState::HalfOpen) => {
                    if circuit.until.is_none_or(|until| now < until) {
                        if circuit.hopeless {
                            complain("a spent credential was tried before its time");
                        }
                        self.early.push(key);
                    }
                }
                (CircuitState::HalfOpen, CircuitState::Closed) => {
                    if circuit.probe.map(|(_, _, probe)| probe) != Some(Probe::Answered(now)) {
                        complain("closed by something else than its probe");
                    }
                }
                (CircuitState::HalfOpen, CircuitState::Open) => {
                    if circuit.probe.map(|(_, _, probe)| probe) != Some(Probe::Failed(now)) {
                        complain("opened again by something else than its probe");
                    }
                }
                (from, to) => complain(&format!("no way from {from:?} to {to:?}")),
            }
        }
        if ordered || view.state != CircuitState::Open {
            circuit.hopeless = false;
        }
        if ordered {
            circuit.quiet = None;
        }
        circuit.state = view.state;
        circuit.forced = view.forced;
        circuit.until = view.until;
        circuit.generation += 1;
        circuit.probe = None;
        self.complaints.extend(complaint);
        let path = match (view.forced, view.state) {
            (true, _) => "circuit: forced",
            (false, CircuitState::Open) if layer != 0 => "overlay: opened",
            (false, CircuitState::Open) if key.3.is_none() => "circuit: of a provider opened",
            (false, CircuitState::Open) => "circuit: opened",
            (false, CircuitState::HalfOpen) => "circuit: half-open",
            (false, CircuitState::Closed) => "circuit: closed",
        };
        self.coverage.count(path);
    }

    /// A leg was skipped: it was not the last resort of anybody.
    pub fn skipped(&mut self) {
        self.early.clear();
    }

    /// A leg was let through.
    pub fn admitted(
        &mut self,
        ledger: &Ledger,
        leg: &LegFacts,
        record: &AttemptRecord,
        earlier: &[Attempt],
    ) -> Arc<Visit> {
        let now = Instant::now();
        let layers = leg.overlays.iter().copied().chain([0]);
        let keys = layers.flat_map(|layer| {
            [None, Some(leg.model)].map(|model| (layer, leg.owner, leg.provider, model))
        });
        let mut visit = Visit {
            turn: ledger.id,
            index: record.index,
            circuits: keys
                .map(|key| (key, self.circuits.entry(key).or_default().generation))
                .collect(),
            probe: false,
        };
        let mut complaints = vec![];
        for (key, _) in visit.circuits.clone() {
            let circuit = self.circuits.entry(key).or_default();
            if circuit.unexplained.is_some() && key.3.is_some() {
                complaints.push(format!("{key:?} opened without a failure: {circuit:?}"));
                circuit.unexplained = None;
            }
            match circuit.state {
                CircuitState::Closed => {}
                CircuitState::Open => {
                    complaints.push(format!("{key:?} is open, and was passed"));
                }
                CircuitState::HalfOpen => {
                    visit.probe = true;
                    if let Some((turn, _, Probe::Out)) = circuit.probe {
                        complaints.push(format!("{key:?} has a second probe beside turn {turn}'s"));
                    }
                    if key.0 == 0 && leg.fault_aimed {
                        complaints.push(format!("{key:?}: a fault took the real probe's permit"));
                    }
                    circuit.probe = Some((ledger.id, record.index, Probe::Out));
                }
            }
            if key.3.is_some() && circuit.quiet.is_some_and(|until| now < until) {
                complaints.push(format!(
                    "{key:?} was asked within its Retry-After: {circuit:?}"
                ));
            }
        }
        if visit.probe != (record.kind == AttemptKind::Probe) {
            complaints.push(format!("{record:?}: is it a probe or not? {visit:?}"));
        }
        if visit
            .circuits
            .iter()
            .any(|(key, _)| self.early.contains(key))
        {
            self.coverage.count("last resort");
            // Nothing was sent since the walk began, which is when the turn did or when an answer broke off.
            let broke_off = |attempt: &&Attempt| {
                attempt.answering && attempt.record.state == AttemptState::Failed
            };
            let began = earlier
                .iter()
                .filter(broke_off)
                .filter_map(Attempt::end)
                .max();
            let nobody_else = earlier
                .iter()
                .filter(|attempt| attempt.sent())
                .all(|attempt| {
                    began.is_some_and(|began| attempt.record.started < began) || broke_off(&attempt)
                });
            let all_asked = ledger
                .legs
                .iter()
                .all(|leg| earlier.iter().any(|attempt| attempt.model == leg.model));
            if !nobody_else || !all_asked {
                let before: Vec<_> = earlier.iter().map(|attempt| &attempt.record).collect();
                complaints.push(format!(
                    "{record:?} was early ({:?}), and no last resort: {before:?}",
                    self.early
                ));
            }
        }
        self.early.clear();
        let context = |complaint| format!("turn {}: {complaint}", ledger.id);
        self.complaints.extend(complaints.into_iter().map(context));
        Arc::new(visit)
    }

    /// A leg is asked again: where it was a probe, it is one still.
    pub fn retried(&mut self, visit: &Visit) {
        for (key, _) in &visit.circuits {
            if let Some(circuit) = self.circuits.get_mut(key)
                && let Some((turn, probe, state)) = &mut circuit.probe
                && *turn == visit.turn
                && *probe == visit.index
            {
                *state = Probe::Out;
            }
        }
    }

    pub fn answering(&mut self, visit: &Visit) {
        self.settle_probe(visit, Probe::Answered(Instant::now()));
    }

    /// An attempt has failed or was cancelled. `rest` is the Retry-After that came with it.
    pub fn ended(
        &mut self,
        visit: &Visit,
        leg: &LegFacts,
        record: &AttemptRecord,
        rest: Option<Duration>,
    ) {
        let now = Instant::now();
        if record.state == AttemptState::Cancelled {
            self.settle_probe(visit, Probe::Cancelled);
            return;
        }
        self.settle_probe(visit, Probe::Failed(now));
        if record.retry_in.is_some() {
            return;
        }
        for (key, generation) in &visit.circuits {
            let circuit = self.circuits.entry(*key).or_default();
            // An answer that breaks off is told of after its circuits, any other failure before them.
            let opened_it = circuit.unexplained == Some((now, *generation));
            circuit.unexplained = circuit.unexplained.filter(|(at, _)| *at != now);
            if circuit.generation == *generation {
                circuit.failed = Some((now, *generation));
            }
            let counts = !circuit.forced && (opened_it || circuit.generation == *generation);
            if key.0 != 0 || record.simulated || !counts {
                continue;
            }
            if matches!(record.status_code, Some(401 | 402)) {
                circuit.hopeless = true;
            }
            if record.status_code == Some(429)
                && let Some(rest) = rest
                && rest > leg.max_retry_after
                && key.3.is_some()
            {
                circuit.quiet = circuit.quiet.max(Some(now + rest));
            }
        }
    }

    fn settle_probe(&mut self, visit: &Visit, to: Probe) {
        for (key, _) in &visit.circuits {
            if let Some(circuit) = self.circuits.get_mut(key)
                && let Some((turn, probe, state)) = &mut circuit.probe
                && *turn == visit.turn
                && *probe == visit.index
                && *state == Probe::Out
            {
                *state = to;
                self.coverage.count(match to {
                    Probe::Answered(_) => "probe: answered",
                    Probe::Failed(_) => "probe: failed",
                    Probe::Cancelled | Probe::Out => "probe: cancelled",
                });
            }
        }
    }

    /// What nobody has explained by the end.
    pub fn leftovers(&mut self) {
        for (key, circuit) in &self.circuits {
            if circuit.unexplained.is_some() && key.3.is_some() {
                self.complaints
                    .push(format!("{key:?} opened without a failure: {circuit:?}"));
            }
        }
    }
}
