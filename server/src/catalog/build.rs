//! The catalog's models: those of the configuration, the demo's, and those that the providers list.

use std::collections::BTreeSet;
use std::sync::Arc;

use evenkeel_engine::{Capabilities, ModelId, ProviderId, Settings};
use evenkeel_providers::{DEMO_MODELS, Discovered, ModelFacts};

use super::auto::{self, Candidate};
use super::connect::ProviderEntry;
use super::likeness;
use super::listing::{self, Listings};
use super::{Catalog, Certain, ModelEntry};
use crate::config::{Config, ModelConfig, ProviderConfig};

/// A provider offers no more of its listed models than this.
const OFFERED_LIMIT: usize = 200;

/// What the models are built from.
pub(super) struct Builder<'a> {
    pub config: &'a Config,
    pub providers: &'a [ProviderEntry],
    pub listings: &'a Listings,
    /// The catalog so far: a listed model keeps its id.
    pub before: Option<&'a Catalog>,
    models: Vec<ModelEntry>,
    taken: BTreeSet<String>,
}

impl<'a> Builder<'a> {
    pub fn new(
        config: &'a Config,
        providers: &'a [ProviderEntry],
        listings: &'a Listings,
        before: Option<&'a Catalog>,
    ) -> Self {
        let ids = config.providers.iter().map(|provider| &provider.id);
        let ids = ids.chain(config.models.iter().map(|model| &model.id));
        let ids = ids.chain(config.assistants.iter().map(|assistant| &assistant.id));
        let demos = DEMO_MODELS.iter().flat_map(|demo| [demo.id, demo.provider]);
        Self {
            taken: ids.cloned().chain(demos.map(str::to_owned)).collect(),
            config,
            providers,
            listings,
            before,
            models: vec![],
        }
    }

    /// The models: the configured ones first, then what is offered because it is listed, the demo's, and what steps in.
    pub fn models(mut self) -> Vec<ModelEntry> {
        for model in self.config.models.iter().filter(|it| !it.discovered) {
            self.models.push(self.configured(model));
        }
        for provider in &self.config.providers {
            self.offer_listed(provider);
        }
        let offered = self.models.len();
        self.name_discovered();
        self.link();
        // Before those that nobody is offered.
        let hidden = self.models.split_off(offered);
        self.models.extend(demos(self.config));
        self.models.extend(hidden);
        self.models
    }

    fn listing(&self, provider: &str) -> Option<&'a [Discovered]> {
        self.listings
            .get(&ProviderId::from(provider))
            .map(|listing| &**listing)
    }

    fn is_enabled(&self, provider: &str) -> bool {
        let mut providers = self.providers.iter();
        providers.any(|entry| entry.id.as_str() == provider && entry.enabled)
    }

    fn configured(&self, model: &ModelConfig) -> ModelEntry {
        let listing = self.listing(&model.provider);
        let listed = listing.and_then(|listing| listing::find(listing, &model.name));
        let near = match (listing, listed) {
            (Some(listing), None) => {
                likeness::near(&model.name, listing.iter().map(|it| it.name.as_str()))
            }
            (Some(_), Some(_)) | (None, _) => vec![],
        };
        let mut entry = self.entry(model, listed);
        entry.listed = listing.map(|_| listed.is_some());
        entry.near = near;
        entry
    }

    /// A model with what the configuration says of it, and what its provider says where that says nothing.
    fn entry(&self, model: &ModelConfig, listed: Option<&Discovered>) -> ModelEntry {
        let (vision, tools) = match (model.capabilities, listed) {
            (Some(said), _) => (Some(said.vision), Some(said.tools)),
            (None, Some(listed)) => (listed.vision, listed.tools),
            (None, None) => (None, None),
        };
        let provider = ProviderId::from(model.provider.as_str());
        let local = self
            .providers
            .iter()
            .any(|it| it.id == provider && it.local);
        ModelEntry {
            id: model.id.as_str().into(),
            chain: model.chain.iter().map(|id| id.as_str().into()).collect(),
            cost: model.cost.or_else(|| {
                let listed = listed?;
                Some((listed.input_cost?, listed.output_cost?))
            }),
            context_window: model
                .context_window
                .or_else(|| listed?.context_window.filter(|window| *window > 0)),
            name: model.name.clone(),
            reasoning: model.reasoning,
            facts: ModelFacts {
                context_window: model.context_window,
                reasoning: model.reasoning,
            },
            prefill: model.prefill,
            settings: Arc::new(model.resilience.clone()),
            offered: true,
            auto: model.auto,
            certain: Certain {
                context_window: model.context_window,
                capabilities: model.capabilities,
            },
            listed: None,
            near: vec![],
            provider,
            local,
            vision,
            tools,
        }
    }

    /// A provider of which no model is written down offers what it lists.
    fn offer_listed(&mut self, provider: &ProviderConfig) {
        if !provider.offers_listed || !self.is_enabled(&provider.id) {
            return;
        }
        let known: BTreeSet<_> = self
            .models
            .iter()
            .filter(|model| model.provider.as_str() == provider.id)
            .map(|model| model.name.clone())
            .collect();
        let listing = self.listing(&provider.id).unwrap_or_default();
        let fresh = listing
            .iter()
            .filter(|listed| likeness::chats(&listed.name) && !known.contains(&listed.name));
        for listed in fresh.take(OFFERED_LIMIT) {
            let named = |model: &&ModelConfig| {
                model.discovered && model.provider == provider.id && model.name == listed.name
            };
            if let Some(named) = self.config.models.iter().find(named) {
                self.models.push(self.configured(named));
                continue;
            }
            let mut entry = self.listed(&provider.id, listed, &provider.resilience);
            let most = provider.resilience.max_attempts as usize;
            let others = self.config.default_fallbacks.iter();
            let others = others.map(|id| ModelId::from(id.as_str()));
            entry.chain.extend(others.filter(|id| *id != entry.id));
            entry.chain.truncate(most);
            self.models.push(entry);
        }
    }

    /// Those that a live change speaks of and that nobody has written down: where they are not offered because they are
    /// listed, they can step in, and be offered again as soon as they are.
    fn name_discovered(&mut self) {
        for model in self.config.models.iter().filter(|it| it.discovered) {
            if self
                .place(&model.provider, &model.name, Some(&model.id))
                .is_none()
            {
                let mut entry = self.configured(model);
                entry.offered = false;
                self.models.push(entry);
            }
        }
    }

    /// An entry for a model that only its provider names.
    fn listed(&mut self, provider: &str, listed: &Discovered, settings: &Settings) -> ModelEntry {
        let mut model = ModelConfig::bare(&listed.name, provider, settings);
        model.id = self.free_id(provider, &listed.name);
        let mut entry = self.entry(&model, Some(listed));
        entry.chain = vec![entry.id.clone()];
        entry.listed = Some(true);
        entry
    }

    /// An id that no other has: the model's name, or that behind its provider's. One that it had before stays its own.
    fn free_id(&mut self, provider: &str, name: &str) -> String {
        let another = |id: &str| {
            self.before
                .and_then(|before| before.model(id))
                .is_some_and(|model| model.provider.as_str() != provider || model.name != name)
        };
        let mut id = name.to_owned();
        if self.taken.contains(&id) || another(&id) {
            id = format!("{provider}/{name}");
        }
        while self.taken.contains(&id) {
            id = format!("{provider}/{id}");
        }
        self.taken.insert(id.clone());
        id
    }

    /// Gives the models whose fallbacks are chosen by likeness their chains.
    fn link(&mut self) {
        let automatic: Vec<_> = self.config.models.iter().filter(|it| it.auto).collect();
        if automatic.is_empty() {
            return;
        }
        let candidates = self.candidates();
        for model in automatic {
            let Some(place) = self.place(&model.provider, &model.name, Some(&model.id)) else {
                continue;
            };
            let first = Candidate::of(&self.models[place], false);
            let most = model.resilience.max_attempts as usize;
            let everybodys = &self.config.default_fallbacks;
            let mut chain = vec![ModelId::from(model.id.as_str())];
            let kept = |chain: &[ModelId]| {
                let others = everybodys
                    .iter()
                    .filter(|id| !chain.iter().any(|member| member.as_str() == id.as_str()));
                chain.len() + others.count()
            };
            for pick in auto::order(&first, &candidates) {
                let known = self.place(
                    &pick.provider,
                    &pick.name,
                    pick.id.as_ref().map(ModelId::as_str),
                );
                let id = match known {
                    Some(place) => self.models[place].id.clone(),
                    None if kept(&chain) < most => match self.step_in(pick) {
                        Some(id) => id,
                        None => continue,
                    },
                    None => break,
                };
                let stands = everybodys.iter().any(|it| it == id.as_str());
                if chain.contains(&id) || (!stands && kept(&chain) >= most) {
                    continue;
                }
                chain.push(id);
            }
            for id in everybodys {
                let id = ModelId::from(id.as_str());
                if !chain.contains(&id) {
                    chain.push(id);
                }
            }
            self.models[place].chain = chain;
        }
    }

    /// Every model that could step in for another.
    fn candidates(&self) -> Vec<Candidate> {
        let firsts: BTreeSet<_> = self
            .config
            .providers
            .iter()
            .filter_map(|provider| provider.default_model.as_deref())
            .collect();
        let members = self
            .models
            .iter()
            .filter(|model| self.is_enabled(model.provider.as_str()) && model.listed != Some(false))
            .map(|model| Candidate::of(model, firsts.contains(model.id.as_str())));
        let seen = self.config.providers.iter().flat_map(|provider| {
            let enabled = self.is_enabled(&provider.id);
            let listing = self.listing(&provider.id).filter(|_| enabled);
            listing
                .unwrap_or_default()
                .iter()
                .filter(|listed| likeness::chats(&listed.name))
                .filter(|listed| self.place(&provider.id, &listed.name, None).is_none())
                .map(|listed| Candidate::listed(&provider.id, listed))
        });
        members.chain(seen).collect()
    }

    fn place(&self, provider: &str, name: &str, id: Option<&str>) -> Option<usize> {
        self.models.iter().position(|model| match id {
            Some(id) => model.id.as_str() == id,
            None => model.provider.as_str() == provider && model.name == name,
        })
    }

    /// Makes a model that nobody has configured a member, so that it can step in.
    fn step_in(&mut self, pick: &Candidate) -> Option<ModelId> {
        let provider = self
            .config
            .providers
            .iter()
            .find(|it| it.id == pick.provider)?;
        let listing = self.listing(&pick.provider)?;
        let listed = listing.iter().find(|listed| listed.name == pick.name)?;
        let mut entry = self.listed(&pick.provider, listed, &provider.resilience);
        entry.offered = false;
        let id = entry.id.clone();
        self.models.push(entry);
        Some(id)
    }
}

fn demos(config: &Config) -> impl Iterator<Item = ModelEntry> {
    let facts = DEMO_MODELS.iter().map(|demo| demo.sees);
    let models = config.demos.iter().map(|(_, model)| model);
    models.zip(facts).map(|(model, sees)| ModelEntry {
        id: model.id.as_str().into(),
        provider: model.provider.as_str().into(),
        chain: model.chain.iter().map(|id| id.as_str().into()).collect(),
        cost: None,
        name: model.name.clone(),
        context_window: None,
        reasoning: false,
        facts: ModelFacts::default(),
        prefill: false,
        vision: Some(sees),
        tools: None,
        local: false,
        offered: true,
        auto: false,
        certain: Certain {
            context_window: None,
            // It calls no tools, and takes no harm from being offered some.
            capabilities: Some(Capabilities {
                vision: sees,
                tools: true,
            }),
        },
        listed: None,
        near: vec![],
        settings: Arc::new(model.resilience.clone()),
    })
}
