//! What the engine has done for one principal, added up from its answers and their attempts.

use evenkeel_protocol::{AttemptState, ErrorKind, MessageStatus, ModelId, Timestamp, Usage};

use crate::rows::{Fields, number, time, usage};
use crate::{Store, StoreError};

/// The answers that one model was asked for. Those of deleted conversations are gone from it, and those that were
/// imported were never this server's.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The model.
    pub requested_model: ModelId,
    /// When the first that is counted was begun.
    pub since: Option<Timestamp>,
    /// Answers that are whole.
    pub answers: u64,
    /// Those of them with a failed attempt before the one that answered, from another model, or with a seam.
    pub saved: u64,
    /// Turns that ended because nobody could answer, or nobody in time.
    pub lost: u64,
    /// Milliseconds from the first attempt of each saved answer to the one that answered, without those in which a
    /// part of it was written that was kept.
    pub lost_ms: u64,
    /// What the saved answers cost whose cost and tokens are known.
    pub cost: f64,
    /// The tokens of these.
    pub usage: Option<Usage>,
    /// Answers, whole or not, that a simulated fault had its hand in; they are counted nowhere else.
    pub simulated: u64,
}

impl Store {
    /// A principal's account with each model that it has asked for.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn accounts(&self, principal: &str) -> Result<Vec<Account>, StoreError> {
        let unanswered = [
            ErrorKind::FallbackExhausted {
                failures: Vec::new(),
                retry_at: None,
            },
            ErrorKind::DeadlineExceeded,
        ];
        sqlx::query(ACCOUNTS)
            .bind(principal)
            .bind(MessageStatus::Complete.as_str())
            .bind(MessageStatus::Streaming.as_str())
            .bind(AttemptState::Answered.as_str())
            .bind(unanswered[0].as_str())
            .bind(unanswered[1].as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let fields = Fields::new("messages", row);
                Ok(Account {
                    requested_model: ModelId(fields.get("requested_model")?),
                    since: fields.maybe("since", time)?,
                    answers: fields.must("answers", number)?,
                    saved: fields.must("saved", number)?,
                    lost: fields.must("lost", number)?,
                    lost_ms: fields.must("lost_ms", number)?,
                    cost: fields.get("cost")?,
                    usage: usage(&fields)?,
                    simulated: fields.must("simulated", number)?,
                })
            })
            .collect()
    }
}

/// A failure before the answer is looked for first, in an index of failures alone: most answers have none. What a
/// restart threw away was lost time as well; what other seams kept was not.
const ACCOUNTS: &str = r#"
    WITH judged AS (
        SELECT id, requested_model, created_at, simulated,
               NOT simulated AND status = $2 AS answered,
               NOT simulated AND status = $2 AND (
                   fallback OR seams IS NOT NULL OR EXISTS (
                       SELECT 1 FROM attempts AS failed JOIN attempts AS answered
                           ON answered.message_id = failed.message_id
                           AND answered.attempt_index > failed.attempt_index
                       WHERE failed.message_id = messages.id AND failed.state = 'failed'
                         AND answered.state = $4
                   )
               ) AS saved,
               NOT simulated AND status NOT IN ($2, $3) AND error ->> '$.error_type' IN ($5, $6) AS lost
        FROM messages INDEXED BY answers_by_principal
        WHERE principal = $1 AND run_id IS NOT NULL AND requested_model IS NOT NULL AND status <> $3
          AND conversation_id NOT IN (
            SELECT id FROM conversations WHERE principal = $1 AND deleted_at IS NOT NULL
        )
    ), counted AS (
        SELECT requested_model, MIN(created_at) FILTER (WHERE answered OR lost) AS since,
               SUM(answered) AS answers, SUM(lost) AS lost, SUM(simulated) AS simulated
        FROM judged GROUP BY requested_model
    ), timed AS (
        SELECT requested_model, cost, input_tokens, output_tokens,
               cost IS NOT NULL AND input_tokens IS NOT NULL AND output_tokens IS NOT NULL AS priced,
               MAX(0, COALESCE((
                   SELECT MAX(started_at) FILTER (WHERE state = $4) - MIN(started_at)
                          - IIF(seams IS NULL OR seams LIKE '%"mode":"restarted"%', 0,
                                COALESCE(SUM(duration_ms - first_token_ms) FILTER (WHERE state = 'failed'), 0))
                   FROM attempts WHERE message_id = messages.id
               ), 0)) AS lost_ms
        FROM messages WHERE id IN (SELECT id FROM judged WHERE saved)
    ), saved AS (
        SELECT requested_model, COUNT(*) AS saved, SUM(lost_ms) AS lost_ms,
               TOTAL(cost) FILTER (WHERE priced) AS cost,
               SUM(input_tokens) FILTER (WHERE priced) AS input_tokens,
               SUM(output_tokens) FILTER (WHERE priced) AS output_tokens
        FROM timed GROUP BY requested_model
    )
    SELECT counted.*, COALESCE(saved, 0) AS saved, COALESCE(lost_ms, 0) AS lost_ms,
           COALESCE(cost, 0.0) AS cost, input_tokens, output_tokens
    FROM counted LEFT JOIN saved ON saved.requested_model = counted.requested_model"#;
