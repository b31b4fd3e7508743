//! The only place where errors become responses.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::{ErrorKind, Timestamp, TurnError};
use evenkeel_store::StoreError;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::shared::Shared;

mod shape;

pub use shape::{AnthropicError, OpenAiError, Shape};

/// A request that is not served, in the words that people see.
#[derive(Debug)]
pub struct Refusal {
    /// What went wrong.
    pub error: TurnError,
    status: StatusCode,
    /// The turn's, where one was begun; it is what the log knows it by.
    request_id: Option<String>,
    /// The field at fault, where it is one.
    place: Option<String>,
    /// OpenAI's word for it, where it has one.
    code: Option<&'static str>,
    /// When it is worth asking again, in seconds from now.
    retry_after: Option<i64>,
}

impl Refusal {
    fn new(status: StatusCode, kind: ErrorKind, error: &str) -> Self {
        Self {
            error: TurnError {
                error: error.to_owned(),
                kind,
            },
            status,
            request_id: None,
            place: None,
            code: None,
            retry_after: None,
        }
    }

    /// The caller's mistake; names the place and the mend.
    pub fn invalid(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::InvalidRequest, message)
    }

    /// The caller's mistake in this field of the body, and the mend.
    pub fn at(place: impl Into<String>, mend: &str) -> Self {
        let place = place.into();
        Self {
            error: TurnError {
                error: format!("{place}: {mend}"),
                kind: ErrorKind::InvalidRequest,
            },
            place: Some(place),
            ..Self::invalid("")
        }
    }

    /// There is no such thing, or it is not this principal's; which of the two is not said.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorKind::InvalidRequest,
            &format!("There is no such {what}."),
        )
    }

    /// The principal may not do this.
    pub fn not_allowed(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorKind::NotAllowed, message)
    }

    /// The server is about to stop.
    pub fn draining() -> Self {
        let message =
            "The server is about to stop and takes no new questions. Try again in a moment.";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal,
            message,
        )
    }

    /// The server's own fault: logged here in full, told without detail.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "internal_error");
        let message = "Something went wrong inside the server.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorKind::Internal,
            message,
        )
    }

    /// With another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With OpenAI's word for it.
    pub fn with_code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// With the seconds from now until a model is likely to be back, where that is known.
    pub fn waiting_from(mut self, now: Timestamp) -> Self {
        if let ErrorKind::FallbackExhausted {
            retry_at: Some(at), ..
        } = self.error.kind
        {
            let wait = at.as_millisecond() - now.as_millisecond();
            // Too late is no loss, too early is one.
            self.retry_after = Some((wait + 999).max(0) / 1000);
        }
        self
    }

    /// With the id that the log knows it by.
    pub fn of_request(self, request_id: &str) -> Self {
        Self {
            request_id: Some(request_id.to_owned()),
            ..self
        }
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The response, in the form that this route's callers know.
    pub fn respond(self, shape: Shape) -> Response {
        shape.respond(self)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound => Self::not_found("conversation"),
            StoreError::UnknownParent => {
                Self::invalid("parent_id: there is no such message in this conversation")
            }
            StoreError::UnsupportedUrl
            | StoreError::Open { .. }
            | StoreError::Migrate(_)
            | StoreError::Corrupt { .. }
            | StoreError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<TurnError> for Refusal {
    fn from(error: TurnError) -> Self {
        let status = match &error.kind {
            ErrorKind::FallbackExhausted { .. } => StatusCode::BAD_GATEWAY,
            ErrorKind::ContentFiltered => StatusCode::UNPROCESSABLE_ENTITY,
            // The code that proxies have made common for "the client closed the request".
            ErrorKind::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            ErrorKind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::InvalidRequest => StatusCode::BAD_REQUEST,
            ErrorKind::NotAllowed => StatusCode::FORBIDDEN,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            error,
            status,
            request_id: None,
            place: None,
            code: None,
            retry_after: None,
        }
    }
}

/// As RFC 9457 problem details: the form of every error under `/api`.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        problem_of(self.status, &self.error, &[], self.request_id)
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
    let request_id = request_id.unwrap_or_else(|| Uuid::now_v7().to_string());
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

/// A panic in a handler is a 500, counted, and the process goes on.
pub async fn catch_panics(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let shape = Shape::of(request.uri().path(), request.headers());
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    handled.unwrap_or_else(|_| panicked(&shared).respond(shape))
}

/// Takes note of a panic; what its caller is told.
pub fn panicked(shared: &Shared) -> Refusal {
    shared.metrics.panics.inc();
    tracing::error!("handler_panicked");
    let message = "Something went wrong inside the server.";
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Internal,
        message,
    )
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
