//! `/api/attachments/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::Id;
use super::download::download;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// A file that was sent with a message, for whoever sent it.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<Response, Refusal> {
    let file = shared.store.attachment(&principal.id, &id.into()).await?;
    let file = file.ok_or_else(|| Refusal::not_found("file"))?;
    let media_type = match file.media_type.as_str() {
        image if image.starts_with("image/") => file.media_type,
        _ => format!("{}; charset=utf-8", file.media_type),
    };
    Ok(download(&file.name, &media_type, file.content))
}
