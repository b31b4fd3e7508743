//! Live settings: what administrators have changed while the server ran, in force again after a restart.

use evenkeel_protocol::SettingValue;

use crate::audit::{self, Deed};
use crate::rows::{Fields, json, number, to_json};
use crate::{Store, StoreError};

/// All live settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveSettings {
    /// How often they have been changed.
    pub revision: u64,
    /// Each one's scope, key and value.
    pub values: Vec<(String, String, SettingValue)>,
    /// The models that they speak of and that no configuration names: id, provider, and the provider's name for it.
    pub models: Vec<(String, String, String)>,
}

/// Changes of live settings that are made together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveChange {
    /// Scope, key and new value of each; none takes it back.
    pub values: Vec<(String, String, Option<SettingValue>)>,
    /// All models that the settings speak of afterwards, as in [`LiveSettings`].
    pub models: Vec<(String, String, String)>,
    /// The entries that it leaves in the audit log; they name the revision.
    pub deeds: Vec<Deed>,
}

impl Store {
    /// All live settings.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn live_settings(&self) -> Result<LiveSettings, StoreError> {
        let revision: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(revision), 0) FROM audit")
            .fetch_one(&self.pool)
            .await?;
        let values = sqlx::query("SELECT * FROM live_settings ORDER BY scope, name")
            .fetch_all(&self.pool)
            .await?;
        let models = sqlx::query("SELECT * FROM live_models ORDER BY id")
            .fetch_all(&self.pool)
            .await?;
        let value = |row| {
            let fields = Fields::new("live_settings", row);
            let value = fields.must("value", json)?;
            Ok((fields.get("scope")?, fields.get("name")?, value))
        };
        let model = |row| {
            let fields = Fields::new("live_models", row);
            Ok((
                fields.get("id")?,
                fields.get("provider")?,
                fields.get("name")?,
            ))
        };
        Ok(LiveSettings {
            revision: number(revision).unwrap_or_default(),
            values: values
                .iter()
                .map(value)
                .collect::<Result<_, StoreError>>()?,
            models: models
                .iter()
                .map(model)
                .collect::<Result<_, StoreError>>()?,
        })
    }

    /// Makes all of these changes, or none.
    ///
    /// # Errors
    ///
    /// Where the database does not take them.
    pub async fn change_live(&self, change: &LiveChange) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for (scope, key, value) in &change.values {
            match value {
                Some(value) => {
                    sqlx::query(
                        "INSERT INTO live_settings (scope, name, value) VALUES ($1, $2, $3)
                         ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value",
                    )
                    .bind(scope)
                    .bind(key)
                    .bind(to_json(value)?)
                    .execute(&mut *transaction)
                    .await?;
                }
                None => {
                    sqlx::query("DELETE FROM live_settings WHERE scope = $1 AND name = $2")
                        .bind(scope)
                        .bind(key)
                        .execute(&mut *transaction)
                        .await?;
                }
            }
        }
        for (id, provider, name) in &change.models {
            sqlx::query(
                "INSERT INTO live_models (id, provider, name) VALUES ($1, $2, $3)
                 ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, name = excluded.name",
            )
            .bind(id)
            .bind(provider)
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        }
        for deed in &change.deeds {
            audit::insert(&mut *transaction, deed).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
