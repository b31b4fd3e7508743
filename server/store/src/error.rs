//! What can go wrong with the store.

use std::path::PathBuf;

/// Why the store could not do what it was asked. None of these texts repeats a storage URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage URL is not one that this version can open.
    #[error(
        "the storage URL must be sqlite://FILE, without user, password or parameters; \
         postgres:// arrives with a later version; use sqlite://"
    )]
    UnsupportedUrl,
    /// The database file, or the directory it is to stand in, cannot be opened or made.
    #[error("the database {} cannot be opened: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: sqlx::Error,
    },
    /// The database's tables cannot be brought up to date.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// There is no such conversation, or it is another principal's.
    #[error("there is no such conversation")]
    NotFound,
    /// The message that was to be followed is not in this conversation.
    #[error("the message to follow is not in this conversation")]
    UnknownParent,
    /// What was to be edited is no question of this conversation.
    #[error("the message to edit is no question of this conversation")]
    UnknownQuestion,
    /// There is no such message, or it is another principal's.
    #[error("there is no such message")]
    UnknownMessage,
    /// The request began a turn of a conversation that was deleted since.
    #[error("the conversation of this request was deleted")]
    Deleted,
    /// The database holds something that this version cannot have written.
    #[error("the database holds something unexpected in {table}.{column}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
}
