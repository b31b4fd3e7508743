//! `/api/conversations`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use evenkeel_protocol::{Conversation, ConversationChange, Message, ModelId, Send, Transcript};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Id, Json};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::run::End;
use crate::shared::{News, Shared};
use crate::turn::{self, Accepted};
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    title: String,
}

pub(crate) async fn rename(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Rename>,
) -> Result<axum::Json<Conversation>, Refusal> {
    let title = body.title.trim();
    if title.is_empty() || title.chars().count() > 200 {
        return Err(Refusal::invalid("title: give 1 to 200 characters"));
    }
    let renamed = shared
        .store
        .rename(&principal.id, &id.into(), title)
        .await?;
    let conversation = renamed.ok_or_else(|| Refusal::not_found("conversation"))?;
    turn::announce(&shared, &principal, conversation.clone());
    Ok(axum::Json(conversation))
}

pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    let id = id.into();
    if !shared.store.delete(&principal.id, &id).await? {
        return Err(Refusal::not_found("conversation"));
    }
    for run in shared.runs.of(&id) {
        run.stop.cancel();
    }
    let change = ConversationChange::Deleted {
        conversation_id: id,
    };
    let _ = shared
        .news
        .send(News::Conversation(principal.id.clone(), change));
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chat {
    message: String,
    #[serde(default)]
    model: Option<ModelId>,
    #[serde(default)]
    assistant: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Answered {
    message: Message,
}

/// A turn whose answer is waited for. The turn goes on if the caller leaves: it belongs to the server.
pub(crate) async fn chat(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Chat>,
) -> Result<impl IntoResponse, Refusal> {
    let send = Send {
        request_id: Uuid::now_v7().to_string().into(),
        conversation_id: (id != "new").then(|| id.into()),
        parent_id: None,
        text: body.message,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        attachments: vec![],
        model: body.model,
        assistant: body.assistant,
    };
    match turn::begin(&shared, &principal, &send).await? {
        Accepted::Running(run) => match run.ended().await {
            End::Done(message) => Ok(axum::Json(Answered { message })),
            End::Error(error, _) => Err(Refusal::from(error).of_request(send.request_id.as_str())),
        },
        Accepted::Ended { .. } => Err(Refusal::invalid("this request has run before")),
    }
}
