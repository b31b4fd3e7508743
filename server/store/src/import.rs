//! Conversations that come from elsewhere, as a whole.

use std::collections::HashMap;

use evenkeel_protocol::{
    Conversation, ConversationId, Message, MessageId, ModelId, ProviderId, Timestamp, TitleSource,
};
use sqlx::SqliteConnection;

use crate::attachments::write_attachments;
use crate::attempts::{Owner, write_attempts};
use crate::rows::{conversation, integer, to_json};
use crate::turn::new_id;
use crate::{File, Store, StoreError};

/// A conversation to write. Ids are the source's; it gets its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its title.
    pub title: String,
    /// Who gave it that title.
    pub title_source: TitleSource,
    /// What every model is told first.
    pub system_prompt: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its last message was written.
    pub updated_at: Timestamp,
    /// Every message, each after its parent, with its files. Their run and the conversation they name do not count.
    pub messages: Vec<(Message, Vec<File>)>,
}

/// What stands for a request where attempts were made elsewhere.
const IMPORTED: &str = "imported";

impl Store {
    /// Writes a conversation with all its messages, or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownParent`] for a message that does not come after its parent.
    pub async fn import(
        &self,
        principal: &str,
        import: &Import,
    ) -> Result<Conversation, StoreError> {
        let mut transaction = self.write().await?;
        let row = sqlx::query(
            "INSERT INTO conversations (id, principal, title, title_source, system_prompt, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *",
        )
        .bind(new_id())
        .bind(principal)
        .bind(&import.title)
        .bind(import.title_source.as_str())
        .bind(&import.system_prompt)
        .bind(import.created_at.as_millisecond())
        .bind(import.updated_at.as_millisecond())
        .fetch_one(&mut *transaction)
        .await?;
        let conversation = conversation(&row)?;
        let mut ids: HashMap<&MessageId, MessageId> = HashMap::new();
        for (message, files) in &import.messages {
            let parent = match &message.parent_id {
                Some(parent) => Some(ids.get(parent).ok_or(StoreError::UnknownParent)?),
                None => None,
            };
            let id = insert(
                &mut transaction,
                principal,
                &conversation.id,
                parent,
                message,
            )
            .await?;
            let owner = Owner {
                message: Some(&id),
                principal,
                request_id: IMPORTED,
                assistant: message.assistant.as_deref(),
            };
            let attempts = message.attempts.iter().map(|attempt| (owner, attempt));
            write_attempts(&mut transaction, &attempts.collect::<Vec<_>>()).await?;
            write_attachments(&mut transaction, principal, &id, files).await?;
            ids.insert(&message.id, id);
        }
        transaction.commit().await?;
        Ok(conversation)
    }
}

/// Writes a message under a new id. It has no request and no run: those were another server's.
async fn insert(
    connection: &mut SqliteConnection,
    principal: &str,
    conversation: &ConversationId,
    parent: Option<&MessageId>,
    message: &Message,
) -> Result<MessageId, StoreError> {
    let id = new_id();
    let seams = Some(&message.seams).filter(|seams| !seams.is_empty());
    let suggestions = Some(&message.suggestions).filter(|suggestions| !suggestions.is_empty());
    let guards = Some(&message.guards).filter(|guards| !guards.is_empty());
    sqlx::query(
        "INSERT INTO messages (id, conversation_id, parent_id, principal, role, status, text,
                               created_at, requested_model, model_name, provider, fallback,
                               simulated, finish_reason, input_tokens, output_tokens, cost, error,
                               seams, suggestions, assistant, guards)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, $20, $21, $22)",
    )
    .bind(&id)
    .bind(conversation.as_str())
    .bind(parent.map(MessageId::as_str))
    .bind(principal)
    .bind(message.role.as_str())
    .bind(message.status.as_str())
    .bind(&message.text)
    .bind(message.created_at.as_millisecond())
    .bind(message.requested_model.as_ref().map(ModelId::as_str))
    .bind(message.model_name.as_ref().map(ModelId::as_str))
    .bind(message.provider.as_ref().map(ProviderId::as_str))
    .bind(message.fallback)
    .bind(message.simulated)
    .bind(&message.finish_reason)
    .bind(message.usage.map(|usage| integer(usage.input_tokens)))
    .bind(message.usage.map(|usage| integer(usage.output_tokens)))
    .bind(message.cost)
    .bind(message.error.as_ref().map(to_json).transpose()?)
    .bind(seams.map(to_json).transpose()?)
    .bind(suggestions.map(to_json).transpose()?)
    .bind(&message.assistant)
    .bind(guards.map(to_json).transpose()?)
    .execute(connection)
    .await?;
    Ok(MessageId(id))
}
