//! The right to send one leg's requests, from one provider's circuits.

use std::sync::Arc;
use std::time::Duration;

use crate::breaker::{Cause, Outcome, Pass, Weight};
use crate::{CircuitEffect, Failure, ModelId, ProviderCircuits, Scope};

/// What the two circuits of a leg gave out, and was not used up yet.
#[derive(Default)]
pub(crate) struct Passes {
    pub(crate) model: Option<Pass>,
    pub(crate) provider: Option<Pass>,
}

impl Passes {
    pub(crate) fn probe(&self) -> bool {
        [&self.model, &self.provider]
            .into_iter()
            .flatten()
            .any(|pass| pass.probe)
    }
}

/// The right to send one leg's requests; retries ride on it. It is used up by recording how the leg ended, and counts as
/// cancelled where it is dropped.
pub(crate) struct GroupPermit {
    group: Arc<ProviderCircuits>,
    model: ModelId,
    passes: Passes,
}

impl GroupPermit {
    pub(crate) fn new(
        group: &Arc<ProviderCircuits>,
        model: &ModelId,
        own: Option<Pass>,
        provider: Pass,
    ) -> Self {
        Self {
            group: group.clone(),
            model: model.clone(),
            passes: Passes {
                model: own,
                provider: Some(provider),
            },
        }
    }

    pub(crate) fn group(&self) -> &Arc<ProviderCircuits> {
        &self.group
    }

    /// It is the one probe of a half-open circuit.
    pub(crate) fn is_probe(&self) -> bool {
        self.passes.probe()
    }

    /// The first content came: a circuit that was probed has its answer, a closed one waits for the leg's end. `simulated`:
    /// it is no answer of the real world's.
    pub(crate) fn probed(&mut self, simulated: bool) {
        let probes = Passes {
            model: self.passes.model.take_if(|pass| pass.probe),
            provider: self.passes.provider.take_if(|pass| pass.probe),
        };
        if probes.probe() {
            let outcome = if simulated {
                Outcome::Neutral
            } else {
                Outcome::Success
            };
            self.group
                .record(&self.model, probes, outcome, Scope::Model);
        }
    }

    /// The leg answered.
    pub(crate) fn succeeded(mut self) {
        self.record(Outcome::Success, Scope::Model);
    }

    /// The leg failed, for good.
    pub(crate) fn failed(mut self, failure: &Failure) {
        let cause = Cause {
            reason: failure.reason,
            simulated: failure.simulated.is_some(),
        };
        let outcome = match failure.circuit {
            CircuitEffect::Ignored => Outcome::Neutral,
            CircuitEffect::Counts => Outcome::Failure(Weight::One(Duration::ZERO), cause),
            CircuitEffect::CountsResting(rest) => Outcome::Failure(Weight::One(rest), cause),
            CircuitEffect::CoolsFor(rest) => Outcome::Failure(Weight::Rest(rest), cause),
            CircuitEffect::OpensAtOnce(rest) => Outcome::Failure(Weight::Trip(rest), cause),
        };
        self.record(outcome, failure.scope);
    }

    fn record(&mut self, outcome: Outcome, scope: Scope) {
        let passes = std::mem::take(&mut self.passes);
        if passes.model.is_some() || passes.provider.is_some() {
            self.group.record(&self.model, passes, outcome, scope);
        }
    }
}

impl Drop for GroupPermit {
    fn drop(&mut self) {
        self.record(Outcome::Neutral, Scope::Model);
    }
}
