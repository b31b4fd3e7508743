//! The HTTP routes beside the pages.

pub(crate) mod admin;
mod anthropic;
mod aside;
mod attachments;
mod body;
pub(crate) mod conversations;
pub(crate) mod debug;
mod download;
mod gateway;
pub(crate) mod health;
mod models;
mod openai;
mod openapi;
mod receipt;
mod search;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{any, delete, get, post};

pub(crate) use body::{Id, Json, Raw};

use crate::error::{Refusal, Shape};
use crate::shared::Shared;

/// A request's body may have this many bytes: conversations with images are long.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// A conversation that is imported may have this many: whatever was sent with its messages comes in one document.
const IMPORT_LIMIT: usize = 64 * 1024 * 1024;

/// Every route of this module.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/health", get(health::all))
        .route("/health/{id}", get(health::one))
        .route("/metrics", get(health::metrics))
        .route("/api/openapi.json", get(openapi::document))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::one))
        .route("/v1/chat/completions", post(openai::complete))
        .route("/v1/messages", post(anthropic::message))
        .route("/v1/messages/count_tokens", post(anthropic::count_tokens))
        .route("/v1", any(unknown))
        .route("/v1/{*rest}", any(unknown))
        .route("/api/conversations", get(conversations::list))
        .route(
            "/api/conversations/{id}",
            get(conversations::one)
                .patch(conversations::change)
                .delete(conversations::delete),
        )
        .route(
            "/api/conversations/import",
            post(conversations::import).layer(DefaultBodyLimit::max(IMPORT_LIMIT)),
        )
        .route("/api/conversations/{id}/export", get(conversations::export))
        .route(
            "/api/conversations/{id}/restore",
            post(conversations::restore),
        )
        .route("/api/conversations/{id}/chat", post(conversations::chat))
        .route("/api/conversations/{id}/title", post(aside::title))
        .route("/api/messages/{id}/suggestions", post(aside::suggestions))
        .route("/api/receipt", get(receipt::receipt))
        .route("/api/attachments/{id}", get(attachments::one))
        .route("/api/search", get(search::search))
        .merge(admin::routes())
        .route("/api/debug/faults", get(debug::list).post(debug::arm))
        .route("/api/debug/faults/halt", post(debug::halt))
        .route("/api/debug/faults/{id}", delete(debug::disarm))
        .route("/api/debug/replay", post(debug::replay::run))
        .route("/api/{*rest}", any(unknown))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// Does something to its end, even where the caller does not wait for it: what is half done would be neither the old nor
/// the new.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        // It is counted and answered where every panic is.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(Refusal::internal(&error)),
    }
}

async fn unknown(uri: Uri, headers: HeaderMap) -> Response {
    let refusal = Refusal::not_found("route").with_code("unknown_url");
    refusal.respond(Shape::of(uri.path(), &headers))
}

async fn method_not_allowed(uri: Uri, headers: HeaderMap) -> Response {
    let refusal = Refusal::invalid("This route does not take that method.")
        .with_status(StatusCode::METHOD_NOT_ALLOWED);
    refusal.respond(Shape::of(uri.path(), &headers))
}
