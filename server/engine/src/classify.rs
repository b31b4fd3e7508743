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
        simulated: error.simulated,
    }
}

/// The rows for HTTP statuses. Numbers are an open set, so the last arm is the table's row "other HTTP errors".
fn by_status(status: u16, said: &Said, retry_after: Option<Duration>) -> Row {
    use CircuitEffect::{CoolsFor, Counts, Ignored, OpensAtOnce};
    use RetryRule::{Backoff, EndTurn, Never, NotBefore};
    use Scope::{Model, Provider, Request};

    match status {
        400 | 413 | 422 if said.context_length() => {
            Row(Reason::ContextLengthExceeded, Model, Never, Ignored)
        }
        400 | 403 | 422 if said.content_filter() => {
            Row(Reason::ContentFiltered, Request, EndTurn, Ignored)
        }
        402 => Row(Reason::QuotaExhausted, Provider, Never, OpensAtOnce),
        400 | 429 if said.spent() => Row(Reason::QuotaExhausted, Provider, Never, OpensAtOnce),
        401 => Row(Reason::AuthError, Provider, Never, OpensAtOnce),
        400 if said.invalid_key() => Row(Reason::AuthError, Provider, Never, OpensAtOnce),
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

/// What the provider said, in lower case, for the cases that only the words tell apart.
struct Said {
    code: String,
    message: String,
}

impl Said {
    fn new(code: Option<&str>, message: &str) -> Self {
        Self {
            code: code.unwrap_or_default().to_lowercase(),
            message: message.to_lowercase(),
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
                "input token count",
            ],
        )
    }

    fn content_filter(&self) -> bool {
        self.any(
            &[
                "content_filter",
                "content_policy_violation",
                "moderation_blocked",
            ],
            &[
                "content management policy",
                "safety system",
                "requires moderation",
                "flagged",
            ],
        )
    }

    fn spent(&self) -> bool {
        self.any(
            &["insufficient_quota", "billing_hard_limit_reached"],
            &[
                "insufficient_quota",
                "credit balance is too low",
                "insufficient balance",
                "exceeded your current quota",
                "per day",
                "daily limit",
                "perday",
            ],
        )
    }

    fn invalid_key(&self) -> bool {
        self.any(
            &["invalid_api_key", "api_key_invalid"],
            &[
                "api_key_invalid",
                "api key not valid",
                "invalid api key",
                "incorrect api key",
            ],
        )
    }

    fn missing_model(&self) -> bool {
        self.any(
            &["model_not_found", "invalid_model"],
            &["is not a valid model", "model not exist", "invalid model"],
        ) || (self.message.contains("model")
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(observed: Observed) -> Failure {
        classify(
            &UpstreamError {
                observed,
                simulated: false,
            },
            &Scrubber::default(),
        )
    }

    fn http(status: u16, code: &str, message: &str) -> Failure {
        judge(Observed::Status {
            status,
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: message.to_owned(),
            retry_after: None,
        })
    }

    /// The documentation's table, row by row.
    #[test]
    fn the_table() {
        use CircuitEffect::{Counts, Ignored, OpensAtOnce};
        use RetryRule::{Backoff, EndTurn, Never, OnceAtOnce};
        use Scope::{Model, Provider, Request};
        let limit = Duration::from_secs(10);
        for (failure, reason, scope, retry, circuit) in [
            (
                http(404, "", "Not Found"),
                Reason::ModelNotFound,
                Model,
                Never,
                Ignored,
            ),
            (
                http(400, "model_not_found", "x"),
                Reason::ModelNotFound,
                Model,
                Never,
                Ignored,
            ),
            (
                http(400, "", "The model `x` does not exist"),
                Reason::ModelNotFound,
                Model,
                Never,
                Ignored,
            ),
            (
                http(400, "", "foo is not a valid model ID"),
                Reason::ModelNotFound,
                Model,
                Never,
                Ignored,
            ),
            (
                http(429, "", "slow down"),
                Reason::QuotaExhausted,
                Model,
                Backoff,
                Counts,
            ),
            (
                http(429, "insufficient_quota", "x"),
                Reason::QuotaExhausted,
                Provider,
                Never,
                OpensAtOnce,
            ),
            (
                http(429, "", "limit of 50 requests per day"),
                Reason::QuotaExhausted,
                Provider,
                Never,
                OpensAtOnce,
            ),
            (
                http(402, "", "pay"),
                Reason::QuotaExhausted,
                Provider,
                Never,
                OpensAtOnce,
            ),
            (
                http(400, "", "Your credit balance is too low"),
                Reason::QuotaExhausted,
                Provider,
                Never,
                OpensAtOnce,
            ),
            (
                http(401, "", "no"),
                Reason::AuthError,
                Provider,
                Never,
                OpensAtOnce,
            ),
            (
                http(400, "API_KEY_INVALID", "x"),
                Reason::AuthError,
                Provider,
                Never,
                OpensAtOnce,
            ),
            (
                http(403, "", "no access"),
                Reason::AuthError,
                Model,
                Never,
                Counts,
            ),
            (
                http(403, "", "Your input was flagged"),
                Reason::ContentFiltered,
                Request,
                EndTurn,
                Ignored,
            ),
            (
                http(400, "content_filter", "x"),
                Reason::ContentFiltered,
                Request,
                EndTurn,
                Ignored,
            ),
            (
                http(500, "", ""),
                Reason::ProviderUnavailable,
                Model,
                Backoff,
                Counts,
            ),
            (
                http(529, "", "Overloaded"),
                Reason::ProviderUnavailable,
                Model,
                Backoff,
                Counts,
            ),
            (
                http(408, "", ""),
                Reason::ProviderUnavailable,
                Model,
                Backoff,
                Counts,
            ),
            (
                http(400, "context_length_exceeded", "x"),
                Reason::ContextLengthExceeded,
                Model,
                Never,
                Ignored,
            ),
            (
                http(400, "", "prompt is too long: 9 tokens"),
                Reason::ContextLengthExceeded,
                Model,
                Never,
                Ignored,
            ),
            (
                http(400, "", "bad field"),
                Reason::ProviderError,
                Request,
                Never,
                Ignored,
            ),
            (
                http(302, "", ""),
                Reason::ProviderError,
                Request,
                Never,
                Ignored,
            ),
            (
                judge(Observed::ConnectionFailed("x".into())),
                Reason::ConnectionFailed,
                Provider,
                Never,
                Counts,
            ),
            (
                judge(Observed::ConnectionReset("x".into())),
                Reason::ConnectionFailed,
                Model,
                OnceAtOnce,
                Counts,
            ),
            (
                judge(Observed::ConnectTimeout(limit)),
                Reason::Timeout,
                Model,
                Never,
                Counts,
            ),
            (
                judge(Observed::FirstTokenTimeout(limit)),
                Reason::Timeout,
                Model,
                Never,
                Counts,
            ),
            (
                judge(Observed::Stalled(limit)),
                Reason::StreamInterrupted,
                Model,
                Never,
                Counts,
            ),
            (
                judge(Observed::Cut("x".into())),
                Reason::StreamInterrupted,
                Model,
                Never,
                Counts,
            ),
            (
                judge(Observed::Malformed("x".into())),
                Reason::StreamInterrupted,
                Model,
                Never,
                Counts,
            ),
            (
                judge(Observed::Empty),
                Reason::ResponseRejected,
                Model,
                Never,
                Ignored,
            ),
            (
                judge(Observed::Filtered("x".into())),
                Reason::ContentFiltered,
                Request,
                EndTurn,
                Ignored,
            ),
            (
                judge(Observed::Other("x".into())),
                Reason::Unknown,
                Model,
                Never,
                Counts,
            ),
        ] {
            let found = (
                failure.reason,
                failure.scope,
                failure.retry,
                failure.circuit,
            );
            assert_eq!(found, (reason, scope, retry, circuit), "{failure:?}");
        }
    }

    #[test]
    fn a_named_time_is_kept_up_to_an_hour() {
        let after = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            judge(Observed::Status {
                status: 429,
                code: None,
                message: String::new(),
                retry_after,
            })
        };
        assert_eq!(after(5).retry, RetryRule::NotBefore(Duration::from_secs(5)));
        assert_eq!(after(86_400).circuit, CircuitEffect::CoolsFor(MAX_COOLING));
    }

    #[test]
    fn an_error_without_words_still_says_something() {
        assert_eq!(http(503, "", " ").detail, "HTTP 503");
        assert_eq!(
            judge(Observed::FirstTokenTimeout(Duration::from_secs(10))).detail,
            "no token within 10 s"
        );
    }

    proptest! {
        /// Whatever a provider answers, the failure is bounded, clean, and consistent with itself.
        #[test]
        fn any_status_and_words(status: u16, code in "\\PC{0,30}", message in "\\PC{0,800}", after in proptest::option::of(0_u64..1_000_000), simulated: bool) {
            let key = "sk-abcdefghijklmnop";
            let observed = Observed::Status {
                status,
                code: Some(code),
                message: format!("{message} {key}"),
                retry_after: after.map(Duration::from_secs),
            };
            let failure = classify(&UpstreamError { observed, simulated }, &Scrubber::default());
            prop_assert!(failure.detail.chars().count() <= crate::DETAIL_LIMIT);
            prop_assert!(!failure.detail.contains(key));
            prop_assert_eq!(failure.status_code, Some(status));
            prop_assert_eq!(failure.simulated, simulated);
            if failure.circuit == CircuitEffect::OpensAtOnce {
                prop_assert_eq!(failure.scope, Scope::Provider);
                prop_assert_eq!(failure.retry, RetryRule::Never);
            }
            if failure.scope == Scope::Request {
                prop_assert_eq!(failure.circuit, CircuitEffect::Ignored);
            }
            prop_assert_eq!(failure.retry == RetryRule::EndTurn, failure.reason == Reason::ContentFiltered);
            if (500..=599).contains(&status) {
                prop_assert_eq!(failure.reason, Reason::ProviderUnavailable);
            }
        }
    }
}
