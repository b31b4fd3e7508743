//! What is changed of conversations and answers that are there: titles, what models are told first, suggestions.

use evenkeel_protocol::{
    Conversation, ConversationId, MessageId, MessageRole, MessageStatus, TitleSource,
};

use crate::rows::{conversation, to_json};
use crate::{Store, StoreError};

/// What a person changes of a conversation; none leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    /// Another title, which is the person's from then on.
    pub title: Option<&'a str>,
    /// What every model is told first, or nothing.
    pub system_prompt: Option<Option<&'a str>>,
}

impl Store {
    /// Changes a conversation. Returns it as it now is, or none where there is no such conversation.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn change(
        &self,
        principal: &str,
        id: &ConversationId,
        change: Change<'_>,
    ) -> Result<Option<Conversation>, StoreError> {
        sqlx::query(
            "UPDATE conversations
             SET title = COALESCE($1, title), title_source = IIF($1 IS NULL, title_source, $2),
                 system_prompt = IIF($3, $4, system_prompt)
             WHERE id = $5 AND principal = $6 AND deleted_at IS NULL RETURNING *",
        )
        .bind(change.title)
        .bind(TitleSource::Person.as_str())
        .bind(change.system_prompt.is_some())
        .bind(change.system_prompt.flatten())
        .bind(id.as_str())
        .bind(principal)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(conversation)
        .transpose()
    }

    /// Gives a conversation the title that a model has made, where nobody has given it one before. Returns it as it now
    /// is, or none where nothing was changed.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn title_by_model(
        &self,
        principal: &str,
        id: &ConversationId,
        title: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        sqlx::query(
            "UPDATE conversations SET title = $1, title_source = $2
             WHERE id = $3 AND principal = $4 AND title_source = $5 AND deleted_at IS NULL
             RETURNING *",
        )
        .bind(title)
        .bind(TitleSource::Model.as_str())
        .bind(id.as_str())
        .bind(principal)
        .bind(TitleSource::Plain.as_str())
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(conversation)
        .transpose()
    }

    /// Keeps the questions that could be asked after a complete answer, in the place of those that it had. Returns
    /// whether there is such an answer.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn save_suggestions(
        &self,
        principal: &str,
        message_id: &MessageId,
        suggestions: &[String],
    ) -> Result<bool, StoreError> {
        let saved = sqlx::query(
            "UPDATE messages SET suggestions = $1
             WHERE id = $2 AND principal = $3 AND role = $4 AND status = $5
               AND EXISTS (SELECT 1 FROM conversations
                           WHERE conversations.id = conversation_id AND deleted_at IS NULL)",
        )
        .bind(to_json(&suggestions)?)
        .bind(message_id.as_str())
        .bind(principal)
        .bind(MessageRole::Assistant.as_str())
        .bind(MessageStatus::Complete.as_str())
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(saved > 0)
    }
}
