//! The frames of `/ws`: JSON text, tagged by `type`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, ConversationChange, ConversationId, FaultChange, Forecast, HealthReport, Message,
    MessageId, ModelId, ProviderId, RequestId, RunId, TurnError,
};

/// The protocol's version, said in `hello`.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame.
    Hello {
        /// The version the client speaks.
        protocol: u32,
    },
    /// A user's message.
    Send(Send),
    /// Another answer to a question, beside those that there are.
    Regenerate {
        /// The client's UUID for it, as for `send`.
        request_id: RequestId,
        /// The question, or one of its answers.
        message_id: MessageId,
        /// The model asked for, with the instructions of the answer's assistant; null is that assistant, else the
        /// conversation's last model, else the default.
        #[serde(default)]
        model: Option<ModelId>,
    },
    /// Ends a run.
    Stop {
        /// The run.
        run_id: RunId,
    },
    /// Replays what was missed of a conversation, then follows it.
    Subscribe {
        /// The conversation.
        conversation_id: ConversationId,
        /// The last `seq` that the client has of each run.
        #[serde(default, deserialize_with = "null_is_default")]
        after: BTreeMap<RunId, u64>,
    },
    /// Stops following a conversation.
    Unsubscribe {
        /// The conversation.
        conversation_id: ConversationId,
    },
    /// Follows topics.
    Watch {
        /// The topics.
        topics: Vec<Topic>,
    },
    /// Stops following topics.
    Unwatch {
        /// The topics.
        topics: Vec<Topic>,
    },
    /// Asks for a `pong`.
    Ping,
}

/// Null says as much as leaving it out.
fn null_is_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A user's message, to be answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// The client's UUID for it.
    pub request_id: RequestId,
    /// The conversation; null begins a new one.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
    /// The message it follows; null follows the newest.
    #[serde(default)]
    pub parent_id: Option<MessageId>,
    /// The question of which this is another version: it takes its place beside it, and `parent_id` is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_id: Option<MessageId>,
    /// The new conversation is temporary. It says nothing of one that has begun.
    #[serde(default, skip_serializing_if = "is_false")]
    pub temporary: bool,
    /// What every model of the new conversation is told first. It says nothing of one that has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// What the user wrote.
    pub text: String,
    /// Files that go with it.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub attachments: Vec<Attachment>,
    /// The model asked for. Beside an assistant it is asked first. Where both are null, the conversation's last choice
    /// holds, else the default model.
    #[serde(default)]
    pub model: Option<ModelId>,
    /// The assistant asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<String>,
}

/// A file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its content, in base64.
    pub data: String,
}

/// What a socket can watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Providers and models, for administrators.
    Health,
    /// Armed faults, for testers.
    Faults,
    /// The user's conversation list.
    Conversations,
    /// Who would answer now, where it is not the model asked for.
    Forecast,
}

/// What the server says. Health and faults concern few readers, so a page may take them as JSON ([`crate::read::Json`])
/// and have them read by the part of it that shows them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<H = HealthReport, F = FaultChange> {
    /// The answer to `hello`.
    Hello(Hello),
    /// A turn has begun; always its run's seq 1.
    Accepted {
        /// The run.
        run_id: RunId,
        /// The event's place in its run, from 1 without gaps.
        seq: u64,
        /// The `send` that began it.
        request_id: RequestId,
        /// The conversation, new or not.
        conversation_id: ConversationId,
        /// The user's message, as stored.
        message_id: MessageId,
        /// The answer's message, to come.
        answer_id: MessageId,
    },
    /// An attempt began or changed.
    Attempt {
        /// The run.
        run_id: RunId,
        /// The event's place in its run.
        seq: u64,
        /// The attempt as it now is.
        attempt: Attempt,
    },
    /// More of the answer.
    Delta {
        /// The run.
        run_id: RunId,
        /// The event's place in its run.
        seq: u64,
        /// The text that follows what came before.
        text: String,
    },
    /// Another model goes on with the answer.
    Seam {
        /// The run.
        run_id: RunId,
        /// The event's place in its run.
        seq: u64,
        /// The model that broke off.
        from: ModelId,
        /// The model that goes on.
        to: ModelId,
        /// How it goes on.
        mode: SeamMode,
        /// Where, in Unicode scalars from the answer's beginning.
        at: u64,
    },
    /// The answer is whole.
    Done {
        /// The run.
        run_id: RunId,
        /// The event's place in its run.
        seq: u64,
        /// The answer.
        message: Message,
    },
    /// A turn ended without a whole answer, or a frame was refused.
    Error {
        /// The run, where a turn ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        run_id: Option<RunId>,
        /// The event's place in its run.
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// The `send` that was refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
        /// What went wrong.
        #[serde(flatten)]
        error: TurnError,
        /// What there is of the answer, where a turn ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Message>,
    },
    /// How providers and models stand.
    Health(H),
    /// Which faults are armed.
    Fault(F),
    /// The conversation list.
    Conversation(ConversationChange),
    /// Who would answer now.
    Forecast(Forecast),
    /// The answer to `ping`.
    Pong,
}

/// The server's introduction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hello {
    /// The version the server speaks.
    pub protocol: u32,
    /// Who the client is.
    pub user: User,
    /// The models that can be asked for.
    pub models: Vec<Model>,
    /// The assistants that can be asked for.
    pub assistants: Vec<Assistant>,
    /// The server's version.
    pub version: String,
    /// The model that answers where none is asked for.
    pub default_model: ModelId,
}

/// A person or token, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The principal's id.
    pub id: String,
    /// A name to show.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
}

/// What a principal may do beyond chatting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chat.
    User,
    /// Arm faults for itself.
    Tester,
    /// Steer providers.
    Admin,
}

/// A model that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The models that step in for it, in order.
    pub fallbacks: Vec<ModelId>,
    /// It is one of the demo's.
    pub demo: bool,
}

/// An assistant that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assistant {
    /// Its id.
    pub id: String,
    /// A name to show.
    pub name: String,
    /// The model that answers for it first, where its candidate does not.
    pub model: ModelId,
}

/// How another model went on with an answer that broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeamMode {
    /// It was given the partial answer and went on from there.
    Continued,
    /// It began anew, and the part that repeated was withheld.
    Spliced,
    /// It began anew, and the partial answer was replaced.
    Restarted,
}

impl SeamMode {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continued => "continued",
            Self::Spliced => "spliced",
            Self::Restarted => "restarted",
        }
    }
}

impl<H, F> ServerFrame<H, F> {
    /// The run this frame belongs to and its place in it; none for frames outside any run.
    pub fn place(&self) -> Option<(&RunId, u64)> {
        match self {
            Self::Accepted { run_id, seq, .. }
            | Self::Attempt { run_id, seq, .. }
            | Self::Delta { run_id, seq, .. }
            | Self::Seam { run_id, seq, .. }
            | Self::Done { run_id, seq, .. } => Some((run_id, *seq)),
            Self::Error { run_id, seq, .. } => run_id.as_ref().zip(*seq),
            Self::Hello(_)
            | Self::Health(_)
            | Self::Fault(_)
            | Self::Conversation(_)
            | Self::Forecast(_)
            | Self::Pong => None,
        }
    }
}
