//! The chain of a turn that nobody else may learn from: a replay.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_engine::{Chain, ChainError, LayeredCircuits, Overlay, ProviderId};
use evenkeel_providers::{Caller, Prompt};

use super::{Catalog, Choice, facts};

impl Catalog {
    /// The legs of a turn, as [`Catalog::chain`] has them, on circuits of its own under the outage of `caller`'s faults.
    ///
    /// # Errors
    ///
    /// Where nothing is left of it.
    pub fn chain_apart(
        &self,
        choice: &Choice,
        prompt: &Arc<Prompt>,
        caller: &Caller,
        outage: &Overlay,
    ) -> Result<Chain, ChainError> {
        let mut apart = HashMap::<ProviderId, LayeredCircuits>::new();
        let legs = choice.chain.iter().filter_map(|id| {
            let model = self.model(id.as_str())?;
            let provider = self.enabled_provider(model)?;
            let circuits = apart
                .entry(provider.id.clone())
                .or_insert_with(|| provider.real_circuits().apart(outage));
            self.leg(model, circuits.clone(), prompt, caller)
        });
        Self::chain_of(choice.auto, legs, &facts(prompt))
    }
}
