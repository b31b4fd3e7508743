//! The account of a walk: why each leg did not answer, when it may be back, and what was paid for nothing.

use tokio::time::Instant;

use crate::attempt::Committed;
use crate::walk::Walk;
use crate::{Failure, Leg, LegFailure, NoAnswer, Reason, Spent, Usage};

impl Walk {
    /// The account of every leg; those that were never tried were too late.
    pub(crate) fn exhausted(&self) -> NoAnswer {
        let now = Instant::now();
        let legs = self.steps.iter().zip(self.chain.legs());
        let back_at = legs.filter_map(|(step, leg)| {
            let own = leg.circuits.model_view(&leg.model)?.until;
            own.max(leg.circuits.view().until).max(step.back_at)
        });
        NoAnswer::Exhausted {
            failures: self.failures(),
            retry_at: back_at.filter(|at| *at > now).min(),
        }
    }

    /// One entry a leg, in chain order.
    pub(crate) fn failures(&self) -> Vec<LegFailure> {
        let legs = self.chain.legs().iter().zip(&self.steps);
        legs.map(|(leg, step)| {
            step.failure
                .clone()
                .unwrap_or_else(|| LegFailure::unasked(leg, Reason::DeadlineExceeded))
        })
        .collect()
    }

    /// The same, where this leg's failure is not in the account yet.
    pub(crate) fn failures_with(&self, place: usize, failure: LegFailure) -> Vec<LegFailure> {
        let mut failures = self.failures();
        if let Some(entry) = failures.get_mut(place) {
            *entry = failure;
        }
        failures
    }

    /// Whether no leg has failed yet.
    pub(crate) fn is_blameless(&self) -> bool {
        self.steps.iter().all(|step| step.failure.is_none())
    }

    /// Whether a fault of the debug pane had its hand in what failed until now.
    pub(crate) fn is_simulated(&self) -> bool {
        let mut failures = self.steps.iter().filter_map(|step| step.failure.as_ref());
        failures.any(|failure| failure.simulated)
    }

    /// Takes note that an answer was paid for and thrown away: what its provider said of it, and at least this many bytes.
    pub(crate) fn spend(&mut self, leg: &Leg, usage: Option<Usage>, bytes: usize) {
        let output_tokens = bytes.div_ceil(4) as u64;
        self.spent.push(Spent {
            model: leg.model.clone(),
            usage: Usage::estimated(usage, self.prompt.tokens, output_tokens),
        });
    }

    /// A leg that had begun is of no use any more: the account, the circuits and the record learn of it.
    pub(crate) fn abandon(&mut self, committed: Committed, failure: &Failure, bytes: usize) {
        self.note(committed.place, &committed.leg, failure);
        self.spend(&committed.leg, committed.usage, bytes);
        let usage = self.spent.last().map(|spent| spent.usage);
        committed.broke_off(failure, usage);
    }
}
