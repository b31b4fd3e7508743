//! The circuits of a provider and its models under one credential, and what else is remembered of the models: which are
//! missing, and how fast they were.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::breaker::{Circuit, Outcome};
use crate::circuit_group::{GroupState, ModelState};
use crate::circuits::lock;
use crate::permit::{GroupPermit, Passes};
use crate::{
    CircuitSettings, CircuitView, ForcedState, LayeredCircuits, ModelId, Overlay, Owner,
    ProviderId, Scope, Transition, TransitionListener,
};

mod change;

/// A model that its provider did not know is not asked for this long.
pub(crate) const MISSING_FOR: Duration = Duration::from_secs(600);

/// The circuit of one provider and those of its models, under one credential.
pub struct ProviderCircuits {
    pub(crate) owner: Owner,
    pub(crate) id: ProviderId,
    overlay: Option<Overlay>,
    listener: TransitionListener,
    state: Mutex<GroupState>,
    /// Wakes those who wait for a probe in the order in which they came; a `watch` would wake them in a random one.
    changes: Notify,
}

/// A model that its provider said it does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The status it said so with.
    pub status_code: Option<u16>,
    /// Its words, scrubbed.
    pub detail: String,
    /// A simulated failure said so.
    pub simulated: bool,
    /// Until when that is believed.
    pub until: Instant,
}

/// A leg was not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The circuit that refused.
    pub circuit: CircuitView,
    /// It is the provider's, not the model's.
    pub provider_wide: bool,
}

/// When a leg may be let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// As soon as its circuits let it.
    Regular,
    /// Before its cooldown is over: there is nobody else to ask.
    LastResort,
}

impl ProviderCircuits {
    pub(crate) fn new(
        owner: Owner,
        id: ProviderId,
        overlay: Option<Overlay>,
        settings: CircuitSettings,
        listener: TransitionListener,
    ) -> Self {
        Self {
            owner,
            id,
            overlay,
            listener,
            state: Mutex::new(GroupState {
                provider: Circuit::new(settings),
                models: BTreeMap::new(),
            }),
            changes: Notify::new(),
        }
    }

    /// Makes a model's circuit known, so that it is shown and counted from the start.
    pub fn add_model(&self, model: &ModelId, settings: CircuitSettings) {
        lock(&self.state)
            .models
            .entry(model.clone())
            .or_insert_with(|| ModelState::new(settings));
    }

    /// Makes those models known that another group knows.
    pub(crate) fn adopt(&self, other: &Self) {
        let known: Vec<_> = lock(&other.state)
            .models
            .iter()
            .map(|(id, model)| (id.clone(), *model.circuit.settings()))
            .collect();
        for (model, settings) in known {
            self.add_model(&model, settings);
        }
    }

    /// Lets a leg pass both circuits, or neither.
    pub(crate) fn admit(
        self: &Arc<Self>,
        model: &ModelId,
        admission: Admission,
    ) -> Result<GroupPermit, Refusal> {
        let now = Instant::now();
        let admit = |circuit: &mut Circuit| match admission {
            Admission::Regular => circuit.admit(now),
            Admission::LastResort => circuit.admit_early(now),
        };
        self.change(Some(model), |state| {
            let Some(own) = state.models.get_mut(model) else {
                // A model that was never made known has no circuit, and passes its provider's alone.
                let provider = admit(&mut state.provider).map_err(Refusal::by_provider)?;
                return Ok(GroupPermit::new(self, model, None, provider));
            };
            let open_to_it = match admission {
                Admission::Regular => state.provider.admits(now),
                Admission::LastResort => {
                    state.provider.is_last_resort(now) && !state.provider.is_probing()
                }
            };
            if !open_to_it {
                return Err(Refusal::by_provider(state.provider.view()));
            }
            let own = admit(&mut own.circuit).map_err(|circuit| Refusal {
                circuit,
                provider_wide: false,
            })?;
            let provider = admit(&mut state.provider).map_err(Refusal::by_provider)?;
            Ok(GroupPermit::new(self, model, Some(own), provider))
        })
    }

    /// Whether [`ProviderCircuits::admit`] would let a leg through now; it changes nothing.
    pub(crate) fn would_admit(&self, model: &ModelId, admission: Admission) -> bool {
        match admission {
            Admission::Regular => self.admits(model),
            Admission::LastResort => {
                let now = Instant::now();
                let state = lock(&self.state);
                let open_to_it =
                    |circuit: &Circuit| circuit.is_last_resort(now) && !circuit.is_probing();
                open_to_it(&state.provider) && state.all_of(model, open_to_it)
            }
        }
    }

    /// Whether a leg would be let through now.
    pub fn admits(&self, model: &ModelId) -> bool {
        let now = Instant::now();
        let state = lock(&self.state);
        state.provider.admits(now) && state.all_of(model, |circuit| circuit.admits(now))
    }

    /// Those circuits of a leg that would not let it through now, its provider's first.
    pub(crate) fn refusing(&self, model: &ModelId) -> Vec<CircuitView> {
        let now = Instant::now();
        let state = lock(&self.state);
        let own = state.models.get(model).map(|model| &model.circuit);
        let circuits = [&state.provider].into_iter().chain(own);
        circuits
            .filter(|circuit| !circuit.admits(now))
            .map(Circuit::view)
            .collect()
    }

    /// Whether both circuits of a leg are closed.
    pub(crate) fn lets_through(&self, model: &ModelId) -> bool {
        let state = lock(&self.state);
        state.provider.lets_through() && state.all_of(model, Circuit::lets_through)
    }

    /// Whether a turn with nobody else to ask may try this leg, now or after the probe that runs.
    pub(crate) fn is_last_resort(&self, model: &ModelId) -> bool {
        let now = Instant::now();
        let state = lock(&self.state);
        state.provider.is_last_resort(now)
            && state.all_of(model, |circuit| circuit.is_last_resort(now))
    }

    /// Waits until no probe of this leg is out.
    pub(crate) async fn probed(&self, model: &ModelId) {
        loop {
            // Listens before it looks, so that no change falls between the two.
            let mut changed = std::pin::pin!(self.changes.notified());
            changed.as_mut().enable();
            let probing = {
                let state = lock(&self.state);
                state.provider.is_probing() || !state.all_of(model, |circuit| !circuit.is_probing())
            };
            if !probing {
                return;
            }
            changed.await;
        }
    }

    /// The provider's own circuit.
    pub fn view(&self) -> CircuitView {
        lock(&self.state).provider.view()
    }

    /// A model's circuit.
    pub fn model_view(&self, model: &ModelId) -> Option<CircuitView> {
        let state = lock(&self.state);
        state.models.get(model).map(|model| model.circuit.view())
    }

    /// Holds a circuit in a state until it is reset: the model's, or the provider's where none is named.
    pub fn force(&self, model: Option<&ModelId>, to: ForcedState) {
        let now = Instant::now();
        self.change(model, |state| {
            if let Some(circuit) = state.circuit(model) {
                circuit.force(to, now);
            }
            state.settle_provider(now);
        });
    }

    /// Closes a circuit with nothing remembered: the model's, or the provider's and all its models' where none is named.
    pub fn reset(&self, model: Option<&ModelId>) {
        let now = Instant::now();
        self.change(model, |state| {
            match model {
                Some(model) => {
                    if let Some(model) = state.models.get_mut(model) {
                        model.reset(now);
                    }
                }
                None => {
                    state.provider.reset(now);
                    state.models.values_mut().for_each(|model| model.reset(now));
                }
            }
            state.settle_provider(now);
        });
    }

    /// What the provider said when it did not know the model, for as long as that is believed.
    pub fn missing(&self, model: &ModelId) -> Option<Missing> {
        let mut state = lock(&self.state);
        let missing = &mut state.models.get_mut(model)?.missing;
        missing.take_if(|missing| missing.until <= Instant::now());
        missing.clone()
    }

    /// The provider lists the model: whatever it said before, it may be asked.
    pub fn found(&self, model: &ModelId) {
        if let Some(model) = lock(&self.state).models.get_mut(model) {
            model.missing = None;
        }
    }

    pub(crate) fn note_missing(&self, model: &ModelId, missing: Missing) {
        if let Some(model) = lock(&self.state).models.get_mut(model) {
            model.missing = Some(missing);
        }
    }

    /// The model's first token came after this time.
    pub(crate) fn first_token(&self, model: &ModelId, after: Duration) {
        if let Some(model) = lock(&self.state).models.get_mut(model) {
            model.first_tokens.record(after);
        }
    }

    /// The time to the first token that nineteen in twenty of the model's last answers stayed under.
    pub fn first_token_p95(&self, model: &ModelId) -> Option<Duration> {
        lock(&self.state).models.get(model)?.first_tokens.p95()
    }

    /// The time to the first token that half of the model's last answers stayed under.
    pub fn first_token_median(&self, model: &ModelId) -> Option<Duration> {
        lock(&self.state).models.get(model)?.first_tokens.median()
    }

    /// The circuits of the same provider for one turn from which nobody may learn, under a simulated outage: all closed,
    /// and with what is known of the models' speed. What becomes of them is told to nobody.
    pub fn apart(&self, outage: &Overlay) -> LayeredCircuits {
        let (owner, id) = (self.owner.clone(), self.id.clone());
        let state = {
            let state = lock(&self.state);
            let model = |model: &ModelState| ModelState {
                first_tokens: model.first_tokens.clone(),
                ..ModelState::new(*model.circuit.settings())
            };
            let models = state.models.iter();
            GroupState {
                provider: Circuit::new(*state.provider.settings()),
                models: models
                    .map(|(id, known)| (id.clone(), model(known)))
                    .collect(),
            }
        };
        let real = Self {
            owner,
            id,
            overlay: None,
            listener: Arc::new(|_| {}),
            state: Mutex::new(state),
            changes: Notify::new(),
        };
        let overlaid = real.overlaid(outage);
        overlaid.adopt(&real);
        LayeredCircuits::new(Arc::new(real), vec![Arc::new(overlaid)], true)
    }

    /// Circuits of the same provider, all closed, for a simulated outage.
    pub(crate) fn overlaid(&self, overlay: &Overlay) -> Self {
        let settings = *lock(&self.state).provider.settings();
        let (owner, id) = (self.owner.clone(), self.id.clone());
        Self::new(
            owner,
            id,
            Some(overlay.clone()),
            settings,
            self.listener.clone(),
        )
    }

    /// The audience of the simulated outage that these circuits belong to; none for the real ones.
    pub(crate) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// Changes circuits under the lock, and tells the listener afterwards what has changed: of `model` and the
    /// provider, or of all where no model is named.
    fn change<T>(&self, model: Option<&ModelId>, change: impl FnOnce(&mut GroupState) -> T) -> T {
        let (result, transitions) = {
            let mut state = lock(&self.state);
            let result = change(&mut state);
            (result, state.take_transitions(model))
        };
        if !transitions.is_empty() {
            self.changes.notify_waiters();
        }
        for (model, view) in transitions {
            let (owner, provider) = (self.owner.clone(), self.id.clone());
            (self.listener)(&Transition {
                owner,
                provider,
                model,
                overlay: self.overlay.clone(),
                view,
            });
        }
        result
    }

    /// Takes note of how a leg ended, for those of its circuits whose passes these are.
    pub(crate) fn record(&self, model: &ModelId, passes: Passes, outcome: Outcome, scope: Scope) {
        let now = Instant::now();
        let probe = passes.probe();
        self.change(Some(model), |state| {
            if let Some(pass) = passes.provider {
                // What keeps the provider from answering keeps the model that was asked from answering: it counts for
                // both. A model's own failure is no verdict on its provider, except that it fails the provider's probe.
                let for_provider = match (outcome, scope) {
                    (Outcome::Failure(..), Scope::Model | Scope::Request) if !pass.probe => {
                        Outcome::Neutral
                    }
                    (decided, Scope::Request | Scope::Model | Scope::Provider) => decided,
                };
                state.provider.record(pass, for_provider, now);
            }
            if let (Some(pass), Some(own)) = (passes.model, state.models.get_mut(model)) {
                let opened = own.circuit.record(pass, outcome, now);
                let view = own.circuit.view();
                // One that was open before says nothing new: its stragglers must not open the provider's again.
                if opened {
                    state.model_open(&view, now);
                }
            }
        });
        // A probe that came to nothing changes no state, and still makes room for the next.
        if probe {
            self.changes.notify_waiters();
        }
    }
}

impl Refusal {
    fn by_provider(circuit: CircuitView) -> Self {
        Self {
            circuit,
            provider_wide: true,
        }
    }
}
