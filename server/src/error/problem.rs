//! Errors as RFC 9457 problem details: the form of every error under `/api`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::{ErrorKind, TurnError};
use serde_json::{Map, Value, json};

use super::Refusal;
use crate::telemetry;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let members = self.told.map(|told| told.members).unwrap_or_default();
        problem_of(self.status, &self.error, &members, self.request_id)
    }
}

/// Members that an extension can never overwrite.
const RESERVED: [&str; 7] = [
    "type",
    "code",
    "title",
    "status",
    "detail",
    "instance",
    "request_id",
];

/// A problem with further members.
fn problem_of(
    status: StatusCode,
    error: &TurnError,
    extensions: &[(&str, Value)],
    request_id: Option<String>,
) -> Response {
    let request_id = request_id.unwrap_or_else(telemetry::current_id);
    let (kind, code, title) = match &error.kind {
        ErrorKind::FallbackExhausted { .. } => (
            "agent-fallback-exhausted",
            "AGENT_FALLBACK_EXHAUSTED",
            "No model could answer",
        ),
        ErrorKind::ContentFiltered => (
            "content-filtered",
            "CONTENT_FILTERED",
            "The provider refused",
        ),
        ErrorKind::Cancelled => ("cancelled", "CANCELLED", "The turn was stopped"),
        ErrorKind::DeadlineExceeded => {
            ("deadline-exceeded", "DEADLINE_EXCEEDED", "The time is over")
        }
        ErrorKind::InvalidRequest if status == StatusCode::NOT_FOUND => {
            ("not-found", "NOT_FOUND", "Not found")
        }
        ErrorKind::InvalidRequest if status == StatusCode::CONFLICT => {
            ("conflict", "CONFLICT", "Changed meanwhile")
        }
        ErrorKind::InvalidRequest => (
            "invalid-request",
            "INVALID_REQUEST",
            "The request is not valid",
        ),
        ErrorKind::NotAllowed => ("not-allowed", "NOT_ALLOWED", "Not allowed"),
        ErrorKind::RateLimited => ("rate-limited", "RATE_LIMITED", "Too many requests"),
        ErrorKind::Internal => ("internal", "INTERNAL", "The server failed"),
    };
    let mut body = Map::new();
    for (name, value) in extensions
        .iter()
        .filter(|(name, _)| !RESERVED.contains(name))
    {
        body.insert((*name).to_owned(), value.clone());
    }
    if let ErrorKind::FallbackExhausted { failures, retry_at } = &error.kind {
        body.insert("failures".to_owned(), json!(failures));
        body.insert("retry_at".to_owned(), json!(retry_at));
    }
    body.extend([
        ("type".to_owned(), json!(format!("/errors/{kind}"))),
        ("code".to_owned(), json!(code)),
        ("title".to_owned(), json!(title)),
        ("status".to_owned(), json!(status.as_u16())),
        ("detail".to_owned(), json!(error.error)),
        (
            "instance".to_owned(),
            json!(format!("/requests/{request_id}")),
        ),
        ("request_id".to_owned(), json!(request_id)),
    ]);
    let kind = HeaderValue::from_static("application/problem+json");
    (
        status,
        [(header::CONTENT_TYPE, kind)],
        Value::Object(body).to_string(),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn extensions_never_overwrite_what_is_reserved() {
        let error = TurnError {
            error: "no".into(),
            kind: ErrorKind::Internal,
        };
        let extensions = RESERVED.map(|name| (name, json!("mine")));
        let extensions = [&extensions[..], &[("extra", json!(7))]].concat();
        let body = body(problem_of(
            StatusCode::INTERNAL_SERVER_ERROR,
            &error,
            &extensions,
            None,
        ))
        .await;
        assert_eq!(
            (&body["status"], &body["detail"], &body["extra"]),
            (&json!(500), &json!("no"), &json!(7))
        );
        assert!(RESERVED.iter().all(|name| body[name] != json!("mine")));
    }

    #[tokio::test]
    async fn failures_stand_on_exhaustion_alone() {
        let exhausted = TurnError {
            error: "none".into(),
            kind: ErrorKind::FallbackExhausted {
                failures: vec![],
                retry_at: None,
            },
        };
        let body_of = |error: TurnError| body(Refusal::from(error).into_response());
        let problem = body_of(exhausted).await;
        assert_eq!(problem["status"], 502);
        assert_eq!(problem["type"], "/errors/agent-fallback-exhausted");
        assert_eq!(problem["code"], "AGENT_FALLBACK_EXHAUSTED");
        assert_eq!(problem["failures"], json!([]));
        for kind in [
            ErrorKind::ContentFiltered,
            ErrorKind::DeadlineExceeded,
            ErrorKind::Internal,
        ] {
            let problem = body_of(TurnError {
                error: "x".into(),
                kind,
            })
            .await;
            assert!(problem.get("failures").is_none());
        }
    }
}
