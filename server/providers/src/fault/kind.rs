//! What a fault does to the bytes of a request it strikes.

use std::time::Duration;

use http::StatusCode;
use rand::Rng;
use rand::rngs::SmallRng;

/// What a fault does to the bytes of a request it strikes. A *piece* is an event that carries text of the answer or a part
/// of a tool call.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// This response instead of the provider's.
    HttpStatus {
        /// The status.
        status: StatusCode,
        /// A Retry-After header, in seconds.
        retry_after_s: Option<u64>,
        /// The message in the error body.
        message: Option<String>,
    },
    /// No connection.
    ConnectionRefused,
    /// A connection that breaks before any header.
    ConnectionReset,
    /// A connection, and then nothing, ever.
    NoResponse,
    /// The first piece is held back for this long, be it of the answer or of the reasoning before it.
    SlowFirstToken {
        /// How long.
        delay: Duration,
    },
    /// The whole response comes this much later.
    Latency {
        /// How much later.
        delay: Duration,
        /// How much more or less than that, by the dice.
        jitter: Duration,
    },
    /// The connection breaks after this many pieces.
    StreamCut {
        /// Pieces that still pass.
        after_tokens: u32,
    },
    /// The stream stands still after this many pieces.
    StreamStall {
        /// Pieces that still pass.
        after_tokens: u32,
    },
    /// The next piece after this many is broken; what follows is whole.
    MalformedEvent {
        /// Pieces that pass before it.
        at_token: u32,
    },
    /// A stream that begins well and says an error in the place of an answer.
    InBandError {
        /// The type of the error (`overloaded_error`), or its message.
        error: String,
    },
    /// A whole answer that says nothing.
    EmptyAnswer,
    /// The pieces come one by one, at this pace.
    Drip {
        /// How many in a second.
        tokens_per_s: f64,
    },
    /// The stream ends without a finish reason and without an end mark.
    NoFinishReason,
}

impl FaultKind {
    /// Whether it strikes a request for the provider's list of models, too: one that only changes what is streamed does
    /// not.
    pub(crate) fn strikes_lists(&self) -> bool {
        match self {
            Self::HttpStatus { .. }
            | Self::ConnectionRefused
            | Self::ConnectionReset
            | Self::NoResponse
            | Self::Latency { .. } => true,
            Self::SlowFirstToken { .. }
            | Self::StreamCut { .. }
            | Self::StreamStall { .. }
            | Self::MalformedEvent { .. }
            | Self::InBandError { .. }
            | Self::EmptyAnswer
            | Self::Drip { .. }
            | Self::NoFinishReason => false,
        }
    }

    /// The same for one request: what is left to the dice is decided.
    pub(super) fn rolled(&self, dice: &mut SmallRng) -> Self {
        let Self::Latency { delay, jitter } = self else {
            return self.clone();
        };
        let earliest = delay.saturating_sub(*jitter);
        let span = (*delay + *jitter).saturating_sub(earliest);
        Self::Latency {
            delay: earliest + span.mul_f64(dice.random::<f64>()),
            jitter: Duration::ZERO,
        }
    }
}
