//! Who would answer a turn that began now, where it is not the model that it asks for.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_engine::{Chain, Leg, ModelId, Outlook, PromptFacts};
use evenkeel_protocol::Status;
use evenkeel_providers::{Caller, Prompt};

use super::{AssistantEntry, Catalog, Choice, ModelEntry};

/// Who could be asked by turns that ask for the same.
pub struct Usable {
    /// What they ask for: a model's id, or an assistant's.
    pub asked: String,
    /// They try the assistant's candidate, where any do.
    pub tries: bool,
    /// Who would be asked, in order.
    pub models: Vec<ModelId>,
}

/// The legs that chains are made of, for somebody who only looks. Many chains have the same ones.
struct Looked<'c> {
    catalog: &'c Catalog,
    prompt: Arc<Prompt>,
    caller: Caller,
    legs: HashMap<ModelId, Option<Leg>>,
}

impl<'c> Looked<'c> {
    fn new(catalog: &'c Catalog, principal: &str) -> Self {
        Self {
            catalog,
            prompt: Arc::new(Prompt::conversation([])),
            caller: Caller::of_turn(principal.into()),
            legs: HashMap::new(),
        }
    }

    /// The chain of a turn that asks for this; none where nobody of it may be asked.
    fn chain(&mut self, choice: &Choice) -> Option<Chain> {
        let Self {
            catalog,
            prompt,
            caller,
            legs,
        } = self;
        let members = choice.chain.iter().filter_map(|id| {
            let leg = legs.entry(id.clone()).or_insert_with(|| {
                let member = catalog.model(id.as_str())?;
                let circuits = catalog.shown_circuits(member, &caller.principal)?;
                catalog.leg(member, circuits, prompt, caller)
            });
            leg.clone()
        });
        Catalog::chain_of(choice.auto, members, &PromptFacts::default()).ok()
    }

    fn usable(&mut self, choice: &Choice) -> Vec<ModelId> {
        self.chain(choice).map(Chain::usable).unwrap_or_default()
    }

    fn status(&mut self, choice: &Choice) -> Status {
        let model = self.catalog.model(choice.model.as_str());
        // Most often there is nothing more to look at.
        if model.is_some_and(|model| self.catalog.is_untroubled(model, &self.caller.principal)) {
            return Status::Ok;
        }
        let Some(chain) = self.chain(choice) else {
            return Status::Down;
        };
        // Where its provider is switched off another one stands first.
        let own = chain.first().model == choice.model;
        match chain.outlook(&PromptFacts::default()) {
            None if own => Status::Ok,
            Some(outlook) if outlook.answers.is_none() => Status::Down,
            None | Some(_) => Status::Degraded,
        }
    }
}

impl Catalog {
    /// The offered models and the assistants whose first choice would not be asked by a turn of this principal, and what
    /// such a turn could expect, as far as that does not depend on its prompt. It looks at circuits and changes none.
    pub fn outlooks(&self, principal: &str) -> Vec<(String, Outlook)> {
        let models = self
            .offered()
            .filter(|model| self.in_trouble(model, principal))
            .map(|model| (model.id.to_string(), Choice::model(model)));
        let assistants = self.assistants.iter().filter(|assistant| {
            let model = self.model(assistant.model.as_str());
            model.is_some_and(|model| self.in_trouble(model, principal))
        });
        let assistants = assistants.map(|it| (it.id.to_string(), it.baseline()));
        let mut looked = Looked::new(self, principal);
        let outlooks = models.chain(assistants).filter_map(|(id, choice)| {
            let chain = looked.chain(&choice)?;
            Some((id, chain.outlook(&PromptFacts::default())?))
        });
        outlooks.collect()
    }

    /// Who would be asked by a turn of this principal that asks for a model or an assistant that it knows of, in their
    /// order. An assistant stands there twice: for turns that do not try its candidate, and for those that do.
    pub fn usable(&self, principal: &str) -> Vec<Usable> {
        let asked = self.models.iter().filter(|model| model.offered);
        let models = asked.map(|model| (model.id.to_string(), false, Choice::model(model)));
        let assistants = self.assistants.iter().flat_map(|assistant| {
            let id = assistant.id.to_string();
            let tries = assistant.trial().unwrap_or_else(|| assistant.baseline());
            [(id.clone(), false, assistant.baseline()), (id, true, tries)]
        });
        let mut looked = Looked::new(self, principal);
        let usable = models
            .chain(assistants)
            .map(|(asked, tries, choice)| Usable {
                asked,
                tries,
                models: looked.usable(&choice),
            });
        usable.collect()
    }

    /// Whether an assistant can answer this principal: with its first choice in each of its conversations, in none at
    /// all, or somehow.
    pub fn standing(&self, assistant: &AssistantEntry, principal: &str) -> Status {
        let mut looked = Looked::new(self, principal);
        let all_try = assistant.percent_tried() >= 100.0;
        let baseline = (!all_try).then(|| assistant.baseline());
        let choices = baseline.into_iter().chain(assistant.trial());
        let each: Vec<_> = choices.map(|choice| looked.status(&choice)).collect();
        if each.iter().all(|status| *status == Status::Ok) {
            Status::Ok
        } else if each.iter().all(|status| *status == Status::Down) {
            Status::Down
        } else {
            Status::Degraded
        }
    }

    /// Whether a turn that asks for the model would ask it.
    fn is_untroubled(&self, model: &ModelEntry, principal: &str) -> bool {
        self.enabled_provider(model).is_some() && !self.in_trouble(model, principal)
    }

    /// Whether there is anything about the model itself that could keep a turn from asking it; most often there is not.
    fn in_trouble(&self, model: &ModelEntry, principal: &str) -> bool {
        self.shown_circuits(model, principal)
            .is_some_and(|circuits| {
                !circuits.admits(&model.id) || circuits.missing(&model.id).is_some()
            })
    }
}
