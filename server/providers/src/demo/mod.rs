//! The demo provider: always there, and honest about what it is.
//!
//! It is a router that speaks OpenAI's streaming format, answered in process through the same adapter as every other
//! provider, under the same faults. Its texts are written by a program, and each answer says so.

mod reading;
mod samples;
mod script;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Json, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{InProcess, Transport};

/// A demo model and its pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoModel {
    /// The model's id.
    pub id: &'static str,
    /// The id of its provider: each has one of its own, so that one can fail without the others.
    pub provider: &'static str,
    /// Until the first token.
    pub first_token: Duration,
    /// Between tokens.
    pub per_token: Duration,
    /// It can be shown images.
    pub sees: bool,
}

/// The three demo models, the default first. Each has the other two as fallbacks. The default does not see, so that a
/// picture shows how a model is passed over for what it cannot do.
pub const DEMO_MODELS: [DemoModel; 3] = [
    DemoModel {
        id: "demo-swift",
        provider: "demo-harbour",
        first_token: Duration::from_millis(40),
        per_token: Duration::from_millis(4),
        sees: false,
    },
    DemoModel {
        id: "demo-steady",
        provider: "demo-lagoon",
        first_token: Duration::from_millis(120),
        per_token: Duration::from_millis(12),
        sees: true,
    },
    DemoModel {
        id: "demo-calm",
        provider: "demo-fjord",
        first_token: Duration::from_millis(300),
        per_token: Duration::from_millis(40),
        sees: true,
    },
];

/// The transport of a demo provider. It answers for the models of these names; any other gets a 404, as anywhere.
pub fn demo_transport(models: impl IntoIterator<Item = DemoModel>) -> Arc<dyn Transport> {
    let models: Arc<[DemoModel]> = models.into_iter().collect();
    let router = Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/v1/models", get(list))
        .with_state(models);
    Arc::new(InProcess::new(router))
}

async fn list(State(models): State<Arc<[DemoModel]>>) -> Response {
    let data: Vec<_> = models
        .iter()
        .map(|model| json!({"id": model.id, "object": "model"}))
        .collect();
    Json(json!({"object": "list", "data": data})).into_response()
}

async fn complete(State(models): State<Arc<[DemoModel]>>, Json(request): Json<Value>) -> Response {
    let name = request
        .get("model")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(model) = models.iter().find(|model| model.id == name).copied() else {
        let message = format!("The model `{name}` does not exist");
        return refuse(StatusCode::NOT_FOUND, "model_not_found", &message);
    };
    if request.get("stream") != Some(&Value::Bool(true)) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "The demo only streams: set stream to true",
        );
    }
    let asked = reading::read(&request);
    if !model.sees && !asked.images.is_empty() {
        let message = format!("The model `{name}` cannot see images");
        return refuse(StatusCode::BAD_REQUEST, "invalid_request_error", &message);
    }
    let tokens = script::tokens(&script::answer(model.id, &asked));
    let usage = json!({
        "prompt_tokens": asked.characters.div_ceil(4),
        "completion_tokens": tokens.len(),
    });

    let chunk = move |choices: Value| json!({"object": "chat.completion.chunk", "model": model.id, "choices": choices});
    let delta = move |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
    };
    let role = (
        Duration::ZERO,
        delta(json!({"role": "assistant", "content": ""}), Value::Null).to_string(),
    );
    let words = tokens.into_iter().enumerate().map(move |(place, token)| {
        let wait = if place == 0 {
            model.first_token
        } else {
            model.per_token
        };
        (
            wait,
            delta(json!({"content": token}), Value::Null).to_string(),
        )
    });
    let mut last = chunk(json!([]));
    last["usage"] = usage;
    let end = [
        (Duration::ZERO, delta(json!({}), json!("stop")).to_string()),
        (Duration::ZERO, last.to_string()),
        (Duration::ZERO, "[DONE]".to_owned()),
    ];
    let events =
        stream::iter([role].into_iter().chain(words).chain(end)).then(|(wait, data)| async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            Ok::<_, Infallible>(format!("data: {data}\n\n"))
        });
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(events),
    )
        .into_response()
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (
        status,
        Json(json!({"error": {"message": message, "code": code}})),
    )
        .into_response()
}
