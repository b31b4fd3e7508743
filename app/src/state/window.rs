//! How much of a long conversation is on the page: its newest messages at first, then more and more of the older ones.

use std::collections::BTreeSet;

use evenkeel_protocol::{Message, MessageId, Transcript};

use super::{Item, Open};

/// So many messages a conversation opens with: more than a screen shows.
const OPENING: usize = 30;

/// What of the messages that are shown is on the page. It comes in parts, which stay what they are when an older one is put
/// before them.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// The first message of each part, newest part first; none until the page is alive.
    cuts: Vec<MessageId>,
    /// The page begins with the first message.
    whole: bool,
}

impl Window {
    /// The place of the first message on the page.
    pub(super) fn start(&self, path: &[MessageId]) -> usize {
        if self.whole {
            return 0;
        }
        // On another branch it may not be there.
        let place = |cut| path.iter().position(|id| id == cut);
        let first = self.cuts.iter().rev().find_map(place);
        first.unwrap_or(path.len().saturating_sub(OPENING))
    }

    /// Where the parts begin in what is on the page, newest part first. There is always one.
    pub(super) fn parts(&self, items: &[Item]) -> Vec<usize> {
        let mut end = items.len();
        let mut parts: Vec<usize> = self
            .cuts
            .iter()
            .map(|cut| {
                let is_cut = |item: &Item| matches!(item, Item::Message(id) if id == cut);
                let before = items.get(..end).unwrap_or_default();
                end = before.iter().rposition(is_cut).unwrap_or(end);
                end
            })
            .collect();
        match parts.last_mut() {
            Some(oldest) => *oldest = 0,
            None => parts.push(0),
        }
        parts
    }
}

impl Open {
    /// Puts up to so many older messages onto the page; true while there are more that are known.
    pub fn widen(&mut self, by: usize) -> bool {
        let shown = self.shown();
        let before = self.window.start(shown);
        let start = before.saturating_sub(by);
        let cuts = [before, start].map(|place| shown.get(place).cloned());
        for cut in cuts.into_iter().flatten() {
            if !self.window.cuts.contains(&cut) {
                self.window.cuts.push(cut);
            }
        }
        self.window.whole |= start == 0 && !self.partial;
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
