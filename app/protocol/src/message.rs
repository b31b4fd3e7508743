//! A message of a conversation.

use serde::Serialize;

use crate::{
    AttachmentId, Attempt, ConversationId, GuardNotice, MessageId, ModelId, ProviderId, RunId,
    SeamMode, Timestamp, TurnError,
};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The person.
    User,
    /// A model.
    Assistant,
}

impl MessageRole {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// It is whole.
    Complete,
    /// It is being written now.
    Streaming,
    /// It broke off, and no model was left to go on.
    Incomplete,
    /// The server stopped while it was being written.
    Interrupted,
    /// The user stopped it.
    Cancelled,
    /// There is no answer.
    Failed,
}

impl MessageStatus {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Streaming => "streaming",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// Where an answer changed its model because the one before broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seam {
    /// The model that broke off.
    pub from: ModelId,
    /// The model that went on.
    pub to: ModelId,
    /// How it went on.
    pub mode: SeamMode,
    /// Where, in Unicode scalars from the text's beginning; 0 where it was restarted.
    pub at: u64,
    /// The text that a restart replaced, where there was any. Seams before a restart lie in what it replaced.
    pub discarded: Option<String>,
}

/// A file that was sent with a message. `GET /api/attachments/{id}` gives its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachedFile {
    /// Its id.
    pub id: AttachmentId,
    /// Its name.
    pub name: String,
    /// Its media type, by its content.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
}

impl AttachedFile {
    /// It is a picture, which not every model can see.
    pub fn is_image(&self) -> bool {
        self.media_type.starts_with("image/")
    }
}

/// A message with everything that is known of how it came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// The message it answers or follows; null for the first.
    pub parent_id: Option<MessageId>,
    /// Who wrote it.
    pub role: MessageRole,
    /// The text so far.
    pub text: String,
    /// What became of it.
    pub status: MessageStatus,
    /// When it was written, or begun.
    pub created_at: Timestamp,
    /// The model that answered; null for a user's message and where none did.
    pub model_name: Option<ModelId>,
    /// The model that was asked for.
    pub requested_model: Option<ModelId>,
    /// The assistant that was asked for, of an answer; null where a model was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant: Option<String>,
    /// The provider that answered.
    pub provider: Option<ProviderId>,
    /// Another model than the one asked for answered.
    pub fallback: bool,
    /// Why the model stopped, in the provider's word.
    pub finish_reason: Option<String>,
    /// Tokens, where the provider said.
    pub usage: Option<Usage>,
    /// US dollars, where the model's prices are configured.
    pub cost: Option<f64>,
    /// Every attempt of its turn, in order.
    pub attempts: Vec<Attempt>,
    /// Where it changed its model, in order.
    pub seams: Vec<Seam>,
    /// The files that were sent with it (a user's message only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachedFile>,
    /// Questions that could be asked next (an assistant's message only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// What guards did to its turn (an assistant's message only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardNotice>,
    /// A fault of the debug pane had its hand in it.
    pub simulated: bool,
    /// The run that wrote it (an assistant's message only).
    pub run_id: Option<RunId>,
    /// Why there is no whole answer (an assistant's message only).
    pub error: Option<TurnError>,
}
