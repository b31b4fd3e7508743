//! Opening and closing the database, and tidying up after a server that stopped in the middle of its work.

use std::path::{Path, PathBuf};
use std::time::Duration;

use evenkeel_protocol::{AttemptState, ErrorKind, MessageStatus, TurnError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::StoreError;
use crate::rows::to_json;

/// The database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: SqlitePool,
}

impl Store {
    /// Opens `sqlite://FILE`, where a relative `FILE` is relative to `data_dir`; makes the file and its directory where
    /// they are missing, and brings the tables up to date.
    pub async fn open(url: &str, data_dir: &Path) -> Result<Self, StoreError> {
        let path = file(url, data_dir)?;
        let pool = connect(&path)
            .await
            .map_err(|source| StoreError::Open { path, source })?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        Ok(Self { pool })
    }

    /// Waits for what is under way and closes the database; everything asked for afterwards fails.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Ends, at the server's start, the answers that were being written when it last stopped. Returns how many.
    pub async fn interrupt_unfinished(&self) -> Result<u64, StoreError> {
        let error = TurnError {
            error: "The server stopped while this answer was being written.".to_owned(),
            kind: ErrorKind::Internal,
        };
        let mut transaction = self.write().await?;
        sqlx::query(
            "UPDATE attempts SET state = $1 WHERE state IN ($2, $3)
             AND message_id IN (SELECT id FROM messages WHERE status = $4)",
        )
        .bind(AttemptState::Cancelled.as_str())
        .bind(AttemptState::Started.as_str())
        .bind(AttemptState::Answering.as_str())
        .bind(MessageStatus::Streaming.as_str())
        .execute(&mut *transaction)
        .await?;
        let interrupted =
            sqlx::query("UPDATE messages SET status = $1, error = $2 WHERE status = $3")
                .bind(MessageStatus::Interrupted.as_str())
                .bind(to_json(&error)?)
                .bind(MessageStatus::Streaming.as_str())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        transaction.commit().await?;
        Ok(interrupted)
    }

    /// A transaction that may write from its first statement on. One that reads first and writes later is refused by
    /// SQLite, without any waiting, when another has written in between.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// The file that a storage URL means. It is made absolute, because SQLite reads more into `:memory:` and `file:…`.
fn file(url: &str, data_dir: &Path) -> Result<PathBuf, StoreError> {
    let path = url.strip_prefix("sqlite://").unwrap_or_default();
    let host = path.split('/').next().unwrap_or_default();
    if path.is_empty() || host.contains('@') || path.contains('?') {
        return Err(StoreError::UnsupportedUrl);
    }
    let path = data_dir.join(path);
    std::path::absolute(&path).map_err(|source| StoreError::Open {
        path,
        source: source.into(),
    })
}

async fn connect(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        // What is deleted is overwritten, and not only forgotten.
        .pragma("secure_delete", "ON");
    SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await
}
