//! The audit log: who has changed what, and when. Nothing is ever taken out of it.

use evenkeel_protocol::{SettingValue, Timestamp};
use sqlx::SqliteExecutor;
use sqlx::sqlite::SqliteRow;

use crate::rows::{Fields, integer, json, number, time, to_json};
use crate::{Store, StoreError};

/// Something that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// By whom: the principal's id.
    pub by: String,
    /// `setting`, `key`, `circuit`, `test`, `fault`.
    pub action: String,
    /// What of.
    pub scope: String,
    /// Which setting, or what was done.
    pub key: String,
    /// What held, as it is shown.
    pub before: Option<SettingValue>,
    /// What holds since.
    pub after: Option<SettingValue>,
    /// For a setting: what was changed live until then.
    pub live_before: Option<SettingValue>,
    /// For a setting: what is since.
    pub live_after: Option<SettingValue>,
    /// For a setting: the revision that it led to.
    pub revision: Option<u64>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its place in the log.
    pub id: u64,
    /// What was done.
    pub deed: Deed,
}

impl Store {
    /// Writes down what was done.
    ///
    /// # Errors
    ///
    /// Where the database does not take it.
    pub async fn record_deed(&self, deed: &Deed) -> Result<(), StoreError> {
        insert(&self.pool, deed).await
    }

    /// So many entries, newest first, from before this one on.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn audit(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE place < $1 ORDER BY place DESC LIMIT $2")
            .bind(before.map_or(i64::MAX, integer))
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(audit_row).collect()
    }

    /// One entry.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn audit_entry(&self, id: u64) -> Result<Option<AuditRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM audit WHERE place = $1")
            .bind(integer(id))
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(audit_row).transpose()
    }

    /// The changes of settings since a revision, newest first.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn audit_since(&self, revision: u64) -> Result<Vec<AuditRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM audit WHERE revision > $1 ORDER BY place DESC LIMIT 100")
                .bind(integer(revision))
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(audit_row).collect()
    }
}

pub(crate) async fn insert(
    executor: impl SqliteExecutor<'_>,
    deed: &Deed,
) -> Result<(), StoreError> {
    let json = |value: &Option<SettingValue>| value.as_ref().map(to_json).transpose();
    sqlx::query(
        "INSERT INTO audit (at, principal, action, scope, name, shown_before, shown_after,
                            live_before, live_after, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(deed.at.as_millisecond())
    .bind(&deed.by)
    .bind(&deed.action)
    .bind(&deed.scope)
    .bind(&deed.key)
    .bind(json(&deed.before)?)
    .bind(json(&deed.after)?)
    .bind(json(&deed.live_before)?)
    .bind(json(&deed.live_after)?)
    .bind(deed.revision.map(integer))
    .execute(executor)
    .await?;
    Ok(())
}

fn audit_row(row: &SqliteRow) -> Result<AuditRow, StoreError> {
    let fields = Fields::new("audit", row);
    Ok(AuditRow {
        id: fields.must("place", number)?,
        deed: Deed {
            at: fields.must("at", time)?,
            by: fields.get("principal")?,
            action: fields.get("action")?,
            scope: fields.get("scope")?,
            key: fields.get("name")?,
            before: fields.maybe("shown_before", json)?,
            after: fields.maybe("shown_after", json)?,
            live_before: fields.maybe("live_before", json)?,
            live_after: fields.maybe("live_after", json)?,
            revision: fields.maybe("revision", number)?,
        },
    })
}
