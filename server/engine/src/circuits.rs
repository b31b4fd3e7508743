//! All circuits of the process: the real ones, and those of simulated outages, which only their audience sees.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    CircuitSettings, CircuitView, LayeredCircuits, ModelId, Overlay, Owner, ProviderCircuits,
    ProviderId,
};

/// A circuit has changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Whose credential.
    pub owner: Owner,
    /// The provider.
    pub provider: ProviderId,
    /// The model; none for the provider's own circuit.
    pub model: Option<ModelId>,
    /// It is a circuit of a simulated outage, which only its audience sees.
    pub overlay: Option<Overlay>,
    /// How it stands now.
    pub view: CircuitView,
}

/// Told of every transition, outside of any lock.
pub type TransitionListener = Arc<dyn Fn(&Transition) + Send + Sync>;

/// All circuits of the process.
pub struct Circuits {
    groups: Mutex<BTreeMap<(Owner, ProviderId), Arc<ProviderCircuits>>>,
    /// In order, so that those who wait for them are woken in the same order each time.
    overlays: Mutex<BTreeMap<(Overlay, Owner, ProviderId), Arc<ProviderCircuits>>>,
    listener: TransitionListener,
}

impl Circuits {
    /// None yet; `listener` is told of every transition.
    pub fn new(listener: TransitionListener) -> Self {
        Self {
            groups: Mutex::default(),
            overlays: Mutex::default(),
            listener,
        }
    }

    /// The circuits of a provider's models under one credential. `settings` hold from its first mention on.
    pub fn provider(
        &self,
        owner: &Owner,
        provider: &ProviderId,
        settings: CircuitSettings,
    ) -> Arc<ProviderCircuits> {
        lock(&self.groups)
            .entry((owner.clone(), provider.clone()))
            .or_insert_with(|| {
                let (owner, provider) = (owner.clone(), provider.clone());
                let listener = self.listener.clone();
                Arc::new(ProviderCircuits::new(
                    owner, provider, None, settings, listener,
                ))
            })
            .clone()
    }

    /// A provider's circuits as those see them who share these overlays. Where faults may strike, their overlays (`aimed`,
    /// among the others) come into being, and the real circuits give out no probe.
    pub fn seen_by(
        &self,
        real: &Arc<ProviderCircuits>,
        overlays: &[Overlay],
        aimed: &[Overlay],
    ) -> LayeredCircuits {
        if !aimed.is_empty() {
            let mut known = lock(&self.overlays);
            for overlay in aimed {
                known
                    .entry((overlay.clone(), real.owner.clone(), real.id.clone()))
                    .or_insert_with(|| Arc::new(real.overlaid(overlay)))
                    .adopt(real);
            }
        }
        self.shown_to(real, overlays, !aimed.is_empty())
    }

    /// The same, for somebody who only looks: nothing comes into being. `fault_aimed`: faults may strike.
    pub fn shown_to(
        &self,
        real: &Arc<ProviderCircuits>,
        overlays: &[Overlay],
        fault_aimed: bool,
    ) -> LayeredCircuits {
        LayeredCircuits::new(real.clone(), self.known(real, overlays), fault_aimed)
    }

    fn known(
        &self,
        real: &Arc<ProviderCircuits>,
        overlays: &[Overlay],
    ) -> Vec<Arc<ProviderCircuits>> {
        let known = lock(&self.overlays);
        if known.is_empty() {
            return vec![];
        }
        let key = |overlay: &Overlay| (overlay.clone(), real.owner.clone(), real.id.clone());
        overlays
            .iter()
            .filter_map(|overlay| known.get(&key(overlay)).cloned())
            .collect()
    }

    /// A provider's models as they are now, and what their circuits are set to. The circuits that are there go on with
    /// what they remember; those of simulated outages follow the real ones.
    pub fn settle(
        &self,
        real: &Arc<ProviderCircuits>,
        settings: CircuitSettings,
        models: &BTreeMap<ModelId, CircuitSettings>,
    ) {
        real.settle(settings, models, true);
        let overlays: Vec<_> = lock(&self.overlays)
            .iter()
            .filter(|((_, owner, id), _)| *owner == real.owner && *id == real.id)
            .map(|(_, overlay)| overlay.clone())
            .collect();
        for overlay in overlays {
            overlay.settle(settings, models, false);
        }
    }

    /// Forgets what simulated failures have done to this audience's circuits.
    pub fn clear_overlay(&self, overlay: &Overlay) {
        let cleared: Vec<_> = lock(&self.overlays)
            .extract_if(.., |(whose, ..), _| whose == overlay)
            .collect();
        for (_, group) in cleared {
            // Turns under way still hold it; and whoever watches is told that it is closed.
            group.reset(None);
        }
    }
}

/// A panic elsewhere leaves the circuits as they were: each change is complete before the lock is given back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
