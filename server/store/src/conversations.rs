//! The conversation list, and single conversations with their messages.

use evenkeel_protocol::{Conversation, ConversationId, MessageId, Transcript};
use sqlx::SqliteExecutor;

use crate::attachments::attachments_of_conversation;
use crate::attempts::attempts_of_conversation;
use crate::rows::{Fields, conversation, message};
use crate::{Store, StoreError};

impl Store {
    /// A principal's conversations, the one written to last first, at most so many. Temporary ones stand in no list.
    pub async fn conversations(
        &self,
        principal: &str,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        sqlx::query(
            "SELECT * FROM conversations
             WHERE principal = $1 AND deleted_at IS NULL AND NOT temporary
             ORDER BY updated_at DESC, place DESC LIMIT $2",
        )
        .bind(principal)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(conversation)
        .collect()
    }

    /// An entry of the conversation list.
    pub async fn conversation(
        &self,
        principal: &str,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        find_conversation(&self.pool, principal, id).await
    }

    /// A conversation with all its messages, in the order in which they were written.
    pub async fn transcript(
        &self,
        principal: &str,
        id: &ConversationId,
    ) -> Result<Option<Transcript>, StoreError> {
        // One transaction, so that messages and attempts are of the same moment.
        let mut transaction = self.pool.begin().await?;
        let Some(conversation) = find_conversation(&mut *transaction, principal, id).await? else {
            return Ok(None);
        };
        let rows = sqlx::query("SELECT * FROM messages WHERE conversation_id = $1 ORDER BY place")
            .bind(id.as_str())
            .fetch_all(&mut *transaction)
            .await?;
        let mut attempts = attempts_of_conversation(&mut transaction, id).await?;
        let mut files = attachments_of_conversation(&mut *transaction, id).await?;
        let messages = rows
            .iter()
            .map(|row| {
                let id = MessageId(Fields::new("messages", row).get("id")?);
                let attempts = attempts.remove(&id).unwrap_or_default();
                message(row, attempts, files.remove(&id).unwrap_or_default())
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(Transcript {
            conversation,
            messages,
        }))
    }
}

async fn find_conversation(
    executor: impl SqliteExecutor<'_>,
    principal: &str,
    id: &ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    sqlx::query(
        "SELECT * FROM conversations WHERE id = $1 AND principal = $2 AND deleted_at IS NULL",
    )
    .bind(id.as_str())
    .bind(principal)
    .fetch_optional(executor)
    .await?
    .as_ref()
    .map(conversation)
    .transpose()
}
