//! Why one leg of a chain did not answer.

use crate::provider_circuits::Refusal;
use crate::{CircuitState, Failure, Leg, ModelId, ProviderId, Reason};

/// A leg's last failure, or why it was never asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegFailure {
    /// The leg's model.
    pub model: ModelId,
    /// The leg's provider.
    pub provider: ProviderId,
    /// The HTTP status, where there was one.
    pub status_code: Option<u16>,
    /// Why.
    pub reason: Reason,
    /// What the provider said, scrubbed.
    pub detail: Option<String>,
    /// A fault of the debug pane caused it.
    pub simulated: bool,
}

impl LegFailure {
    /// A leg's classified failure.
    pub(crate) fn of(leg: &Leg, failure: &Failure) -> Self {
        Self {
            status_code: failure.status_code,
            detail: Some(failure.detail.clone()),
            simulated: failure.simulated.is_some(),
            ..Self::unasked(leg, failure.reason)
        }
    }

    /// A leg that was not asked.
    pub(crate) fn unasked(leg: &Leg, reason: Reason) -> Self {
        Self {
            model: leg.model.clone(),
            provider: leg.provider.clone(),
            status_code: None,
            reason,
            detail: None,
            simulated: false,
        }
    }

    pub(crate) fn saying(self, detail: &str) -> Self {
        Self {
            detail: Some(detail.to_owned()),
            ..self
        }
    }

    /// A leg whose circuits did not let it through.
    pub(crate) fn refused(leg: &Leg, refusal: &Refusal) -> Self {
        let circuit = &refusal.circuit;
        let whose = if refusal.provider_wide {
            "the provider's"
        } else {
            "its"
        };
        let state = match circuit.state {
            CircuitState::Closed => "closed",
            CircuitState::HalfOpen => "being probed",
            CircuitState::Open => "open",
        };
        let detail = match circuit.cause {
            Some(cause) => format!("{whose} circuit is {state}: {}", cause.as_str()),
            None => format!("{whose} circuit is held open by an administrator"),
        };
        Self {
            simulated: circuit.simulated,
            ..Self::unasked(leg, Reason::CircuitOpen).saying(&detail)
        }
    }
}
