//! What is counted from the log over a span of time.

use evenkeel_protocol::{AttemptState, ModelId, Reason, Timestamp};
use futures_util::TryStreamExt;

use crate::rows::{Fields, number, time};
use crate::{Store, StoreError};

/// What statistics need of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it began.
    pub started_at: Timestamp,
    /// The HTTP status, where one came.
    pub status_code: Option<u16>,
    /// Where it came to.
    pub state: AttemptState,
    /// Why it failed or was skipped.
    pub reason: Option<Reason>,
    /// Milliseconds from the start to the first token.
    pub first_token_ms: Option<u64>,
    /// Milliseconds from the start to the end.
    pub duration_ms: Option<u64>,
    /// Tokens of the prompt and of the answer.
    pub tokens: Option<(u64, u64)>,
    /// US dollars.
    pub cost: Option<f64>,
}

/// How many real turns asked for a model and were answered by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnCount {
    /// The model that was asked for.
    pub asked: ModelId,
    /// The model that answered, where one did.
    pub answered_by: Option<ModelId>,
    /// How they ended: the metrics' word.
    pub outcome: String,
    /// How many.
    pub count: u64,
}

impl Store {
    /// Gives the real attempts that began in a span of time and have ended, oldest first.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn each_attempt(
        &self,
        from: Timestamp,
        to: Timestamp,
        mut each: impl FnMut(&str, &str, Sample),
    ) -> Result<(), StoreError> {
        let mut rows = sqlx::query(
            "SELECT model_name, provider, started_at, status_code, state, reason, first_token_ms, duration_ms,
                    input_tokens, output_tokens, cost
             FROM attempts WHERE started_at >= $1 AND started_at < $2 AND NOT simulated
                 AND state NOT IN ('started', 'answering')
             ORDER BY started_at, place",
        )
        .bind(from.as_millisecond())
        .bind(to.as_millisecond())
        .fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let fields = Fields::new("attempts", &row);
            let input = fields.maybe("input_tokens", number)?;
            let sample = Sample {
                started_at: fields.must("started_at", time)?,
                status_code: fields.maybe("status_code", number)?,
                state: fields.must("state", state)?,
                reason: fields.maybe("reason", reason)?,
                first_token_ms: fields.maybe("first_token_ms", number)?,
                duration_ms: fields.maybe("duration_ms", number)?,
                tokens: input.zip(fields.maybe("output_tokens", number)?),
                cost: fields.get("cost")?,
            };
            each(fields.get("model_name")?, fields.get("provider")?, sample);
        }
        Ok(())
    }

    /// Counts the real turns that ended in a span of time.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn count_turns(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TurnCount>, StoreError> {
        let rows = sqlx::query(
            "SELECT asked, answered_by, outcome, COUNT(*) AS count FROM turns
             WHERE ended_at >= $1 AND ended_at < $2 AND NOT simulated
             GROUP BY asked, answered_by, outcome ORDER BY asked, answered_by, outcome",
        )
        .bind(from.as_millisecond())
        .bind(to.as_millisecond())
        .fetch_all(&self.pool)
        .await?;
        let counts = rows.iter().map(|row| {
            let fields = Fields::new("turns", row);
            Ok(TurnCount {
                asked: ModelId(fields.get("asked")?),
                answered_by: fields.maybe("answered_by", |id| Some(ModelId(id)))?,
                outcome: fields.get("outcome")?,
                count: fields.must("count", number)?,
            })
        });
        counts.collect()
    }
}

/// Without the way over serde, which a million rows would feel.
fn state(word: &str) -> Option<AttemptState> {
    [
        AttemptState::Answered,
        AttemptState::Failed,
        AttemptState::Skipped,
        AttemptState::Cancelled,
    ]
    .into_iter()
    .find(|state| state.as_str() == word)
}

fn reason(word: &str) -> Option<Reason> {
    Reason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == word)
}
