//! Runs, by the answers that they wrote.

use evenkeel_protocol::{
    ConversationId, Message, MessageId, MessageRole, MessageStatus, ModelId, RunId,
};

use crate::attempts::attempts_of_message;
use crate::rows::{Fields, message, number};
use crate::{Store, StoreError};

/// A run that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedRun {
    /// What it wrote.
    pub answer: Message,
    /// The last of its events that was stored.
    pub last_seq: u64,
}

/// What a turn asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAsked {
    /// The model that was asked first.
    pub model: Option<ModelId>,
    /// The assistant.
    pub assistant: Option<String>,
}

impl Store {
    /// A run that is over; none for one that still goes on.
    pub async fn ended_run(
        &self,
        principal: &str,
        id: &RunId,
    ) -> Result<Option<EndedRun>, StoreError> {
        // What has ended changes no more, so message and attempts need no common transaction.
        let row = sqlx::query(
            "SELECT messages.* FROM messages JOIN conversations ON conversations.id = conversation_id
             WHERE run_id = $1 AND messages.principal = $2 AND status <> $3 AND deleted_at IS NULL",
        )
        .bind(id.as_str())
        .bind(principal)
        .bind(MessageStatus::Streaming.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let fields = Fields::new("messages", &row);
        let message_id = MessageId(fields.get("id")?);
        let attempts = attempts_of_message(&self.pool, &message_id).await?;
        Ok(Some(EndedRun {
            answer: message(&row, attempts, Vec::new())?,
            last_seq: fields.must("last_seq", number)?,
        }))
    }

    /// The run that was begun last in a conversation.
    pub async fn latest_run(
        &self,
        principal: &str,
        conversation: &ConversationId,
    ) -> Result<Option<RunId>, StoreError> {
        let id = sqlx::query_scalar(
            "SELECT run_id FROM messages JOIN conversations ON conversations.id = conversation_id
             WHERE conversation_id = $1 AND messages.principal = $2 AND run_id IS NOT NULL
               AND deleted_at IS NULL
             ORDER BY messages.place DESC LIMIT 1",
        )
        .bind(conversation.as_str())
        .bind(principal)
        .fetch_optional(&self.pool)
        .await?;
        Ok(id.map(RunId))
    }

    /// What every model is told before a conversation's first message.
    pub async fn told_first(
        &self,
        principal: &str,
        conversation: &ConversationId,
    ) -> Result<Option<String>, StoreError> {
        let text: Option<Option<String>> = sqlx::query_scalar(
            "SELECT system_prompt FROM conversations
                 WHERE id = $1 AND principal = $2 AND deleted_at IS NULL",
        )
        .bind(conversation.as_str())
        .bind(principal)
        .fetch_optional(&self.pool)
        .await?;
        Ok(text.flatten())
    }

    /// What was asked for last in a conversation; none where nothing was.
    pub async fn last_asked(
        &self,
        principal: &str,
        conversation: &ConversationId,
    ) -> Result<Option<LastAsked>, StoreError> {
        let row = sqlx::query(
            "SELECT requested_model, assistant FROM messages
             JOIN conversations ON conversations.id = conversation_id
             WHERE conversation_id = $1 AND messages.principal = $2 AND role = $3
               AND deleted_at IS NULL
             ORDER BY messages.place DESC LIMIT 1",
        )
        .bind(conversation.as_str())
        .bind(principal)
        .bind(MessageRole::Assistant.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let last = row.map(|row| {
            let fields = Fields::new("messages", &row);
            Ok(LastAsked {
                model: fields.maybe("requested_model", |id| Some(ModelId(id)))?,
                assistant: fields.get("assistant")?,
            })
        });
        last.transpose()
    }
}
