//! The rules: what is measured goes in, alerts come out. It knows no clock, no network and no database.

use std::time::Duration;

use evenkeel_protocol::{Alert, AlertState, Timestamp};
use evenkeel_store::KeptAlert;
use jiff::SignedDuration;

use super::readings::Readings;
use super::wording;
use crate::config::{AlertsConfig, Bar, LimitKind, RULES, Rule, RuleFacts};

/// An alert is over when its condition has not held for so long: what comes and goes is told of once.
pub const CALM: Duration = Duration::from_secs(60);

/// While it fires, its condition holds until the value is below this share of the limit.
const RELEASE: f64 = 0.9;

/// An alert that is over is shown for so long.
const SHOWN: Duration = Duration::from_secs(15 * 60);

/// Where one rule stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    Quiet,
    Pending {
        since: Timestamp,
    },
    Firing {
        since: Timestamp,
        /// Since when its condition has not held.
        calm: Option<Timestamp>,
    },
    Resolved {
        since: Timestamp,
    },
}

/// One rule's standing, and what was measured last.
#[derive(Clone, Copy, Debug)]
struct Watched {
    standing: Standing,
    value: Option<f64>,
}

/// All rules.
#[derive(Clone, Debug)]
pub struct Engine {
    watched: [Watched; RULES.len()],
}

impl Engine {
    /// Nothing has happened yet, but what is kept from before.
    pub fn new(kept: &[KeptAlert]) -> Self {
        let quiet = Watched {
            standing: Standing::Quiet,
            value: None,
        };
        let mut watched = [quiet; RULES.len()];
        for (facts, watched) in RULES.iter().zip(&mut watched) {
            let Some(kept) = kept.iter().find(|kept| kept.rule == facts.key) else {
                continue;
            };
            let since = kept.since;
            watched.value = kept.value;
            watched.standing = match kept.state {
                AlertState::Firing => Standing::Firing { since, calm: None },
                AlertState::Resolved => Standing::Resolved { since },
                AlertState::Pending => Standing::Pending { since },
            };
        }
        Self { watched }
    }

    /// Looks at what is measured now. Says which alerts began to fire and which are over; each is said once.
    pub fn step(
        &mut self,
        config: &AlertsConfig,
        readings: &Readings,
        now: Timestamp,
    ) -> Vec<Alert> {
        let mut changed = vec![];
        for ((facts, bar), watched) in config.rules().zip(&mut self.watched) {
            let value = measure(facts.rule, readings, config.min_turns);
            watched.value = value;
            let before = watched.standing;
            watched.standing = next(before, bar, value, now);
            let told = match (before, watched.standing) {
                (Standing::Firing { .. }, Standing::Firing { .. }) => false,
                (_, Standing::Firing { .. }) | (Standing::Firing { .. }, _) => true,
                (
                    Standing::Quiet | Standing::Pending { .. } | Standing::Resolved { .. },
                    Standing::Quiet | Standing::Pending { .. } | Standing::Resolved { .. },
                ) => false,
            };
            if told {
                changed.extend(alert(facts, bar, watched));
            }
        }
        changed
    }

    /// The alerts that are pending or firing, and those that are over since a short while; firing ones first, and of
    /// those the worst.
    pub fn alerts(&self, config: &AlertsConfig, now: Timestamp) -> Vec<Alert> {
        let rules = config.rules().zip(&self.watched);
        let shown = rules.filter(|(_, watched)| match watched.standing {
            Standing::Resolved { since } => passed(since, now) < SHOWN,
            Standing::Quiet | Standing::Pending { .. } | Standing::Firing { .. } => true,
        });
        let mut alerts: Vec<_> = shown
            .filter_map(|((facts, bar), watched)| alert(facts, bar, watched))
            .collect();
        alerts.sort_by_key(|alert| {
            let state = match alert.state {
                AlertState::Firing => 0,
                AlertState::Pending => 1,
                AlertState::Resolved => 2,
            };
            (state, alert.severity)
        });
        alerts
    }

    /// What is to be kept over a restart.
    pub fn kept(&self) -> Vec<KeptAlert> {
        let rules = RULES.iter().zip(&self.watched);
        let kept = rules.filter_map(|(facts, watched)| {
            let (state, since) = match watched.standing {
                Standing::Quiet | Standing::Pending { .. } => return None,
                Standing::Firing { since, .. } => (AlertState::Firing, since),
                Standing::Resolved { since } => (AlertState::Resolved, since),
            };
            Some(KeptAlert {
                rule: facts.key.to_owned(),
                state,
                since,
                value: watched.value,
            })
        });
        kept.collect()
    }
}

fn next(before: Standing, bar: Bar, value: Option<f64>, now: Timestamp) -> Standing {
    let Some(limit) = bar.limit else {
        // Switched off: what fired is over, at once.
        return match before {
            Standing::Firing { .. } => Standing::Resolved { since: now },
            Standing::Resolved { since } => Standing::Resolved { since },
            Standing::Quiet | Standing::Pending { .. } => Standing::Quiet,
        };
    };
    let exceeded = value.is_some_and(|value| value > limit);
    let begun = |since| {
        if passed(since, now) >= bar.hold {
            Standing::Firing {
                since: now,
                calm: None,
            }
        } else {
            Standing::Pending { since }
        }
    };
    match before {
        Standing::Quiet if exceeded => begun(now),
        Standing::Resolved { .. } if exceeded => begun(now),
        Standing::Pending { since } if exceeded => begun(since),
        Standing::Quiet | Standing::Pending { .. } => Standing::Quiet,
        Standing::Resolved { since } => Standing::Resolved { since },
        Standing::Firing { since, calm } => {
            let holds = value.is_some_and(|value| value > limit * RELEASE);
            match (holds, calm) {
                (true, _) => Standing::Firing { since, calm: None },
                (false, Some(calm)) if passed(calm, now) >= CALM => {
                    Standing::Resolved { since: now }
                }
                (false, calm) => Standing::Firing {
                    since,
                    calm: calm.or(Some(now)),
                },
            }
        }
    }
}

/// How long ago that was; nothing where the clock was set back.
fn passed(since: Timestamp, now: Timestamp) -> Duration {
    let passed: SignedDuration = now.duration_since(since);
    Duration::try_from(passed).unwrap_or_default()
}

/// The value that a rule watches; none where there is too little to measure.
fn measure(rule: Rule, readings: &Readings, min_turns: u64) -> Option<f64> {
    let enough = readings.turns >= min_turns.max(1);
    let share = |count: u64| enough.then(|| count as f64 / readings.turns as f64);
    let switch = |on: bool| Some(f64::from(u8::from(on)));
    match rule {
        Rule::Exhausted => Some(readings.exhausted as f64),
        Rule::EveryCircuitOpen => switch(readings.every_circuit_open),
        Rule::PrimaryCircuitOpen => switch(readings.primary_circuit_open),
        Rule::ErrorRate | Rule::ErrorRateCritical => share(readings.failed),
        Rule::FallbackRate | Rule::FallbackRateHigh => share(readings.fallbacks),
        Rule::PrimaryFallbacks => Some(readings.fallbacks_of_15_minutes as f64),
        Rule::P95 => readings
            .p95
            .filter(|_| enough)
            .map(|time| time.as_secs_f64()),
        Rule::CostPerHour => Some(readings.cost_of_the_hour),
        Rule::Panics => Some(readings.panics as f64),
    }
}

fn alert(facts: &RuleFacts, bar: Bar, watched: &Watched) -> Option<Alert> {
    let (state, since) = match watched.standing {
        Standing::Quiet => return None,
        Standing::Pending { since } => (AlertState::Pending, since),
        Standing::Firing { since, .. } => (AlertState::Firing, since),
        Standing::Resolved { since } => (AlertState::Resolved, since),
    };
    let limit = bar.limit.filter(|_| facts.kind != LimitKind::Switch);
    Some(Alert {
        rule: facts.key.to_owned(),
        severity: facts.severity,
        state,
        summary: wording::summary(facts, state, watched.value, limit),
        value: watched.value,
        limit,
        since,
    })
}

#[cfg(test)]
mod tests;
