//! One circuit: a state machine without a clock or a lock of its own.
//!
//! Closed lets traffic through, Open refuses it, HalfOpen admits exactly one probe. A [`Pass`] carries the circuit's
//! generation; an outcome whose generation is over is a straggler's, and changes nothing.

use std::time::Duration;

use tokio::time::Instant;

use crate::window::Window;
use crate::{CircuitSettings, CircuitState, CircuitView, ForcedState, Reason};

mod change;

/// Why a circuit is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) reason: Reason,
    pub(crate) simulated: bool,
}

/// What a failure asks of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// One failure towards the threshold. If that opens it, it is no last resort before this time.
    One(Duration),
    /// One failure, and at least this long a rest.
    Rest(Duration),
    /// It opens now, for at least this long.
    Trip(Duration),
}

/// How something that was let through ended, for this circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure(Weight, Cause),
    /// It says nothing about the circuit: cancelled, or a failure that does not count.
    Neutral,
}

/// The right to send one leg's requests, from one circuit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    generation: u64,
    pub(crate) probe: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
        cooldown: Duration,
        cause: Cause,
        /// From then on a turn that has nobody else to ask may try it, before its cooldown is over.
        last_resort: Instant,
        /// Before that its provider wants no request.
        rest_until: Instant,
        /// It was not its own traffic that opened it.
        tripped: bool,
    },
    HalfOpen {
        probing: bool,
        cooldown: Duration,
        cause: Cause,
    },
    Forced(ForcedState),
}

/// A circuit.
#[derive(Clone, Debug)]
pub(crate) struct Circuit {
    settings: CircuitSettings,
    state: State,
    window: Window,
    since: Option<Instant>,
    generation: u64,
    changed: bool,
}

impl Circuit {
    pub(crate) fn new(settings: CircuitSettings) -> Self {
        Self {
            settings,
            state: State::Closed { failures: 0 },
            window: Window::new(settings.window),
            since: None,
            generation: 0,
            changed: false,
        }
    }

    pub(crate) fn settings(&self) -> &CircuitSettings {
        &self.settings
    }

    /// Lets one leg pass, or says how the circuit stands.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<Pass, CircuitView> {
        match self.state {
            State::Closed { .. } | State::Forced(ForcedState::Closed) => Ok(self.pass(false)),
            State::Open {
                until,
                cooldown,
                cause,
                ..
            } if now >= until => {
                self.enter(
                    now,
                    State::HalfOpen {
                        probing: true,
                        cooldown,
                        cause,
                    },
                );
                Ok(self.pass(true))
            }
            State::HalfOpen {
                probing: false,
                cooldown,
                cause,
            } => {
                self.state = State::HalfOpen {
                    probing: true,
                    cooldown,
                    cause,
                };
                Ok(self.pass(true))
            }
            State::Open { .. }
            | State::HalfOpen { probing: true, .. }
            | State::Forced(ForcedState::Open) => Err(self.view()),
        }
    }

    /// Lets one leg pass that has nobody else to ask, though the cooldown still runs: as the probe, and never where it
    /// would be hopeless (a spent credential), unwanted (inside a Retry-After) or forbidden (held open).
    pub(crate) fn admit_early(&mut self, now: Instant) -> Result<Pass, CircuitView> {
        match self.state {
            State::Open {
                last_resort,
                cooldown,
                cause,
                ..
            } if now >= last_resort => {
                self.enter(
                    now,
                    State::HalfOpen {
                        probing: true,
                        cooldown,
                        cause,
                    },
                );
                Ok(self.pass(true))
            }
            State::Closed { .. }
            | State::Open { .. }
            | State::HalfOpen { .. }
            | State::Forced(_) => self.admit(now),
        }
    }

    /// Whether [`Circuit::admit_early`] would let a leg pass, now or as soon as a running probe has ended.
    pub(crate) fn is_last_resort(&self, now: Instant) -> bool {
        match self.state {
            State::Open { last_resort, .. } => now >= last_resort,
            State::Closed { .. } | State::HalfOpen { .. } | State::Forced(ForcedState::Closed) => {
                true
            }
            State::Forced(ForcedState::Open) => false,
        }
    }

    /// Whether its one probe is out.
    pub(crate) fn is_probing(&self) -> bool {
        matches!(self.state, State::HalfOpen { probing: true, .. })
    }

    /// Whether [`Circuit::admit`] would let a leg pass, and not as a probe.
    pub(crate) fn lets_through(&self) -> bool {
        matches!(
            self.state,
            State::Closed { .. } | State::Forced(ForcedState::Closed)
        )
    }

    /// Whether [`Circuit::admit`] would let a leg pass.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } | State::Forced(ForcedState::Closed) => true,
            State::Open { until, .. } => now >= until,
            State::HalfOpen { probing, .. } => !probing,
            State::Forced(ForcedState::Open) => false,
        }
    }

    /// Takes note of how a leg that passed has ended. Says whether that has opened it.
    pub(crate) fn record(&mut self, pass: Pass, outcome: Outcome, now: Instant) -> bool {
        if pass.generation != self.generation {
            return false;
        }
        let before = self.generation;
        match (self.state, outcome) {
            (State::Closed { .. }, Outcome::Success) => {
                self.window.record(false, now);
                self.state = State::Closed { failures: 0 };
            }
            (State::Closed { failures }, Outcome::Failure(weight, cause)) => {
                self.window.record(true, now);
                self.fail(failures + 1, weight, cause, now);
            }
            (State::HalfOpen { .. }, Outcome::Success) => {
                self.enter(now, State::Closed { failures: 0 });
            }
            (State::HalfOpen { cooldown, .. }, Outcome::Failure(weight, cause)) => {
                let doubled = cooldown.saturating_mul(2).min(self.settings.max_cooldown);
                self.open(weight, doubled.max(self.settings.cooldown), cause, now);
            }
            (
                State::HalfOpen {
                    cooldown, cause, ..
                },
                Outcome::Neutral,
            ) => {
                self.state = State::HalfOpen {
                    probing: false,
                    cooldown,
                    cause,
                };
            }
            (State::Closed { .. }, Outcome::Neutral)
            | (State::Open { .. } | State::Forced(_), _) => {}
        }
        self.generation != before && matches!(self.state, State::Open { .. })
    }

    fn fail(&mut self, failures: u32, weight: Weight, cause: Cause, now: Instant) {
        if matches!(weight, Weight::Trip(_))
            || failures >= self.settings.threshold
            || self.fails_too_often(now)
        {
            self.open(weight, self.settings.cooldown, cause, now);
        } else if let Weight::Rest(rest) = weight {
            // Below the threshold, and still nobody may be asked before the time that the provider named.
            self.open(weight, rest, cause, now);
        } else {
            self.state = State::Closed { failures };
        }
    }

    fn fails_too_often(&mut self, now: Instant) -> bool {
        let rate = self.window.failure_rate(self.settings.min_outcomes, now);
        self.settings
            .failure_rate
            .zip(rate)
            .is_some_and(|(limit, rate)| rate >= limit)
    }

    fn open(&mut self, weight: Weight, cooldown: Duration, cause: Cause, now: Instant) {
        let (Weight::One(rest) | Weight::Rest(rest) | Weight::Trip(rest)) = weight;
        let (until, rest_until) = (now + cooldown.max(rest), now + rest);
        let last_resort = match weight {
            Weight::One(_) | Weight::Rest(_) => rest_until,
            Weight::Trip(_) => until,
        };
        self.enter(
            now,
            State::Open {
                until,
                cooldown,
                cause,
                last_resort,
                rest_until,
                tripped: false,
            },
        );
    }

    /// Opens it until then, for a reason outside its own traffic. A cooldown that already runs stays as it is.
    pub(crate) fn trip(&mut self, cause: Cause, until: Instant, now: Instant) {
        if matches!(self.state, State::Closed { .. }) {
            let cooldown = self.settings.cooldown;
            self.enter(
                now,
                State::Open {
                    until,
                    cooldown,
                    cause,
                    // Its models' circuits know better.
                    last_resort: now,
                    rest_until: now,
                    tripped: true,
                },
            );
        }
    }

    /// Whether it is open for a reason outside its own traffic.
    pub(crate) fn is_tripped(&self) -> bool {
        matches!(self.state, State::Open { tripped: true, .. })
    }

    /// Holds it in a state until it is reset.
    pub(crate) fn force(&mut self, state: ForcedState, now: Instant) {
        self.enter(now, State::Forced(state));
    }

    /// Closes it, with nothing remembered.
    pub(crate) fn reset(&mut self, now: Instant) {
        match &mut self.state {
            State::Closed { failures } => {
                *failures = 0;
                self.window.clear();
            }
            State::Open { .. } | State::HalfOpen { .. } | State::Forced(_) => {
                self.enter(now, State::Closed { failures: 0 });
            }
        }
    }

    /// How it stands.
    pub(crate) fn view(&self) -> CircuitView {
        let (state, until, cause) = match self.state {
            State::Closed { .. } => (CircuitState::Closed, None, None),
            State::Open { until, cause, .. } => (CircuitState::Open, Some(until), Some(cause)),
            State::HalfOpen { cause, .. } => (CircuitState::HalfOpen, None, Some(cause)),
            State::Forced(ForcedState::Open) => (CircuitState::Open, None, None),
            State::Forced(ForcedState::Closed) => (CircuitState::Closed, None, None),
        };
        CircuitView {
            state,
            forced: matches!(self.state, State::Forced(_)),
            since: self.since,
            until,
            cause: cause.map(|cause| cause.reason),
            simulated: cause.is_some_and(|cause| cause.simulated),
        }
    }

    fn pass(&self, probe: bool) -> Pass {
        Pass {
            generation: self.generation,
            probe,
        }
    }

    fn enter(&mut self, now: Instant, state: State) {
        self.state = state;
        self.window.clear();
        self.since = Some(now);
        self.generation += 1;
        self.changed = true;
    }

    /// Whether it has changed its state since this was last asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests;
