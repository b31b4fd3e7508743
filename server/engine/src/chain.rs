//! The chain: the ordered, non-empty list of models for one turn.

use std::sync::Arc;

use crate::{LayeredCircuits, ModelId, ProviderId, Routing, Settings, Upstream};

/// One model of a chain, with all that is needed to ask it.
#[derive(Clone)]
pub struct Leg {
    /// The model.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// How to ask it, with the prompt inside.
    pub upstream: Arc<dyn Upstream>,
    /// The circuits of its provider, as the turn's principal sees them.
    pub circuits: LayeredCircuits,
    /// The figures that hold for it.
    pub settings: Arc<Settings>,
    /// What is known of the model.
    pub traits: Traits,
}

/// What is known of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// The tokens its context holds; unknown counts as larger than any other.
    pub context_window: Option<u64>,
    /// What it can do besides text; unknown counts as everything.
    pub capabilities: Option<Capabilities>,
    /// It goes on with an answer that was begun, where it is given its beginning.
    pub prefill: bool,
    /// It thinks before it answers, and may take its time.
    pub reasoning: bool,
    /// Its provider is one host that may have to load the model first; where it is silent, it is silent for all models.
    pub single_host: bool,
    /// US dollars per million tokens of the prompt and of the answer, together.
    pub price: Option<f64>,
}

/// What a model can do besides text, or a turn needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Images in the prompt.
    pub vision: bool,
    /// Calling tools.
    pub tools: bool,
}

/// What the engine has to know of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptFacts {
    /// About how many tokens it has.
    pub tokens: u64,
    /// What a model must be able to do for it.
    pub needs: Capabilities,
    /// The answer is to be JSON, of which two halves by two models make no whole.
    pub json: bool,
}

impl Leg {
    /// The first thing that this model lacks for the prompt, in words.
    pub(crate) fn lacks(&self, needs: Capabilities) -> Option<&'static str> {
        let able = self.traits.capabilities?;
        if needs.vision && !able.vision {
            Some("it cannot see images")
        } else if needs.tools && !able.tools {
            Some("it cannot call tools")
        } else {
            None
        }
    }

    /// Whether so many tokens are more than its context holds.
    pub(crate) fn overflows(&self, tokens: u64) -> bool {
        self.traits
            .context_window
            .is_some_and(|window| tokens > window)
    }

    /// It could be asked now.
    pub(crate) fn is_usable(&self, prompt: &PromptFacts) -> bool {
        self.lacks(prompt.needs).is_none()
            && !self.overflows(prompt.tokens)
            && self.circuits.missing(&self.model).is_none()
            && self.circuits.admits(&self.model)
    }
}

/// The legs of one turn.
#[derive(Clone)]
pub struct Chain {
    legs: Vec<Arc<Leg>>,
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
        let mut unique: Vec<Arc<Leg>> = vec![];
        for leg in legs {
            if !unique.iter().any(|known| known.model == leg.model) {
                unique.push(Arc::new(leg));
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
    pub fn legs(&self) -> &[Arc<Leg>] {
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

    /// The legs that can be asked before those that cannot, the first one left in its place: for a chain that nobody has
    /// put in order.
    pub fn healthy_first(mut self, prompt: &PromptFacts) -> Self {
        if let Some((_, rest)) = self.legs.split_first_mut() {
            rest.sort_by_cached_key(|leg| !leg.is_usable(prompt));
        }
        self
    }

    /// The legs after the first in the order of the first one's `routing`: those that can be asked by time or price, then
    /// the others as they were.
    pub(crate) fn routed(mut self, prompt: &PromptFacts) -> Self {
        let routing = self.first().settings.routing;
        let rank = |leg: &Leg| match routing {
            Routing::Ordered => None,
            Routing::Fastest => leg
                .circuits
                .real()
                .first_token_median(&leg.model)
                .map(|time| time.as_secs_f64()),
            Routing::Cheapest => leg.traits.price,
        };
        if routing != Routing::Ordered
            && let Some((_, rest)) = self.legs.split_first_mut()
        {
            let mut ranked: Vec<_> = rest
                .iter()
                .map(|leg| {
                    let usable = leg.is_usable(prompt);
                    // Of what nobody knows nothing can be said: it comes after what is known.
                    let rank = if usable {
                        rank(leg).unwrap_or(f64::MAX)
                    } else {
                        f64::INFINITY
                    };
                    (rank, leg.clone())
                })
                .collect();
            ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            for (place, (_, leg)) in rest.iter_mut().zip(ranked) {
                *place = leg;
            }
        }
        self
    }
}
