//! Catalogs and chains that no turn uses: for a test of a model, and for a look at what a change would do.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{
    Chain, Circuits, Leg, OnContentFilter, Owner, ProviderCircuits, ProviderId, Routing, Settings,
};
use evenkeel_providers::{Caller, Prompt};

use super::{Catalog, ModelEntry};

impl Catalog {
    /// A chain of this model alone, asked once and past all circuits, be it switched off or not: for a test.
    pub fn trial(
        &self,
        model: &ModelEntry,
        prompt: &Arc<Prompt>,
        caller: &Caller,
    ) -> Option<Chain> {
        let provider = self.source(model.provider.as_str())?;
        let apart = Circuits::new(Arc::new(|_| {}));
        let real = apart.provider(&Owner::shared(), &provider.id, model.settings.circuit);
        let leg = Leg {
            model: model.id.clone(),
            provider: provider.id.clone(),
            upstream: provider.provider.upstream_knowing(
                model.facts,
                model.id.clone(),
                &model.name,
                prompt.clone(),
                caller.clone(),
            ),
            circuits: apart.shown_to(&real, &[], false),
            settings: Arc::new(asked_once(&model.settings)),
            traits: model.traits(),
        };
        Chain::new([leg]).ok()
    }

    /// The same catalog, with other circuits for a provider.
    pub fn imagining(&self, provider: &ProviderId, circuits: Arc<ProviderCircuits>) -> Self {
        let mut imagined = self.clone();
        for entry in &mut imagined.providers {
            if entry.id == *provider {
                entry.real = circuits.clone();
            }
        }
        imagined
    }
}

/// One request, which has as long as a call beside a turn: the wait for its first token ends it, and no deadline, which
/// would leave no reason.
fn asked_once(settings: &Settings) -> Settings {
    let timeout = settings.timeout;
    Settings {
        first_token_timeout: timeout,
        reasoning_first_token_timeout: timeout,
        deadline: timeout + Duration::from_secs(5),
        stream_deadline: timeout * 2,
        max_retries: 0,
        retries_before_fallback: 0,
        max_attempts: 1,
        hedge_after: None,
        routing: Routing::Ordered,
        on_content_filter: OnContentFilter::End,
        ..settings.clone()
    }
}
