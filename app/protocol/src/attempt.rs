//! One upstream request of a turn (or one that was spared).

use serde::Serialize;

use crate::{ModelId, ProviderId, Reason, Timestamp, Usage};

/// Why this attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// The first request on the first leg.
    Primary,
    /// A further request on the same leg.
    Retry,
    /// The first request on a later leg.
    Fallback,
    /// A second leg started beside a slow first one.
    Hedge,
    /// The one request that a half-open circuit admits.
    Probe,
}

impl AttemptKind {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
            Self::Probe => "probe",
        }
    }
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// The request is out, nothing has come back.
    Started,
    /// The first token came.
    Answering,
    /// The whole answer came.
    Answered,
    /// It failed; `reason` says why.
    Failed,
    /// It was never sent; `reason` says why.
    Skipped,
    /// The turn ended first.
    Cancelled,
}

impl AttemptState {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Answering => "answering",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One attempt. The same `index` is sent again each time its state changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// Its place in the turn, from 0.
    pub index: u32,
    /// Why it was made.
    pub kind: AttemptKind,
    /// Where it stands.
    pub state: AttemptState,
    /// The leg's model.
    pub model_name: ModelId,
    /// The leg's provider.
    pub provider: ProviderId,
    /// The HTTP status, where one came.
    pub status_code: Option<u16>,
    /// Why it failed or was skipped.
    pub reason: Option<Reason>,
    /// What the provider said, scrubbed.
    pub detail: Option<String>,
    /// Milliseconds until the same leg is asked again, where it will be.
    pub retry_in_ms: Option<u64>,
    /// How often the same leg may be asked again in all, where it will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_limit: Option<u32>,
    /// When the request was sent, or the leg skipped.
    pub started_at: Timestamp,
    /// Milliseconds from the start to the first token.
    pub first_token_ms: Option<u64>,
    /// Milliseconds from the start to the end, once it has ended.
    pub duration_ms: Option<u64>,
    /// Its tokens, where the provider said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost in US dollars, where its tokens and its model's prices are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// A fault of the debug pane had its hand in it.
    pub simulated: bool,
}
