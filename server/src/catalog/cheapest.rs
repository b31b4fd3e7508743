//! Who is asked for a title or for suggestions: nobody's turn, so the cheapest of those that are well.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Chain, CircuitState, Routing, Settings};
use evenkeel_providers::{Caller, Prompt};

use super::{Catalog, ModelEntry};

/// One that is asked, and one that steps in for it.
const ASKED: usize = 2;

impl Catalog {
    /// The cheapest models that are well for this principal: those of known price, the cheapest first, then the others in
    /// the order of the configuration. The demo's are among them only where nothing else is offered.
    pub fn cheapest(&self, principal: &str) -> Vec<&ModelEntry> {
        let only_demo = self.offered().all(|model| self.is_demo(model));
        let mut models: Vec<_> = self
            .offered()
            .filter(|model| only_demo || !self.is_demo(model))
            .filter(|model| self.is_well(model, principal))
            .collect();
        let price = |model: &ModelEntry| {
            let known = model.cost.map(|(input, output)| input + output);
            known.unwrap_or(f64::INFINITY)
        };
        models.sort_by(|one, other| price(one).total_cmp(&price(other)));
        models.truncate(ASKED);
        models
    }

    /// A chain of them, each asked once, for an answer that is worth no more than this time; none where nobody is well.
    pub fn cheapest_chain(
        &self,
        prompt: &Arc<Prompt>,
        caller: &Caller,
        deadline: Duration,
    ) -> Option<Chain> {
        let models = self.cheapest(&caller.principal).into_iter();
        let legs = models.filter_map(|model| {
            let mut leg = self.turn_leg(model, prompt, caller)?;
            leg.settings = Arc::new(asked_once(&leg.settings, deadline));
            Some(leg)
        });
        Chain::new(legs).ok()
    }

    /// Its circuits are closed: a probe is for somebody's turn, which nobody should lose to a title.
    fn is_well(&self, model: &ModelEntry, principal: &str) -> bool {
        self.shown_circuits(model, principal)
            .is_some_and(|circuits| {
                let own = circuits.model_view(&model.id);
                let own = own.is_none_or(|own| own.state == CircuitState::Closed);
                let closed = circuits.view().state == CircuitState::Closed;
                own && closed && circuits.missing(&model.id).is_none()
            })
    }
}

fn asked_once(settings: &Settings, deadline: Duration) -> Settings {
    Settings {
        deadline,
        stream_deadline: deadline,
        max_retries: 0,
        retries_before_fallback: 0,
        max_attempts: ASKED as u32,
        hedge_after: None,
        routing: Routing::Ordered,
        ..settings.clone()
    }
}
