//! Assistants, and what a turn asks for: whom it asks, in which order, and what they are told first.

use std::sync::Arc;

use evenkeel_engine::ModelId;
use evenkeel_protocol as wire;

use super::share::share;
use super::{Catalog, ModelEntry};
use crate::config::{AssistantConfig, Config};

/// An assistant.
#[derive(Clone)]
pub struct AssistantEntry {
    /// Its id.
    pub id: Arc<str>,
    /// A name to show.
    pub name: String,
    /// What its models are told first.
    pub system_prompt: Option<Arc<str>>,
    /// The model that answers for it.
    pub model: ModelId,
    /// A model that some of its conversations try first, and how many of 100.
    pub candidate: Option<(ModelId, f64)>,
    /// The candidate is asked at all.
    pub use_candidate: bool,
    /// Other models may step in.
    pub use_fallback: bool,
    /// Its model, and who steps in for it.
    chain: Vec<ModelId>,
    /// Nobody has put its chain in order.
    auto: bool,
}

/// What a turn asks for: a model, or an assistant.
#[derive(Clone)]
pub struct Choice {
    /// The assistant, where one is asked.
    pub assistant: Option<Arc<str>>,
    /// What its models are told first.
    pub system_prompt: Option<Arc<str>>,
    /// The model that is asked first.
    pub model: ModelId,
    /// Where its conversation stands among the assistant's 100; none where the model was named.
    pub share: Option<f64>,
    /// Who is asked, in order: the model itself first.
    pub(super) chain: Vec<ModelId>,
    pub(super) auto: bool,
}

impl Choice {
    /// A model with its own chain.
    pub fn model(model: &ModelEntry) -> Self {
        Self {
            assistant: None,
            system_prompt: None,
            model: model.id.clone(),
            share: None,
            chain: model.chain.clone(),
            auto: model.auto,
        }
    }

    /// Who is asked, in order: the model itself first.
    pub fn chain(&self) -> &[ModelId] {
        &self.chain
    }
}

impl AssistantEntry {
    fn new(configured: &AssistantConfig, models: &Catalog) -> Self {
        let model = models.model(&configured.model);
        let inherits = configured.fallbacks.is_none();
        let own = || configured.chain.iter().map(|id| id.as_str().into());
        let candidate = configured.candidate.as_ref();
        Self {
            id: configured.id.as_str().into(),
            name: configured.name.clone(),
            system_prompt: configured.system_prompt.as_deref().map(Arc::from),
            model: configured.model.as_str().into(),
            candidate: candidate.map(|it| (it.model.as_str().into(), it.percent)),
            use_candidate: configured.use_candidate,
            use_fallback: configured.use_fallback,
            chain: match model.filter(|_| inherits) {
                Some(model) => model.chain.clone(),
                None => own().collect(),
            },
            auto: inherits && model.is_some_and(|model| model.auto),
        }
    }

    /// How many of 100 conversations try the candidate.
    pub fn percent_tried(&self) -> f64 {
        let candidate = self.candidate.as_ref().filter(|_| self.use_candidate);
        candidate.map_or(0.0, |(_, percent)| *percent)
    }

    /// The candidate, where any conversation at all tries it.
    fn tried(&self) -> Option<&ModelId> {
        let (model, _) = self.candidate.as_ref()?;
        (self.percent_tried() > 0.0).then_some(model)
    }

    /// What a turn of this conversation asks for. A call that belongs to none is one of its own.
    pub fn of_conversation(&self, conversation: &str) -> Choice {
        self.at(share(&self.id, conversation))
    }

    /// What a turn at this place among the assistant's 100 asks for.
    pub fn at(&self, share: f64) -> Choice {
        let tried = self.tried().filter(|_| share < self.percent_tried());
        self.asked(tried, Some(share))
    }

    /// What a turn asks for that tries no candidate.
    pub fn baseline(&self) -> Choice {
        self.asked(None, None)
    }

    /// What a turn that tries the candidate asks for, where any does.
    pub fn trial(&self) -> Option<Choice> {
        Some(self.asked(Some(self.tried()?), None))
    }

    /// What a turn asks for that names the model itself.
    pub fn with(&self, model: &ModelEntry) -> Choice {
        self.asked(Some(&model.id), None)
    }

    fn asked(&self, first: Option<&ModelId>, share: Option<f64>) -> Choice {
        let others = self.chain.iter().filter(|id| Some(*id) != first);
        let mut chain: Vec<_> = first.into_iter().chain(others).cloned().collect();
        if !self.use_fallback {
            chain.truncate(1);
        }
        Choice {
            assistant: Some(self.id.clone()),
            system_prompt: self.system_prompt.clone(),
            model: first.unwrap_or(&self.model).clone(),
            share,
            chain,
            auto: self.auto,
        }
    }
}

impl Catalog {
    pub(super) fn link_assistants(&mut self, config: &Config) {
        let assistants = config.assistants.iter();
        let assistants = assistants.map(|it| AssistantEntry::new(it, self));
        self.assistants = assistants.collect();
    }

    /// The assistants, in the configuration's order.
    pub fn assistants(&self) -> &[AssistantEntry] {
        &self.assistants
    }

    /// An assistant by its id.
    pub fn assistant(&self, id: &str) -> Option<&AssistantEntry> {
        self.assistants.iter().find(|it| &*it.id == id)
    }

    /// What somebody asks for who names a model or an assistant; an assistant's call is at the place of this id.
    pub fn choice(&self, id: &str, call: &str) -> Option<Choice> {
        match self.assistant(id) {
            Some(assistant) => Some(assistant.of_conversation(call)),
            None => self.model(id).map(Choice::model),
        }
    }

    /// The assistants, as clients see them.
    pub fn wire_assistants(&self) -> Vec<wire::Assistant> {
        let shown = self.assistants.iter().map(|assistant| wire::Assistant {
            id: assistant.id.to_string(),
            name: assistant.name.clone(),
            model: assistant.model.as_str().into(),
        });
        shown.collect()
    }

    /// Says that there is no such assistant, and which may have been meant.
    pub fn no_assistant(&self, asked: &str) -> String {
        let there = self.assistants.iter().map(|assistant| &*assistant.id);
        match super::likeness::near(asked, there).first() {
            Some(near) => format!("there is no {asked:?}; did you mean {near:?}?"),
            None => format!("there is no {asked:?}; leave it out, or name one that hello lists"),
        }
    }
}
