//! How much of a long conversation is on the page: its newest messages at first, then more and more of the older ones.

use std::collections::BTreeSet;

use evenkeel_protocol::{Message, MessageId, Transcript};

use super::Open;

/// So many messages a conversation opens with: more than a screen shows.
const OPENING: usize = 30;

/// Where the page begins, in the messages that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Window {
    /// With the last few.
    #[default]
    Opening,
    /// With this message.
    From(MessageId),
    /// With the first one.
    Whole,
}

impl Window {
    /// The place of the first message on the page.
    pub(super) fn start(&self, path: &[MessageId]) -> usize {
        let opening = path.len().saturating_sub(OPENING);
        match self {
            Self::Opening => opening,
            // On another branch it is not there.
            Self::From(first) => path.iter().position(|id| id == first).unwrap_or(opening),
            Self::Whole => 0,
        }
    }
}

impl Open {
    /// Puts up to so many older messages onto the page; true while there are more that are known.
    pub fn widen(&mut self, by: usize) -> bool {
        let shown = self.shown();
        let start = self.window.start(shown).saturating_sub(by);
        self.window = match shown.get(start) {
            Some(_) if start == 0 && !self.partial => Window::Whole,
            Some(first) => Window::From(first.clone()),
            None => Window::Opening,
        };
        start > 0
    }

    /// How many of the messages that are shown are older than the page's first one. None where there is no such message.
    pub fn before_page(&self, id: &MessageId) -> Option<usize> {
        let shown = self.shown();
        let place = shown.iter().position(|one| one == id)?;
        Some(self.window.start(shown).saturating_sub(place))
    }

    /// Older messages exist that are not here: they have to be fetched.
    pub fn partial(&self) -> bool {
        self.partial
    }
}

/// What a page needs of a conversation to open with it, and whether that is a part: the newest messages of the way that
/// leads to the newest one, with the other versions of these.
pub fn newest(transcript: Transcript) -> (Transcript, bool) {
    let Some(last) = transcript.messages.last() else {
        return (transcript, false);
    };
    let by_id: std::collections::BTreeMap<_, _> = transcript
        .messages
        .iter()
        .map(|message| (&message.id, message))
        .collect();
    let parent = |message: &Message| message.parent_id.clone();
    let mut path = BTreeSet::from([last.id.clone()]);
    let mut next = parent(last);
    while let Some(message) = next.as_ref().and_then(|id| by_id.get(id)) {
        if path.len() == OPENING {
            let kept = |message: &&Message| {
                let beside = message
                    .parent_id
                    .as_ref()
                    .is_some_and(|id| path.contains(id));
                beside || path.contains(&message.id)
            };
            let messages = transcript.messages.iter().filter(kept).cloned().collect();
            let conversation = transcript.conversation;
            return (
                Transcript {
                    conversation,
                    messages,
                },
                true,
            );
        }
        // A parent that names a descendant would be the store's error; the walk ends all the same.
        if !path.insert(message.id.clone()) {
            break;
        }
        next = parent(message);
    }
    (transcript, false)
}
