//! A classified attempt that failed: what people are told, and what the engine needs to decide.

use std::time::Duration;

use crate::{Leg, OnContentFilter, Overlay, Settings};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// Why an attempt failed, or was never made. The strings are public.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The public string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

reasons! {
    /// The provider does not know the model.
    ModelNotFound = "model_not_found",
    /// A rate limit, a spent quota, or no credit.
    QuotaExhausted = "quota_exhausted",
    /// The credential is missing, wrong, or not allowed to do this.
    AuthError = "auth_error",
    /// A server error, or overload.
    ProviderUnavailable = "provider_unavailable",
    /// Any other HTTP error.
    ProviderError = "provider_error",
    /// An empty answer, or one that a guard refused.
    ResponseRejected = "response_rejected",
    /// What fits no other reason.
    Unknown = "unknown",
    /// Nothing came in time.
    Timeout = "timeout",
    /// No connection.
    ConnectionFailed = "connection_failed",
    /// The answer broke off.
    StreamInterrupted = "stream_interrupted",
    /// The prompt does not fit.
    ContextLengthExceeded = "context_length_exceeded",
    /// The provider's safety system refused.
    ContentFiltered = "content_filtered",
    /// Not asked: its circuit is open.
    CircuitOpen = "circuit_open",
    /// Not asked: it cannot do what the turn needs.
    NotCapable = "not_capable",
    /// Not asked: the turn was over first.
    DeadlineExceeded = "deadline_exceeded",
}

/// How far a failure reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This request is at fault.
    Request,
    /// This model is at fault.
    Model,
    /// The whole provider is: credential, quota, network.
    Provider,
}

/// Whether, and when, the same leg may be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryRule {
    /// It would fail again.
    Never,
    /// Once, without waiting.
    OnceAtOnce,
    /// After a backoff.
    Backoff,
    /// Not before this time has passed, as the provider said.
    NotBefore(Duration),
    /// Neither again nor anywhere else: the turn ends with this failure.
    EndTurn,
}

/// What a failure means to the circuits of its leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitEffect {
    /// Nothing: a healthy provider answers like this too.
    Ignored,
    /// One failure.
    Counts,
    /// One failure; and if that opens the circuit, not even a turn with nobody else to ask asks before this time.
    CountsResting(Duration),
    /// One failure, and no request is wanted before this time has passed.
    CoolsFor(Duration),
    /// It opens without counting: a spent credential does not heal by trying. No request is wanted before this time has
    /// passed, which is none where the provider named none.
    OpensAtOnce(Duration),
}

/// A classified failure. `detail` is scrubbed and cut when it is built, so that no other code can forget to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// The HTTP status, or the one that an in-band error stands for.
    pub status_code: Option<u16>,
    /// What the provider said; scrubbed, at most [`crate::DETAIL_LIMIT`] characters.
    pub detail: String,
    /// How far it reaches.
    pub scope: Scope,
    /// Whether the same leg may be asked again.
    pub retry: RetryRule,
    /// What it means to the circuits.
    pub circuit: CircuitEffect,
    /// A fault of the debug pane caused it: whose.
    pub simulated: Option<Overlay>,
}

impl Failure {
    /// An answer that is well, and of no use to somebody who was given the beginning of another.
    pub(crate) fn differs() -> Self {
        Self {
            reason: Reason::ResponseRejected,
            status_code: None,
            detail: "its answer differs from what was already sent".to_owned(),
            scope: Scope::Request,
            retry: RetryRule::Never,
            circuit: CircuitEffect::Ignored,
            simulated: None,
        }
    }

    /// Whether nobody else is to be asked either: another model would be a way around a safety system.
    pub(crate) fn ends_turn(&self, settings: &Settings) -> bool {
        self.retry == RetryRule::EndTurn && settings.on_content_filter == OnContentFilter::End
    }

    /// What it means on this leg.
    pub(crate) fn on(mut self, leg: &Leg) -> Self {
        // A rest that is short enough to be waited for needs no circuit to keep it.
        if let CircuitEffect::CoolsFor(rest) = self.circuit
            && rest <= leg.settings.max_retry_after
        {
            self.circuit = CircuitEffect::CountsResting(rest);
        }
        if self.reason == Reason::Timeout && leg.traits.single_host {
            self.scope = Scope::Provider;
        }
        self
    }
}
