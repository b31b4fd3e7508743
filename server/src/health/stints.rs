//! For each circuit that is not closed: since when, and who has answered in its place since then.

use std::collections::{BTreeMap, HashMap};

use evenkeel_engine::{CircuitState, ModelId, Overlay, ProviderId, Transition};
use evenkeel_protocol as wire;

/// A circuit: whose simulated outage it belongs to, if any, its provider, and its model where it is not the provider's.
type Key = (Option<Overlay>, ProviderId, Option<ModelId>);

/// The time since a circuit was last closed.
#[derive(Clone, Debug)]
pub struct Stint {
    /// When it began.
    pub since: wire::Timestamp,
    /// The answers that others gave in its place, by who gave them.
    saved: BTreeMap<String, u64>,
}

impl Stint {
    /// How many answers others have given in its place, and who gave the most.
    pub fn saved(&self) -> (u64, Option<&str>) {
        // Of two that gave as many the first by name.
        let most = self.saved.iter().rev().max_by_key(|(_, count)| **count);
        (
            self.saved.values().sum(),
            most.map(|(model, _)| model.as_str()),
        )
    }
}

/// All of them.
#[derive(Default)]
pub struct Stints(HashMap<Key, Stint>);

impl Stints {
    /// A circuit has changed its state.
    pub fn transition(&mut self, transition: &Transition, at: wire::Timestamp) {
        let key = (
            transition.overlay.clone(),
            transition.provider.clone(),
            transition.model.clone(),
        );
        match transition.view.state {
            CircuitState::Closed => {
                self.0.remove(&key);
            }
            CircuitState::HalfOpen | CircuitState::Open => {
                self.0.entry(key).or_insert_with(|| Stint {
                    since: at,
                    saved: BTreeMap::new(),
                });
            }
        }
    }

    /// A turn was answered. It counts for those of its legs that are barred and came to nothing, real turns for real
    /// circuits, simulated ones for those of the outages that strike this principal.
    pub fn answered(
        &mut self,
        principal: &str,
        attempts: &[wire::Attempt],
        by: &wire::Attempt,
        simulated: bool,
    ) {
        if self.0.is_empty() {
            return;
        }
        let strikes = |overlay: &Option<Overlay>| match overlay {
            None => !simulated,
            Some(overlay) => {
                simulated && [Overlay::from(principal), Overlay::everyone()].contains(overlay)
            }
        };
        let lost = |attempt: &wire::Attempt| {
            matches!(
                attempt.state,
                wire::AttemptState::Failed | wire::AttemptState::Skipped
            )
        };
        for ((overlay, provider, model), stint) in &mut self.0 {
            let replaced = attempts.iter().filter(|it| lost(it)).any(|it| match model {
                Some(model) => {
                    it.model_name.as_str() == model.as_str() && it.model_name != by.model_name
                }
                None => it.provider.as_str() == provider.as_str() && it.provider != by.provider,
            });
            if replaced && strikes(overlay) {
                let count = stint.saved.entry(by.model_name.0.clone()).or_default();
                *count += 1;
            }
        }
    }

    /// The stint of a circuit as this viewer sees it.
    pub fn of(
        &self,
        viewer: &str,
        simulated: bool,
        provider: &ProviderId,
        model: Option<&ModelId>,
    ) -> Option<&Stint> {
        let overlays: &[Option<Overlay>] = &if simulated {
            [Some(Overlay::from(viewer)), Some(Overlay::everyone())]
        } else {
            [None, None]
        };
        overlays.iter().find_map(|overlay| {
            self.0
                .get(&(overlay.clone(), provider.clone(), model.cloned()))
        })
    }

    /// Forgets the models that are gone.
    pub fn retain(&mut self, known: impl Fn(&ModelId) -> bool) {
        self.0
            .retain(|(_, _, model), _| model.as_ref().is_none_or(&known));
    }
}
