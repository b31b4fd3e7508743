//! Error bodies, and errors inside a stream that began well.

use std::time::Duration;

use evenkeel_engine::{Observed, UpstreamError};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use crate::retry_after::retry_after;
use crate::{Body, Reply, TransportError};

/// More of an error body is not read.
const ERROR_LIMIT: usize = 64 * 1024;

/// A body that does not come in this time is done without: the status says enough.
const BODY_PATIENCE: Duration = Duration::from_secs(2);

/// What a response with an error status says.
pub(super) async fn read(reply: Reply) -> UpstreamError {
    let simulated = reply.simulated;
    let wait = retry_after(&reply.headers, Timestamp::now());
    // A body that breaks off or stands still leaves the status, which says more than how it failed.
    let body = timeout(BODY_PATIENCE, collect(reply.body, ERROR_LIMIT)).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    let (code, message) = match serde_json::from_slice::<Value>(&body) {
        Ok(value) => {
            let value = value.get(0).unwrap_or(&value);
            described(
                value
                    .get("error")
                    .filter(|error| !error.is_null())
                    .unwrap_or(value),
            )
        }
        Err(_) => (None, plain(&String::from_utf8_lossy(&body))),
    };
    let status = reply.status.as_u16();
    UpstreamError {
        observed: Observed::Status {
            status,
            code,
            message,
            retry_after: wait,
        },
        simulated,
    }
}

/// An error object inside a stream, with the status that its type stands for.
pub(super) fn in_band(error: &Value) -> Observed {
    let (code, message) = described(error);
    let numeric = error.get("code").and_then(|code| {
        code.as_u64()
            .or_else(|| code.as_str().and_then(|text| text.parse().ok()))
    });
    let numeric = numeric.and_then(|code| u16::try_from(code).ok());
    let status = numeric
        .filter(|code| (400..600).contains(code))
        .unwrap_or_else(|| {
            let words = ["type", "code"].map(|key| error.get(key).and_then(Value::as_str));
            words
                .into_iter()
                .flatten()
                .find_map(status_of)
                .unwrap_or(500)
        });
    Observed::Status {
        status,
        code,
        message,
        retry_after: None,
    }
}

fn status_of(kind: &str) -> Option<u16> {
    Some(match kind {
        kind if kind.contains("overloaded") => 529,
        kind if kind.contains("rate_limit") || kind.contains("quota") => 429,
        kind if kind.contains("authentication") || kind.contains("api_key") => 401,
        kind if kind.contains("permission") => 403,
        kind if kind.contains("not_found") => 404,
        kind if kind.contains("invalid_request") => 400,
        _ => return None,
    })
}

/// The body's bytes, up to a limit.
pub(super) async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut bytes = vec![];
    while let Some(piece) = body.next().await {
        let piece = piece?;
        let room = limit - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if bytes.len() == limit {
            break;
        }
    }
    Ok(bytes)
}

/// Code and message of an error object, as OpenAI, OpenRouter, Mistral and others have it.
fn described(error: &Value) -> (Option<String>, String) {
    let word = |key| error.get(key).and_then(Value::as_str).map(str::to_owned);
    let metadata = error.get("metadata");
    let moderated = metadata
        .and_then(|metadata| metadata.get("reasons"))
        .is_some();
    // A number says nothing that the status does not; then the type is the better word.
    let code = word("code").filter(|code| code.parse::<f64>().is_err());
    let code = if moderated {
        Some("moderation_blocked".to_owned())
    } else {
        code.or(word("type"))
    };
    let said = ["message", "detail", "msg"]
        .iter()
        .find_map(|key| error.get(key));
    let message = match said.or(error.is_string().then_some(error)) {
        Some(Value::String(text)) => text.clone(),
        // FastAPI and Mistral put objects and lists where others put words.
        Some(other) if !other.is_null() => other.to_string(),
        Some(_) | None => String::new(),
    };
    // OpenRouter's own message is "Provider returned error"; what the provider said stands beside it.
    let raw = metadata
        .and_then(|metadata| metadata.get("raw"))
        .and_then(Value::as_str);
    let message = raw.map_or(message.clone(), |raw| format!("{message}: {raw}"));
    (code, message)
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
    use serde_json::json;

    use super::*;

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
        assert_eq!(described(&error).1, "Provider returned error: slow down");
        let error = json!({"code": 403, "message": "no", "metadata": {"reasons": ["violence"]}});
        assert_eq!(described(&error).0.as_deref(), Some("moderation_blocked"));
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
                r#"{"detail":[{"msg":"extra"}]}"#,
            ),
            (json!({"detail": "Not Found"}), None, "Not Found"),
            (json!("words"), None, "words"),
        ] {
            let (found, said) = described(&error);
            assert_eq!(
                (found.as_deref(), said.as_str()),
                (code, message),
                "{error}"
            );
        }
    }

    #[test]
    fn html_is_no_message() {
        assert_eq!(plain("<html>502</html>"), "");
        assert_eq!(plain(" upstream down\n"), "upstream down");
    }
}
