//! A provider's circuit and those of its models: how the one follows from the others.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::breaker::{Cause, Circuit};
use crate::first_tokens::FirstTokens;
use crate::{CircuitSettings, CircuitState, CircuitView, Missing, ModelId, Reason};

/// The circuit of a provider, and its models.
#[derive(Clone)]
pub(crate) struct GroupState {
    pub(crate) provider: Circuit,
    pub(crate) models: BTreeMap<ModelId, ModelState>,
}

/// What is known of one model.
#[derive(Clone)]
pub(crate) struct ModelState {
    pub(crate) circuit: Circuit,
    /// Its provider does not know it.
    pub(crate) missing: Option<Missing>,
    pub(crate) first_tokens: FirstTokens,
}

impl GroupState {
    pub(crate) fn circuit(&mut self, model: Option<&ModelId>) -> Option<&mut Circuit> {
        match model {
            Some(model) => self.models.get_mut(model).map(|model| &mut model.circuit),
            None => Some(&mut self.provider),
        }
    }

    /// Whether it holds for a model's circuit, where it has one.
    pub(crate) fn all_of(&self, model: &ModelId, holds: impl Fn(&Circuit) -> bool) -> bool {
        self.models
            .get(model)
            .is_none_or(|model| holds(&model.circuit))
    }

    /// Two open circuits of its models, or the only one, open the provider's, until the first of them may be probed.
    pub(crate) fn model_open(&mut self, opened: &CircuitView, now: Instant) {
        let until = self.first_back();
        if self.open_models() >= self.models.len().min(2)
            && let Some(until) = until
        {
            let reason = opened.cause.unwrap_or(Reason::Unknown);
            self.provider.trip(
                Cause {
                    reason,
                    simulated: opened.simulated,
                },
                until,
                now,
            );
        }
    }

    /// Where an administrator has taken away a model's open circuit that the provider's stood on, the provider's closes.
    pub(crate) fn settle_provider(&mut self, now: Instant) {
        if self.provider.is_tripped() && self.open_models() < self.models.len().clamp(1, 2) {
            self.provider.reset(now);
        }
    }

    /// When the first of its models' open circuits may be probed.
    pub(crate) fn first_back(&self) -> Option<Instant> {
        let models = self.models.values();
        models.filter_map(|model| model.circuit.view().until).min()
    }

    fn open_models(&self) -> usize {
        self.models
            .values()
            .filter(|model| model.circuit.view().state != CircuitState::Closed)
            .count()
    }

    pub(crate) fn take_transitions(
        &mut self,
        model: Option<&ModelId>,
    ) -> Vec<(Option<ModelId>, CircuitView)> {
        let mut transitions = vec![];
        if self.provider.take_changed() {
            transitions.push((None, self.provider.view()));
        }
        let changed = |(id, model): (&ModelId, &mut ModelState)| {
            model
                .circuit
                .take_changed()
                .then(|| (Some(id.clone()), model.circuit.view()))
        };
        match model {
            Some(id) => {
                transitions.extend(self.models.get_mut(id).and_then(|own| changed((id, own))));
            }
            None => transitions.extend(self.models.iter_mut().filter_map(changed)),
        }
        transitions
    }
}

impl ModelState {
    pub(crate) fn new(settings: CircuitSettings) -> Self {
        Self {
            circuit: Circuit::new(settings),
            missing: None,
            first_tokens: FirstTokens::default(),
        }
    }

    pub(crate) fn reset(&mut self, now: Instant) {
        self.circuit.reset(now);
        self.missing = None;
    }
}
