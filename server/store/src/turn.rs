//! The beginning of a turn: a question is written, or found again, and a place made for its answer.

mod find;
mod write;

use evenkeel_protocol::{
    Conversation, ConversationId, Message, MessageId, ModelId, RequestId, RunId, Timestamp,
};

use self::find::{find_duplicate, find_parent, find_question};
pub(crate) use self::write::new_id;
use self::write::{Run, create_conversation, insert_answer, insert_question, touch_conversation};
use crate::attachments::{files_of_message, write_attachments};
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
    /// The id of a new one; it gets one of its own where none is given.
    pub new_conversation: Option<&'a ConversationId>,
    /// The message that it follows; none follows the conversation's newest.
    pub parent_id: Option<&'a MessageId>,
    /// The question of this conversation that it is another version of: it follows what that one follows.
    pub edited_id: Option<&'a MessageId>,
    /// A new conversation is temporary.
    pub temporary: bool,
    /// What every model is told first in a new conversation.
    pub system_prompt: Option<&'a str>,
    /// What the user wrote.
    pub text: &'a str,
    /// The files that go with it. Another version of a question has that one's files where it brings none.
    pub files: &'a [File],
    /// The run that is to answer.
    pub run_id: &'a RunId,
    /// The model asked for.
    pub requested_model: &'a ModelId,
    /// The assistant asked for.
    pub assistant: Option<&'a str>,
    /// The present.
    pub now: Timestamp,
}

/// Another answer that is to be given to a question.
#[derive(Clone, Copy, Debug)]
pub struct NewAnswer<'a> {
    /// Who asks.
    pub principal: &'a str,
    /// The client's id for it; it is one of those of turns.
    pub request_id: &'a RequestId,
    /// The question, or one of its answers.
    pub message_id: &'a MessageId,
    /// The run that is to answer.
    pub run_id: &'a RunId,
    /// The model asked for.
    pub requested_model: &'a ModelId,
    /// The assistant asked for.
    pub assistant: Option<&'a str>,
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
    Duplicate(Before),
}

/// A turn that has begun before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The user's message.
    pub message_id: MessageId,
    /// The answer's message.
    pub answer_id: MessageId,
    /// The run that answers, or has answered.
    pub run_id: RunId,
}

impl Store {
    /// The turn that a request has begun before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Deleted`] where its conversation was deleted since.
    pub async fn begun_before(
        &self,
        principal: &str,
        request_id: &RequestId,
    ) -> Result<Option<Before>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        find_duplicate(&mut connection, principal, request_id).await
    }

    /// Writes a question and the place of its answer, both or neither.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] for a conversation that is not this principal's, [`StoreError::UnknownParent`] for a
    /// parent outside the conversation (any parent, in a new one), [`StoreError::UnknownQuestion`] for another version
    /// of what is no question of the conversation, [`StoreError::Deleted`] as in [`Store::begun_before`].
    pub async fn begin_turn(&self, turn: NewTurn<'_>) -> Result<Begun, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(duplicate) =
            find_duplicate(&mut transaction, turn.principal, turn.request_id).await?
        {
            return Ok(Begun::Duplicate(duplicate));
        }
        let conversation = match turn.conversation {
            Some(id) => touch_conversation(&mut transaction, turn.principal, id, turn.now).await?,
            None => create_conversation(&mut transaction, &turn).await?,
        };
        let parent = find_parent(&mut transaction, &turn, &conversation.id).await?;
        let mut question =
            insert_question(&mut transaction, &turn, &conversation.id, parent.as_ref()).await?;
        let kept = match turn.edited_id {
            Some(edited) if turn.files.is_empty() => {
                files_of_message(&mut *transaction, edited).await?
            }
            Some(_) | None => vec![],
        };
        let files = if kept.is_empty() { turn.files } else { &kept };
        question.attachments =
            write_attachments(&mut transaction, turn.principal, &question.id, files).await?;
        let run = Run {
            principal: turn.principal,
            request_id: turn.request_id,
            run_id: turn.run_id,
            requested_model: turn.requested_model,
            assistant: turn.assistant,
            now: turn.now,
        };
        let answer = insert_answer(&mut transaction, &run, &question).await?;
        transaction.commit().await?;
        Ok(Begun::Started {
            conversation,
            question,
            answer,
        })
    }

    /// Makes a place for another answer beside those that a question has.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownMessage`] for a message that is not this principal's, [`StoreError::Deleted`] as in
    /// [`Store::begun_before`].
    pub async fn begin_answer(&self, new: NewAnswer<'_>) -> Result<Begun, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(duplicate) =
            find_duplicate(&mut transaction, new.principal, new.request_id).await?
        {
            return Ok(Begun::Duplicate(duplicate));
        }
        let question = find_question(&mut *transaction, new.principal, new.message_id)
            .await?
            .ok_or(StoreError::UnknownMessage)?;
        let id = &question.conversation_id;
        let conversation = touch_conversation(&mut transaction, new.principal, id, new.now).await?;
        let run = Run {
            principal: new.principal,
            request_id: new.request_id,
            run_id: new.run_id,
            requested_model: new.requested_model,
            assistant: new.assistant,
            now: new.now,
        };
        let answer = insert_answer(&mut transaction, &run, &question).await?;
        transaction.commit().await?;
        Ok(Begun::Started {
            conversation,
            question,
            answer,
        })
    }

    /// The question that a message is, or answers.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn question(
        &self,
        principal: &str,
        id: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        find_question(&self.pool, principal, id).await
    }
}
