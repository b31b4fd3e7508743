//! Deleting conversations: at first they can be brought back, and then they are gone.

use evenkeel_protocol::{Conversation, ConversationId, Timestamp};

use crate::rows::conversation;
use crate::{Store, StoreError};

impl Store {
    /// Deletes a conversation. It is found by nothing any more but [`Store::restore`], until it is purged; a temporary
    /// one is gone at once. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn delete(
        &self,
        principal: &str,
        id: &ConversationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let deleted = sqlx::query(
            "UPDATE conversations SET deleted_at = $1
             WHERE id = $2 AND principal = $3 AND deleted_at IS NULL",
        )
        .bind(now.as_millisecond())
        .bind(id.as_str())
        .bind(principal)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        sqlx::query("DELETE FROM conversations WHERE id = $1 AND principal = $2 AND temporary")
            .bind(id.as_str())
            .bind(principal)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }

    /// Brings a deleted conversation back; one that was not deleted stays as it is. None where there is no such
    /// conversation, or no longer.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn restore(
        &self,
        principal: &str,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        sqlx::query(
            "UPDATE conversations SET deleted_at = NULL WHERE id = $1 AND principal = $2 RETURNING *",
        )
        .bind(id.as_str())
        .bind(principal)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(conversation)
        .transpose()
    }

    /// Removes for good what was deleted up to a time, and temporary conversations in which nothing was written since
    /// another; each by itself, so that nobody waits for all of them. Returns how many.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn purge(
        &self,
        deleted_until: Timestamp,
        temporary_until: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let one = sqlx::query(
                "DELETE FROM conversations WHERE place = (
                     SELECT place FROM conversations
                     WHERE deleted_at <= $1 OR (temporary AND updated_at <= $2) LIMIT 1
                 )",
            )
            .bind(deleted_until.as_millisecond())
            .bind(temporary_until.as_millisecond())
            .execute(&self.pool)
            .await?
            .rows_affected();
            if one == 0 {
                return Ok(purged);
            }
            purged += one;
        }
    }
}
