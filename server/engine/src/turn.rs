//! One user turn: from its chain to an answer under way, or to the account of why there is none.

use std::sync::Arc;

use rand::rngs::SmallRng;
use tokio::time::{Instant, timeout_at};

use crate::walk::{Purpose, Walk};
use crate::{
    Answer, Chain, LegFailure, ModelId, Observer, PromptFacts, ResponseGuard, RetryBudget,
    Scrubber, Usage,
};

/// Why a turn has no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No leg is left.
    Exhausted {
        /// One entry per leg, in chain order.
        failures: Vec<LegFailure>,
        /// When a leg is likely to be back.
        retry_at: Option<Instant>,
    },
    /// The answer broke off after it had begun, and no leg was left that could go on with it.
    Interrupted {
        /// One entry per leg, in chain order.
        failures: Vec<LegFailure>,
    },
    /// A provider's safety system refused.
    Filtered(LegFailure),
    /// The time was over before any leg had failed.
    DeadlineExceeded,
}

/// Whether what was given out can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An answer that broke off may be replaced by another.
    Replaceable,
    /// What is out is out: an answer can only be gone on with.
    Final,
}

/// What was paid for an answer that nobody gets: one that broke off, or that another was faster than.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The model.
    pub model: ModelId,
    /// Tokens: as the provider said, else estimated.
    pub usage: Usage,
}

/// One user turn, ready to be walked.
pub struct Turn {
    walk: Walk,
    delivery: Delivery,
}

impl Turn {
    /// A turn that begins now.
    pub fn new(
        chain: Chain,
        prompt: PromptFacts,
        delivery: Delivery,
        observer: Arc<dyn Observer>,
        scrubber: Arc<Scrubber>,
        budget: Arc<RetryBudget>,
        rng: SmallRng,
    ) -> Self {
        Self {
            walk: Walk::new(chain, prompt, observer, scrubber, budget, rng),
            delivery,
        }
    }

    /// The same, with every answer held back until this guard has let it pass.
    pub fn guarded(mut self, guard: Arc<dyn ResponseGuard>) -> Self {
        self.walk.guard = Some(guard);
        self
    }

    /// Walks the chain until a leg gives its first content. Dropping the future cancels the turn and closes its
    /// connections.
    ///
    /// # Errors
    ///
    /// Where no leg answers; says why of each.
    pub async fn answer(mut self) -> Result<Answer, NoAnswer> {
        self.walk.budget.deposit();
        let deadline = self.walk.deadline();
        let walking = self.walk.next_commit(&Purpose::Begin);
        match timeout_at(deadline, walking).await {
            Ok(Ok(committed)) => Ok(Answer::new(committed, self.walk, self.delivery)),
            Ok(Err(Some(filtered))) => Err(NoAnswer::Filtered(filtered)),
            Ok(Err(None)) => Err(self.walk.exhausted()),
            Err(_) if self.walk.is_blameless() => Err(NoAnswer::DeadlineExceeded),
            Err(_) => Err(self.walk.exhausted()),
        }
    }
}

#[cfg(test)]
mod tests;
