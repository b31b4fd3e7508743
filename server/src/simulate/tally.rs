//! What a simulation comes to: counts, times and costs.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel_engine::{AttemptKind, AttemptRecord, CircuitState, Reason, Transition};

use super::scenario::Scenario;

/// How a turn ended. The reasons are those of the model that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The model at this place gave the whole answer.
    Served(usize),
    /// No leg answered.
    Exhausted(Reason),
    /// The answer broke off, and nobody went on with it.
    Interrupted(Reason),
    /// A provider's safety system refused.
    Filtered,
    /// The time was over.
    #[default]
    DeadlineExceeded,
}

/// One turn.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub end: End,
    /// Another model than the one that was asked for has answered.
    pub fallback: bool,
    /// From the turn's begin to the first content.
    pub first_token: Option<Duration>,
    /// From the turn's begin to its end.
    pub took: Duration,
    /// From the turn's begin to that of the attempt that answered; all of it where none did.
    pub lost: Duration,
    pub attempts: u32,
    pub seams: u64,
    /// Dollars for the answer.
    pub cost: f64,
    /// Dollars for answers that nobody got.
    pub wasted: f64,
}

/// The sum of all turns.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The models' ids, by place.
    pub models: Vec<String>,
    pub turns: u64,
    pub served: Vec<u64>,
    pub fallbacks: u64,
    pub seams: u64,
    pub exhausted: BTreeMap<&'static str, u64>,
    pub interrupted: BTreeMap<&'static str, u64>,
    pub filtered: u64,
    pub deadline_exceeded: u64,
    pub first_token: Times,
    pub end: Times,
    pub attempts: u64,
    pub most_attempts: u32,
    pub kinds: BTreeMap<&'static str, u64>,
    pub skipped: BTreeMap<&'static str, u64>,
    pub failures: BTreeMap<String, BTreeMap<&'static str, u64>>,
    pub opened: u64,
    lost: f64,
    total: f64,
    pub cost: f64,
    pub wasted: f64,
    pub simulated: Duration,
}

impl Tally {
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            models: scenario
                .models
                .iter()
                .map(|model| model.id.clone())
                .collect(),
            served: vec![0; scenario.models.len()],
            ..Self::default()
        }
    }

    /// A turn has ended.
    pub fn ended(&mut self, outcome: &Outcome) {
        self.turns += 1;
        match outcome.end {
            End::Served(model) => {
                if let Some(served) = self.served.get_mut(model) {
                    *served += 1;
                }
                self.fallbacks += u64::from(outcome.fallback);
                self.end.record(outcome.took);
            }
            End::Exhausted(reason) => *self.exhausted.entry(reason.as_str()).or_default() += 1,
            End::Interrupted(reason) => {
                *self.interrupted.entry(reason.as_str()).or_default() += 1;
            }
            End::Filtered => self.filtered += 1,
            End::DeadlineExceeded => self.deadline_exceeded += 1,
        }
        if let Some(first_token) = outcome.first_token {
            self.first_token.record(first_token);
        }
        self.attempts += u64::from(outcome.attempts);
        self.most_attempts = self.most_attempts.max(outcome.attempts);
        self.seams += outcome.seams;
        self.lost += outcome.lost.as_secs_f64();
        self.total += outcome.took.as_secs_f64();
        self.cost += outcome.cost + outcome.wasted;
        self.wasted += outcome.wasted;
    }

    pub fn sent(&mut self, kind: AttemptKind) {
        let kind = match kind {
            AttemptKind::Primary => "primary",
            AttemptKind::Retry => "retry",
            AttemptKind::Fallback => "fallback",
            AttemptKind::Hedge => "hedge",
            AttemptKind::Probe => "probe",
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    pub fn failed(&mut self, record: &AttemptRecord) {
        let Some(reason) = record.reason else { return };
        if !self.failures.contains_key(record.model.as_str()) {
            self.failures
                .insert(record.model.to_string(), BTreeMap::new());
        }
        if let Some(reasons) = self.failures.get_mut(record.model.as_str()) {
            *reasons.entry(reason.as_str()).or_default() += 1;
        }
    }

    pub fn skipped(&mut self, record: &AttemptRecord) {
        if let Some(reason) = record.reason {
            *self.skipped.entry(reason.as_str()).or_default() += 1;
        }
    }

    pub fn transition(&mut self, transition: &Transition) {
        self.opened += u64::from(transition.view.state == CircuitState::Open);
    }

    /// Turns that got a whole answer.
    pub fn all_served(&self) -> u64 {
        self.served.iter().sum()
    }

    /// The share of all turns' time that passed before the attempt that answered was sent.
    pub fn share_lost(&self) -> f64 {
        if self.total > 0.0 {
            self.lost / self.total
        } else {
            0.0
        }
    }
}

/// Times, counted by the millisecond, which is the clock's grain.
#[derive(Clone, Debug, Default)]
pub struct Times {
    counts: Vec<u64>,
    count: u64,
}

impl Times {
    pub fn record(&mut self, time: Duration) {
        let millis = usize::try_from(time.as_millis()).unwrap_or(usize::MAX);
        // The engine lets no turn run longer than its last moment, which a scenario may set to days.
        let millis = millis.min(10_000_000);
        if self.counts.len() <= millis {
            self.counts.resize(millis + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(millis) {
            *count += 1;
        }
        self.count += 1;
    }

    /// The time in seconds that this share of them does not exceed; none where there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(place as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_to_the_millisecond() {
        let mut times = Times::default();
        assert_eq!(times.quantile(0.5), None);
        for millis in 1..=100 {
            times.record(Duration::from_millis(millis));
        }
        assert_eq!(times.quantile(0.5), Some(0.05));
        assert_eq!(times.quantile(0.95), Some(0.095));
        assert_eq!(times.quantile(0.99), Some(0.099));
        assert_eq!(times.quantile(1.0), Some(0.1));
    }
}
