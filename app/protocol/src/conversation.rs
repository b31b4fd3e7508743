//! The conversation list.

use serde::Serialize;

use crate::{ConversationId, Message, MessageId, Timestamp};

/// Who gave a conversation its title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TitleSource {
    /// Nobody yet: it is the beginning of the first message.
    #[default]
    Plain,
    /// A model.
    Model,
    /// The person, whose title is never changed by anything else.
    Person,
}

impl TitleSource {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Model => "model",
            Self::Person => "person",
        }
    }
}

/// An entry of the conversation list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its title.
    pub title: String,
    /// Who gave it that title.
    pub title_source: TitleSource,
    /// What every model is told before the first message; null where nothing is.
    pub system_prompt: Option<String>,
    /// It stands in no list, is found by no search, and is deleted when it is left.
    pub temporary: bool,
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

/// Conversations that a search has found, the best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchResults {
    /// A conversation once, with its best place.
    pub results: Vec<SearchHit>,
}

/// A conversation that a search has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    /// The conversation.
    pub conversation: Conversation,
    /// The message that the words stand in; null where they stand in the title.
    pub message_id: Option<MessageId>,
    /// The text around the words, in pieces.
    pub excerpt: Vec<ExcerptPiece>,
}

/// A piece of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExcerptPiece {
    /// The text.
    pub text: String,
    /// It is what was searched for.
    pub hit: bool,
}

/// Questions that could be asked next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestions {
    /// The questions; none where no model was there to suggest any.
    pub suggestions: Vec<String>,
}

/// What the engine has done for one person: the answers that would not have been there without it. Conversations that were
/// deleted or imported are not counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// The first answer that is counted; null where there is none.
    pub since: Option<Timestamp>,
    /// Answers that came about.
    pub answers: u64,
    /// Those of them that came about only by a retry, a fallback or a recovery.
    pub saved: u64,
    /// Turns that nobody could answer, or nobody in time.
    pub lost: u64,
    /// Seconds that failed attempts and waits took from saved answers.
    pub seconds_lost: f64,
    /// US dollars that saved answers cost more than the model asked for would have; null where no price is known.
    pub extra_cost: Option<f64>,
    /// Answers, whole or not, a simulated fault had its hand in; they are counted nowhere else.
    pub simulated: u64,
}
