//! Error bodies, and errors inside a stream that began well.

use evenkeel_engine::{Observed, UpstreamError};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::Value;

use crate::retry_after::retry_after;
use crate::{Body, Reply, TransportError};

/// More of an error body is not read.
const ERROR_LIMIT: usize = 64 * 1024;

/// What a response with an error status says.
pub(super) async fn read(reply: Reply) -> UpstreamError {
    let simulated = reply.simulated;
    let wait = retry_after(&reply.headers, Timestamp::now());
    // A body that breaks off still leaves the status, which says more than how it broke off.
    let body = collect(reply.body, ERROR_LIMIT).await.unwrap_or_default();
    let (code, message) = match serde_json::from_slice::<Value>(&body) {
        Ok(value) => described(value.get("error").unwrap_or(&value)),
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
    let kind = error
        .get("type")
        .and_then(Value::as_str)
        .or(code.as_deref())
        .unwrap_or_default();
    let numeric = error.get("code").and_then(|code| {
        code.as_u64()
            .or_else(|| code.as_str().and_then(|text| text.parse().ok()))
    });
    let status = numeric
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| *code >= 400);
    let status = status.unwrap_or(match kind {
        kind if kind.contains("overloaded") => 529,
        kind if kind.contains("rate_limit") || kind.contains("quota") => 429,
        kind if kind.contains("authentication") || kind.contains("api_key") => 401,
        kind if kind.contains("permission") => 403,
        kind if kind.contains("not_found") => 404,
        kind if kind.contains("invalid_request") => 400,
        _ => 500,
    });
    Observed::Status {
        status,
        code,
        message,
        retry_after: None,
    }
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

/// Code and message of an error object, as OpenAI, OpenRouter and others have it.
fn described(error: &Value) -> (Option<String>, String) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let metadata = error.get("metadata");
    let moderated = metadata
        .and_then(|metadata| metadata.get("reasons"))
        .is_some();
    let code = if moderated {
        Some("moderation_blocked".to_owned())
    } else {
        text(error.get("code")).or_else(|| text(error.get("type")))
    };
    let message = text(Some(error))
        .or_else(|| text(error.get("message")))
        .or_else(|| text(error.get("detail")))
        .or_else(|| text(error.get("msg")))
        .unwrap_or_default();
    // OpenRouter's own message is "Provider returned error"; what the provider said stands beside it.
    let message = match text(metadata.and_then(|metadata| metadata.get("raw"))) {
        Some(raw) => format!("{message}: {raw}"),
        None => message,
    };
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
    fn html_is_no_message() {
        assert_eq!(plain("<html>502</html>"), "");
        assert_eq!(plain(" upstream down\n"), "upstream down");
    }
}
