//! The models that can be asked, and how: from the configuration to the legs of a chain.

mod apart;
mod assistant;
mod auto;
mod build;
mod cheapest;
mod connect;
mod forecast;
mod likeness;
mod listing;
mod share;
mod trial;

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_engine::{
    Capabilities, Chain, ChainError, Circuits, LayeredCircuits, Leg, ModelId, PromptFacts,
    ProviderId, Scrubber, Settings, Traits,
};
use evenkeel_protocol as wire;
use evenkeel_providers::{Caller, DEMO_MODELS, Discovered, Faults, ModelFacts, Prompt};

pub use self::assistant::{AssistantEntry, Choice};
use self::build::Builder;
pub use self::connect::ProviderEntry;
pub use self::forecast::Usable;
pub use self::listing::Listings;
use crate::config::{Config, Family};

/// Every provider and model, as they stand at one moment. It is replaced as a whole when discovery finds something new;
/// whoever works with it keeps the one it began with.
#[derive(Clone)]
pub struct Catalog {
    providers: Vec<ProviderEntry>,
    /// Those that nobody has named, and that have not answered yet.
    awaited: Vec<ProviderEntry>,
    models: Vec<ModelEntry>,
    places: HashMap<String, usize>,
    assistants: Vec<AssistantEntry>,
    default_model: ModelId,
}

/// A model.
#[derive(Clone)]
pub struct ModelEntry {
    /// Its id.
    pub id: ModelId,
    /// Its provider's id.
    pub provider: ProviderId,
    /// The provider's own name for it.
    pub name: String,
    /// The models of its turns: itself first.
    pub chain: Vec<ModelId>,
    /// US dollars per million tokens: of the prompt, of the answer.
    pub cost: Option<(f64, f64)>,
    /// The tokens its context holds.
    pub context_window: Option<u64>,
    /// It sees images; none where nobody says.
    pub vision: Option<bool>,
    /// It calls tools; none where nobody says.
    pub tools: Option<bool>,
    /// It thinks before it answers.
    pub reasoning: bool,
    /// What the configuration alone says: a window that is only listed is not asked of a user's own machine.
    facts: ModelFacts,
    /// It goes on from a partial answer.
    pub prefill: bool,
    /// Its provider runs on the user's own machine: where this model is silent, another of it would be as well.
    pub local: bool,
    /// Its provider lists it; none where it has not said.
    pub listed: Option<bool>,
    /// The listed names that are nearest to its own, where it is not listed.
    pub near: Vec<String>,
    /// What the configuration itself says: only for that a turn may pass the model over.
    certain: Certain,
    /// It can be asked for; one that cannot steps in for others.
    offered: bool,
    /// Nobody has put its chain in order: who can be asked comes first.
    auto: bool,
    settings: Arc<Settings>,
}

impl ModelEntry {
    /// What so many tokens cost in US dollars, where the prices are known.
    pub fn price(&self, input_tokens: u64, output_tokens: u64) -> Option<f64> {
        let (input, output) = self.cost?;
        let billionths = (input_tokens as f64 * input + output_tokens as f64 * output) * 1e3;
        // Whole ones, so that sums of them agree wherever they are made.
        Some(billionths.round() / 1e9)
    }

    fn traits(&self) -> Traits {
        Traits {
            context_window: self.certain.context_window,
            capabilities: self.certain.capabilities,
            prefill: self.prefill,
            reasoning: self.reasoning,
            single_host: self.local,
            price: self.cost.map(|(input, output)| input + output),
        }
    }
}

/// What is known for certain of what a model can take. What its provider lists is a hint, and some list little.
#[derive(Clone, Copy, Default)]
struct Certain {
    context_window: Option<u64>,
    capabilities: Option<Capabilities>,
}

/// A constant address is none; a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("the demo's address is no URL: {0}")]
pub struct CatalogError(#[from] url::ParseError);

impl Catalog {
    /// Builds everything that the configuration and the providers name, and the demo. Connections and circuits are those
    /// of the catalog before, where there was one; until it is settled, nothing of them changes.
    ///
    /// # Errors
    ///
    /// Where this program is at fault.
    pub fn new(
        config: &Config,
        circuits: &Arc<Circuits>,
        faults: &Arc<Faults>,
        listings: &Listings,
        before: Option<&Self>,
    ) -> Result<Self, CatalogError> {
        let (mut providers, mut awaited) = (vec![], vec![]);
        let mut networks = connect::Networks::default();
        for configured in &config.providers {
            let known = before.and_then(|before| before.source(&configured.id));
            let entry = connect::connect(configured, circuits, faults, &mut networks, known)?;
            if configured.probed && !listings.contains_key(&entry.id) {
                awaited.push(entry);
            } else {
                providers.push(entry);
            }
        }
        providers.extend(connect::demos(config, circuits, faults)?);
        let models = Builder::new(config, &providers, listings, before).models();
        let places = models.iter().enumerate();
        let places = places.map(|(place, model)| (model.id.as_str().to_owned(), place));
        let mut catalog = Self {
            places: places.collect(),
            default_model: DEMO_MODELS[0].id.into(),
            providers,
            awaited,
            models,
            assistants: vec![],
        };
        catalog.link_assistants(config);
        let first = match &config.default_model {
            Some(configured) => Some(configured.as_str().into()),
            // Whatever is there is a better answer than the demo, and a demo that is on than one that is off.
            None => {
                let real = catalog.offered().find(|model| !catalog.is_demo(model));
                let any = real.or_else(|| catalog.offered().next());
                any.map(|model| model.id.clone())
            }
        };
        catalog.default_model = first.unwrap_or(catalog.default_model);
        Ok(catalog)
    }

    /// It is the one that holds: circuits follow its models and settings.
    pub fn settle(&self) {
        for provider in &self.providers {
            let own = self
                .models
                .iter()
                .filter(|model| model.provider == provider.id);
            let models = own.map(|model| (model.id.clone(), model.settings.circuit));
            provider.settle(&models.collect());
        }
    }

    /// The providers, the configured ones first.
    pub fn providers(&self) -> &[ProviderEntry] {
        &self.providers
    }

    /// The models, the configured ones first.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }

    /// A model by its id.
    pub fn model(&self, id: &str) -> Option<&ModelEntry> {
        self.models.get(*self.places.get(id)?)
    }

    /// A provider by its id.
    pub fn provider(&self, id: &str) -> Option<&ProviderEntry> {
        self.providers
            .iter()
            .find(|provider| provider.id.as_str() == id)
    }

    /// The providers that can be asked for their models, those included that have not answered yet.
    pub fn sources(&self) -> impl Iterator<Item = &ProviderEntry> {
        self.providers
            .iter()
            .chain(&self.awaited)
            .filter(|provider| provider.lists)
    }

    /// A provider by its id, be it one that has not answered yet.
    pub fn source(&self, id: &str) -> Option<&ProviderEntry> {
        let mut all = self.providers.iter().chain(&self.awaited);
        all.find(|provider| provider.id.as_str() == id)
    }

    fn is_demo(&self, model: &ModelEntry) -> bool {
        let provider = self.provider(model.provider.as_str());
        provider.is_some_and(|entry| entry.kind == Family::Demo.as_str())
    }

    /// Says that there is no such model, and which may have been meant; `otherwise` where none is near.
    pub fn no_model(&self, asked: &str, otherwise: &str) -> String {
        if self.assistant(asked).is_some() {
            return format!("{asked:?} is an assistant, and not a model; name it as `assistant`");
        }
        let offered = self.offered().map(|model| model.id.as_str());
        match likeness::near(asked, offered).first() {
            Some(near) => format!("there is no {asked:?}; did you mean {near:?}?"),
            None => format!("there is no {asked:?}; {otherwise}"),
        }
    }

    /// The model that answers where none is asked for.
    pub fn default_model(&self) -> &ModelId {
        &self.default_model
    }

    /// The legs of a turn. Models of providers that are switched off are left out.
    ///
    /// # Errors
    ///
    /// Where nothing is left of it.
    pub fn chain(
        &self,
        choice: &Choice,
        prompt: &Arc<Prompt>,
        caller: &Caller,
    ) -> Result<Chain, ChainError> {
        let legs = choice.chain.iter().filter_map(|id| self.model(id.as_str()));
        let legs = legs.filter_map(|model| self.turn_leg(model, prompt, caller));
        Self::chain_of(choice.auto, legs, &facts(prompt))
    }

    /// `auto`: nobody has put it in order.
    fn chain_of(
        auto: bool,
        legs: impl IntoIterator<Item = Leg>,
        facts: &PromptFacts,
    ) -> Result<Chain, ChainError> {
        let mut legs = legs.into_iter().peekable();
        // Where the model asked for is switched off, another comes first, whose turns may have fewer attempts.
        let first = legs.peek().map(|leg| leg.settings.max_attempts);
        let chain = Chain::new(legs.take(first.unwrap_or_default() as usize))?;
        Ok(if auto {
            chain.healthy_first(facts)
        } else {
            chain
        })
    }

    /// A leg as it is asked: faults that are aimed at it come into play.
    fn turn_leg(&self, model: &ModelEntry, prompt: &Arc<Prompt>, caller: &Caller) -> Option<Leg> {
        let provider = self.enabled_provider(model)?;
        let circuits = provider.circuits_of(&model.id, &caller.principal);
        self.leg(model, circuits, prompt, caller)
    }

    fn enabled_provider(&self, model: &ModelEntry) -> Option<&ProviderEntry> {
        self.provider(model.provider.as_str())
            .filter(|entry| entry.enabled)
    }

    /// What the engine has to know of a model that may be asked; none where its provider is switched off.
    pub fn leg_facts(&self, id: &ModelId) -> Option<(Arc<Settings>, Traits)> {
        let model = self.model(id.as_str())?;
        self.enabled_provider(model)?;
        Some((model.settings.clone(), model.traits()))
    }

    /// The circuits of a model as a turn of this principal would find them.
    fn shown_circuits(&self, model: &ModelEntry, principal: &str) -> Option<LayeredCircuits> {
        let provider = self.enabled_provider(model)?;
        Some(provider.shown_circuits_of(&model.id, principal))
    }

    fn leg(
        &self,
        model: &ModelEntry,
        circuits: LayeredCircuits,
        prompt: &Arc<Prompt>,
        caller: &Caller,
    ) -> Option<Leg> {
        let provider = self.enabled_provider(model)?;
        let (prompt, caller) = (prompt.clone(), caller.clone());
        Some(Leg {
            model: model.id.clone(),
            provider: provider.id.clone(),
            upstream: provider.provider.upstream_knowing(
                model.facts,
                model.id.clone(),
                &model.name,
                prompt,
                caller,
            ),
            circuits,
            settings: model.settings.clone(),
            traits: model.traits(),
        })
    }

    /// The models that can be asked for.
    pub fn offered(&self) -> impl Iterator<Item = &ModelEntry> {
        self.models.iter().filter(|model| {
            let provider = self.provider(model.provider.as_str());
            model.offered && provider.is_some_and(|provider| provider.enabled)
        })
    }

    /// The models that can be asked for, as clients see them.
    pub fn wire_models(&self) -> Vec<wire::Model> {
        let shown = self.offered().map(|model| wire::Model {
            id: model.id.as_str().into(),
            provider: model.provider.as_str().into(),
            fallbacks: model
                .chain
                .iter()
                .skip(1)
                .map(|id| id.as_str().into())
                .collect(),
            demo: self.is_demo(model),
        });
        shown.collect()
    }
}

/// Whether a provider's list holds the model that a name means.
pub fn lists(listing: &[Discovered], name: &str) -> bool {
    listing::find(listing, name).is_some()
}

/// What the engine has to know of a prompt.
pub fn facts(prompt: &Prompt) -> PromptFacts {
    PromptFacts {
        tokens: prompt.estimated_tokens(),
        needs: Capabilities {
            vision: prompt.needs_vision(),
            tools: prompt.needs_tools(),
        },
        json: prompt.wants_json(),
    }
}

/// Knows every credential of the configuration by value.
pub fn scrubber(config: &Config) -> Scrubber {
    Scrubber::new(secrets(config))
}

/// Every credential of the configuration.
pub fn secrets(config: &Config) -> impl Iterator<Item = String> {
    let keys = config
        .providers
        .iter()
        .filter_map(|provider| provider.kind.endpoint()?.key.as_ref());
    keys.map(|key| key.reveal().to_owned())
}

#[cfg(test)]
mod tests;
