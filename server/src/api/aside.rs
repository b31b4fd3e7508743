//! What the page asks for beside the turns: a title, and questions that could be asked next.

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::{Conversation, Suggestions};

use super::Id;
use crate::aside;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// `POST /api/conversations/{id}/title`
pub(crate) async fn title(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<axum::Json<Conversation>, Refusal> {
    let conversation = aside::title(&shared, &principal, id.into()).await?;
    Ok(axum::Json(conversation))
}

/// `POST /api/messages/{id}/suggestions`
pub(crate) async fn suggestions(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<axum::Json<Suggestions>, Refusal> {
    let suggestions = aside::suggestions(&shared, &principal, id.into()).await?;
    Ok(axum::Json(Suggestions { suggestions }))
}
