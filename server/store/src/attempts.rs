//! Attempts: those of answers, and those of calls that leave nothing else behind.

use std::collections::HashMap;
use std::sync::Arc;

use evenkeel_protocol::{Attempt, ConversationId, MessageId, ModelId, Reason, Timestamp};
use sqlx::{QueryBuilder, SqliteConnection, SqliteExecutor};

use crate::rows::{Fields, attempt, integer};
use crate::{Store, StoreError, TurnEnd};

/// Rows that one statement writes. Smaller rests have statements of their own, and all of them stay prepared.
const ROWS: usize = 32;

/// The attempts of a call that is no turn of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct CallAttempts {
    /// Who called.
    pub principal: Arc<str>,
    /// The call's id.
    pub request_id: Arc<str>,
    /// The assistant that was asked for.
    pub assistant: Option<Arc<str>>,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
}

/// Whose attempt it is.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// The answer; none for a call that is no turn of a conversation.
    pub(crate) message: Option<&'a MessageId>,
    pub(crate) principal: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) assistant: Option<&'a str>,
}

impl Store {
    /// Keeps the attempts of calls that are no turns of a conversation, so that they stand in the log, and how turns and
    /// calls ended: all of it, or nothing where it fails. Texts are kept nowhere.
    pub async fn record(
        &self,
        calls: &[CallAttempts],
        turns: &[TurnEnd],
    ) -> Result<(), StoreError> {
        let rows = calls.iter().flat_map(|call| {
            let owner = Owner {
                message: None,
                principal: &call.principal,
                request_id: &call.request_id,
                assistant: call.assistant.as_deref(),
            };
            call.attempts.iter().map(move |attempt| (owner, attempt))
        });
        let rows: Vec<_> = rows.collect();
        let mut transaction = self.write().await?;
        write_attempts(&mut transaction, &rows).await?;
        write_turns(&mut transaction, turns).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The same, of calls alone.
    pub async fn record_attempts(&self, calls: &[CallAttempts]) -> Result<(), StoreError> {
        self.record(calls, &[]).await
    }

    /// Deletes the attempts that began before this moment and belong to no answer; those of an answer go with it. At
    /// most `limit` of them at once, so that nobody waits long for the database. Returns how many.
    pub async fn forget_attempts(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let deleted = sqlx::query(
            "DELETE FROM attempts WHERE place IN
             (SELECT place FROM attempts WHERE started_at < $1 AND message_id IS NULL LIMIT $2)",
        )
        .bind(before.as_millisecond())
        .bind(limit)
        .execute(&self.pool)
        .await?;
        Ok(deleted.rows_affected())
    }

    /// Deletes what is known of turns that ended before this moment, at most `limit` of them at once. Returns how many.
    pub async fn forget_turns(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let deleted = sqlx::query(
            "DELETE FROM turns WHERE place IN (SELECT place FROM turns WHERE ended_at < $1 LIMIT $2)",
        )
        .bind(before.as_millisecond())
        .bind(limit)
        .execute(&self.pool)
        .await?;
        Ok(deleted.rows_affected())
    }
}

/// Writes how turns ended.
async fn write_turns(
    connection: &mut SqliteConnection,
    turns: &[TurnEnd],
) -> Result<(), StoreError> {
    for rows in turns.chunks(ROWS) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO turns (ended_at, duration_ms, asked, answered_by, outcome, simulated, assistant, share) ",
        );
        insert.push_values(rows, |mut row, turn| {
            row.push_bind(turn.ended_at.as_millisecond())
                .push_bind(integer(turn.duration_ms))
                .push_bind(turn.asked.as_str())
                .push_bind(turn.answered_by.as_ref().map(ModelId::as_str))
                .push_bind(turn.outcome.as_str())
                .push_bind(turn.simulated)
                .push_bind(turn.assistant.as_deref())
                .push_bind(turn.share);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes attempts, each in the place of what was known of it before.
pub(crate) async fn write_attempts(
    connection: &mut SqliteConnection,
    rows: &[(Owner<'_>, &Attempt)],
) -> Result<(), StoreError> {
    for rows in rows.chunks(ROWS) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO attempts (message_id, principal, request_id, attempt_index, kind, state,
                                   model_name, provider, status_code, reason, detail, retry_in_ms,
                                   retry_limit, started_at, first_token_ms, duration_ms,
                                   input_tokens, output_tokens, cost, simulated, assistant) ",
        );
        insert.push_values(rows, |mut row, (owner, attempt)| {
            row.push_bind(owner.message.map(MessageId::as_str))
                .push_bind(owner.principal)
                .push_bind(owner.request_id)
                .push_bind(attempt.index)
                .push_bind(attempt.kind.as_str())
                .push_bind(attempt.state.as_str())
                .push_bind(attempt.model_name.as_str())
                .push_bind(attempt.provider.as_str())
                .push_bind(attempt.status_code)
                .push_bind(attempt.reason.map(Reason::as_str))
                .push_bind(attempt.detail.as_deref())
                .push_bind(attempt.retry_in_ms.map(integer))
                .push_bind(attempt.retry_limit)
                .push_bind(attempt.started_at.as_millisecond())
                .push_bind(attempt.first_token_ms.map(integer))
                .push_bind(attempt.duration_ms.map(integer))
                .push_bind(attempt.usage.map(|usage| integer(usage.input_tokens)))
                .push_bind(attempt.usage.map(|usage| integer(usage.output_tokens)))
                .push_bind(attempt.cost)
                .push_bind(attempt.simulated)
                .push_bind(owner.assistant);
        });
        insert.push(
            " ON CONFLICT (message_id, attempt_index) DO UPDATE
             SET kind = excluded.kind, state = excluded.state, model_name = excluded.model_name,
                 provider = excluded.provider, status_code = excluded.status_code,
                 reason = excluded.reason, detail = excluded.detail,
                 retry_in_ms = excluded.retry_in_ms, retry_limit = excluded.retry_limit,
                 started_at = excluded.started_at,
                 first_token_ms = excluded.first_token_ms, duration_ms = excluded.duration_ms,
                 input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
                 cost = excluded.cost,
                 simulated = excluded.simulated",
        );
        insert.build().execute(&mut *connection).await?;
    }
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
