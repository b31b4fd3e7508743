//! The circuits of a provider and its models, and the permits that a leg takes from both at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::breaker::{
    Cause, Circuit, CircuitState, CircuitView, ForcedState, Outcome, Pass, Weight,
};
use crate::{CircuitEffect, CircuitSettings, Failure, ModelId, Owner, ProviderId, Reason, Scope};

/// A circuit has changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Whose credential.
    pub owner: Owner,
    /// The provider.
    pub provider: ProviderId,
    /// The model; none for the provider's own circuit.
    pub model: Option<ModelId>,
    /// How it stands now.
    pub view: CircuitView,
}

/// Told of every transition, outside of any lock.
pub type TransitionListener = Arc<dyn Fn(&Transition) + Send + Sync>;

/// All circuits of the process.
pub struct Circuits {
    groups: Mutex<HashMap<(Owner, ProviderId), Arc<ProviderCircuits>>>,
    listener: TransitionListener,
}

impl Circuits {
    /// None yet; `listener` is told of every transition.
    pub fn new(listener: TransitionListener) -> Self {
        Self {
            groups: Mutex::default(),
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
                    listener: self.listener.clone(),
                    state: Mutex::new(GroupState {
                        provider: Circuit::new(settings),
                        models: BTreeMap::new(),
                    }),
                })
            })
            .clone()
    }

    /// Closes every circuit that a simulated failure opened.
    pub fn reset_simulated(&self) {
        let groups: Vec<_> = lock(&self.groups).values().cloned().collect();
        for group in groups {
            group.reset_simulated();
        }
    }
}

/// The circuit of one provider and those of its models, under one credential.
pub struct ProviderCircuits {
    owner: Owner,
    id: ProviderId,
    listener: TransitionListener,
    state: Mutex<GroupState>,
}

struct GroupState {
    provider: Circuit,
    models: BTreeMap<ModelId, Circuit>,
}

/// A leg was not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The circuit that refused.
    pub circuit: CircuitView,
    /// It is the provider's, not the model's.
    pub provider_wide: bool,
}

impl ProviderCircuits {
    /// Makes a model's circuit known, so that it is shown and counted from the start.
    pub fn add_model(&self, model: &ModelId, settings: CircuitSettings) {
        lock(&self.state)
            .models
            .entry(model.clone())
            .or_insert_with(|| Circuit::new(settings));
    }

    /// Lets a leg pass both circuits, or neither.
    ///
    /// # Errors
    ///
    /// Says which circuit refused.
    pub fn admit(self: &Arc<Self>, model: &ModelId) -> Result<LegPermit, Refusal> {
        let now = Instant::now();
        self.change(Some(model), |state| {
            let Some(own) = state.models.get_mut(model) else {
                // A model that was never made known has no circuit, and passes its provider's alone.
                let provider = state.provider.admit(now).map_err(Refusal::by_provider)?;
                return Ok(self.permit(model, None, provider));
            };
            if !state.provider.admits(now) {
                return Err(Refusal::by_provider(state.provider.view()));
            }
            let own = own.admit(now).map_err(|circuit| Refusal {
                circuit,
                provider_wide: false,
            })?;
            let provider = state.provider.admit(now).map_err(Refusal::by_provider)?;
            Ok(self.permit(model, Some(own), provider))
        })
    }

    /// Whether a leg would be let through now.
    pub fn admits(&self, model: &ModelId) -> bool {
        let now = Instant::now();
        let state = lock(&self.state);
        state.provider.admits(now) && state.models.get(model).is_none_or(|own| own.admits(now))
    }

    /// The provider's own circuit.
    pub fn view(&self) -> CircuitView {
        lock(&self.state).provider.view()
    }

    /// A model's circuit.
    pub fn model_view(&self, model: &ModelId) -> Option<CircuitView> {
        lock(&self.state).models.get(model).map(Circuit::view)
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
                Some(_) => {
                    if let Some(circuit) = state.circuit(model) {
                        circuit.reset(now);
                    }
                }
                None => {
                    state.provider.reset(now);
                    state
                        .models
                        .values_mut()
                        .for_each(|circuit| circuit.reset(now));
                }
            }
            state.settle_provider(now);
        });
    }

    fn reset_simulated(&self) {
        let now = Instant::now();
        self.change(None, |state| {
            for circuit in state.models.values_mut().chain([&mut state.provider]) {
                if circuit.view().simulated {
                    circuit.reset(now);
                }
            }
        });
    }

    fn permit(self: &Arc<Self>, model: &ModelId, own: Option<Pass>, provider: Pass) -> LegPermit {
        let probe = provider.probe || own.as_ref().is_some_and(|own| own.probe);
        LegPermit {
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
        for (model, view) in transitions {
            let (owner, provider) = (self.owner.clone(), self.id.clone());
            (self.listener)(&Transition {
                owner,
                provider,
                model,
                view,
            });
        }
        result
    }

    fn record(&self, model: &ModelId, passes: Passes, outcome: Outcome, scope: Scope) {
        let now = Instant::now();
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
            if let (Some(pass), Some(circuit)) = (passes.model, state.models.get_mut(model)) {
                circuit.record(pass, outcome, now);
                let view = circuit.view();
                if view.state == CircuitState::Open {
                    state.model_open(&view, now);
                }
            }
        });
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

impl GroupState {
    fn circuit(&mut self, model: Option<&ModelId>) -> Option<&mut Circuit> {
        match model {
            Some(model) => self.models.get_mut(model),
            None => Some(&mut self.provider),
        }
    }

    /// Two open circuits of its models, or the only one, open the provider's, until the first of them may be probed.
    fn model_open(&mut self, opened: &CircuitView, now: Instant) {
        let until = self
            .models
            .values()
            .filter_map(|circuit| circuit.view().until)
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
            .filter(|circuit| circuit.view().state != CircuitState::Closed)
            .count()
    }

    fn take_transitions(&mut self, model: Option<&ModelId>) -> Vec<(Option<ModelId>, CircuitView)> {
        let mut transitions = vec![];
        if self.provider.take_changed() {
            transitions.push((None, self.provider.view()));
        }
        let changed = |(id, circuit): (&ModelId, &mut Circuit)| {
            circuit
                .take_changed()
                .then(|| (Some(id.clone()), circuit.view()))
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

/// The right to send one leg's requests; retries ride on it. It is used up by recording how the leg ended, and counts as
/// cancelled where it is dropped.
pub struct LegPermit {
    group: Arc<ProviderCircuits>,
    model: ModelId,
    passes: Option<Passes>,
    probe: bool,
}

impl LegPermit {
    /// It is the one probe of a half-open circuit.
    pub fn is_probe(&self) -> bool {
        self.probe
    }

    /// The leg answered.
    pub fn succeeded(mut self) {
        if let Some(passes) = self.passes.take() {
            self.group
                .record(&self.model, passes, Outcome::Success, Scope::Model);
        }
    }

    /// The leg failed, for good.
    pub fn failed(mut self, failure: &Failure) {
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
            CircuitEffect::OpensAtOnce => Outcome::Failure(Weight::Trip, cause),
        };
        self.group
            .record(&self.model, passes, outcome, failure.scope);
    }
}

impl Drop for LegPermit {
    fn drop(&mut self) {
        if let Some(passes) = self.passes.take() {
            self.group
                .record(&self.model, passes, Outcome::Neutral, Scope::Model);
        }
    }
}

impl std::fmt::Debug for LegPermit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LegPermit")
            .field("model", &self.model)
            .field("probe", &self.probe)
            .finish()
    }
}

/// A panic elsewhere leaves the circuits as they were: each change is complete before the lock is given back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
