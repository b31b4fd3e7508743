//! How the providers and models stand.

use serde::Serialize;

use crate::{ModelFailure, ModelId, ProviderId, Reason, Timestamp};

/// The sum of it, as `/health` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All circuits are closed.
    Ok,
    /// Some circuits are not closed, and something can still answer.
    Degraded,
    /// Nothing can answer.
    Down,
}

/// A circuit's state; closed lets traffic through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// Traffic passes.
    Closed,
    /// One probe may pass.
    HalfOpen,
    /// Nothing passes.
    Open,
}

impl CircuitState {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// A circuit as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CircuitView {
    /// Its state.
    pub state: CircuitState,
    /// An administrator holds it in this state.
    pub forced: bool,
    /// When the state began; null where it never changed.
    pub since: Option<Timestamp>,
    /// When the next probe may pass, for an open circuit that is not forced.
    pub next_probe_at: Option<Timestamp>,
    /// Why it is open.
    pub reason: Option<Reason>,
    /// A fault of the debug pane opened it.
    pub simulated: bool,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelHealth {
    /// The model.
    pub id: ModelId,
    /// Its circuit.
    pub circuit: CircuitView,
    /// Attempts sent since the start (skipped ones do not count).
    pub attempts: u64,
    /// Those that failed.
    pub failures: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// The last failure, with its time.
    pub last_failure: Option<ModelFailure>,
    /// When the last failure was.
    pub last_failure_at: Option<Timestamp>,
    /// When it last answered.
    pub last_success_at: Option<Timestamp>,
    /// Whether its provider lists it; null where the provider has not said.
    pub listed: Option<bool>,
    /// The listed names that are nearest to its own, where it is not listed.
    pub near_names: Vec<String>,
}

/// One provider with its models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProviderHealth {
    /// The provider.
    pub id: ProviderId,
    /// Its wire family: `openai`, `demo`, …
    pub kind: String,
    /// Its own circuit.
    pub circuit: CircuitView,
    /// Its models, in the configuration's order.
    pub models: Vec<ModelHealth>,
}

/// A health frame: every provider at first, then those that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthReport {
    /// True where `providers` is all of them.
    pub snapshot: bool,
    /// The sum of it, over all providers.
    pub status: Status,
    /// The providers, in the configuration's order.
    pub providers: Vec<ProviderHealth>,
}
