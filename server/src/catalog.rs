//! The models that can be asked, and how: from the configuration to the legs of a chain.

use std::sync::Arc;

use evenkeel_engine::{
    Chain, ChainError, Circuits, LayeredCircuits, Leg, ModelId, Overlay, Owner, PromptFacts,
    ProviderCircuits, ProviderId, Scrubber, Settings, Traits,
};
use evenkeel_protocol as wire;
use evenkeel_providers::{
    Caller, DEMO_MODELS, Faults, Network, Prompt, Provider, Transport, Wire, demo_transport,
};
use url::Url;

use crate::config::{Config, ModelConfig, ProviderKind};

/// Every provider and model.
pub struct Catalog {
    providers: Vec<ProviderEntry>,
    models: Vec<ModelEntry>,
    default_model: ModelId,
}

/// A provider.
pub struct ProviderEntry {
    /// Its id.
    pub id: ProviderId,
    /// Its wire family's name.
    pub kind: &'static str,
    circuits: Arc<ProviderCircuits>,
    registry: Arc<Circuits>,
    faults: Arc<Faults>,
    provider: Provider,
    enabled: bool,
}

impl ProviderEntry {
    /// Its circuits, as this principal sees them: under the simulated outages that strike it.
    pub fn circuits(&self, principal: &str) -> LayeredCircuits {
        let overlays = [Overlay::from(principal), Overlay::everyone()];
        self.registry.seen_by(&self.circuits, &overlays, false)
    }

    /// The circuits that a request of this principal to this model has to pass.
    fn circuits_of(&self, model: &ModelId, principal: &str) -> LayeredCircuits {
        let aimed = self.faults.aimed(principal, &self.id, model);
        let overlays = [Overlay::from(principal), Overlay::everyone()];
        self.registry.seen_by(&self.circuits, &overlays, aimed)
    }
}

/// A model.
pub struct ModelEntry {
    /// Its id.
    pub id: ModelId,
    /// Its provider's id.
    pub provider: ProviderId,
    /// The models of its turns: itself first.
    pub chain: Vec<ModelId>,
    /// US dollars per million tokens: of the prompt, of the answer.
    pub cost: Option<(f64, f64)>,
    name: String,
    traits: Traits,
    /// Nobody has put its chain in order: who can be asked comes first.
    auto: bool,
    settings: Arc<Settings>,
}

/// A catalog that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is no TLS on this machine, or no resolver.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
    /// A constant address is none; a fault of this program.
    #[error("the demo's address is no URL: {0}")]
    Address(#[from] url::ParseError),
}

impl Catalog {
    /// Builds everything that the configuration names, and the demo.
    ///
    /// # Errors
    ///
    /// Where no HTTP client can be set up.
    pub fn new(
        config: &Config,
        circuits: &Arc<Circuits>,
        faults: &Arc<Faults>,
    ) -> Result<Self, CatalogError> {
        let owner = Owner::shared();
        let mut providers = vec![];
        for configured in &config.providers {
            let id = ProviderId::from(configured.id.as_str());
            let wire = |transport| Wire::new(id.clone(), transport, faults.clone());
            let provider = match &configured.kind {
                ProviderKind::OpenAi(at)
                | ProviderKind::Anthropic(at)
                | ProviderKind::Gemini(at)
                | ProviderKind::Ollama(at) => {
                    let network = Network::new(configured.resilience.connect_timeout)
                        .map_err(|error| CatalogError::Client(error.to_string()))?;
                    Provider::openai(wire(Arc::new(network)), &at.base_url, at.key.clone())
                }
                ProviderKind::Demo => demo(wire)?,
            };
            let group = circuits.provider(&owner, &id, configured.resilience.circuit);
            providers.push(ProviderEntry {
                circuits: group,
                registry: circuits.clone(),
                faults: faults.clone(),
                kind: configured.kind.family().as_str(),
                provider,
                enabled: configured.enabled,
                id,
            });
        }
        let mut models: Vec<ModelEntry> = config
            .models
            .iter()
            .map(|model| ModelEntry {
                id: model.id.as_str().into(),
                provider: model.provider.as_str().into(),
                chain: model.chain.iter().map(|id| id.as_str().into()).collect(),
                cost: model.cost,
                name: model.name.clone(),
                traits: traits(config, model),
                auto: model.auto,
                settings: Arc::new(model.resilience.clone()),
            })
            .collect();

        for model in DEMO_MODELS {
            let id = ProviderId::from(model.provider);
            let provider = demo(|transport| Wire::new(id.clone(), transport, faults.clone()))?;
            providers.push(ProviderEntry {
                circuits: circuits.provider(&owner, &id, config.resilience.circuit),
                registry: circuits.clone(),
                faults: faults.clone(),
                kind: "demo",
                provider,
                enabled: true,
                id: id.clone(),
            });
            let others = DEMO_MODELS.iter().filter(|other| other.id != model.id);
            let chain = [&model]
                .into_iter()
                .chain(others)
                .map(|demo| demo.id.into());
            models.push(ModelEntry {
                id: model.id.into(),
                provider: id,
                chain: chain
                    .take(config.resilience.max_attempts as usize)
                    .collect(),
                cost: None,
                name: model.id.to_owned(),
                traits: Traits::default(),
                auto: false,
                settings: Arc::new(config.resilience.clone()),
            });
        }
        for provider in &providers {
            for model in models.iter().filter(|model| model.provider == provider.id) {
                provider
                    .circuits
                    .add_model(&model.id, model.settings.circuit);
            }
        }

        let default_model = config
            .default_model
            .as_deref()
            .unwrap_or(DEMO_MODELS[0].id)
            .into();
        Ok(Self {
            providers,
            models,
            default_model,
        })
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
        self.models.iter().find(|model| model.id.as_str() == id)
    }

    /// A provider by its id.
    pub fn provider(&self, id: &str) -> Option<&ProviderEntry> {
        self.providers
            .iter()
            .find(|provider| provider.id.as_str() == id)
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
        model: &ModelEntry,
        prompt: &Arc<Prompt>,
        caller: &Caller,
    ) -> Result<Chain, ChainError> {
        let legs = model.chain.iter().filter_map(|id| self.model(id.as_str()));
        let chain = Chain::new(legs.filter_map(|model| self.leg(model, prompt, caller)))?;
        Ok(if model.auto {
            chain.healthy_first(&facts(prompt))
        } else {
            chain
        })
    }

    fn leg(&self, model: &ModelEntry, prompt: &Arc<Prompt>, caller: &Caller) -> Option<Leg> {
        let provider = self
            .provider(model.provider.as_str())
            .filter(|entry| entry.enabled)?;
        let circuits = provider.circuits_of(&model.id, &caller.principal);
        let (prompt, caller) = (prompt.clone(), caller.clone());
        Some(Leg {
            model: model.id.clone(),
            provider: provider.id.clone(),
            upstream: provider
                .provider
                .upstream(model.id.clone(), &model.name, prompt, caller),
            circuits,
            settings: model.settings.clone(),
            traits: model.traits,
        })
    }

    /// The models that can be asked for.
    pub fn offered(&self) -> impl Iterator<Item = &ModelEntry> {
        self.models.iter().filter(|model| {
            self.provider(model.provider.as_str())
                .is_some_and(|provider| provider.enabled)
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
            demo: self
                .provider(model.provider.as_str())
                .is_some_and(|entry| entry.kind == "demo"),
        });
        shown.collect()
    }
}

/// What the engine has to know of a prompt.
pub fn facts(prompt: &Prompt) -> PromptFacts {
    PromptFacts {
        tokens: prompt.estimated_tokens(),
        ..PromptFacts::default()
    }
}

fn traits(config: &Config, model: &ModelConfig) -> Traits {
    let provider = config
        .providers
        .iter()
        .find(|provider| provider.id == model.provider);
    Traits {
        context_window: model.context_window,
        capabilities: model.capabilities,
        prefill: model.prefill,
        reasoning: model.reasoning,
        single_host: provider
            .is_some_and(|provider| matches!(provider.kind, ProviderKind::Ollama(_))),
        price: model.cost.map(|(input, output)| input + output),
    }
}

fn demo(wire: impl FnOnce(Arc<dyn Transport>) -> Wire) -> Result<Provider, url::ParseError> {
    // Never resolved: the transport is answered in this process.
    let address = Url::parse("http://demo.invalid/v1")?;
    Ok(Provider::openai(
        wire(demo_transport(DEMO_MODELS)),
        &address,
        None,
    ))
}

/// Knows every credential of the configuration by value.
pub fn scrubber(config: &Config) -> Scrubber {
    Scrubber::new(
        config
            .providers
            .iter()
            .filter_map(|provider| provider.kind.endpoint()?.key.as_ref())
            .map(|key| key.reveal().to_owned()),
    )
}
