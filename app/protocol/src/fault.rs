//! Simulated outages: what a tester arms in the debug pane.

use serde::Serialize;

use crate::{FaultId, ModelId, ProviderId, Timestamp};

/// What a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Target {
    /// Everything; the literal `"*"`.
    Everything(Star),
    /// What matches all the fields that are given.
    Some {
        /// Only this provider.
        #[serde(skip_serializing_if = "Option::is_none")]
        provider: Option<ProviderId>,
        /// Only this model.
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<ModelId>,
    },
}

/// The literal `"*"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Star {
    /// The literal `"*"`.
    #[serde(rename = "*")]
    Star,
}

impl Target {
    /// Everything.
    pub const EVERYTHING: Self = Self::Everything(Star::Star);
}

/// Whose turns a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those of the principal who armed it.
    #[default]
    Me,
    /// Everybody's; an administrator's privilege.
    Everyone,
}

/// What a fault does, at the level of the provider's bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Answers with this status instead of the provider.
    HttpStatus {
        /// The status, 400 to 599.
        status: u16,
        /// A Retry-After header, in seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u64>,
        /// The message in the error body.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The connection is refused.
    ConnectionRefused,
    /// The connection breaks before any header.
    ConnectionReset,
    /// The connection stands and nothing ever comes.
    NoResponse,
    /// The first token is held back.
    SlowFirstToken {
        /// For so many milliseconds.
        ms: u64,
    },
    /// The response comes later.
    Latency {
        /// By so many milliseconds.
        ms: u64,
        /// And up to so many more or less.
        jitter_ms: u64,
    },
    /// The connection breaks after this many content events.
    StreamCut {
        /// Content events that still pass.
        after_tokens: u32,
    },
    /// The stream stands still after this many content events.
    StreamStall {
        /// Content events that still pass.
        after_tokens: u32,
    },
    /// A content event arrives broken.
    MalformedEvent {
        /// Content events that pass before it.
        at_token: u32,
    },
    /// A stream that begins well and then says an error.
    InBandError {
        /// The error's type (`overloaded_error`), or its message.
        error: String,
    },
    /// The answer ends as it should and says nothing.
    EmptyAnswer,
    /// The answer comes slowly, content event by content event.
    Drip {
        /// So many in a second.
        tokens_per_s: f64,
    },
    /// The stream ends without a finish reason and without an end mark.
    NoFinishReason,
}

/// A fault as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultSpec {
    /// What it strikes.
    pub target: Target,
    /// Whose turns.
    pub audience: Audience,
    /// What it does.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// The share of matching requests that it strikes, 0 to 1.
    pub probability: f64,
    /// Only the first so many matching requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_n: Option<u64>,
    /// The seed of its dice; chosen by the server where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Seconds that it lives, 1 to 3600.
    pub ttl_s: u64,
    /// What it is for, in the tester's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An armed fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// Its id.
    pub id: FaultId,
    /// What was asked for; `seed` is always filled in.
    #[serde(flatten)]
    pub spec: FaultSpec,
    /// When it was armed.
    pub armed_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Requests that it has struck.
    pub hits: u64,
}

/// A change of the armed faults.
#[cfg_attr(
    target_pointer_width = "64",
    expect(
        clippy::large_enum_variant,
        reason = "made one at a time, and sent at once"
    )
)]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum FaultChange {
    /// All that are armed.
    Snapshot {
        /// The faults, oldest first.
        faults: Vec<Fault>,
    },
    /// One was armed, or struck.
    Armed {
        /// The fault as it now is.
        fault: Fault,
    },
    /// One is over: halted or expired.
    Ended {
        /// Its id.
        fault_id: FaultId,
    },
}
