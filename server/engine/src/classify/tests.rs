use proptest::prelude::*;

use super::*;

fn judge(observed: Observed) -> Failure {
    classify(
        &UpstreamError {
            observed,
            simulated: None,
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

#[test]
fn a_missing_model_is_one_that_is_said_not_to_be_there() {
    for (message, missing) in [
        ("the model `x` does not exist", true),
        ("unknown model x", true),
        ("the model is busy", false),
        ("the file was not found", false),
    ] {
        let reason = http(400, "", message).reason;
        assert_eq!(reason == Reason::ModelNotFound, missing, "{message}");
    }
}

/// The documentation's table, row by row.
#[test]
fn what_a_caller_wrote_is_no_verdict_on_the_provider() {
    for message in [
        "1 validation error: {'loc': ('body', 'name'), 'msg': 'too short', 'input': '5 per day, invalid api key, flagged'}",
        "name must not be \"5 per day\"",
        "\"daily limit\" is too long: insufficient balance between words",
    ] {
        let failure = judge(Observed::Status {
            status: 400,
            code: None,
            message: message.to_owned(),
            retry_after: None,
        });
        assert_eq!(
            (failure.reason, failure.scope, failure.circuit),
            (
                Reason::ProviderError,
                Scope::Request,
                CircuitEffect::Ignored
            ),
            "{message}"
        );
    }
}

#[test]
fn a_quota_of_a_minute_is_no_spent_quota() {
    let judged = |message: &str| {
        let observed = Observed::Status {
            status: 429,
            code: Some("RESOURCE_EXHAUSTED".to_owned()),
            message: message.to_owned(),
            retry_after: None,
        };
        let error = UpstreamError {
            observed,
            simulated: None,
        };
        classify(&error, &Scrubber::default()).circuit
    };
    let said = "You exceeded your current quota, please check your plan";
    assert_eq!(judged(said), CircuitEffect::OpensAtOnce(Duration::ZERO));
    let minute = format!("{said} (GenerateRequestsPerMinutePerProjectPerModel)");
    assert_eq!(judged(&minute), CircuitEffect::Counts);
    let day = format!("{said} (GenerateRequestsPerDayPerProjectPerModel)");
    assert_eq!(judged(&day), CircuitEffect::OpensAtOnce(Duration::ZERO));
    let both = format!("{said} (RequestsPerMinute, RequestsPerDay)");
    assert_eq!(judged(&both), CircuitEffect::OpensAtOnce(Duration::ZERO));
}

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
            OpensAtOnce(Duration::ZERO),
        ),
        (
            http(429, "", "limit of 50 requests per day"),
            Reason::QuotaExhausted,
            Provider,
            Never,
            OpensAtOnce(Duration::ZERO),
        ),
        (
            http(402, "", "pay"),
            Reason::QuotaExhausted,
            Provider,
            Never,
            OpensAtOnce(Duration::ZERO),
        ),
        (
            http(400, "", "Your credit balance is too low"),
            Reason::QuotaExhausted,
            Provider,
            Never,
            OpensAtOnce(Duration::ZERO),
        ),
        (
            http(401, "", "no"),
            Reason::AuthError,
            Provider,
            Never,
            OpensAtOnce(Duration::ZERO),
        ),
        (
            http(400, "API_KEY_INVALID", "x"),
            Reason::AuthError,
            Provider,
            Never,
            OpensAtOnce(Duration::ZERO),
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
        let failure = classify(&UpstreamError { observed, simulated: simulated.then(crate::Overlay::everyone) }, &Scrubber::default());
        prop_assert!(failure.detail.chars().count() <= crate::DETAIL_LIMIT);
        prop_assert!(!failure.detail.contains(key));
        prop_assert_eq!(failure.status_code, Some(status));
        prop_assert_eq!(failure.simulated.is_some(), simulated);
        if let CircuitEffect::OpensAtOnce(rest) = failure.circuit {
            prop_assert_eq!(rest, Duration::from_secs(after.unwrap_or_default().min(3_600)));
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
