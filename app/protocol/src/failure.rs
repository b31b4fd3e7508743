//! Why a model could not answer, and how a turn can end without an answer.

use serde::Serialize;

use crate::{ModelId, Timestamp};

/// The classified reason of a failed or skipped attempt. The strings are public: they stand in frames, logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The provider does not know the model.
    ModelNotFound,
    /// A rate limit, a spent quota, or no credit.
    QuotaExhausted,
    /// The credential is missing, wrong, or not allowed to do this.
    AuthError,
    /// The provider answered with a server error, or is overloaded.
    ProviderUnavailable,
    /// The provider refused the request with another HTTP error.
    ProviderError,
    /// The answer was empty, or a guard refused it.
    ResponseRejected,
    /// Something that fits no other reason.
    Unknown,
    /// Nothing came in time.
    Timeout,
    /// No connection: refused, reset before headers, name resolution, TLS.
    ConnectionFailed,
    /// The answer began and then broke off.
    StreamInterrupted,
    /// The conversation does not fit the model's context window.
    ContextLengthExceeded,
    /// The provider's safety system refused.
    ContentFiltered,
    /// Not asked: its circuit is open.
    CircuitOpen,
    /// Not asked: it cannot do what this turn needs.
    NotCapable,
    /// Not asked: the turn was over before its turn came.
    DeadlineExceeded,
}

impl Reason {
    /// Every reason, in the order of the table in the documentation.
    pub const ALL: [Self; 15] = [
        Self::ModelNotFound,
        Self::QuotaExhausted,
        Self::AuthError,
        Self::ProviderUnavailable,
        Self::ProviderError,
        Self::ResponseRejected,
        Self::Unknown,
        Self::Timeout,
        Self::ConnectionFailed,
        Self::StreamInterrupted,
        Self::ContextLengthExceeded,
        Self::ContentFiltered,
        Self::CircuitOpen,
        Self::NotCapable,
        Self::DeadlineExceeded,
    ];

    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModelNotFound => "model_not_found",
            Self::QuotaExhausted => "quota_exhausted",
            Self::AuthError => "auth_error",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderError => "provider_error",
            Self::ResponseRejected => "response_rejected",
            Self::Unknown => "unknown",
            Self::Timeout => "timeout",
            Self::ConnectionFailed => "connection_failed",
            Self::StreamInterrupted => "stream_interrupted",
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::ContentFiltered => "content_filtered",
            Self::CircuitOpen => "circuit_open",
            Self::NotCapable => "not_capable",
            Self::DeadlineExceeded => "deadline_exceeded",
        }
    }
}

/// One leg's last failure, as an exhausted turn reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelFailure {
    /// The leg's model.
    pub model_name: ModelId,
    /// The HTTP status, where there was one.
    pub status_code: Option<u16>,
    /// The classified reason.
    pub reason: Reason,
    /// What the provider said, scrubbed of secrets and at most 300 characters.
    pub detail: Option<String>,
}

/// Why a turn has no whole answer, or a request was refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TurnError {
    /// A summary for people, to show as it is.
    pub error: String,
    /// The kind of end.
    #[serde(flatten)]
    pub kind: ErrorKind,
}

/// How a turn or a request failed, as a whole; `error_type` on the wire.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "error_type", rename_all = "snake_case")]
pub enum ErrorKind {
    /// Every leg of the chain failed; the only kind that carries `failures`.
    FallbackExhausted {
        /// One entry per leg, in chain order: the leg's last failure.
        failures: Vec<ModelFailure>,
        /// When a leg is likely to be back, where that is known.
        retry_at: Option<Timestamp>,
    },
    /// A provider's safety system refused, and the turn ended with its reason.
    ContentFiltered,
    /// The user stopped the turn.
    Cancelled,
    /// The turn's time was over before any leg had failed.
    DeadlineExceeded,
    /// The frame or body was not understood.
    InvalidRequest,
    /// The principal may not do this.
    NotAllowed,
    /// The principal does this too often.
    RateLimited,
    /// The server is at fault.
    Internal,
}

impl ErrorKind {
    /// The public string, as on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::FallbackExhausted { .. } => "fallback_exhausted",
            Self::ContentFiltered => "content_filtered",
            Self::Cancelled => "cancelled",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::InvalidRequest => "invalid_request",
            Self::NotAllowed => "not_allowed",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
        }
    }
}
