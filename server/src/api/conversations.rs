//! `/api/conversations`.

mod change;
mod chat;
mod deletion;
mod document;
mod export;
mod import;

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::{Conversation, Transcript};
use serde::Serialize;

pub(crate) use self::change::change;
pub(crate) use self::chat::chat;
pub(crate) use self::deletion::{delete, restore};
pub(crate) use self::export::export;
pub(crate) use self::import::import;
use super::{Id, Json};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;
use crate::ws::LIST_LIMIT;

#[derive(Serialize)]
pub(crate) struct List {
    conversations: Vec<Conversation>,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<axum::Json<List>, Refusal> {
    let conversations = shared
        .store
        .conversations(&principal.id, LIST_LIMIT)
        .await?;
    Ok(axum::Json(List { conversations }))
}

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<axum::Json<Transcript>, Refusal> {
    transcript(&shared, &principal, &id).await.map(axum::Json)
}

/// A conversation as it now is: answers that are being written come from their runs, not from the last checkpoint.
pub(crate) async fn transcript(
    shared: &Shared,
    principal: &Principal,
    id: &str,
) -> Result<Transcript, Refusal> {
    let id = id.into();
    let stored = shared.store.transcript(&principal.id, &id).await?;
    let mut transcript = stored.ok_or_else(|| Refusal::not_found("conversation"))?;
    for run in shared.runs.of(&id) {
        let (live, _) = run.answer();
        if let Some(message) = transcript
            .messages
            .iter_mut()
            .find(|known| known.id == live.id)
        {
            *message = live;
        }
    }
    Ok(transcript)
}
