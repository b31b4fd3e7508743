//! Full text search over a principal's messages and titles.

mod excerpt;
mod query;

use std::collections::HashSet;

use evenkeel_protocol::{MessageId, SearchHit};
use uuid::Uuid;

use self::excerpt::pieces;
use self::query::query;
use crate::rows::{Fields, conversation};
use crate::{Store, StoreError};

impl Store {
    /// The conversations in whose title, or in one of whose messages, all these words stand, at most so many: those
    /// whose title it is first, and each kind by how well it fits. The last word may be the beginning of one. None of
    /// the words means anything but itself.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn search(
        &self,
        principal: &str,
        words: &str,
        limit: u32,
    ) -> Result<Vec<SearchHit>, StoreError> {
        let Some(query) = query(words) else {
            return Ok(Vec::new());
        };
        // No text can hold them: they are made after all texts.
        let (begin, end) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let mut hits = Vec::new();
        let mut found = HashSet::new();
        for place in [TITLES, MESSAGES] {
            let rows = sqlx::query(place)
                .bind(&query)
                .bind(principal)
                .bind(&begin)
                .bind(&end)
                .bind(limit)
                .fetch_all(&self.pool)
                .await?;
            for row in &rows {
                let fields = Fields::new("messages", row);
                let conversation = conversation(row)?;
                if found.insert(conversation.id.clone()) {
                    hits.push(SearchHit {
                        conversation,
                        message_id: fields.maybe("message_id", |id| Some(MessageId(id)))?,
                        excerpt: pieces(&fields.get::<String>("excerpt")?, &begin, &end),
                    });
                }
            }
        }
        hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(hits)
    }
}

// What is found is scored once and put in order; only what is shown is cut out of its text.

const TITLES: &str = "
    WITH found AS MATERIALIZED (
        SELECT rowid AS place, bm25(titles_index) AS score FROM titles_index
        WHERE titles_index MATCH $1
    ), best AS MATERIALIZED (
        SELECT conversations.place, score FROM found
        JOIN conversations ON conversations.place = found.place
        WHERE principal = $2 AND deleted_at IS NULL AND NOT temporary
        ORDER BY score, updated_at DESC LIMIT $5
    )
    SELECT conversations.*, NULL AS message_id,
           (SELECT snippet(titles_index, 0, $3, $4, '…', 32) FROM titles_index
            WHERE titles_index MATCH $1 AND rowid = best.place) AS excerpt
    FROM best JOIN conversations ON conversations.place = best.place
    ORDER BY score, updated_at DESC";

const MESSAGES: &str = "
    WITH found AS MATERIALIZED (
        SELECT rowid AS place, bm25(messages_index) AS score FROM messages_index
        WHERE messages_index MATCH $1
    ), places AS MATERIALIZED (
        SELECT conversation_id, messages.place, MIN(score) AS score FROM found
        JOIN messages ON messages.place = found.place
        WHERE principal = $2 GROUP BY conversation_id
    ), best AS MATERIALIZED (
        SELECT conversation_id, places.place, score FROM places
        JOIN conversations ON conversations.id = conversation_id
        WHERE deleted_at IS NULL AND NOT temporary
        ORDER BY score, updated_at DESC LIMIT $5
    )
    SELECT conversations.*, messages.id AS message_id,
           (SELECT snippet(messages_index, 0, $3, $4, '…', 24) FROM messages_index
            WHERE messages_index MATCH $1 AND rowid = best.place) AS excerpt
    FROM best JOIN conversations ON conversations.id = best.conversation_id
    JOIN messages ON messages.place = best.place
    ORDER BY score, conversations.updated_at DESC";
