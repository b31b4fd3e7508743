//! The log of attempts, as administrators look for something in it.

use evenkeel_protocol::{
    AttemptState, ConversationId, LoggedAttempt, MessageId, ModelId, ProviderId, Reason, Timestamp,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

use crate::rows::{Fields, attempt, integer, number};
use crate::{Store, StoreError};

/// Which attempts are meant; what is not named matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Those that began at this time or later.
    pub from: Option<Timestamp>,
    /// Those that began before this time.
    pub to: Option<Timestamp>,
    /// This principal's.
    pub user: Option<String>,
    /// This provider's.
    pub provider: Option<ProviderId>,
    /// This model's.
    pub model: Option<ModelId>,
    /// Those of turns that asked for this assistant.
    pub assistant: Option<String>,
    /// Those in this state.
    pub state: Option<AttemptState>,
    /// Those that failed or were skipped for this reason.
    pub reason: Option<Reason>,
    /// Those of this request.
    pub request_id: Option<String>,
    /// Simulated ones, or real ones.
    pub simulated: Option<bool>,
}

/// A place in the log, newest first: what comes next is older, or as old and was written earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// When the attempt there began.
    pub started_at: Timestamp,
    /// Its id.
    pub id: u64,
}

impl LogPlace {
    /// The place of this attempt.
    pub fn of(attempt: &LoggedAttempt) -> Self {
        Self {
            started_at: attempt.attempt.started_at,
            id: attempt.id,
        }
    }
}

impl Store {
    /// The newest attempts that match, after a place in the log. `reader` is who looks: only the conversations that
    /// they may open are named.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn logged_attempts(
        &self,
        filter: &AttemptFilter,
        after: Option<LogPlace>,
        limit: u32,
        reader: &str,
    ) -> Result<Vec<LoggedAttempt>, StoreError> {
        let mut query = QueryBuilder::new(
            "SELECT page.*, conversations.id AS conversation_id FROM (SELECT * FROM attempts WHERE TRUE",
        );
        matching(&mut query, filter);
        if let Some(after) = after {
            query
                .push(" AND (started_at, place) < (")
                .push_bind(after.started_at.as_millisecond())
                .push(", ")
                .push_bind(integer(after.id))
                .push(")");
        }
        query
            .push(" ORDER BY started_at DESC, place DESC LIMIT ")
            .push_bind(limit)
            .push(
                ") AS page LEFT JOIN messages ON messages.id = page.message_id
                 LEFT JOIN conversations ON conversations.id = messages.conversation_id
                     AND conversations.deleted_at IS NULL AND conversations.principal = ",
            )
            .push_bind(reader)
            .push(" ORDER BY page.started_at DESC, page.place DESC");
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(logged).collect()
    }

    /// Where an attempt stands in the log; none where it is gone.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn log_place(&self, id: u64) -> Result<Option<LogPlace>, StoreError> {
        let row = sqlx::query("SELECT * FROM attempts WHERE place = $1")
            .bind(integer(id))
            .fetch_optional(&self.pool)
            .await?;
        let place = row.map(|row| {
            Ok(LogPlace {
                started_at: attempt(&row)?.started_at,
                id,
            })
        });
        place.transpose()
    }
}

/// Adds what the filter names.
fn matching(query: &mut QueryBuilder<Sqlite>, filter: &AttemptFilter) {
    let texts = [
        ("principal", filter.user.as_deref()),
        ("provider", filter.provider.as_ref().map(ProviderId::as_str)),
        ("model_name", filter.model.as_ref().map(ModelId::as_str)),
        ("assistant", filter.assistant.as_deref()),
        ("state", filter.state.map(AttemptState::as_str)),
        ("reason", filter.reason.map(Reason::as_str)),
        ("request_id", filter.request_id.as_deref()),
    ];
    for (column, value) in texts {
        if let Some(value) = value {
            query.push(format!(" AND {column} = ")).push_bind(value);
        }
    }
    // Said twice, so that the index of those is taken.
    if filter
        .state
        .is_some_and(|state| state != AttemptState::Answered)
    {
        query.push(" AND state <> 'answered'");
    }
    match filter.simulated {
        Some(true) => {
            query.push(" AND simulated");
        }
        Some(false) => {
            query.push(" AND NOT simulated");
        }
        None => {}
    }
    for (sign, time) in [(">=", filter.from), ("<", filter.to)] {
        if let Some(time) = time {
            query
                .push(format!(" AND started_at {sign} "))
                .push_bind(time.as_millisecond());
        }
    }
}

fn logged(row: &SqliteRow) -> Result<LoggedAttempt, StoreError> {
    let fields = Fields::new("attempts", row);
    Ok(LoggedAttempt {
        id: fields.must("place", number)?,
        attempt: attempt(row)?,
        user: fields.get("principal")?,
        assistant: fields.get("assistant")?,
        request_id: fields.get("request_id")?,
        message_id: fields.maybe("message_id", |id| Some(MessageId(id)))?,
        conversation_id: fields.maybe("conversation_id", |id| Some(ConversationId(id)))?,
    })
}
