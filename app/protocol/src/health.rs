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

/// Of so many, one took at most so long: half of them, 95 of 100, 99 of 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// The middle one's milliseconds.
    pub p50_ms: u64,
    /// Those of the 95th of 100.
    pub p95_ms: u64,
    /// Those of the 99th of 100.
    pub p99_ms: u64,
}

/// How often a reason was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// Why an attempt failed.
    pub reason: Reason,
    /// How many did.
    pub count: u64,
}

/// What came of the attempts of a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Attempts that answered.
    pub answered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Attempts whose turn ended first.
    pub cancelled: u64,
    /// Attempts that were spared.
    pub skipped: u64,
    /// Why they failed, the most frequent reason first.
    pub reasons: Vec<ReasonCount>,
    /// From the start to the first token.
    pub first_token: Option<Percentiles>,
    /// From the start to the end, of those that answered.
    pub total: Option<Percentiles>,
    /// Tokens of answers in a second of streaming.
    pub tokens_per_second: Option<f64>,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// US dollars, as far as prices are known.
    pub cost: f64,
}

/// What came of the turns of a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TurnFigures {
    /// Turns that have ended, stopped ones left out.
    pub turns: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that another model than the one asked for answered.
    pub fallbacks: u64,
    /// Those that no model could answer.
    pub exhausted: u64,
    /// From the question to the end, of those that were answered.
    pub total: Option<Percentiles>,
}

/// What a provider still lets through, as its last response said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Headroom {
    /// Requests that are left.
    pub requests_left: Option<u64>,
    /// Of so many.
    pub requests_limit: Option<u64>,
    /// Tokens that are left.
    pub tokens_left: Option<u64>,
    /// Of so many.
    pub tokens_limit: Option<u64>,
    /// When there are more again.
    pub resets_at: Option<Timestamp>,
    /// When it was said.
    pub seen_at: Timestamp,
}

/// A few seconds of a model's attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// When it begins.
    pub start: Timestamp,
    /// Real attempts that answered.
    pub answered: u32,
    /// Real attempts that failed.
    pub failed: u32,
    /// Simulated attempts, whatever came of them.
    pub simulated: u32,
    /// The median to the first token.
    pub first_token_ms: Option<u64>,
    /// The 95th of 100 to the end.
    pub total_ms: Option<u64>,
}

/// Something that is wrong: a provider's or a model's circuit that is not closed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Whose.
    pub provider: ProviderId,
    /// Which of its models; null where it is the whole provider.
    pub model: Option<ModelId>,
    /// The circuit.
    pub circuit: CircuitView,
    /// The HTTP status of the last failure, where one came.
    pub status_code: Option<u16>,
    /// Answers that others have given in its place since then.
    pub saved: u64,
    /// Who gave the most of them.
    pub saved_by: Option<ModelId>,
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody is to be woken.
    Critical,
    /// Somebody is to look.
    Warning,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Its condition holds, but not yet for as long as its rule asks.
    Pending,
    /// It holds.
    Firing,
    /// It held, and does no longer.
    Resolved,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// Its rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// What is the matter, in a sentence.
    pub summary: String,
    /// What was measured.
    pub value: Option<f64>,
    /// What it may be.
    pub limit: Option<f64>,
    /// When it came into this state.
    pub since: Timestamp,
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
    /// Its real attempts of the last 15 minutes.
    pub recent: Figures,
    /// Its simulated attempts of the last 15 minutes; null where there were none.
    pub simulated: Option<Figures>,
    /// What its provider still lets it take, as the last response said.
    pub headroom: Option<Headroom>,
    /// The newest bucket of its series.
    pub latest: Option<Bucket>,
}

/// One provider with its models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProviderHealth {
    /// The provider.
    pub id: ProviderId,
    /// Its wire family: `openai`, `demo`, …
    pub kind: String,
    /// It may be asked.
    pub enabled: bool,
    /// Where its key comes from, such as `environment`, `file` or `live`; null where it has none.
    pub key_source: Option<String>,
    /// Its own circuit.
    pub circuit: CircuitView,
    /// The real attempts of all its models in the last 15 minutes.
    pub recent: Figures,
    /// Its models, in the configuration's order.
    pub models: Vec<ModelHealth>,
}

/// A model that some of an assistant's conversations try.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The model.
    pub model: ModelId,
    /// How many of 100 conversations try it.
    pub percent: f64,
}

/// One assistant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AssistantHealth {
    /// Its id.
    pub id: String,
    /// A name to show.
    pub name: String,
    /// Whether it can answer: with its first choice, with a fallback, not at all.
    pub status: Status,
    /// The model that answers for it first.
    pub model: ModelId,
    /// The model that is being tried beside it.
    pub candidate: Option<Candidate>,
    /// Its candidate is asked at all.
    pub use_candidate: bool,
    /// Other models may step in.
    pub use_fallback: bool,
    /// Who would be asked, in order, where the candidate is not.
    pub chain: Vec<ModelId>,
    /// The real turns of the last 15 minutes that its own model was asked first in.
    pub turns: TurnFigures,
    /// Those that its candidate was asked first in.
    pub candidate_turns: TurnFigures,
}

/// A health frame: every provider with its models at first, then those providers that changed, with those of their models
/// that did; everything again where one is gone or new.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthReport {
    /// True where `providers` is all of them.
    pub snapshot: bool,
    /// The sum of it, over all providers.
    pub status: Status,
    /// What is wrong at present, the worst first; empty where all is well.
    pub findings: Vec<Finding>,
    /// The real turns of the last 15 minutes.
    pub turns: TurnFigures,
    /// The simulated ones; null where there were none.
    pub simulated_turns: Option<TurnFigures>,
    /// Alerts that are pending or firing, and those resolved lately, the worst first.
    pub alerts: Vec<Alert>,
    /// The state of the live settings; where it has changed, they are to be fetched again.
    pub revision: u64,
    /// The providers, in the configuration's order.
    pub providers: Vec<ProviderHealth>,
    /// The assistants, in the configuration's order; in a change, those that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assistants: Vec<AssistantHealth>,
}
