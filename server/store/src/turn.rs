//! The beginning of a turn: a question is written, and a place made for its answer.

use evenkeel_protocol::{
    Conversation, ConversationId, Message, MessageId, MessageRole, MessageStatus, ModelId,
    RequestId, RunId, Timestamp,
};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::attachments::write_attachments;
use crate::rows::{Fields, conversation, message};
use crate::title::title;
use crate::{File, Store, StoreError};

/// A user's message that is to be answered.
#[derive(Clone, Copy, Debug)]
pub struct NewTurn<'a> {
    /// Who asks.
    pub principal: &'a str,
    /// The client's id for it; the same one twice is one turn.
    pub request_id: &'a RequestId,
    /// The conversation that it goes on with; none begins a new one.
    pub conversation: Option<&'a ConversationId>,
    /// The message that it follows; none follows the conversation's newest.
    pub parent_id: Option<&'a MessageId>,
    /// What the user wrote.
    pub text: &'a str,
    /// The files that go with it.
    pub files: &'a [File],
    /// The run that is to answer.
    pub run_id: &'a RunId,
    /// The model asked for.
    pub requested_model: &'a ModelId,
    /// The present.
    pub now: Timestamp,
}

/// What became of the wish to begin a turn.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and is taken apart at once"
)]
pub enum Begun {
    /// It has begun. Times are as stored: whole milliseconds.
    Started {
        /// The conversation as it now is.
        conversation: Conversation,
        /// The user's message.
        question: Message,
        /// The answer's message, empty and streaming.
        answer: Message,
    },
    /// The same request had begun before, and nothing was written.
    Duplicate {
        /// The conversation.
        conversation_id: ConversationId,
        /// The user's message.
        message_id: MessageId,
        /// The answer's message.
        answer_id: MessageId,
        /// The run that answers, or has answered.
        run_id: RunId,
    },
}

impl Store {
    /// The turn that a request has begun before.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn begun_before(
        &self,
        principal: &str,
        request_id: &RequestId,
    ) -> Result<Option<Begun>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        find_duplicate(&mut connection, principal, request_id).await
    }

    /// Writes a question and the place of its answer, both or neither.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] for a conversation that is not this principal's, [`StoreError::UnknownParent`] for a
    /// parent outside the conversation (any parent, in a new one).
    pub async fn begin_turn(&self, turn: NewTurn<'_>) -> Result<Begun, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(duplicate) =
            find_duplicate(&mut transaction, turn.principal, turn.request_id).await?
        {
            return Ok(duplicate);
        }
        let conversation = match turn.conversation {
            Some(id) => touch_conversation(&mut transaction, &turn, id).await?,
            None => create_conversation(&mut transaction, &turn).await?,
        };
        let parent = find_parent(&mut transaction, &turn, &conversation.id).await?;
        let mut question = insert(
            &mut transaction,
            &turn,
            MessageRole::User,
            &conversation.id,
            parent.as_ref(),
        )
        .await?;
        question.attachments =
            write_attachments(&mut transaction, turn.principal, &question.id, turn.files).await?;
        let answer = insert(
            &mut transaction,
            &turn,
            MessageRole::Assistant,
            &conversation.id,
            Some(&question.id),
        )
        .await?;
        transaction.commit().await?;
        Ok(Begun::Started {
            conversation,
            question,
            answer,
        })
    }
}

async fn find_duplicate(
    connection: &mut SqliteConnection,
    principal: &str,
    request_id: &RequestId,
) -> Result<Option<Begun>, StoreError> {
    sqlx::query(
        "SELECT conversation_id, parent_id, id, run_id FROM messages
         WHERE principal = $1 AND request_id = $2",
    )
    .bind(principal)
    .bind(request_id.as_str())
    .fetch_optional(connection)
    .await?
    .map(|row| {
        let fields = Fields::new("messages", &row);
        Ok(Begun::Duplicate {
            conversation_id: ConversationId(fields.get("conversation_id")?),
            message_id: MessageId(fields.get("parent_id")?),
            answer_id: MessageId(fields.get("id")?),
            run_id: RunId(fields.get("run_id")?),
        })
    })
    .transpose()
}

async fn touch_conversation(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
    id: &ConversationId,
) -> Result<Conversation, StoreError> {
    let row = sqlx::query(
        "UPDATE conversations SET updated_at = $1 WHERE id = $2 AND principal = $3 RETURNING *",
    )
    .bind(turn.now.as_millisecond())
    .bind(id.as_str())
    .bind(turn.principal)
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    conversation(&row)
}

async fn create_conversation(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
) -> Result<Conversation, StoreError> {
    let row = sqlx::query(
        "INSERT INTO conversations (id, principal, title, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $4) RETURNING *",
    )
    .bind(new_id())
    .bind(turn.principal)
    .bind(first_title(turn))
    .bind(turn.now.as_millisecond())
    .fetch_one(connection)
    .await?;
    conversation(&row)
}

/// The beginning of what was written, or the first file's name where nothing was.
fn first_title(turn: &NewTurn<'_>) -> String {
    let file = turn.files.first().map(|file| file.name.as_str());
    let said = Some(turn.text).filter(|text| !text.trim().is_empty());
    title(said.or(file).unwrap_or_default())
}

/// The message that the question follows; none only in a new conversation.
async fn find_parent(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
    conversation: &ConversationId,
) -> Result<Option<MessageId>, StoreError> {
    let found: Option<String> = sqlx::query_scalar(
        "SELECT id FROM messages WHERE conversation_id = $1 AND id = COALESCE($2, id)
         ORDER BY place DESC LIMIT 1",
    )
    .bind(conversation.as_str())
    .bind(turn.parent_id.map(MessageId::as_str))
    .fetch_optional(connection)
    .await?;
    match (turn.parent_id, found) {
        (Some(_), None) => Err(StoreError::UnknownParent),
        (_, found) => Ok(found.map(MessageId)),
    }
}

/// Writes one of the turn's two messages. Only the answer bears the request's id, so that a request is found once.
async fn insert(
    connection: &mut SqliteConnection,
    turn: &NewTurn<'_>,
    role: MessageRole,
    conversation: &ConversationId,
    parent: Option<&MessageId>,
) -> Result<Message, StoreError> {
    let (status, text, answers) = match role {
        MessageRole::User => (MessageStatus::Complete, turn.text, None),
        MessageRole::Assistant => (MessageStatus::Streaming, "", Some(turn)),
    };
    let row = sqlx::query(
        "INSERT INTO messages (id, conversation_id, parent_id, principal, request_id, run_id,
                               role, status, text, created_at, requested_model)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING *",
    )
    .bind(new_id())
    .bind(conversation.as_str())
    .bind(parent.map(MessageId::as_str))
    .bind(turn.principal)
    .bind(answers.map(|turn| turn.request_id.as_str()))
    .bind(answers.map(|turn| turn.run_id.as_str()))
    .bind(role.as_str())
    .bind(status.as_str())
    .bind(text)
    .bind(turn.now.as_millisecond())
    .bind(answers.map(|turn| turn.requested_model.as_str()))
    .fetch_one(connection)
    .await?;
    message(&row, Vec::new(), Vec::new())
}

/// A new id. Version 7 begins with the time, so that the newest rows stand side by side in the indexes.
fn new_id() -> String {
    Uuid::now_v7().to_string()
}
