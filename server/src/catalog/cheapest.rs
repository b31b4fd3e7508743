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

#[cfg(test)]
mod tests {
    use evenkeel_engine::{Circuits, ForcedState};
    use evenkeel_providers::Faults;

    use super::*;
    use crate::catalog::Listings;
    use crate::config::{Config, Environment};

    fn catalog(text: &str) -> Catalog {
        let (config, _) = Config::parse(text, &Environment::new()).unwrap();
        let circuits = Arc::new(Circuits::new(Arc::new(|_| {})));
        let faults = Arc::new(Faults::new(Box::new(|_| {})));
        let catalog = Catalog::new(&config, &circuits, &faults, &Listings::new(), None).unwrap();
        catalog.settle();
        catalog
    }

    fn cheapest(catalog: &Catalog) -> Vec<&str> {
        let models = catalog.cheapest("me").into_iter();
        models.map(|model| model.id.as_str()).collect()
    }

    #[test]
    fn the_known_price_comes_first_and_the_demo_only_where_there_is_nothing_else() {
        let provider =
            "[[providers]]\nid = \"p\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
        let model =
            |id: &str, more: &str| format!("[[models]]\nid = \"{id}\"\nprovider = \"p\"\n{more}\n");
        let dear = model("dear", "input_cost = 1.0\noutput_cost = 9.0");
        let cheap = model("cheap", "input_cost = 4.0\noutput_cost = 5.0");
        let (one, other) = (model("one", ""), model("other", ""));
        let text = format!("{provider}{one}{other}{dear}{cheap}");
        let all = catalog(&text);
        assert_eq!(cheapest(&all), ["cheap", "dear"]);
        let circuits = all.provider("p").unwrap().real_circuits();
        for model in ["cheap", "dear"] {
            circuits.force(Some(&model.into()), ForcedState::Open);
        }
        assert_eq!(cheapest(&all), ["one", "other"]);
        // Where nobody is well nobody is asked, and the demo does not step in.
        circuits.force(None, ForcedState::Open);
        assert!(cheapest(&all).is_empty());
        assert_eq!(cheapest(&catalog("")), ["demo-swift", "demo-steady"]);
    }
}
