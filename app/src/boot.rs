//! What the server knows when it paints a page for the first time, and hands to the browser with it.

use evenkeel_protocol::read::{Json, Object, Read, Take, Wrong};
use evenkeel_protocol::{Conversation, Hello, Timestamp, Transcript};
use serde::Serialize;

use crate::state::newest;

/// The page's first state: the server renders from it, embeds it as a JSON data block, and the browser hydrates from it.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BootPage {
    /// `/`: a new conversation.
    New,
    /// `/c/{id}`: a conversation of this user's.
    Conversation(Transcript),
    /// The same, where it is long: its newest messages. The page fetches the others itself.
    ConversationEnd(Transcript),
    /// `/admin`: how providers and models stand.
    Admin(Watching),
    /// `/debug`: the armed faults.
    Debug(Watching),
    /// There is no such page, or it is not this user's.
    NotFound,
}

/// What is watched on few pages, as JSON in a text: the part that shows it is the one that can read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Watching {
    /// A `HealthReport`.
    pub health: Option<String>,
    /// A list of `Fault`s.
    pub faults: Option<String>,
}

/// What stands behind the `?` of the address, for the server's eyes: the browser has the address itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(pub String);

impl Take for Boot {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            hello: object.field("hello")?,
            conversations: object.field("conversations")?,
            clock: object.field("clock")?,
            page: object.field("page")?,
        })
    }
}

impl Take for Clock {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            now: object.field("now")?,
            utc_offset: object.field("utc_offset")?,
        })
    }
}

impl Read for BootPage {
    fn read(json: Json) -> Result<Self, Wrong> {
        let Json::Object(mut page) = json else {
            return match String::read(json)?.as_str() {
                "new" => Ok(Self::New),
                "not_found" => Ok(Self::NotFound),
                _ => Err(Wrong::new("unknown page")),
            };
        };
        if let Some(all) = page.field("conversation")? {
            return Ok(Self::Conversation(all));
        }
        if let Some(end) = page.field("conversation_end")? {
            return Ok(Self::ConversationEnd(end));
        }
        if let Some(watching) = page.field("admin")? {
            return Ok(Self::Admin(watching));
        }
        page.field("debug").map(Self::Debug)
    }
}

impl Take for Watching {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            health: object.field("health")?,
            faults: object.field("faults")?,
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::read_json;

    fn read_again(page: BootPage) {
        let user = evenkeel_protocol::User {
            id: "u".into(),
            name: "Name".into(),
            roles: vec![],
        };
        let hello = Hello {
            protocol: 1,
            user,
            models: vec![],
            assistants: vec![],
            version: "1".into(),
            default_model: "a".into(),
        };
        let clock = Clock {
            now: Timestamp::UNIX_EPOCH,
            utc_offset: Some(-300),
        };
        let boot = Boot {
            hello,
            conversations: vec![],
            clock,
            page,
        };
        let json = serde_json::to_string(&boot).unwrap();
        let read: Boot = read_json(&json).expect(&json);
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(read.clock, clock);
    }

    #[test]
    fn every_page_is_read_as_it_was_written() {
        let json = r#"{"id":"c","title":"","title_source":"plain","created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-01T00:00:00Z","messages":[]}"#;
        let transcript: Transcript = serde_json::from_str(json).unwrap();
        read_again(BootPage::New);
        read_again(BootPage::NotFound);
        read_again(BootPage::Conversation(transcript.clone()));
        read_again(BootPage::ConversationEnd(transcript));
        let watching = |health: Option<&str>, faults: Option<&str>| Watching {
            health: health.map(str::to_owned),
            faults: faults.map(str::to_owned),
        };
        read_again(BootPage::Admin(watching(
            Some(r#"{"snapshot":true}"#),
            None,
        )));
        read_again(BootPage::Debug(watching(None, Some("[]"))));
    }
}
