//! The HTTP routes beside the pages.

pub(crate) mod admin;
mod body;
pub(crate) mod conversations;
pub(crate) mod debug;
pub(crate) mod health;
pub(crate) mod openai;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};

pub(crate) use body::{Id, Json};

use crate::error::{Refusal, openai_error};
use crate::shared::Shared;

/// A request's body may have this many bytes: conversations with images are long.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// Every route of this module.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/health", get(health::all))
        .route("/health/{id}", get(health::one))
        .route("/metrics", get(health::metrics))
        .route("/v1/models", get(openai::models))
        .route("/v1/models/{*id}", get(openai::model))
        .route("/v1/chat/completions", post(openai::complete))
        .route("/v1/{*rest}", any(openai::unknown))
        .route("/api/conversations", get(conversations::list))
        .route(
            "/api/conversations/{id}",
            get(conversations::one)
                .patch(conversations::rename)
                .delete(conversations::delete),
        )
        .route("/api/conversations/{id}/chat", post(conversations::chat))
        .route("/api/admin/providers", get(admin::providers))
        .route(
            "/api/admin/providers/{id}/circuit",
            post(admin::provider_circuit),
        )
        .route("/api/admin/models/{id}/circuit", post(admin::model_circuit))
        .route("/api/debug/faults", get(debug::list).post(debug::arm))
        .route("/api/debug/faults/halt", post(debug::halt))
        .route("/api/debug/faults/{id}", delete(debug::disarm))
        .route("/api/{*rest}", any(unknown))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn unknown() -> Refusal {
    Refusal::not_found("route")
}

async fn method_not_allowed(uri: Uri) -> Response {
    let refusal = Refusal::invalid("This route does not take that method.")
        .with_status(StatusCode::METHOD_NOT_ALLOWED);
    if uri.path().starts_with("/v1/") {
        openai_error(&refusal)
    } else {
        refusal.into_response()
    }
}
