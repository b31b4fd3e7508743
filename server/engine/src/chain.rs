//! The chain: the ordered, non-empty list of models for one turn.

use std::sync::Arc;

use crate::{ModelId, ProviderCircuits, ProviderId, Settings, Upstream};

/// One model of a chain, with all that is needed to ask it.
#[derive(Clone)]
pub struct Leg {
    /// The model.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// How to ask it, with the prompt inside.
    pub upstream: Arc<dyn Upstream>,
    /// The circuits of its provider.
    pub circuits: Arc<ProviderCircuits>,
    /// The figures that hold for it.
    pub settings: Arc<Settings>,
    /// The tokens its context holds; unknown counts as larger than any other.
    pub context_window: Option<u64>,
    /// It thinks before it answers, and may take its time.
    pub reasoning: bool,
}

/// The legs of one turn.
#[derive(Clone)]
pub struct Chain {
    legs: Vec<Leg>,
}

/// A chain that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// It has no leg.
    #[error("a chain needs at least one model")]
    Empty,
    /// It has more legs than a turn has attempts.
    #[error("a chain of {legs} models is longer than max_attempts = {max_attempts}")]
    TooLong {
        /// How many it has.
        legs: usize,
        /// How many it may have.
        max_attempts: u32,
    },
}

impl Chain {
    /// The legs in this order. Duplicates drop out: the first mention counts.
    ///
    /// # Errors
    ///
    /// Where there is no leg, or more than the first leg's `max_attempts`.
    pub fn new(legs: impl IntoIterator<Item = Leg>) -> Result<Self, ChainError> {
        let mut unique: Vec<Leg> = vec![];
        for leg in legs {
            if !unique.iter().any(|known| known.model == leg.model) {
                unique.push(leg);
            }
        }
        let Some(first) = unique.first() else {
            return Err(ChainError::Empty);
        };
        let max_attempts = first.settings.max_attempts;
        if unique.len() > max_attempts as usize {
            return Err(ChainError::TooLong {
                legs: unique.len(),
                max_attempts,
            });
        }
        Ok(Self { legs: unique })
    }

    /// The legs, in order; never empty.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// The leg that is asked first.
    pub fn first(&self) -> &Leg {
        #[expect(
            clippy::indexing_slicing,
            reason = "a chain is built with at least one leg"
        )]
        &self.legs[0]
    }
}
