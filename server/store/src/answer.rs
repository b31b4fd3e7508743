//! An answer while it is written, and when it has ended.

use evenkeel_protocol::{Message, MessageStatus, ModelId, ProviderId, Timestamp};

use crate::attempts::{Owner, write_attempts};
use crate::rows::{Fields, integer, to_json};
use crate::{Store, StoreError};

impl Store {
    /// Writes an answer as it now is, with its attempts: some times a second while it streams, and once more when it has
    /// ended, which is final. `last_seq` is the last event that this state contains; `now` becomes the conversation's
    /// `updated_at` when the answer has ended.
    ///
    /// Returns false, and writes nothing, where no such answer is being written any more: its conversation was deleted,
    /// or it has ended before.
    pub async fn save_answer(
        &self,
        answer: &Message,
        last_seq: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let error = answer.error.as_ref().map(to_json).transpose()?;
        let seams = Some(&answer.seams).filter(|seams| !seams.is_empty());
        let seams = seams.map(to_json).transpose()?;
        let guards = Some(&answer.guards).filter(|guards| !guards.is_empty());
        let guards = guards.map(to_json).transpose()?;
        let mut transaction = self.write().await?;
        let owner = sqlx::query(
            "UPDATE messages
             SET status = $1, text = $2, requested_model = $3, model_name = $4, provider = $5,
                 fallback = $6, simulated = $7, finish_reason = $8, input_tokens = $9,
                 output_tokens = $10, cost = $11, error = $12, seams = $13, last_seq = $14, guards = $17
             WHERE id = $15 AND status = $16
             RETURNING principal, request_id, assistant",
        )
        .bind(answer.status.as_str())
        .bind(&answer.text)
        .bind(answer.requested_model.as_ref().map(ModelId::as_str))
        .bind(answer.model_name.as_ref().map(ModelId::as_str))
        .bind(answer.provider.as_ref().map(ProviderId::as_str))
        .bind(answer.fallback)
        .bind(answer.simulated)
        .bind(&answer.finish_reason)
        .bind(answer.usage.map(|usage| integer(usage.input_tokens)))
        .bind(answer.usage.map(|usage| integer(usage.output_tokens)))
        .bind(answer.cost)
        .bind(error)
        .bind(seams)
        .bind(integer(last_seq))
        .bind(answer.id.as_str())
        .bind(MessageStatus::Streaming.as_str())
        .bind(guards)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(owner) = owner else {
            return Ok(false);
        };
        let owner = Fields::new("messages", &owner);
        let owner = Owner {
            message: Some(&answer.id),
            principal: owner.get("principal")?,
            request_id: owner.get("request_id")?,
            assistant: owner.get("assistant")?,
        };
        let attempts = answer.attempts.iter().map(|attempt| (owner, attempt));
        let attempts: Vec<_> = attempts.collect();
        write_attempts(&mut transaction, &attempts).await?;
        if answer.status != MessageStatus::Streaming {
            sqlx::query("UPDATE conversations SET updated_at = $1 WHERE id = $2")
                .bind(now.as_millisecond())
                .bind(answer.conversation_id.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}
