//! The rows that a turn begins with.

use evenkeel_protocol::{
    Conversation, ConversationId, Message, MessageId, MessageRole, MessageStatus, ModelId,
    RequestId, RunId, Timestamp,
};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::NewTurn;
use crate::StoreError;
use crate::rows::{conversation, message};
use crate::title::title;

/// The run that is to write an answer.
pub(super) struct Run<'a> {
    pub(super) principal: &'a str,
    pub(super) request_id: &'a RequestId,
    pub(super) run_id: &'a RunId,
    pub(super) requested_model: &'a ModelId,
    pub(super) assistant: Option<&'a str>,
    pub(super) now: Timestamp,
}

pub(super) async fn touch_conversation(
    connection: &mut SqliteConnection,
    principal: &str,
    id: &ConversationId,
    now: Timestamp,
) -> Result<Conversation, StoreError> {
    let row = sqlx::query(
        "UPDATE conversations SET updated_at = $1
         WHERE id = $2 AND principal = $3 AND deleted_at IS NULL RETURNING *",
    )
    .bind(now.as_millisecond())
    .bind(id.as_str())
    .bind(principal)
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    conversation(&row)
}

pub(super) async fn create_conversation(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
) -> Result<Conversation, StoreError> {
    let row = sqlx::query(
        "INSERT INTO conversations (id, principal, title, system_prompt, temporary, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING *",
    )
    .bind(
        turn.new_conversation
            .map_or_else(new_id, |id| id.as_str().to_owned()),
    )
    .bind(turn.principal)
    .bind(first_title(turn))
    .bind(turn.system_prompt)
    .bind(turn.temporary)
    .bind(turn.now.as_millisecond())
    .fetch_one(connection)
    .await?;
    conversation(&row)
}

/// The beginning of what was written, or the first file's name where nothing was.
fn first_title(turn: &NewTurn<'_>) -> String {
    let file = turn.files.first().map(|file| file.name.as_str());
    let said = Some(turn.text).filter(|text| !text.trim().is_empty());
    title(said.or(file).unwrap_or_default())
}

pub(super) async fn insert_question(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
    conversation: &ConversationId,
    parent: Option<&MessageId>,
) -> Result<Message, StoreError> {
    let row = sqlx::query(
        "INSERT INTO messages (id, conversation_id, parent_id, principal, role, status, text, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
    )
    .bind(new_id())
    .bind(conversation.as_str())
    .bind(parent.map(MessageId::as_str))
    .bind(turn.principal)
    .bind(MessageRole::User.as_str())
    .bind(MessageStatus::Complete.as_str())
    .bind(turn.text)
    .bind(turn.now.as_millisecond())
    .fetch_one(connection)
    .await?;
    message(&row, Vec::new(), Vec::new())
}

/// Only the answer bears the request's id, so that a request is found once.
pub(super) async fn insert_answer(
    connection: &mut SqliteConnection,
    run: &Run<'_>,
    question: &Message,
) -> Result<Message, StoreError> {
    let row = sqlx::query(
        "INSERT INTO messages (id, conversation_id, parent_id, principal, request_id, run_id,
                               role, status, text, created_at, requested_model, assistant)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11) RETURNING *",
    )
    .bind(new_id())
    .bind(question.conversation_id.as_str())
    .bind(question.id.as_str())
    .bind(run.principal)
    .bind(run.request_id.as_str())
    .bind(run.run_id.as_str())
    .bind(MessageRole::Assistant.as_str())
    .bind(MessageStatus::Streaming.as_str())
    .bind(run.now.as_millisecond())
    .bind(run.requested_model.as_str())
    .bind(run.assistant)
    .fetch_one(connection)
    .await?;
    message(&row, Vec::new(), Vec::new())
}

/// A new id. Version 7 begins with the time, so that the newest rows stand side by side in the indexes.
pub(crate) fn new_id() -> String {
    Uuid::now_v7().to_string()
}
