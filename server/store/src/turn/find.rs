//! What a turn begins from.

use evenkeel_protocol::{ConversationId, Message, MessageId, MessageRole, RequestId, RunId};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{Before, NewTurn};
use crate::StoreError;
use crate::rows::{Fields, message};

pub(super) async fn find_duplicate(
    connection: &mut SqliteConnection,
    principal: &str,
    request_id: &RequestId,
) -> Result<Option<Before>, StoreError> {
    sqlx::query(
        "SELECT messages.conversation_id, messages.parent_id, messages.id, messages.run_id,
                conversations.deleted_at IS NOT NULL AS deleted
         FROM messages JOIN conversations ON conversations.id = messages.conversation_id
         WHERE messages.principal = $1 AND messages.request_id = $2",
    )
    .bind(principal)
    .bind(request_id.as_str())
    .fetch_optional(connection)
    .await?
    .map(|row| {
        let fields = Fields::new("messages", &row);
        if fields.get("deleted")? {
            return Err(StoreError::Deleted);
        }
        Ok(Before {
            conversation_id: ConversationId(fields.get("conversation_id")?),
            message_id: MessageId(fields.get("parent_id")?),
            answer_id: MessageId(fields.get("id")?),
            run_id: RunId(fields.get("run_id")?),
        })
    })
    .transpose()
}

/// The message that the question follows; none only for the first of a conversation, and for other versions of it.
pub(super) async fn find_parent(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
    conversation: &ConversationId,
) -> Result<Option<MessageId>, StoreError> {
    if let Some(edited) = turn.edited_id {
        let parent: Option<Option<String>> = sqlx::query_scalar(
            "SELECT parent_id FROM messages WHERE conversation_id = $1 AND id = $2 AND role = $3",
        )
        .bind(conversation.as_str())
        .bind(edited.as_str())
        .bind(MessageRole::User.as_str())
        .fetch_optional(connection)
        .await?;
        let parent = parent.ok_or(StoreError::UnknownQuestion)?;
        return Ok(parent.map(MessageId));
    }
    let found: Option<String> = sqlx::query_scalar(
        "SELECT id FROM messages WHERE conversation_id = $1 AND id = COALESCE($2, id)
         ORDER BY place DESC LIMIT 1",
    )
    .bind(conversation.as_str())
    .bind(turn.parent_id.map(MessageId::as_str))
    .fetch_optional(connection)
    .await?;
    match (turn.parent_id, found) {
        (Some(_), None) => Err(StoreError::UnknownParent),
        (_, found) => Ok(found.map(MessageId)),
    }
}

/// The question that a message is, or answers.
pub(super) async fn find_question(
    executor: impl SqliteExecutor<'_>,
    principal: &str,
    id: &MessageId,
) -> Result<Option<Message>, StoreError> {
    sqlx::query(
        "SELECT question.* FROM messages AS named
         JOIN messages AS question
           ON question.id = CASE named.role WHEN $3 THEN named.id ELSE named.parent_id END
         JOIN conversations ON conversations.id = named.conversation_id
         WHERE named.id = $1 AND named.principal = $2 AND conversations.deleted_at IS NULL",
    )
    .bind(id.as_str())
    .bind(principal)
    .bind(MessageRole::User.as_str())
    .fetch_optional(executor)
    .await?
    .map(|row| message(&row, Vec::new(), Vec::new()))
    .transpose()
}
