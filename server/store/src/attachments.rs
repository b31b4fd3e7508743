//! Files that were sent with a message.

use std::collections::HashMap;

use evenkeel_protocol::{AttachedFile, AttachmentId, ConversationId, MessageId};
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor};

use crate::rows::{Fields, integer, number};
use crate::turn::new_id;
use crate::{Store, StoreError};

/// A file with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type, by its content.
    pub media_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Store {
    /// A file of this principal's.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn attachment(
        &self,
        principal: &str,
        id: &AttachmentId,
    ) -> Result<Option<File>, StoreError> {
        sqlx::query(
            "SELECT attachments.name, attachments.media_type, attachments.content FROM attachments
             JOIN messages ON messages.id = attachments.message_id
             JOIN conversations ON conversations.id = messages.conversation_id
             WHERE attachments.id = $1 AND attachments.principal = $2
               AND conversations.deleted_at IS NULL",
        )
        .bind(id.as_str())
        .bind(principal)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(file)
        .transpose()
    }

    /// The files of a message and of its ancestors, each message's in their order. The newest of them have their content,
    /// as many as have no more than so many bytes together; the content of the others is empty, as no stored file's is.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn thread_files(
        &self,
        principal: &str,
        id: &MessageId,
        bytes: u64,
    ) -> Result<HashMap<MessageId, Vec<File>>, StoreError> {
        let rows = sqlx::query(
            "WITH RECURSIVE thread (id, parent_id) AS (
                 SELECT id, parent_id FROM messages WHERE id = $1 AND principal = $2
                 UNION ALL
                 SELECT messages.id, messages.parent_id
                 FROM messages JOIN thread ON messages.id = thread.parent_id
             ), sent AS MATERIALIZED (
                 SELECT place, SUM(size) OVER (ORDER BY place DESC) AS so_far
                 FROM attachments JOIN thread ON message_id = thread.id
             )
             SELECT message_id, name, media_type, IIF(so_far <= $3, content, x'') AS content
             FROM sent JOIN attachments ON attachments.place = sent.place
             ORDER BY attachments.place",
        )
        .bind(id.as_str())
        .bind(principal)
        .bind(integer(bytes))
        .fetch_all(&self.pool)
        .await?;
        by_message(&rows, file)
    }
}

/// Writes the files of a message.
pub(crate) async fn write_attachments(
    connection: &mut SqliteConnection,
    principal: &str,
    message: &MessageId,
    files: &[File],
) -> Result<Vec<AttachedFile>, StoreError> {
    let mut attached = Vec::with_capacity(files.len());
    for file in files {
        let id = AttachmentId(new_id());
        let size = file.content.len() as u64;
        sqlx::query(
            "INSERT INTO attachments (id, message_id, principal, name, media_type, size, content)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id.as_str())
        .bind(message.as_str())
        .bind(principal)
        .bind(&file.name)
        .bind(&file.media_type)
        .bind(integer(size))
        .bind(&file.content)
        .execute(&mut *connection)
        .await?;
        attached.push(AttachedFile {
            id,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size,
        });
    }
    Ok(attached)
}

/// The files of one message.
pub(crate) async fn files_of_message(
    executor: impl SqliteExecutor<'_>,
    message: &MessageId,
) -> Result<Vec<File>, StoreError> {
    sqlx::query(
        "SELECT name, media_type, content FROM attachments WHERE message_id = $1 ORDER BY place",
    )
    .bind(message.as_str())
    .fetch_all(executor)
    .await?
    .iter()
    .map(file)
    .collect()
}

/// What is told of the files of a conversation's messages.
pub(crate) async fn attachments_of_conversation(
    executor: impl SqliteExecutor<'_>,
    id: &ConversationId,
) -> Result<HashMap<MessageId, Vec<AttachedFile>>, StoreError> {
    let rows = sqlx::query(
        "SELECT attachments.message_id, attachments.id, attachments.name, attachments.media_type,
                attachments.size
         FROM attachments JOIN messages ON messages.id = attachments.message_id
         WHERE messages.conversation_id = $1 ORDER BY attachments.place",
    )
    .bind(id.as_str())
    .fetch_all(executor)
    .await?;
    by_message(&rows, attached)
}

pub(crate) fn by_message<T>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<HashMap<MessageId, Vec<T>>, StoreError> {
    let mut files: HashMap<MessageId, Vec<T>> = HashMap::new();
    for row in rows {
        let message = MessageId(Fields::new("attachments", row).get("message_id")?);
        files.entry(message).or_default().push(read(row)?);
    }
    Ok(files)
}

fn attached(row: &SqliteRow) -> Result<AttachedFile, StoreError> {
    let fields = Fields::new("attachments", row);
    Ok(AttachedFile {
        id: AttachmentId(fields.get("id")?),
        name: fields.get("name")?,
        media_type: fields.get("media_type")?,
        size: fields.must("size", number)?,
    })
}

pub(crate) fn file(row: &SqliteRow) -> Result<File, StoreError> {
    let fields = Fields::new("attachments", row);
    Ok(File {
        name: fields.get("name")?,
        media_type: fields.get("media_type")?,
        content: fields.get("content")?,
    })
}
