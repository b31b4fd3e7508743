//! A message with all that led to it: what a prompt is made of.

use evenkeel_protocol::{MessageId, MessageRole, MessageStatus};

use crate::rows::{Fields, word};
use crate::{Store, StoreError};

/// A message as a prompt needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadMessage {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub role: MessageRole,
    /// What became of it; an answer that failed has little to say.
    pub status: MessageStatus,
    /// Its text.
    pub text: String,
}

impl Store {
    /// A message and its ancestors, oldest first; empty where there is no such message.
    pub async fn thread(
        &self,
        principal: &str,
        id: &MessageId,
    ) -> Result<Vec<ThreadMessage>, StoreError> {
        sqlx::query(
            "WITH RECURSIVE thread (id, parent_id, depth) AS (
                 SELECT messages.id, messages.parent_id, 0
                 FROM messages JOIN conversations ON conversations.id = messages.conversation_id
                 WHERE messages.id = $1 AND messages.principal = $2 AND deleted_at IS NULL
                 UNION ALL
                 SELECT messages.id, messages.parent_id, thread.depth + 1
                 FROM messages JOIN thread ON messages.id = thread.parent_id
             )
             SELECT messages.id, messages.role, messages.status, messages.text
             FROM messages JOIN thread ON messages.id = thread.id
             ORDER BY thread.depth DESC",
        )
        .bind(id.as_str())
        .bind(principal)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let fields = Fields::new("messages", row);
            Ok(ThreadMessage {
                id: MessageId(fields.get("id")?),
                role: fields.must("role", word)?,
                status: fields.must("status", word)?,
                text: fields.get("text")?,
            })
        })
        .collect()
    }
}
