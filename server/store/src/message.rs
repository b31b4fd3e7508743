//! A single message.

use evenkeel_protocol::{Message, MessageId};

use crate::rows::message;
use crate::{Store, StoreError};

impl Store {
    /// A message of this principal's as it is stored, without its attempts and files.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn message(
        &self,
        principal: &str,
        id: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        sqlx::query(
            "SELECT messages.* FROM messages
             JOIN conversations ON conversations.id = messages.conversation_id
             WHERE messages.id = $1 AND messages.principal = $2 AND deleted_at IS NULL",
        )
        .bind(id.as_str())
        .bind(principal)
        .fetch_optional(&self.pool)
        .await?
        .map(|row| message(&row, Vec::new(), Vec::new()))
        .transpose()
    }
}
