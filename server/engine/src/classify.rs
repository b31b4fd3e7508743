//! The table of failures: what came back, and what it means.
//!
//! One row each; the match has no wildcard over observations, so that a new one must be decided here.

use std::time::Duration;

use crate::{CircuitEffect, Failure, Observed, Reason, RetryRule, Scope, Scrubber, UpstreamError};

/// The longest time that a Retry-After keeps a circuit cool.
const MAX_COOLING: Duration = Duration::from_secs(3600);

/// A row of the table.
struct Row(Reason, Scope, RetryRule, CircuitEffect);

/// Judges what came back. The detail is scrubbed here, where the failure is built.
pub fn classify(error: &UpstreamError, scrubber: &Scrubber) -> Failure {
    use CircuitEffect::{Counts, Ignored};
    use RetryRule::{EndTurn, Never, OnceAtOnce};
    use Scope::{Model, Provider, Request};

    let (Row(reason, scope, retry, circuit), status_code, said) = match &error.observed {
        Observed::Status {
            status,
            code,
            message,
            retry_after,
        } => {
            let said = Said::new(code.as_deref(), message);
            let text = if message.trim().is_empty() {
                format!("HTTP {status}")
            } else {
                message.clone()
            };
            (by_status(*status, &said, *retry_after), Some(*status), text)
        }
        Observed::ConnectionFailed(message) => (
            Row(Reason::ConnectionFailed, Provider, Never, Counts),
            None,
            message.clone(),
        ),
        Observed::ConnectionReset(message) => (
            Row(Reason::ConnectionFailed, Model, OnceAtOnce, Counts),
            None,
            message.clone(),
        ),
        Observed::ConnectTimeout(limit) => (
            Row(Reason::Timeout, Model, Never, Counts),
            None,
            format!("no connection within {}", seconds(*limit)),
        ),
        Observed::FirstTokenTimeout(limit) => (
            Row(Reason::Timeout, Model, Never, Counts),
            None,
            format!("no token within {}", seconds(*limit)),
        ),
        Observed::Stalled(limit) => (
            Row(Reason::StreamInterrupted, Model, Never, Counts),
            None,
            format!("the answer stood still for {}", seconds(*limit)),
        ),
        // The model did what it could: nothing is wrong with it.
        Observed::Endless => (
            Row(Reason::StreamInterrupted, Request, Never, Ignored),
            None,
            "the answer was still going on when the time was over".to_owned(),
        ),
        Observed::Cut(message) | Observed::Malformed(message) => (
            Row(Reason::StreamInterrupted, Model, Never, Counts),
            None,
            message.clone(),
        ),
        Observed::Empty => (
            Row(Reason::ResponseRejected, Model, Never, Ignored),
            None,
            "the answer was empty".to_owned(),
        ),
        Observed::Rejected(message) => (
            Row(Reason::ResponseRejected, Model, Never, Ignored),
            None,
            message.clone(),
        ),
        Observed::Filtered(message) => (
            Row(Reason::ContentFiltered, Request, EndTurn, Ignored),
            None,
            message.clone(),
        ),
        Observed::Other(message) => (
            Row(Reason::Unknown, Model, Never, Counts),
            None,
            message.clone(),
        ),
    };
    let detail = scrubber.detail(&said);
    Failure {
        reason,
        status_code,
        detail,
        scope,
        retry,
        circuit,
        simulated: error.simulated.clone(),
    }
}

/// The rows for HTTP statuses. Numbers are an open set, so the last arm is the table's row "other HTTP errors".
fn by_status(status: u16, said: &Said, retry_after: Option<Duration>) -> Row {
    use CircuitEffect::{CoolsFor, Counts, Ignored, OpensAtOnce};
    use RetryRule::{Backoff, EndTurn, Never, NotBefore};
    use Scope::{Model, Provider, Request};

    // What opens at once stays open for as long as the provider names, if it does.
    let opens = OpensAtOnce(retry_after.unwrap_or_default().min(MAX_COOLING));
    match status {
        400 | 413 | 422 if said.context_length() => {
            Row(Reason::ContextLengthExceeded, Model, Never, Ignored)
        }
        400 | 403 | 422 if said.content_filter(status) => {
            Row(Reason::ContentFiltered, Request, EndTurn, Ignored)
        }
        402 => Row(Reason::QuotaExhausted, Provider, Never, opens),
        400 if said.no_credit() => Row(Reason::QuotaExhausted, Provider, Never, opens),
        429 if said.spent(retry_after.is_some()) => {
            Row(Reason::QuotaExhausted, Provider, Never, opens)
        }
        401 => Row(Reason::AuthError, Provider, Never, opens),
        400 if said.invalid_key() => Row(Reason::AuthError, Provider, Never, opens),
        403 => Row(Reason::AuthError, Model, Never, Counts),
        404 => Row(Reason::ModelNotFound, Model, Never, Ignored),
        400 | 422 if said.missing_model() => Row(Reason::ModelNotFound, Model, Never, Ignored),
        429 => match retry_after {
            None => Row(Reason::QuotaExhausted, Model, Backoff, Counts),
            Some(after) => {
                let after = after.min(MAX_COOLING);
                Row(
                    Reason::QuotaExhausted,
                    Model,
                    NotBefore(after),
                    CoolsFor(after),
                )
            }
        },
        408 | 500..=599 => {
            // A provider that names a time is not asked before it, whatever its status.
            let retry = retry_after.map_or(Backoff, |after| NotBefore(after.min(MAX_COOLING)));
            Row(Reason::ProviderUnavailable, Model, retry, Counts)
        }
        _ => Row(Reason::ProviderError, Request, Never, Ignored),
    }
}

/// Longer messages say more than that there is no such model.
const BRIEF: usize = 200;

/// What the provider said, in lower case, for the cases that only the words tell apart.
struct Said {
    code: String,
    message: String,
}

impl Said {
    fn new(code: Option<&str>, message: &str) -> Self {
        // Some say what they were sent: a caller's words are no provider's.
        let message = message.to_lowercase();
        let own = ["'input'", "\"input\""]
            .iter()
            .filter_map(|echo| message.find(echo))
            .min()
            .and_then(|at| message.get(..at));
        Self {
            code: code.unwrap_or_default().to_lowercase(),
            message: own.map_or(message.clone(), str::to_owned),
        }
    }

    fn any(&self, codes: &[&str], phrases: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
            || phrases.iter().any(|phrase| self.message.contains(phrase))
    }

    fn context_length(&self) -> bool {
        self.any(
            &["context_length_exceeded"],
            &[
                "maximum context length",
                "context length exceeded",
                "context window",
                "prompt is too long",
                "exceeds the maximum number of tokens",
                "exceed context limit",
                "context size",
                "maximum prompt length",
                "input token count",
            ],
        )
    }

    fn content_filter(&self, status: u16) -> bool {
        let codes = [
            "content_filter",
            "content_policy_violation",
            "moderation_blocked",
        ];
        self.any(
            &codes,
            &[
                "content management policy",
                "as a result of our safety system",
            ],
        ) || (status == 403 && self.any(&[], &["requires moderation", "flagged"]))
    }

    /// Whether a bad request is one for want of credit.
    fn no_credit(&self) -> bool {
        self.any(
            &["insufficient_quota", "billing_hard_limit_reached"],
            &["credit balance is too low"],
        )
    }

    /// Whether a quota is spent that does not fill again by itself. `named`: the provider says when to come back.
    fn spent(&self, named: bool) -> bool {
        let for_long = self.any(
            &["insufficient_quota", "billing_hard_limit_reached"],
            &[
                "insufficient_quota",
                "credit balance is too low",
                "insufficient balance",
                "per day",
                "daily limit",
                "perday",
            ],
        );
        // Gemini says this of a minute's quota as well, and then names its id, or a time.
        let perhaps = self.message.contains("exceeded your current quota")
            && !self.message.contains("perminute");
        for_long || (perhaps && !named)
    }

    fn invalid_key(&self) -> bool {
        self.any(
            &["invalid_api_key", "api_key_invalid"],
            &["api_key_invalid"],
        ) || ["api key not valid", "invalid api key", "incorrect api key"]
            .iter()
            .any(|words| self.message.starts_with(words))
    }

    fn missing_model(&self) -> bool {
        self.any(
            &["model_not_found", "invalid_model"],
            &["is not a valid model", "model not exist", "invalid model"],
        ) || (self.message.len() <= BRIEF
            && self.message.contains("model")
            && [
                "does not exist",
                "not found",
                "no such model",
                "unknown model",
            ]
            .iter()
            .any(|phrase| self.message.contains(phrase)))
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", (duration.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests;
