//! The seam to the providers: what the engine asks, and what can come back before anybody has judged it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::Overlay;

/// One way to ask one model. The prompt is behind it: the engine never sees what is asked.
pub trait Upstream: Send + Sync {
    /// Sends the request; resolves when the response's headers are there. Dropping the future or the stream closes the
    /// connection.
    fn open(&self, ask: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>>;
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The whole answer.
    Whole,
    /// The rest of an answer that broke off: the model is given this much of it as its own last words, and goes on from
    /// there. Never empty, and without white space at its end, which some providers refuse.
    Continue(Arc<str>),
}

impl Ask {
    /// How much of an answer there is to go on from.
    pub fn partial(&self) -> Option<&str> {
        match self {
            Self::Whole => None,
            Self::Continue(partial) => Some(partial),
        }
    }
}

/// What a successful response gives, piece by piece.
pub type Chunks = BoxStream<'static, Result<Chunk, UpstreamError>>;

/// A response whose headers said success.
pub struct Opened {
    /// A fault of the debug pane has its hand in it: whose.
    pub simulated: Option<Overlay>,
    /// The answer's pieces.
    pub chunks: Chunks,
}

/// A piece of an answer. Keep-alives, pings and role-only events are no pieces: adapters leave them out.
#[derive(Clone, Debug, PartialEq)]
pub enum Chunk {
    /// Text of the answer; never empty.
    Content(String),
    /// Text of the model's reasoning; never empty.
    Reasoning(String),
    /// The provider's proof that the reasoning before it is the model's own; a caller sends it back with it.
    Signature(String),
    /// A part of a tool call.
    ToolCall(ToolCallDelta),
    /// Tokens so far; the last one holds.
    Usage(Usage),
    /// Why the model stopped.
    Finish(FinishReason),
    /// The family's own end mark.
    End,
}

/// A part of a tool call, as OpenAI streams them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCallDelta {
    /// Which of the answer's calls.
    pub index: u32,
    /// The call's id, with its first part.
    pub id: Option<String>,
    /// The tool's name, with its first part.
    pub name: Option<String>,
    /// More of the arguments' JSON text.
    pub arguments: String,
    /// The provider's proof that the call is the model's own; a caller sends it back with it.
    pub signature: Option<String>,
}

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt, those from a cache included.
    pub input_tokens: u64,
    /// Of the answer, its reasoning included.
    pub output_tokens: u64,
    /// Those of the prompt that the provider had in its cache.
    pub cache_read_tokens: u64,
    /// Those of the prompt that the provider put into its cache.
    pub cache_write_tokens: u64,
    /// Those of the answer that were reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// These counts in the place of earlier ones: the last word counts, but a count that it drops stays.
    pub(crate) fn updating(self, earlier: Option<Self>) -> Self {
        let earlier = earlier.unwrap_or_default();
        let last = |now: u64, before: u64| if now == 0 { before } else { now };
        Self {
            input_tokens: last(self.input_tokens, earlier.input_tokens),
            output_tokens: last(self.output_tokens, earlier.output_tokens),
            cache_read_tokens: last(self.cache_read_tokens, earlier.cache_read_tokens),
            cache_write_tokens: last(self.cache_write_tokens, earlier.cache_write_tokens),
            reasoning_tokens: last(self.reasoning_tokens, earlier.reasoning_tokens),
        }
    }

    /// What an answer cost that has no end: what the provider said of the prompt, and of the answer at least what came.
    pub(crate) fn estimated(said: Option<Self>, input_tokens: u64, output_tokens: u64) -> Self {
        let said = said.unwrap_or_default();
        Self {
            input_tokens: if said.input_tokens == 0 {
                input_tokens
            } else {
                said.input_tokens
            },
            output_tokens: said.output_tokens.max(output_tokens),
            ..said
        }
    }
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It came upon one of the caller's stop sequences: which.
    StopSequence(String),
    /// It reached the token limit.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// The safety system stopped it.
    ContentFilter,
    /// Another word of the provider's.
    Other(String),
}

impl FinishReason {
    /// The word in OpenAI's vocabulary, or the provider's own.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop | Self::StopSequence(_) => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }
}

/// A request that did not go well, as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamError {
    /// What came back.
    pub observed: Observed,
    /// A fault of the debug pane caused it: whose.
    pub simulated: Option<Overlay>,
}

/// What came back instead of an answer, before classification. Texts are the provider's, not yet scrubbed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// An HTTP error, or an error object inside a stream with the status that its type stands for.
    Status {
        /// The status.
        status: u16,
        /// The provider's own code or type for it.
        code: Option<String>,
        /// The provider's message.
        message: String,
        /// How long the provider wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// Refused, unresolvable, or no TLS.
    ConnectionFailed(String),
    /// The connection was closed before any header came.
    ConnectionReset(String),
    /// No connection in time.
    ConnectTimeout(Duration),
    /// No first token in time.
    FirstTokenTimeout(Duration),
    /// The stream began and then was silent for too long.
    Stalled(Duration),
    /// The stream was still going on when the turn's last moment came.
    Endless,
    /// The stream ended or broke before its end mark.
    Cut(String),
    /// An event that does not parse; it may have carried text.
    Malformed(String),
    /// The stream ended well and said nothing.
    Empty,
    /// A guard has refused the whole answer; says why.
    Rejected(String),
    /// The safety system refused under a success status.
    Filtered(String),
    /// Anything else.
    Other(String),
}
