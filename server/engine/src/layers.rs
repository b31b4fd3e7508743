//! The circuits as one principal sees them: the real ones, with those of simulated outages over them.

use std::sync::Arc;

use tokio::time::Instant;

use crate::permit::GroupPermit;
use crate::provider_circuits::{Admission, MISSING_FOR, Missing, Refusal};
use crate::{CircuitState, CircuitView, Failure, ForcedState, ModelId, ProviderCircuits};

/// A provider's circuits under the overlays of one principal. A leg passes all layers or none. A simulated failure writes
/// to the overlay of its fault alone; the real circuits learn nothing from it.
#[derive(Clone)]
pub struct LayeredCircuits {
    real: Arc<ProviderCircuits>,
    overlays: Vec<Arc<ProviderCircuits>>,
    /// A fault may strike this leg: it must not take the real circuits' one probe.
    fault_aimed: bool,
}

impl LayeredCircuits {
    pub(crate) fn new(
        real: Arc<ProviderCircuits>,
        overlays: Vec<Arc<ProviderCircuits>>,
        fault_aimed: bool,
    ) -> Self {
        Self {
            real,
            overlays,
            fault_aimed,
        }
    }

    /// The real circuits.
    pub fn real(&self) -> &Arc<ProviderCircuits> {
        &self.real
    }

    pub(crate) fn layers(&self) -> impl Iterator<Item = &Arc<ProviderCircuits>> {
        self.overlays.iter().chain([&self.real])
    }

    /// Lets a leg pass all its circuits, or none.
    ///
    /// # Errors
    ///
    /// Says which circuit refused.
    pub(crate) fn admit(
        &self,
        model: &ModelId,
        admission: Admission,
    ) -> Result<LegPermit, Refusal> {
        if self.fault_aimed && !self.real.lets_through(model) {
            let own = self.real.model_view(model);
            let own = own.filter(|own| own.state != CircuitState::Closed);
            return Err(Refusal {
                provider_wide: own.is_none(),
                circuit: own.unwrap_or_else(|| self.real.view()),
            });
        }
        // All are asked before one is changed: an open circuit must not become half-open for a leg that another one refuses.
        let mut refusing = self
            .layers()
            .filter(|layer| !layer.would_admit(model, admission));
        if let Some(refusal) = refusing.find_map(|layer| layer.admit(model, admission).err()) {
            return Err(refusal);
        }
        let overlays: Vec<_> = self
            .overlays
            .iter()
            .map(|overlay| overlay.admit(model, admission))
            .collect::<Result<_, _>>()?;
        Ok(LegPermit {
            real: self.real.admit(model, admission)?,
            overlays,
        })
    }

    /// Whether a leg would be let through now.
    pub fn admits(&self, model: &ModelId) -> bool {
        self.layers().all(|layer| layer.admits(model))
            && (!self.fault_aimed || self.real.lets_through(model))
    }

    /// Of the circuits that would not let a leg through now the one that is in its way the longest.
    pub(crate) fn obstacle(&self, model: &ModelId) -> Option<CircuitView> {
        let refusing = self.layers().flat_map(|layer| layer.refusing(model));
        let longest = refusing.max_by_key(|view| (view.until.is_none(), view.until));
        longest.or_else(|| {
            // Only the fault is in the way: the real circuits would give a probe to somebody else.
            let aimed = self.fault_aimed && !self.real.lets_through(model);
            let own = self.model_view(model).filter(not_closed);
            aimed.then(|| CircuitView {
                until: None,
                simulated: true,
                ..own.unwrap_or_else(|| self.view())
            })
        })
    }

    /// Whether a turn with nobody else to ask may try this leg, now or after the probe that runs.
    pub(crate) fn is_last_resort(&self, model: &ModelId) -> bool {
        self.layers().all(|layer| layer.is_last_resort(model))
            && (!self.fault_aimed || self.real.lets_through(model))
    }

    /// Waits until no probe of this leg is out.
    pub(crate) async fn probed(&self, model: &ModelId) {
        for layer in self.layers() {
            layer.probed(model).await;
        }
    }

    /// What the provider said when it did not know the model.
    pub fn missing(&self, model: &ModelId) -> Option<Missing> {
        self.layers().find_map(|layer| layer.missing(model))
    }

    /// Remembers that the provider does not know the model.
    pub(crate) fn note_missing(&self, model: &ModelId, failure: &Failure) {
        let missing = Missing {
            status_code: failure.status_code,
            detail: failure.detail.clone(),
            simulated: failure.simulated.is_some(),
            until: Instant::now() + MISSING_FOR,
        };
        let layer = match &failure.simulated {
            None => Some(&self.real),
            Some(overlay) => self
                .overlays
                .iter()
                .find(|layer| layer.overlay() == Some(overlay)),
        };
        if let Some(layer) = layer {
            layer.note_missing(model, missing);
        }
    }

    /// The provider's own circuit: the first layer's that is not closed, else the real one.
    pub fn view(&self) -> CircuitView {
        self.layers()
            .map(|layer| layer.view())
            .find(not_closed)
            .unwrap_or_else(|| self.real.view())
    }

    /// A model's circuit: the first layer's that is not closed, else the real one.
    pub fn model_view(&self, model: &ModelId) -> Option<CircuitView> {
        self.layers()
            .filter_map(|layer| layer.model_view(model))
            .find(not_closed)
            .or_else(|| self.real.model_view(model))
    }

    /// Holds a real circuit in a state until it is reset: the model's, or the provider's where none is named.
    pub fn force(&self, model: Option<&ModelId>, to: ForcedState) {
        self.real.force(model, to);
    }

    /// Closes a circuit in every layer, with nothing remembered: the model's, or the provider's and all its models'.
    pub fn reset(&self, model: Option<&ModelId>) {
        self.layers().for_each(|layer| layer.reset(model));
    }
}

fn not_closed(view: &CircuitView) -> bool {
    view.state != CircuitState::Closed
}

/// The right to send one leg's requests, from all layers.
pub(crate) struct LegPermit {
    real: GroupPermit,
    overlays: Vec<GroupPermit>,
}

impl LegPermit {
    /// It is the one probe of a half-open circuit, real or simulated.
    pub(crate) fn is_probe(&self) -> bool {
        self.real.is_probe() || self.overlays.iter().any(GroupPermit::is_probe)
    }

    /// The first content came, and answers the probes.
    pub(crate) fn probed(&mut self, simulated: bool) {
        self.real.probed(simulated);
        self.overlays
            .iter_mut()
            .for_each(|overlay| overlay.probed(false));
    }

    /// The leg answered. An answer that a fault had its hand in says nothing about the real circuits.
    pub(crate) fn succeeded(self, simulated: bool) {
        if !simulated {
            self.real.succeeded();
        }
        self.overlays.into_iter().for_each(GroupPermit::succeeded);
    }

    /// The leg failed, for good.
    pub(crate) fn failed(self, failure: &Failure) {
        match &failure.simulated {
            None => self.real.failed(failure),
            Some(whose) => self
                .overlays
                .into_iter()
                .filter(|overlay| overlay.group().overlay() == Some(whose))
                .for_each(|overlay| overlay.failed(failure)),
        }
    }
}

#[cfg(test)]
mod tests;
