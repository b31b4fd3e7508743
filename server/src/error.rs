//! The only place where errors become responses.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use evenkeel_protocol::{ErrorKind, Timestamp, TurnError};
use evenkeel_store::StoreError;
use futures_util::FutureExt;

use crate::shared::Shared;

mod problem;
mod shape;

pub use shape::{AnthropicError, OpenAiError, Shape};

/// Characters of a refusal's message.
const MESSAGE: usize = 1_000;

/// A request that is not served, in the words that people see.
#[derive(Debug)]
pub struct Refusal {
    /// What went wrong.
    pub error: TurnError,
    status: StatusCode,
    /// The turn's, where one was begun; it is what the log knows it by.
    request_id: Option<String>,
    told: Option<Box<Told>>,
}

/// What only some refusals have to tell.
#[derive(Clone, Debug, Default)]
struct Told {
    /// Further members of a problem.
    members: Vec<(&'static str, serde_json::Value)>,
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
                error: cut(error),
                kind,
            },
            status,
            request_id: None,
            told: None,
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
            told: Some(Box::new(Told {
                place: Some(cut(&place)),
                ..Told::default()
            })),
            ..Self::invalid(&format!("{place}: {mend}"))
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
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.told.get_or_insert_default().code = Some(code);
        self
    }

    /// With a further member, where it is told as a problem.
    pub fn with_member(mut self, name: &'static str, value: serde_json::Value) -> Self {
        let told = self.told.get_or_insert_default();
        told.members.push((name, value));
        self
    }

    /// With the seconds from now until a model is likely to be back, where that is known.
    pub fn waiting_from(mut self, now: Timestamp) -> Self {
        if let ErrorKind::FallbackExhausted {
            retry_at: Some(at), ..
        } = self.error.kind
        {
            let wait = at.as_millisecond() - now.as_millisecond();
            // Too late is no loss, too early is one.
            self.told.get_or_insert_default().retry_after = Some((wait + 999).max(0) / 1000);
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

/// What was sent may stand in what is said of it, and be of any length.
fn cut(error: &str) -> String {
    match error.char_indices().nth(MESSAGE) {
        Some((end, _)) => error[..end].to_owned() + "…",
        None => error.to_owned(),
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound => Self::not_found("conversation"),
            StoreError::UnknownParent => {
                Self::invalid("parent_id: there is no such message in this conversation")
            }
            StoreError::UnknownQuestion => {
                Self::invalid("edited_id: name a question of this conversation")
            }
            StoreError::UnknownMessage => Self::not_found("message"),
            StoreError::Deleted => Self::invalid(
                "request_id: this was sent before, and its conversation has been deleted; restore that, or send it with another id",
            ),
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
            told: None,
        }
    }
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
    use serde_json::Value;

    use super::*;

    async fn body(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_refusal_is_short_whatever_was_sent() {
        let sent = "é".repeat(100_000);
        for refusal in [Refusal::invalid(&sent), Refusal::at("text", &sent)] {
            let said = refusal.error.error;
            assert_eq!(said.chars().count(), MESSAGE + 1);
            assert!(said.ends_with("é…"));
        }
    }

    #[tokio::test]
    async fn a_panic_is_told_in_the_routes_form_and_counted() {
        use axum::routing::get;
        use tower::ServiceExt;

        async fn panics() {
            panic!("on purpose")
        }
        let folder = tempfile::TempDir::new().unwrap();
        let shared = Shared::for_tests(&folder).await;
        let catch = axum::middleware::from_fn_with_state(shared.clone(), catch_panics);
        let routes = axum::Router::new()
            .route("/{*path}", get(panics))
            .layer(catch);
        for (path, place) in [
            ("/v1/chat/completions", "/error/type"),
            ("/v1/messages", "/error/type"),
            ("/api/x", "/code"),
        ] {
            let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = body(response).await;
            assert!(body.pointer(place).is_some_and(Value::is_string), "{body}");
            assert!(!body.to_string().contains("purpose"), "{body}");
        }
        assert_eq!(shared.metrics.panics.get(), 3);
    }
}
