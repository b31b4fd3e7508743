//! The conversation list.

use serde::Serialize;

use crate::{ConversationId, Message, Timestamp};

/// An entry of the conversation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its title: the beginning of the first message, until somebody gives it another.
    pub title: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its last message was written.
    pub updated_at: Timestamp,
}

/// A conversation with its messages, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transcript {
    /// The entry of the list.
    #[serde(flatten)]
    pub conversation: Conversation,
    /// Every message, all branches.
    pub messages: Vec<Message>,
}

/// A change of the conversation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum ConversationChange {
    /// The whole list, newest first.
    Snapshot {
        /// The entries.
        conversations: Vec<Conversation>,
    },
    /// One is new, or has changed.
    Upserted {
        /// The entry as it now is.
        conversation: Conversation,
    },
    /// One is gone.
    Deleted {
        /// Its id.
        conversation_id: ConversationId,
    },
}
