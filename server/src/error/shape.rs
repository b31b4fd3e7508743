//! The forms that errors have: problem details under `/api`, and under `/v1` whatever the caller's client library reads.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::{ErrorKind, ModelFailure, Timestamp, TurnError};
use serde::Serialize;

use super::Refusal;

/// The form of a route's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// RFC 9457.
    Problem,
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
}

impl Shape {
    /// The form that a caller of this path expects. Both kinds of client ask for `/v1/models`; Anthropic's say so.
    pub fn of(path: &str, headers: &HeaderMap) -> Self {
        if path == "/v1/messages" || path.starts_with("/v1/messages/") {
            Self::Anthropic
        } else if path == "/v1" || path.starts_with("/v1/") {
            if headers.contains_key("anthropic-version") {
                Self::Anthropic
            } else {
                Self::OpenAi
            }
        } else {
            Self::Problem
        }
    }

    pub(super) fn respond(self, refusal: Refusal) -> Response {
        let (status, id) = (refusal.status, refusal.request_id.clone());
        let mut response = match self {
            Self::Problem => return refusal.into_response(),
            Self::OpenAi => (status, Json(OpenAiError::of(&refusal))).into_response(),
            Self::Anthropic => {
                let body = AnthropicError::of(&refusal.error, status, id.as_deref());
                (status, Json(body)).into_response()
            }
        };
        if let Some(seconds) = refusal.told.as_ref().and_then(|told| told.retry_after) {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if matches!(
            refusal.error.kind,
            ErrorKind::FallbackExhausted { .. } | ErrorKind::DeadlineExceeded
        ) {
            // Both vendors' clients honour it: what the engine has retried need not be retried by them.
            let no = HeaderValue::from_static("false");
            response.headers_mut().insert("x-should-retry", no);
        }
        response
    }
}

/// What only an exhausted turn's error has.
#[derive(Serialize)]
struct Exhausted<'e> {
    failures: &'e [ModelFailure],
    retry_at: Option<Timestamp>,
}

impl<'e> Exhausted<'e> {
    fn of(kind: &'e ErrorKind) -> Option<Self> {
        match kind {
            ErrorKind::FallbackExhausted { failures, retry_at } => Some(Self {
                failures,
                retry_at: *retry_at,
            }),
            ErrorKind::ContentFiltered
            | ErrorKind::Cancelled
            | ErrorKind::DeadlineExceeded
            | ErrorKind::InvalidRequest
            | ErrorKind::NotAllowed
            | ErrorKind::RateLimited
            | ErrorKind::Internal => None,
        }
    }
}

/// An error in OpenAI's form.
#[derive(Serialize)]
pub struct OpenAiError<'e> {
    error: OpenAiWords<'e>,
}

#[derive(Serialize)]
struct OpenAiWords<'e> {
    message: &'e str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'e str>,
    code: Option<&'static str>,
    #[serde(flatten)]
    exhausted: Option<Exhausted<'e>>,
}

impl<'e> OpenAiError<'e> {
    fn of(refusal: &'e Refusal) -> Self {
        let mut this = Self::in_stream(&refusal.error);
        if let Some(told) = &refusal.told {
            this.error.param = told.place.as_deref();
            this.error.code = told.code;
        }
        this
    }

    /// As an event of a stream.
    pub fn in_stream(error: &'e TurnError) -> Self {
        let kind = if error.kind == ErrorKind::InvalidRequest {
            "invalid_request_error"
        } else {
            error.kind.as_str()
        };
        Self {
            error: OpenAiWords {
                message: &error.error,
                kind,
                param: None,
                code: None,
                exhausted: Exhausted::of(&error.kind),
            },
        }
    }
}

/// An error in Anthropic's form.
#[derive(Serialize)]
pub struct AnthropicError<'e> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: AnthropicWords<'e>,
    request_id: Option<&'e str>,
}

#[derive(Serialize)]
struct AnthropicWords<'e> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'e str,
    #[serde(flatten)]
    exhausted: Option<Exhausted<'e>>,
}

impl<'e> AnthropicError<'e> {
    /// As the body of a response with this status, or as an event of a stream.
    pub fn of(error: &'e TurnError, status: StatusCode, request_id: Option<&'e str>) -> Self {
        let kind = match &error.kind {
            ErrorKind::InvalidRequest => match status {
                StatusCode::NOT_FOUND => "not_found_error",
                StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
                _ => "invalid_request_error",
            },
            ErrorKind::NotAllowed => "permission_error",
            ErrorKind::RateLimited => "rate_limit_error",
            ErrorKind::DeadlineExceeded => "timeout_error",
            ErrorKind::Internal if status == StatusCode::SERVICE_UNAVAILABLE => "overloaded_error",
            ErrorKind::Internal => "api_error",
            // Anthropic has no words for these.
            kind @ (ErrorKind::FallbackExhausted { .. }
            | ErrorKind::ContentFiltered
            | ErrorKind::Cancelled) => kind.as_str(),
        };
        Self {
            kind: "error",
            error: AnthropicWords {
                kind,
                message: &error.error,
                exhausted: Exhausted::of(&error.kind),
            },
            request_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn said(refusal: Refusal, shape: Shape) -> (StatusCode, HeaderMap, Value) {
        let response = refusal.respond(shape);
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (
            head.status,
            head.headers,
            serde_json::from_slice(&bytes).unwrap(),
        )
    }

    fn exhausted() -> Refusal {
        let (failures, retry_at) = (vec![], None);
        Refusal::from(TurnError {
            error: "none".to_owned(),
            kind: ErrorKind::FallbackExhausted { failures, retry_at },
        })
    }

    #[test]
    fn the_route_decides_and_on_shared_routes_the_client() {
        let (nobody, mut anthropic) = (HeaderMap::new(), HeaderMap::new());
        anthropic.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        for (path, headers, expected) in [
            ("/v1/messages", &nobody, Shape::Anthropic),
            ("/v1/messages/count_tokens", &nobody, Shape::Anthropic),
            ("/v1/messagesx", &nobody, Shape::OpenAi),
            ("/v1/models", &nobody, Shape::OpenAi),
            ("/v1/models", &anthropic, Shape::Anthropic),
            ("/v1/chat/completions", &nobody, Shape::OpenAi),
            ("/api/conversations", &anthropic, Shape::Problem),
            ("/v10", &nobody, Shape::Problem),
        ] {
            assert_eq!(Shape::of(path, headers), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn each_client_reads_the_place_and_the_failures() {
        let (status, _, body) = said(Refusal::at("n", "leave it out"), Shape::OpenAi).await;
        let expected = json!({"error": {"message": "n: leave it out", "type": "invalid_request_error", "param": "n", "code": null}});
        assert_eq!((status, body), (StatusCode::BAD_REQUEST, expected));

        let refusal = Refusal::at("n", "leave it out").of_request("r1");
        let (_, _, body) = said(refusal, Shape::Anthropic).await;
        let inner = json!({"type": "invalid_request_error", "message": "n: leave it out"});
        assert_eq!(
            body,
            json!({"type": "error", "error": inner, "request_id": "r1"})
        );

        for shape in [Shape::OpenAi, Shape::Anthropic] {
            let (status, headers, body) = said(exhausted(), shape).await;
            assert_eq!(status, StatusCode::BAD_GATEWAY);
            assert_eq!(headers["x-should-retry"], "false");
            assert_eq!(body["error"]["type"], "fallback_exhausted");
            assert_eq!(body["error"]["failures"], json!([]));
        }
    }

    #[tokio::test]
    async fn anthropic_has_a_word_for_most_ends() {
        let not_found = Refusal::not_found("model");
        let large = Refusal::invalid("x").with_status(StatusCode::PAYLOAD_TOO_LARGE);
        let deadline = Refusal::from(TurnError {
            error: "late".to_owned(),
            kind: ErrorKind::DeadlineExceeded,
        });
        for (refusal, status, kind) in [
            (not_found, 404, "not_found_error"),
            (large, 413, "request_too_large"),
            (deadline, 504, "timeout_error"),
            (Refusal::draining(), 503, "overloaded_error"),
            (Refusal::not_allowed("x"), 403, "permission_error"),
            (Refusal::internal(&std::fmt::Error), 500, "api_error"),
        ] {
            let (found, headers, body) = said(refusal, Shape::Anthropic).await;
            assert_eq!(
                (found.as_u16(), &body["error"]["type"]),
                (status, &json!(kind))
            );
            // A turn that took all its time need not take it again.
            let told = headers.get("x-should-retry").map(HeaderValue::as_bytes);
            assert_eq!(told, (status == 504).then_some(&b"false"[..]), "{kind}");
        }
    }
}
