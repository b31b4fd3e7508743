//! Where the alerts stand, and the messages about them that have not arrived yet.

use evenkeel_protocol::{AlertState, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::rows::Fields;
use crate::{Store, StoreError};

/// An alert that fires, or that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptAlert {
    /// Its rule's name.
    pub rule: String,
    /// Firing or resolved; others are not kept.
    pub state: AlertState,
    /// When it came into this state.
    pub since: Timestamp,
    /// What was measured last.
    pub value: Option<f64>,
}

/// A message for the webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertMessage {
    /// Its id, the same at every try.
    pub id: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// What is sent.
    pub body: String,
}

impl Store {
    /// The alerts as they were kept last.
    pub async fn alerts(&self) -> Result<Vec<KeptAlert>, StoreError> {
        let rows = sqlx::query("SELECT rule, state, since, value FROM alerts ORDER BY rule")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(kept).collect()
    }

    /// Keeps the alerts in the place of those before, together with the messages that tell of them.
    pub async fn keep_alerts(
        &self,
        alerts: &[KeptAlert],
        messages: &[AlertMessage],
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM alerts")
            .execute(&mut *transaction)
            .await?;
        for alert in alerts {
            let state = match alert.state {
                AlertState::Firing => "firing",
                AlertState::Resolved => "resolved",
                AlertState::Pending => continue,
            };
            sqlx::query("INSERT INTO alerts (rule, state, since, value) VALUES ($1, $2, $3, $4)")
                .bind(&alert.rule)
                .bind(state)
                .bind(alert.since.as_millisecond())
                .bind(alert.value)
                .execute(&mut *transaction)
                .await?;
        }
        for message in messages {
            sqlx::query("INSERT INTO alert_messages (id, written_at, body) VALUES ($1, $2, $3)")
                .bind(&message.id)
                .bind(message.written_at.as_millisecond())
                .bind(&message.body)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The message that is to arrive next, with how many wait in all.
    pub async fn next_alert_message(&self) -> Result<Option<(AlertMessage, u64)>, StoreError> {
        let row = sqlx::query(
            "SELECT id, written_at, body, (SELECT count(*) FROM alert_messages) AS waiting
             FROM alert_messages ORDER BY place LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref()
            .map(|row| {
                let fields = Fields::new("alert_messages", row);
                let message = AlertMessage {
                    id: fields.get("id")?,
                    written_at: fields
                        .must("written_at", |at| Timestamp::from_millisecond(at).ok())?,
                    body: fields.get("body")?,
                };
                Ok((message, row.get::<i64, _>("waiting").unsigned_abs()))
            })
            .transpose()
    }

    /// Takes a message away: it has arrived, or never will.
    pub async fn forget_alert_message(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM alert_messages WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn kept(row: &SqliteRow) -> Result<KeptAlert, StoreError> {
    let fields = Fields::new("alerts", row);
    Ok(KeptAlert {
        rule: fields.get("rule")?,
        state: fields.must("state", |state: String| match state.as_str() {
            "firing" => Some(AlertState::Firing),
            "resolved" => Some(AlertState::Resolved),
            _ => None,
        })?,
        since: fields.must("since", |at| Timestamp::from_millisecond(at).ok())?,
        value: fields.get("value")?,
    })
}
