//! Error bodies, and errors inside a stream that began well: one reading for every family's words.

mod words;

use std::time::Duration;

use evenkeel_engine::{Observed, UpstreamError};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use self::words::{told, unquoted};
use crate::json::{field, list, text};
use crate::retry_after::{exhausted_until, retry_after, written_duration};
use crate::{Body, Reply, TransportError};

/// More of an error body is not read.
const ERROR_LIMIT: usize = 64 * 1024;

/// A body that does not come in this time is done without: the status says enough.
const BODY_PATIENCE: Duration = Duration::from_secs(2);

/// What a response with an error status says.
pub(crate) async fn read(mut reply: Reply) -> UpstreamError {
    let simulated = reply.simulated;
    let mut body = vec![];
    // A body that breaks off or stands still leaves what has come of it, and the status.
    let reading = collect_into(&mut body, &mut reply.body, ERROR_LIMIT);
    let _ = timeout(BODY_PATIENCE, reading).await;
    let said = match serde_json::from_slice::<Value>(&body) {
        Ok(value) => {
            let value = value.get(0).unwrap_or(&value);
            described(field(value, "error").unwrap_or(value))
        }
        Err(_) => Described {
            code: None,
            message: unquoted(&plain(&String::from_utf8_lossy(&body))).to_owned(),
            wait: None,
        },
    };
    let (status, now) = (reply.status.as_u16(), Timestamp::now());
    let limits = || (status == 429).then(|| exhausted_until(&reply.headers, now));
    let wait = retry_after(&reply.headers, now).or(said.wait);
    UpstreamError {
        observed: Observed::Status {
            status,
            code: said.code,
            message: said.message,
            retry_after: wait.or_else(|| limits().flatten()),
        },
        simulated,
    }
}

/// An error object inside a stream, with the status that its type stands for.
pub(crate) fn in_band(error: &Value) -> Observed {
    let said = described(error);
    let numeric = error.get("code").and_then(|code| {
        code.as_u64()
            .or_else(|| code.as_str().and_then(|text| text.parse().ok()))
    });
    let numeric = numeric
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code));
    let named = || {
        let words = ["type", "code", "status"].map(|key| text(error, key));
        words.into_iter().flatten().find_map(status_of)
    };
    // Ollama's errors are words alone.
    let wordy = || {
        let missing = error.is_string() && said.message.contains("not found");
        missing.then_some(404)
    };
    let status = numeric.or_else(named).or_else(wordy).unwrap_or(500);
    Observed::Status {
        status,
        code: said.code,
        message: said.message,
        retry_after: said.wait,
    }
}

/// Parts of the words for an error, and the status that they stand for; the first that is found holds.
const STATUSES: &[(&str, u16)] = &[
    ("overloaded", 529),
    ("rate_limit", 429),
    ("quota", 429),
    ("resource_exhausted", 429),
    ("billing", 402),
    ("authentication", 401),
    ("api_key", 401),
    ("unauthenticated", 401),
    ("permission", 403),
    ("not_found", 404),
    ("too_large", 413),
    ("timeout", 504),
    ("deadline_exceeded", 504),
    ("unavailable", 503),
    ("context_length", 400),
    ("content_filter", 400),
    ("content_policy", 400),
    ("invalid_request", 400),
    ("invalid_argument", 400),
    ("precondition", 400),
];

fn status_of(kind: &str) -> Option<u16> {
    let kind = kind.to_ascii_lowercase();
    let found = STATUSES.iter().find(|(word, _)| kind.contains(word));
    found.map(|(_, status)| *status)
}

/// The body's bytes, up to a limit.
pub(crate) async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut bytes = vec![];
    collect_into(&mut bytes, &mut body, limit).await?;
    Ok(bytes)
}

/// The same; what has come is there even where the rest fails, or is not waited for.
async fn collect_into(
    bytes: &mut Vec<u8>,
    body: &mut Body,
    limit: usize,
) -> Result<(), TransportError> {
    while let Some(piece) = body.next().await {
        let piece = piece?;
        let room = limit - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if bytes.len() == limit {
            break;
        }
    }
    Ok(())
}

/// What an error object says.
struct Described {
    code: Option<String>,
    message: String,
    /// How long the provider wants to be left alone.
    wait: Option<Duration>,
}

/// Reads an error object, as OpenAI, OpenRouter, Mistral, Anthropic, Google and others have it.
fn described(error: &Value) -> Described {
    let metadata = field(error, "metadata");
    let moderated = metadata
        .and_then(|metadata| metadata.get("reasons"))
        .is_some();
    // A number says nothing that the status does not; then another word is the better one.
    let code = text(error, "code").filter(|code| code.parse::<f64>().is_err());
    let code = code.or(text(error, "type")).or(text(error, "status"));
    let said = ["message", "detail", "msg"]
        .iter()
        .find_map(|key| error.get(key));
    // FastAPI and Mistral put objects and lists where others put words.
    let message = said
        .or(error.is_string().then_some(error))
        .map(told)
        .unwrap_or_default();
    // OpenRouter's own message is "Provider returned error"; what the provider said stands beside it.
    let raw = metadata.and_then(|metadata| text(metadata, "raw"));
    let google = Details::of(error);
    let beside = raw.into_iter().chain(google.quotas);
    let message = beside.fold(message, |message, more| match message.as_str() {
        "" => unquoted(more).to_owned(),
        said => format!("{said}: {}", unquoted(more)),
    });
    let code = google.reason.or(code).map(str::to_owned);
    Described {
        code: if moderated {
            Some("moderation_blocked".to_owned())
        } else {
            code
        },
        message,
        wait: google.wait,
    }
}

/// What Google says beside the message.
#[derive(Default)]
struct Details<'e> {
    /// Why, in one word: `API_KEY_INVALID`.
    reason: Option<&'e str>,
    /// The quotas that are used up; their names say whether for a minute or for the day.
    quotas: Vec<&'e str>,
    wait: Option<Duration>,
}

impl<'e> Details<'e> {
    fn of(error: &'e Value) -> Self {
        let mut found = Self::default();
        for detail in list(error, "details") {
            let kind = text(detail, "@type").unwrap_or_default();
            if kind.ends_with("google.rpc.ErrorInfo") {
                found.reason = text(detail, "reason");
            } else if kind.ends_with("google.rpc.QuotaFailure") {
                let violations = list(detail, "violations").iter();
                found
                    .quotas
                    .extend(violations.filter_map(|violation| text(violation, "quotaId")));
            } else if kind.ends_with("google.rpc.RetryInfo") {
                found.wait = text(detail, "retryDelay").and_then(written_duration);
            }
        }
        found
    }
}

/// A page of HTML tells nobody anything.
fn plain(text: &str) -> String {
    let text = text.trim();
    if text.starts_with('<') {
        String::new()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;
    use serde_json::json;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_has_come_is_read_though_its_connection_stays_open() {
        let body = Bytes::from_static(br#"{"error": {"code": "no_money", "message": "pay"}}"#);
        let stays_open = stream::iter([Ok(body)]).chain(stream::pending());
        let reply = Reply {
            status: http::StatusCode::PAYMENT_REQUIRED,
            headers: http::HeaderMap::new(),
            body: stays_open.boxed(),
            simulated: None,
        };
        let expected = Observed::Status {
            status: 402,
            code: Some("no_money".to_owned()),
            message: "pay".to_owned(),
            retry_after: None,
        };
        assert_eq!(read(reply).await.observed, expected);
    }

    #[test]
    fn in_band_errors_stand_for_a_status() {
        for (error, expected) in [
            (json!({"type": "overloaded_error", "message": "x"}), 529),
            (json!({"type": "rate_limit_error", "message": "x"}), 429),
            (json!({"code": 502, "message": "x"}), 502),
            (json!({"code": "429", "message": "x"}), 429),
            (json!({"code": "3505", "message": "x"}), 500),
            (
                json!({"type": "tokens", "code": "rate_limit_exceeded"}),
                429,
            ),
            (json!({"code": "server_error", "message": "x"}), 500),
            (json!("just words"), 500),
            (json!("model 'x' not found, try pulling it first"), 404),
            (json!({"type": "api_error", "message": "x"}), 500),
            (json!({"type": "billing_error", "message": "x"}), 402),
            (json!({"type": "request_too_large", "message": "x"}), 413),
            (json!({"type": "timeout_error", "message": "x"}), 504),
            (json!({"type": "authentication_error"}), 401),
            (json!({"type": "permission_error"}), 403),
            (json!({"type": "not_found_error"}), 404),
            (json!({"type": "invalid_request_error"}), 400),
            (json!({"status": "RESOURCE_EXHAUSTED"}), 429),
            (json!({"status": "UNAVAILABLE"}), 503),
            (json!({"status": "INTERNAL"}), 500),
            (json!({"status": "DEADLINE_EXCEEDED"}), 504),
            (json!({"status": "PERMISSION_DENIED"}), 403),
            (json!({"status": "UNAUTHENTICATED"}), 401),
            (json!({"status": "INVALID_ARGUMENT"}), 400),
            (json!({"code": 404, "status": "NOT_FOUND"}), 404),
        ] {
            let Observed::Status { status, .. } = in_band(&error) else {
                panic!()
            };
            assert_eq!(status, expected, "{error}");
        }
    }

    #[test]
    fn what_the_provider_behind_a_router_said_is_kept() {
        let error = json!({"code": 429, "message": "Provider returned error", "metadata": {"raw": "slow down"}});
        assert_eq!(
            described(&error).message,
            "Provider returned error: slow down"
        );
        let error = json!({"code": 403, "message": "no", "metadata": {"reasons": ["violence"]}});
        assert_eq!(
            described(&error).code.as_deref(),
            Some("moderation_blocked")
        );
    }

    #[test]
    fn words_are_found_wherever_they_stand() {
        for (error, code, message) in [
            (
                json!({"code": "1500", "type": "invalid_model", "message": "Invalid model: foo"}),
                Some("invalid_model"),
                "Invalid model: foo",
            ),
            (
                json!({"message": {"detail": [{"msg": "extra"}]}}),
                None,
                "extra",
            ),
            (json!({"detail": "Not Found"}), None, "Not Found"),
            (json!("words"), None, "words"),
        ] {
            let said = described(&error);
            assert_eq!(
                (said.code.as_deref(), said.message.as_str()),
                (code, message),
                "{error}"
            );
        }
    }

    #[test]
    fn what_google_says_in_the_details() {
        let quota = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
        let error = json!({"code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21.5s"},
            {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
        ]});
        let said = described(&error);
        assert_eq!(said.code.as_deref(), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(said.message, format!("Resource exhausted: {quota}"));
        assert_eq!(said.wait, Some(Duration::from_millis(21_500)));

        let error = json!({"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
        ]});
        assert_eq!(described(&error).code.as_deref(), Some("API_KEY_INVALID"));
    }

    #[test]
    fn html_is_no_message() {
        assert_eq!(plain("<html>502</html>"), "");
        assert_eq!(plain(" upstream down\n"), "upstream down");
    }
}
