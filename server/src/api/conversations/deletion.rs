//! Deleting a conversation, and bringing it back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use evenkeel_protocol::{Conversation, ConversationChange};

use super::Id;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::{News, Shared};
use crate::turn;

/// Those who show it are told in every case: of a temporary conversation its id alone.
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    let id = id.into();
    // A turn that is being begun is either refused, or stopped with the others.
    let _beginning = shared.runs.beginning.lock().await;
    let now = shared.clock.now();
    if !shared.store.delete(&principal.id, &id, now).await? {
        return Err(Refusal::not_found("conversation"));
    }
    for run in shared.runs.of(&id) {
        run.stop.cancel();
    }
    let change = ConversationChange::Deleted {
        conversation_id: id,
    };
    // Nobody may be listening.
    let _ = shared
        .news
        .send(News::Conversation(principal.id.clone(), change));
    Ok(StatusCode::NO_CONTENT)
}

/// Asked twice it answers the same, so that a click too much is no error.
pub(crate) async fn restore(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<axum::Json<Conversation>, Refusal> {
    let restored = shared.store.restore(&principal.id, &id.into()).await?;
    let conversation = restored.ok_or_else(|| Refusal::not_found("conversation"))?;
    turn::announce(&shared, &principal, conversation.clone());
    Ok(axum::Json(conversation))
}
