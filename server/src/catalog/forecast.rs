//! Who would answer a turn that began now, where it is not the model that it asks for.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_engine::{Chain, Leg, ModelId, Outlook, PromptFacts};
use evenkeel_providers::{Caller, Prompt};

use super::{Catalog, ModelEntry};

impl Catalog {
    /// The offered models that would not be asked first by a turn of this principal, and what such a turn could expect,
    /// as far as that does not depend on its prompt. It looks at circuits and changes none.
    pub fn outlooks(&self, principal: &str) -> Vec<(&ModelEntry, Outlook)> {
        let in_trouble: Vec<_> = self
            .offered()
            .filter(|model| self.in_trouble(model, principal))
            .collect();
        if in_trouble.is_empty() {
            return vec![];
        }
        let prompt = Arc::new(Prompt::conversation([]));
        let caller = Caller::of_turn(principal.into());
        // Many chains have the same legs.
        let mut legs: HashMap<&ModelId, Option<Leg>> = HashMap::new();
        let outlooks = in_trouble.into_iter().filter_map(|model| {
            let mut chain = vec![];
            for member in model.chain.iter().filter_map(|id| self.model(id.as_str())) {
                let leg = legs.entry(&member.id).or_insert_with(|| {
                    let circuits = self.shown_circuits(member, principal)?;
                    self.leg(member, circuits, &prompt, &caller)
                });
                chain.extend(leg.clone());
            }
            let facts = PromptFacts::default();
            let chain: Chain = Self::chain_of(model, chain, &facts).ok()?;
            Some((model, chain.outlook(&facts)?))
        });
        outlooks.collect()
    }

    /// The models that are known to be asked for, and who would be asked by a turn of this principal that names one, in
    /// their order.
    pub fn usable(&self, principal: &str) -> Vec<(ModelId, Vec<ModelId>)> {
        let prompt = Arc::new(Prompt::conversation([]));
        let caller = Caller::of_turn(principal.into());
        let mut legs: HashMap<&ModelId, Option<Leg>> = HashMap::new();
        let asked = self.models.iter().filter(|model| model.offered);
        let chains = asked.map(|model| {
            let members = model.chain.iter().filter_map(|id| self.model(id.as_str()));
            let mut chain = vec![];
            for member in members {
                let leg = legs.entry(&member.id).or_insert_with(|| {
                    let circuits = self.shown_circuits(member, principal)?;
                    self.leg(member, circuits, &prompt, &caller)
                });
                chain.extend(leg.clone());
            }
            let chain = Self::chain_of(model, chain, &PromptFacts::default());
            (
                model.id.clone(),
                chain.map(Chain::usable).unwrap_or_default(),
            )
        });
        chains.collect()
    }

    /// Whether there is anything about the model itself that could keep a turn from asking it; most often there is not.
    fn in_trouble(&self, model: &ModelEntry, principal: &str) -> bool {
        self.shown_circuits(model, principal)
            .is_some_and(|circuits| {
                !circuits.admits(&model.id) || circuits.missing(&model.id).is_some()
            })
    }
}
