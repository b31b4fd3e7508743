//! What the server knows when it paints a page for the first time, and hands to the browser with it.

use evenkeel_protocol::{Conversation, FaultChange, HealthReport, Hello, Timestamp, Transcript};
use serde::{Deserialize, Serialize};

use crate::state::newest;

/// The page's first state: the server renders from it, embeds it as a JSON data block, and the browser hydrates from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Boot {
    /// The same introduction that the socket gives.
    pub hello: Hello,
    /// The user's conversations, newest first.
    pub conversations: Vec<Conversation>,
    /// The reader's clock, as far as the server knows it.
    pub clock: Clock,
    /// What the address asked for.
    pub page: BootPage,
}

/// A reader's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What time it is.
    pub now: Timestamp,
    /// How many minutes it is ahead of UTC; none where the browser knows it for each time.
    pub utc_offset: Option<i64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Timestamp::UNIX_EPOCH,
            utc_offset: Some(0),
        }
    }
}

/// The part of [`Boot`] that depends on the address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootPage {
    /// `/`: a new conversation.
    New,
    /// `/c/{id}`: a conversation of this user's.
    Conversation(Transcript),
    /// The same, where it is long: its newest messages. The page fetches the others itself.
    ConversationEnd(Transcript),
    /// `/admin`: how providers and models stand.
    Admin(HealthReport),
    /// `/debug`: the armed faults, and the targets they could strike.
    Debug(FaultChange, HealthReport),
    /// There is no such page, or it is not this user's.
    NotFound,
}

impl BootPage {
    /// A conversation as a page opens with it.
    pub fn of(transcript: Transcript) -> Self {
        match newest(transcript) {
            (all, false) => Self::Conversation(all),
            (end, true) => Self::ConversationEnd(end),
        }
    }
}
