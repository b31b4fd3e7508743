//! What changes a provider's circuits while they live: other settings, another credential, a test that was answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::ProviderCircuits;
use crate::circuit_group::ModelState;
use crate::circuits::lock;
use crate::{CircuitSettings, ModelId};

impl ProviderCircuits {
    /// What all circuits are set to from now on, in whatever state they are. `add`: those that are missing come into
    /// being; those that are no more are forgotten.
    pub(crate) fn settle(
        &self,
        settings: CircuitSettings,
        models: &BTreeMap<ModelId, CircuitSettings>,
        add: bool,
    ) {
        let mut state = lock(&self.state);
        let mut others = state.provider.set_settings(settings);
        state.models.retain(|id, _| models.contains_key(id));
        for (id, settings) in models {
            match state.models.get_mut(id) {
                Some(model) => others |= model.circuit.set_settings(*settings),
                None if add => {
                    let model = ModelState::new(*settings);
                    state.models.insert(id.clone(), model);
                }
                None => {}
            }
        }
        if others && let Some(until) = state.first_back() {
            state.provider.back_at(until);
        }
    }

    /// A request that no circuit was asked for has been answered by this model: what kept others from it is over, as after
    /// a probe.
    pub fn answered(&self, model: &ModelId) {
        let now = Instant::now();
        self.change(Some(model), |state| {
            if let Some(model) = state.models.get_mut(model) {
                model.circuit.prove(now);
                model.missing = None;
            }
            state.provider.prove(now);
        });
    }

    /// Whatever was remembered was another's fault, such as the old key's: everything closes that no administrator holds.
    pub fn forgive(&self) {
        let now = Instant::now();
        self.change(None, |state| {
            state.provider.forgive(now);
            for model in state.models.values_mut() {
                model.circuit.forgive(now);
                model.missing = None;
            }
        });
    }

    /// The same circuits as they are now, apart: what is done to them is done to nobody and told to nobody.
    pub fn imagined(&self) -> Arc<Self> {
        Arc::new(Self {
            owner: self.owner.clone(),
            id: self.id.clone(),
            overlay: self.overlay.clone(),
            listener: Arc::new(|_| {}),
            state: Mutex::new(lock(&self.state).clone()),
            changes: Notify::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CircuitState, Circuits, ForcedState, Overlay, Owner};

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(cooldown: Duration) -> CircuitSettings {
        CircuitSettings {
            cooldown,
            ..CircuitSettings::default()
        }
    }

    fn models(ids: &[&str], cooldown: Duration) -> BTreeMap<ModelId, CircuitSettings> {
        let all = ids
            .iter()
            .map(|id| (ModelId::from(*id), settings(cooldown)));
        all.collect()
    }

    /// Fails until the model's circuit is open.
    fn break_down(group: &Arc<ProviderCircuits>, model: &str) {
        use crate::failure::{CircuitEffect, Failure};
        use crate::provider_circuits::Admission;
        let model = ModelId::from(model);
        for _ in 0..3 {
            let Ok(permit) = group.admit(&model, Admission::Regular) else {
                return;
            };
            let error = crate::UpstreamError {
                observed: crate::testing::status(503),
                simulated: None,
            };
            let failure = Failure {
                circuit: CircuitEffect::Counts,
                ..crate::classify(&error, &crate::Scrubber::default())
            };
            permit.failed(&failure);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_settings_reach_living_circuits_the_simulated_ones_too() {
        let circuits = Circuits::new(Arc::new(|_| {}));
        let real = circuits.provider(&Owner::shared(), &"p".into(), settings(60 * SECOND));
        circuits.settle(
            &real,
            settings(60 * SECOND),
            &models(&["a", "b"], 60 * SECOND),
        );
        let seen = circuits.seen_by(&real, &[Overlay::everyone()], &[Overlay::everyone()]);
        break_down(&real, "a");
        break_down(&real, "b");
        let now = Instant::now();
        // The provider's own is open because both of its models' are.
        assert_eq!(real.view().until, Some(now + 60 * SECOND));
        circuits.settle(
            &real,
            settings(30 * SECOND),
            &models(&["a", "b"], 30 * SECOND),
        );
        assert_eq!(real.view().until, Some(now + 30 * SECOND));
        let model = real.model_view(&"a".into()).unwrap();
        assert_eq!(
            (model.state, model.until),
            (CircuitState::Open, Some(now + 30 * SECOND))
        );
        tokio::time::advance(30 * SECOND).await;
        assert!(seen.real().admits(&"a".into()));
        let shown = circuits.shown_to(&real, &[Overlay::everyone()], true);
        assert!(shown.layers().all(|layer| {
            let known = lock(&layer.state);
            known.provider.settings().cooldown == 30 * SECOND
        }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answered_test_closes_both_circuits_and_another_key_forgives_all() {
        let circuits = Circuits::new(Arc::new(|_| {}));
        let real = circuits.provider(&Owner::shared(), &"p".into(), settings(60 * SECOND));
        circuits.settle(
            &real,
            settings(60 * SECOND),
            &models(&["a", "b", "c"], 60 * SECOND),
        );
        let break_all = || ["a", "b"].map(|model| break_down(&real, model));
        break_all();
        assert_eq!(real.view().state, CircuitState::Open);
        real.answered(&"a".into());
        let state = |model: &str| real.model_view(&model.into()).unwrap().state;
        assert_eq!(real.view().state, CircuitState::Closed);
        assert_eq!(
            (state("a"), state("b")),
            (CircuitState::Closed, CircuitState::Open)
        );
        break_all();
        real.force(Some(&"c".into()), ForcedState::Open);
        let imagined = real.imagined();
        real.forgive();
        assert_eq!(
            (state("a"), state("b"), state("c")),
            (
                CircuitState::Closed,
                CircuitState::Closed,
                CircuitState::Open
            )
        );
        assert_eq!(imagined.view().state, CircuitState::Open);
    }
}
