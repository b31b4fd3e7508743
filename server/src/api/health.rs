//! Probes, health and metrics.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::{CircuitState, Status};
use serde_json::{Value, json};

use super::Id;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

pub(crate) async fn live() -> &'static str {
    "ok"
}

pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let stored = shared.store.setting("ready").await;
    match (shared.draining(), stored) {
        (false, Ok(_)) => "ok".into_response(),
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining").into_response(),
        (false, Err(error)) => {
            tracing::error!(%error, "store_not_ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer",
            )
                .into_response()
        }
    }
}

pub(crate) async fn all(State(shared): State<Arc<Shared>>, principal: Principal) -> Response {
    let (catalog, clock) = (shared.catalog(), &shared.clock);
    let report = shared.health.report(&catalog, &principal.id, clock);
    (code(report.status), Json(with_rates(json!(report)))).into_response()
}

/// A provider, a model or an assistant by its id.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<Response, Refusal> {
    let (catalog, clock) = (&*shared.catalog(), &shared.clock);
    if let Some(provider) = catalog.provider(&id) {
        let circuits = provider.circuits(&principal.id);
        let models: Vec<_> = catalog
            .models()
            .iter()
            .filter(|model| model.provider == provider.id)
            .collect();
        let usable = models.iter().any(|model| circuits.admits(&model.id));
        let health = shared
            .health
            .provider(provider, catalog, &principal.id, clock);
        let closed = health.circuit.state == CircuitState::Closed
            && health
                .models
                .iter()
                .all(|model| model.circuit.state == CircuitState::Closed);
        return Ok(with_status(status(usable, closed), json!(health)));
    }
    if let Some(assistant) = catalog.assistant(&id) {
        let health = &shared.health;
        let health = health.assistant(assistant, catalog, &principal.id, clock);
        return Ok((code(health.status), Json(health)).into_response());
    }
    let model = catalog
        .model(&id)
        .ok_or_else(|| Refusal::not_found("provider, model or assistant"))?;
    let provider = catalog.provider(model.provider.as_str());
    let usable =
        provider.is_some_and(|provider| provider.circuits(&principal.id).admits(&model.id));
    let health = shared.health.model(model, catalog, &principal.id, clock);
    let closed = health
        .as_ref()
        .is_some_and(|model| model.circuit.state == CircuitState::Closed);
    Ok(with_status(status(usable, closed), json!(health)))
}

fn status(usable: bool, closed: bool) -> Status {
    match (usable, closed) {
        (false, _) => Status::Down,
        (true, true) => Status::Ok,
        (true, false) => Status::Degraded,
    }
}

fn with_status(status: Status, mut body: Value) -> Response {
    body["status"] = json!(status);
    (code(status), Json(with_rates(body))).into_response()
}

/// Says beside the figures of providers and models which share of their attempts answered; null where there were none.
fn with_rates(mut body: Value) -> Value {
    let Some(members) = body.as_object_mut() else {
        return body;
    };
    if let Some(recent) = members.get("recent") {
        let count = |key: &str| recent.get(key).and_then(Value::as_u64).unwrap_or_default();
        let (answered, failed) = (count("answered"), count("failed"));
        let rate = answered as f64 / (answered + failed) as f64;
        // What is no number becomes null.
        members.insert("success_rate".to_owned(), json!(rate));
    }
    for list in ["providers", "models"] {
        if let Some(Value::Array(parts)) = members.get_mut(list) {
            parts
                .iter_mut()
                .for_each(|part| *part = with_rates(part.take()));
        }
    }
    body
}

fn code(status: Status) -> StatusCode {
    match status {
        Status::Ok | Status::Degraded => StatusCode::OK,
        Status::Down => StatusCode::SERVICE_UNAVAILABLE,
    }
}

pub(crate) async fn metrics(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<Response, Refusal> {
    let text = shared
        .metrics
        .render(&shared.catalog(), &shared.budget, &principal.id)
        .map_err(|error| Refusal::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
