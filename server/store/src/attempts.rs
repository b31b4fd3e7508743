//! Attempts: those of answers, and those of calls that leave nothing else behind.

use std::collections::HashMap;

use evenkeel_protocol::{Attempt, ConversationId, MessageId, Reason};
use sqlx::{SqliteConnection, SqliteExecutor};

use crate::rows::{Fields, attempt, integer};
use crate::{Store, StoreError};

/// Whose attempt it is.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// The answer; none for a call that is no turn of a conversation.
    pub(crate) message: Option<&'a MessageId>,
    pub(crate) principal: &'a str,
    pub(crate) request_id: &'a str,
}

impl Store {
    /// Keeps the attempts of a call that is no turn of a conversation, so that they stand in the log. Its texts are kept
    /// nowhere.
    pub async fn record_attempts(
        &self,
        principal: &str,
        request_id: &str,
        attempts: &[Attempt],
    ) -> Result<(), StoreError> {
        let owner = Owner {
            message: None,
            principal,
            request_id,
        };
        let mut transaction = self.write().await?;
        for attempt in attempts {
            write_attempt(&mut transaction, owner, attempt).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Writes an attempt, in the place of what was known of it before.
pub(crate) async fn write_attempt(
    connection: &mut SqliteConnection,
    owner: Owner<'_>,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO attempts (message_id, principal, request_id, attempt_index, kind, state,
                               model_name, provider, status_code, reason, detail, retry_in_ms,
                               started_at, first_token_ms, duration_ms, simulated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (message_id, attempt_index) DO UPDATE
         SET kind = excluded.kind, state = excluded.state, model_name = excluded.model_name,
             provider = excluded.provider, status_code = excluded.status_code,
             reason = excluded.reason, detail = excluded.detail,
             retry_in_ms = excluded.retry_in_ms, started_at = excluded.started_at,
             first_token_ms = excluded.first_token_ms, duration_ms = excluded.duration_ms,
             simulated = excluded.simulated",
    )
    .bind(owner.message.map(MessageId::as_str))
    .bind(owner.principal)
    .bind(owner.request_id)
    .bind(attempt.index)
    .bind(attempt.kind.as_str())
    .bind(attempt.state.as_str())
    .bind(attempt.model_name.as_str())
    .bind(attempt.provider.as_str())
    .bind(attempt.status_code)
    .bind(attempt.reason.map(Reason::as_str))
    .bind(&attempt.detail)
    .bind(attempt.retry_in_ms.map(integer))
    .bind(attempt.started_at.as_millisecond())
    .bind(attempt.first_token_ms.map(integer))
    .bind(attempt.duration_ms.map(integer))
    .bind(attempt.simulated)
    .execute(connection)
    .await?;
    Ok(())
}

/// The attempts of one answer, in order.
pub(crate) async fn attempts_of_message(
    executor: impl SqliteExecutor<'_>,
    id: &MessageId,
) -> Result<Vec<Attempt>, StoreError> {
    sqlx::query("SELECT * FROM attempts WHERE message_id = $1 ORDER BY attempt_index")
        .bind(id.as_str())
        .fetch_all(executor)
        .await?
        .iter()
        .map(attempt)
        .collect()
}

/// The attempts of all the answers of a conversation, each answer's in order.
pub(crate) async fn attempts_of_conversation(
    connection: &mut SqliteConnection,
    id: &ConversationId,
) -> Result<HashMap<MessageId, Vec<Attempt>>, StoreError> {
    let rows = sqlx::query(
        "SELECT attempts.* FROM attempts JOIN messages ON messages.id = attempts.message_id
         WHERE messages.conversation_id = $1 ORDER BY attempts.attempt_index",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await?;
    let mut attempts: HashMap<MessageId, Vec<Attempt>> = HashMap::new();
    for row in &rows {
        let message = MessageId(Fields::new("attempts", row).get("message_id")?);
        attempts.entry(message).or_default().push(attempt(row)?);
    }
    Ok(attempts)
}
