//! The circuits of a provider and its models, and what else is remembered of them: which models are missing, and how
//! fast they were.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::breaker::{
    Cause, Circuit, CircuitState, CircuitView, ForcedState, Outcome, Pass, Weight,
};
use crate::first_tokens::FirstTokens;
use crate::{
    CircuitEffect, CircuitSettings, Failure, LayeredCircuits, ModelId, Overlay, Owner, ProviderId,
    Reason, Scope,
};

/// A model that its provider did not know is not asked for this long.
const MISSING_FOR: Duration = Duration::from_secs(600);

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
    groups: Mutex<HashMap<(Owner, ProviderId), Arc<ProviderCircuits>>>,
    overlays: Mutex<HashMap<(Overlay, Owner, ProviderId), Arc<ProviderCircuits>>>,
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
                Arc::new(ProviderCircuits {
                    owner: owner.clone(),
                    id: provider.clone(),
                    overlay: None,
                    listener: self.listener.clone(),
                    state: Mutex::new(GroupState {
                        provider: Circuit::new(settings),
                        models: BTreeMap::new(),
                    }),
                    changes: watch::Sender::new(()),
                })
            })
            .clone()
    }

    /// A provider's circuits as those see them who share these overlays. Where a fault may strike, its overlay comes into
    /// being, and the real circuits give out no probe.
    pub fn seen_by(
        &self,
        real: &Arc<ProviderCircuits>,
        overlays: &[Overlay],
        fault_aimed: bool,
    ) -> LayeredCircuits {
        let mut known = lock(&self.overlays);
        let key = |overlay: &Overlay| (overlay.clone(), real.owner.clone(), real.id.clone());
        if fault_aimed {
            for overlay in overlays {
                known
                    .entry(key(overlay))
                    .or_insert_with(|| Arc::new(real.overlaid(overlay)));
            }
        }
        let layers = if known.is_empty() {
            vec![]
        } else {
            overlays
                .iter()
                .filter_map(|overlay| known.get(&key(overlay)).cloned())
                .collect()
        };
        LayeredCircuits::new(real.clone(), layers, fault_aimed)
    }

    /// Forgets what simulated failures have done to this audience's circuits.
    pub fn clear_overlay(&self, overlay: &Overlay) {
        let cleared: Vec<_> = lock(&self.overlays)
            .extract_if(|(whose, ..), _| whose == overlay)
            .collect();
        for (_, group) in cleared {
            // Turns under way still hold it; and whoever watches is told that it is closed.
            group.reset(None);
        }
    }
}

/// The circuit of one provider and those of its models, under one credential.
pub struct ProviderCircuits {
    owner: Owner,
    id: ProviderId,
    overlay: Option<Overlay>,
    listener: TransitionListener,
    state: Mutex<GroupState>,
    changes: watch::Sender<()>,
}

struct GroupState {
    provider: Circuit,
    models: BTreeMap<ModelId, ModelState>,
}

struct ModelState {
    circuit: Circuit,
    missing: Option<(Missing, Instant)>,
    first_tokens: FirstTokens,
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
    /// Makes a model's circuit known, so that it is shown and counted from the start.
    pub fn add_model(&self, model: &ModelId, settings: CircuitSettings) {
        lock(&self.state)
            .models
            .entry(model.clone())
            .or_insert_with(|| ModelState::new(settings));
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
                return Ok(self.permit(model, None, provider));
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
            Ok(self.permit(model, Some(own), provider))
        })
    }

    /// Whether a leg would be let through now.
    pub fn admits(&self, model: &ModelId) -> bool {
        let now = Instant::now();
        let state = lock(&self.state);
        state.provider.admits(now) && state.all_of(model, |circuit| circuit.admits(now))
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
        let mut changes = self.changes.subscribe();
        loop {
            let probing = {
                let state = lock(&self.state);
                state.provider.is_probing() || !state.all_of(model, |circuit| !circuit.is_probing())
            };
            // The sender lives as long as this group, which is borrowed here.
            if !probing || changes.changed().await.is_err() {
                return;
            }
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
        missing.take_if(|(_, until)| *until <= Instant::now());
        missing.as_ref().map(|(missing, _)| missing.clone())
    }

    /// The provider lists the model: whatever it said before, it may be asked.
    pub fn found(&self, model: &ModelId) {
        if let Some(model) = lock(&self.state).models.get_mut(model) {
            model.missing = None;
        }
    }

    pub(crate) fn is_missing(&self, model: &ModelId, missing: Missing) {
        if let Some(model) = lock(&self.state).models.get_mut(model) {
            model.missing = Some((missing, Instant::now() + MISSING_FOR));
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

    /// Circuits of the same provider and models, all closed, for a simulated outage.
    fn overlaid(&self, overlay: &Overlay) -> Self {
        let state = lock(&self.state);
        let models = state.models.iter();
        Self {
            owner: self.owner.clone(),
            id: self.id.clone(),
            overlay: Some(overlay.clone()),
            listener: self.listener.clone(),
            state: Mutex::new(GroupState {
                provider: Circuit::new(*state.provider.settings()),
                models: models
                    .map(|(id, model)| (id.clone(), ModelState::new(*model.circuit.settings())))
                    .collect(),
            }),
            changes: watch::Sender::new(()),
        }
    }

    /// The audience of the simulated outage that these circuits belong to; none for the real ones.
    pub(crate) fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    fn permit(self: &Arc<Self>, model: &ModelId, own: Option<Pass>, provider: Pass) -> GroupPermit {
        let probe = provider.probe || own.as_ref().is_some_and(|own| own.probe);
        GroupPermit {
            group: self.clone(),
            model: model.clone(),
            passes: Some(Passes {
                model: own,
                provider,
            }),
            probe,
        }
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
            self.changes.send_replace(());
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

    fn record(&self, model: &ModelId, passes: Passes, outcome: Outcome, scope: Scope) {
        let now = Instant::now();
        let probe = passes.provider.probe || passes.model.as_ref().is_some_and(|own| own.probe);
        self.change(Some(model), |state| {
            // What keeps the provider from answering keeps the model that was asked from answering: it counts for both.
            // A model's own failure is no verdict on its provider, except that it fails the provider's probe.
            let for_provider = match (outcome, scope) {
                (Outcome::Failure(..), Scope::Model | Scope::Request) if !passes.provider.probe => {
                    Outcome::Neutral
                }
                (decided, Scope::Request | Scope::Model | Scope::Provider) => decided,
            };
            state.provider.record(passes.provider, for_provider, now);
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
            self.changes.send_replace(());
        }
    }
}

/// What the two circuits of a leg gave out.
struct Passes {
    model: Option<Pass>,
    provider: Pass,
}

impl Refusal {
    fn by_provider(circuit: CircuitView) -> Self {
        Self {
            circuit,
            provider_wide: true,
        }
    }
}

impl ModelState {
    fn new(settings: CircuitSettings) -> Self {
        Self {
            circuit: Circuit::new(settings),
            missing: None,
            first_tokens: FirstTokens::default(),
        }
    }

    fn reset(&mut self, now: Instant) {
        self.circuit.reset(now);
        self.missing = None;
    }
}

impl GroupState {
    fn circuit(&mut self, model: Option<&ModelId>) -> Option<&mut Circuit> {
        match model {
            Some(model) => self.models.get_mut(model).map(|model| &mut model.circuit),
            None => Some(&mut self.provider),
        }
    }

    /// Whether it holds for a model's circuit, where it has one.
    fn all_of(&self, model: &ModelId, holds: impl Fn(&Circuit) -> bool) -> bool {
        self.models
            .get(model)
            .is_none_or(|model| holds(&model.circuit))
    }

    /// Two open circuits of its models, or the only one, open the provider's, until the first of them may be probed.
    fn model_open(&mut self, opened: &CircuitView, now: Instant) {
        let until = self
            .models
            .values()
            .filter_map(|model| model.circuit.view().until)
            .min();
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
    fn settle_provider(&mut self, now: Instant) {
        if self.provider.is_tripped() && self.open_models() < self.models.len().clamp(1, 2) {
            self.provider.reset(now);
        }
    }

    fn open_models(&self) -> usize {
        self.models
            .values()
            .filter(|model| model.circuit.view().state != CircuitState::Closed)
            .count()
    }

    fn take_transitions(&mut self, model: Option<&ModelId>) -> Vec<(Option<ModelId>, CircuitView)> {
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

/// The right to send one leg's requests, from one group of circuits; retries ride on it. It is used up by recording how
/// the leg ended, and counts as cancelled where it is dropped.
pub(crate) struct GroupPermit {
    group: Arc<ProviderCircuits>,
    model: ModelId,
    passes: Option<Passes>,
    pub(crate) probe: bool,
}

impl GroupPermit {
    pub(crate) fn group(&self) -> &Arc<ProviderCircuits> {
        &self.group
    }

    /// The leg answered.
    pub(crate) fn succeeded(mut self) {
        if let Some(passes) = self.passes.take() {
            self.group
                .record(&self.model, passes, Outcome::Success, Scope::Model);
        }
    }

    /// The leg failed, for good.
    pub(crate) fn failed(mut self, failure: &Failure) {
        let Some(passes) = self.passes.take() else {
            return;
        };
        let cause = Cause {
            reason: failure.reason,
            simulated: failure.simulated.is_some(),
        };
        let outcome = match failure.circuit {
            CircuitEffect::Ignored => Outcome::Neutral,
            CircuitEffect::Counts => Outcome::Failure(Weight::One, cause),
            CircuitEffect::CoolsFor(rest) => Outcome::Failure(Weight::Rest(rest), cause),
            CircuitEffect::OpensAtOnce(rest) => Outcome::Failure(Weight::Trip(rest), cause),
        };
        self.group
            .record(&self.model, passes, outcome, failure.scope);
    }
}

impl Drop for GroupPermit {
    fn drop(&mut self) {
        if let Some(passes) = self.passes.take() {
            self.group
                .record(&self.model, passes, Outcome::Neutral, Scope::Model);
        }
    }
}

/// A panic elsewhere leaves the circuits as they were: each change is complete before the lock is given back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
