//! A conversation as a document: what export writes and import reads. All branches, attempts, seams and files; nothing
//! of whose it was, or of the runs that wrote it.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use evenkeel_protocol::{
    Attachment, Attempt, GuardNotice, Message, MessageId, MessageRole, MessageStatus, ModelId,
    ProviderId, Seam, Timestamp, TitleSource, Transcript, TurnError, Usage,
};
use evenkeel_store::File;
use serde::{Deserialize, Serialize};

/// What every document says of itself.
pub(super) const FORMAT: &str = "evenkeel.conversation";

/// The documents' version.
pub(super) const VERSION: u64 = 1;

/// The whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) conversation: Head,
    /// Each after its parent.
    pub(super) messages: Vec<Entry>,
}

/// What is known of the conversation itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) title: String,
    #[serde(default)]
    pub(super) title_source: TitleSource,
    #[serde(default)]
    pub(super) system_prompt: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A message. Ids only tie messages together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    pub(super) parent_id: Option<MessageId>,
    pub(super) role: MessageRole,
    pub(super) text: String,
    pub(super) status: MessageStatus,
    pub(super) created_at: Timestamp,
    #[serde(default)]
    pub(super) requested_model: Option<ModelId>,
    #[serde(default)]
    pub(super) assistant: Option<String>,
    #[serde(default)]
    pub(super) model_name: Option<ModelId>,
    #[serde(default)]
    pub(super) provider: Option<ProviderId>,
    #[serde(default)]
    pub(super) fallback: bool,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<Usage>,
    #[serde(default)]
    pub(super) cost: Option<f64>,
    #[serde(default)]
    pub(super) attempts: Vec<Attempt>,
    #[serde(default)]
    pub(super) seams: Vec<Seam>,
    #[serde(default)]
    pub(super) attachments: Vec<Attachment>,
    #[serde(default)]
    pub(super) suggestions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) guards: Vec<GuardNotice>,
    #[serde(default)]
    pub(super) simulated: bool,
    #[serde(default)]
    pub(super) error: Option<TurnError>,
}

impl Document {
    /// A conversation, with the content of its files.
    pub(super) fn of(transcript: Transcript, mut files: HashMap<MessageId, Vec<File>>) -> Self {
        let conversation = transcript.conversation;
        let entry = |message: Message| {
            let files = files.remove(&message.id).unwrap_or_default();
            Entry::of(message, &files)
        };
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            conversation: Head {
                title: conversation.title,
                title_source: conversation.title_source,
                system_prompt: conversation.system_prompt,
                created_at: conversation.created_at,
                updated_at: conversation.updated_at,
            },
            messages: transcript.messages.into_iter().map(entry).collect(),
        }
    }
}

impl Entry {
    fn of(message: Message, files: &[File]) -> Self {
        let attachment = |file: &File| Attachment {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            data: STANDARD.encode(&file.content),
        };
        Self {
            id: message.id,
            parent_id: message.parent_id,
            role: message.role,
            text: message.text,
            status: message.status,
            created_at: message.created_at,
            requested_model: message.requested_model,
            assistant: message.assistant,
            model_name: message.model_name,
            provider: message.provider,
            fallback: message.fallback,
            finish_reason: message.finish_reason,
            usage: message.usage,
            cost: message.cost,
            attempts: message.attempts,
            seams: message.seams,
            attachments: files.iter().map(attachment).collect(),
            suggestions: message.suggestions,
            guards: message.guards,
            simulated: message.simulated,
            error: message.error,
        }
    }

    /// The message again. Its files and conversation are apart.
    pub(super) fn into_message(self) -> Message {
        Message {
            assistant: self.assistant,
            id: self.id,
            conversation_id: "".into(),
            parent_id: self.parent_id,
            role: self.role,
            text: self.text,
            status: self.status,
            created_at: self.created_at,
            model_name: self.model_name,
            requested_model: self.requested_model,
            provider: self.provider,
            fallback: self.fallback,
            finish_reason: self.finish_reason,
            usage: self.usage,
            cost: self.cost,
            attempts: self.attempts,
            seams: self.seams,
            attachments: vec![],
            suggestions: self.suggestions,
            guards: self.guards,
            simulated: self.simulated,
            run_id: None,
            error: self.error,
        }
    }
}
