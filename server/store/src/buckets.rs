//! What came of attempts and turns minute by minute, for the figures of the last day.

use evenkeel_protocol::{Attempt, ModelId, Timestamp};
use sqlx::{QueryBuilder, Row};

use crate::rows::{Fields, attempt, integer, number, time};
use crate::{Store, StoreError};

/// Rows that one statement writes.
const ROWS: usize = 64;

/// The sums of a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMinute {
    /// Minutes since 1970.
    pub minute: u64,
    /// The model; none for the turns of all models.
    pub model: Option<ModelId>,
    /// They are of simulated traffic.
    pub simulated: bool,
    /// The sums, as the server packs them.
    pub sums: Box<[u8]>,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnEnd {
    /// When.
    pub ended_at: Timestamp,
    /// From the question until then.
    pub duration_ms: u64,
    /// The model that was asked for.
    pub asked: ModelId,
    /// The model that answered, where one did.
    pub answered_by: Option<ModelId>,
    /// How: the metrics' word.
    pub outcome: String,
    /// A fault of the debug pane had its hand in it.
    pub simulated: bool,
    /// The assistant that was asked for.
    pub assistant: Option<String>,
    /// Where its conversation stands among the assistant's 100; none where the model was named.
    pub share: Option<f64>,
}

impl Store {
    /// Keeps minutes that are over, all or none, and forgets those before `oldest`.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn keep_minutes(
        &self,
        minutes: &[KeptMinute],
        oldest: u64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for rows in minutes.chunks(ROWS) {
            let mut insert = QueryBuilder::new(
                "INSERT OR REPLACE INTO health_minutes (minute, model, simulated, sums) ",
            );
            insert.push_values(rows, |mut row, kept| {
                row.push_bind(integer(kept.minute))
                    .push_bind(kept.model.as_ref().map_or("", ModelId::as_str))
                    .push_bind(kept.simulated)
                    .push_bind(&*kept.sums);
            });
            insert.build().execute(&mut *transaction).await?;
        }
        sqlx::query("DELETE FROM health_minutes WHERE minute < $1")
            .bind(integer(oldest))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The minutes that are kept, from this one on, oldest first.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn kept_minutes(&self, oldest: u64) -> Result<Vec<KeptMinute>, StoreError> {
        let rows = sqlx::query("SELECT * FROM health_minutes WHERE minute >= $1 ORDER BY minute")
            .bind(integer(oldest))
            .fetch_all(&self.pool)
            .await?;
        let kept = rows.iter().map(|row| {
            let fields = Fields::new("health_minutes", row);
            let model: String = fields.get("model")?;
            Ok(KeptMinute {
                minute: fields.must("minute", number)?,
                model: (!model.is_empty()).then_some(ModelId(model)),
                simulated: fields.get("simulated")?,
                sums: fields.get::<Vec<u8>>("sums")?.into(),
            })
        });
        kept.collect()
    }

    /// The attempts that have ended at this time or later, of those that began no more than an hour before, in the order
    /// of the log: at most `limit` after the place `after`, each with its place.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn ended_attempts(
        &self,
        since: Timestamp,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Attempt)>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM attempts
             WHERE started_at >= $1 - 3600000 AND started_at + COALESCE(duration_ms, 0) >= $1
               AND place > $2 AND state NOT IN ('started', 'answering')
             ORDER BY place LIMIT $3",
        )
        .bind(since.as_millisecond())
        .bind(integer(after))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let ended = rows.iter().map(|row| {
            let place = row.try_get::<i64, _>("place")?;
            Ok((u64::try_from(place).unwrap_or_default(), attempt(row)?))
        });
        ended.collect()
    }

    /// The turns that have ended at this time or later and before that one, oldest first.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn ended_turns(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<TurnEnd>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM turns WHERE ended_at >= $1 AND ended_at < $2 ORDER BY ended_at, place",
        )
        .bind(since.as_millisecond())
        .bind(until.as_millisecond())
        .fetch_all(&self.pool)
        .await?;
        let turns = rows.iter().map(|row| {
            let fields = Fields::new("turns", row);
            Ok(TurnEnd {
                ended_at: fields.must("ended_at", time)?,
                duration_ms: fields.must("duration_ms", number)?,
                asked: ModelId(fields.get("asked")?),
                answered_by: fields.maybe("answered_by", |id| Some(ModelId(id)))?,
                outcome: fields.get("outcome")?,
                simulated: fields.get("simulated")?,
                assistant: fields.get("assistant")?,
                share: fields.get("share")?,
            })
        });
        turns.collect()
    }
}
