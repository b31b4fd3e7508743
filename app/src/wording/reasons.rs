//! Why a model could not answer, and who can do something about it.

use evenkeel_protocol::{ModelFailure, Reason};

/// A reason in a few words, as they stand in brackets: "rate limited".
pub fn reason(reason: Reason, status: Option<u16>) -> &'static str {
    match reason {
        Reason::ModelNotFound => "model not found",
        Reason::QuotaExhausted if status == Some(402) => "out of credit",
        Reason::QuotaExhausted => "rate limited",
        Reason::AuthError => "key refused",
        Reason::ProviderUnavailable if matches!(status, Some(503 | 529)) => "overloaded",
        Reason::ProviderUnavailable => "server error",
        Reason::ProviderError => "request refused",
        Reason::ResponseRejected => "empty answer",
        Reason::Unknown => "unknown error",
        Reason::Timeout => "no answer in time",
        Reason::ConnectionFailed => "no connection",
        Reason::StreamInterrupted => "broke off",
        Reason::ContextLengthExceeded => "conversation too long",
        Reason::ContentFiltered => "refused by its safety system",
        Reason::CircuitOpen => "resting after failures",
        Reason::NotCapable => "cannot do this",
        Reason::DeadlineExceeded => "no time left",
    }
}

/// A reason as a sentence, for the card of a turn that nobody could answer.
pub fn explain(reason: Reason, status: Option<u16>) -> &'static str {
    match reason {
        Reason::ModelNotFound => "The provider does not know this model, or has withdrawn it.",
        Reason::QuotaExhausted if status == Some(402) => "The account has no credit left.",
        Reason::QuotaExhausted => "Too many requests, or the quota is spent.",
        Reason::AuthError => "The provider refused the key.",
        Reason::ProviderUnavailable if matches!(status, Some(503 | 529)) => {
            "The provider is overloaded."
        }
        Reason::ProviderUnavailable => "The provider answers with server errors.",
        Reason::ProviderError => "The provider refused the request.",
        Reason::ResponseRejected => "The answer was empty, or a guard refused it.",
        Reason::Unknown => "Something unexpected went wrong.",
        Reason::Timeout => "Nothing came in time.",
        Reason::ConnectionFailed => "No connection to the provider.",
        Reason::StreamInterrupted => "The answer began and then broke off.",
        Reason::ContextLengthExceeded => "The conversation is too long for this model.",
        Reason::ContentFiltered => "The provider's safety system refused.",
        Reason::CircuitOpen => "It failed repeatedly and is resting, so it was not asked.",
        Reason::NotCapable => "It cannot do what this turn needs.",
        Reason::DeadlineExceeded => "The turn was over before it could answer.",
    }
}

/// Who can do something about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fixer {
    /// The person who asked.
    You,
    /// Whoever looks after the providers here.
    Administrator,
    /// The provider; it usually passes.
    Provider,
}

impl Fixer {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::You, Self::Administrator, Self::Provider];

    /// Who can fix this.
    pub fn of(failure: &ModelFailure) -> Self {
        match failure.reason {
            Reason::ContextLengthExceeded | Reason::ContentFiltered | Reason::NotCapable => {
                Self::You
            }
            Reason::ModelNotFound | Reason::AuthError | Reason::ProviderError => {
                Self::Administrator
            }
            Reason::QuotaExhausted if failure.status_code == Some(402) => Self::Administrator,
            Reason::QuotaExhausted
            | Reason::ProviderUnavailable
            | Reason::ResponseRejected
            | Reason::Unknown
            | Reason::Timeout
            | Reason::ConnectionFailed
            | Reason::StreamInterrupted
            | Reason::CircuitOpen
            | Reason::DeadlineExceeded => Self::Provider,
        }
    }

    /// The heading of the group.
    pub fn heading(self) -> &'static str {
        match self {
            Self::You => "You can fix this",
            Self::Administrator => "An administrator can fix this",
            Self::Provider => "The provider has to recover",
        }
    }
}
