//! The files of a whole conversation, with their content.

use std::collections::HashMap;

use evenkeel_protocol::{ConversationId, MessageId};

use crate::attachments::{by_message, file};
use crate::{File, Store, StoreError};

impl Store {
    /// Every file of a conversation, by the message that it was sent with; each message's in their order.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn conversation_files(
        &self,
        principal: &str,
        id: &ConversationId,
    ) -> Result<HashMap<MessageId, Vec<File>>, StoreError> {
        let rows = sqlx::query(
            "SELECT message_id, name, media_type, content FROM attachments
             JOIN messages ON messages.id = message_id
             JOIN conversations ON conversations.id = conversation_id
             WHERE conversation_id = $1 AND conversations.principal = $2 AND deleted_at IS NULL
             ORDER BY attachments.place",
        )
        .bind(id.as_str())
        .bind(principal)
        .fetch_all(&self.pool)
        .await?;
        by_message(&rows, file)
    }
}
