//! The conversation that is shown: its messages with what is built from them, and the path through their tree.

use std::sync::{Arc, OnceLock};

use evenkeel_protocol::{
    ConversationId, Message, MessageId, MessageRole, MessageStatus, RequestId, Seam, SeamMode,
    Transcript,
};

use super::branches::Branches;
use super::window::Window;
use super::{Blocks, Map, SortedSet};

/// A message, and its text cut into blocks where it is an answer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The message as it now is.
    pub message: Message,
    /// Its markdown, once somebody has asked for it.
    blocks: OnceLock<Blocks>,
    /// It was answered, or could not be, while this page was open.
    pub news: bool,
}

impl Entry {
    /// The entry of a message.
    pub fn new(message: Message) -> Self {
        Self {
            message,
            blocks: OnceLock::new(),
            news: false,
        }
    }

    /// Its markdown; empty for a person's message, which is shown as it was typed. It is made when it is asked for the
    /// first time: of a long conversation most is never looked at.
    pub fn blocks(&self) -> &Blocks {
        self.blocks.get_or_init(|| match self.message.role {
            MessageRole::User => Blocks::default(),
            MessageRole::Assistant => Blocks::of(&self.message.text, &self.message.seams),
        })
    }

    fn grow(&mut self, text: &str) {
        if let Some(blocks) = self.blocks.get_mut() {
            blocks.push(text);
        }
    }

    /// It is being written now.
    pub fn streaming(&self) -> bool {
        self.message.status == MessageStatus::Streaming
    }

    /// More of its text.
    pub(super) fn push(&mut self, text: &str) {
        self.message.text.push_str(text);
        self.grow(text);
    }

    /// Another model goes on with it.
    pub(super) fn seam(&mut self, mut seam: Seam) {
        let message = &mut self.message;
        if seam.mode == SeamMode::Restarted {
            seam.discarded =
                Some(std::mem::take(&mut message.text)).filter(|text| !text.is_empty());
        }
        let mut attempts = message.attempts.iter().rev();
        let goes_on = attempts.find(|attempt| attempt.model_name == seam.to);
        message.provider = goes_on.map(|attempt| attempt.provider.clone());
        message.fallback = message.requested_model.as_ref() != Some(&seam.to);
        message.model_name = Some(seam.to.clone());
        message.seams.push(seam);
        self.blocks = OnceLock::new();
    }

    /// It is told anew from its beginning.
    pub(super) fn clear(&mut self) {
        self.message.text.clear();
        self.message.seams.clear();
        self.blocks = OnceLock::new();
    }

    /// The message as the server has it in the end. What is shown already is kept where it is the same.
    pub(super) fn replace(&mut self, message: Message) {
        let same = self.message.role == message.role && self.message.seams == message.seams;
        match message.text.strip_prefix(self.message.text.as_str()) {
            Some(rest) if same => self.grow(rest),
            Some(_) | None => self.blocks = OnceLock::new(),
        }
        self.message = message;
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        // The blocks are what the message says.
        self.message == other.message && self.news == other.news
    }
}

/// A place in the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A stored message.
    Message(MessageId),
    /// A message that the server has not accepted yet.
    Pending(RequestId),
    /// An answer that has been asked for again, and has not begun yet.
    Again(RequestId),
}

/// How far the conversation is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It is all there.
    #[default]
    Ready,
    /// It has been asked for.
    Loading,
    /// There is none, or it is not this reader's.
    Missing,
    /// It was there until just now.
    Deleted,
    /// It could not be fetched.
    Failed,
}

/// The conversation that is shown.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// Its id; none for one that has not begun.
    pub id: Option<ConversationId>,
    /// How far it is known.
    pub phase: Phase,
    /// It stands in no list, and is deleted when it is left.
    pub temporary: bool,
    pub(super) entries: Map<MessageId, Arc<Entry>>,
    /// Oldest first.
    pub(super) order: Vec<MessageId>,
    pub(super) branches: Branches,
    /// What of it is on the page.
    pub(super) window: Window,
    /// Older messages exist that are not here.
    pub(super) partial: bool,
}

impl Open {
    /// A conversation of which nothing is known yet.
    pub(super) fn new(id: Option<ConversationId>) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// A conversation that is known as a whole, or from some message on.
    pub(super) fn of(transcript: Transcript, partial: bool) -> Self {
        let mut open = Self::new(Some(transcript.conversation.id.clone()));
        open.merge(transcript);
        open.partial = partial;
        open
    }

    /// What the server has, together with what came over the socket meanwhile.
    pub(super) fn merge(&mut self, transcript: Transcript) -> Vec<MessageId> {
        self.temporary = transcript.conversation.temporary;
        if self.partial {
            // What is on the page stays its beginning.
            self.widen(0);
            self.partial = false;
        }
        let before = std::mem::take(&mut self.order);
        let mut changed = Vec::new();
        let mut new = Vec::new();
        for message in transcript.messages {
            let id = message.id.clone();
            self.order.push(id.clone());
            match self.entries.get_mut(&id) {
                // The socket is ahead of the page that was asked for, whether it still writes or has ended.
                Some(ours)
                    if message.status == MessageStatus::Streaming || ours.message == message => {}
                Some(ours) => {
                    Arc::make_mut(ours).replace(message);
                    changed.push(id);
                }
                None => {
                    self.entries
                        .insert(id.clone(), Arc::new(Entry::new(message)));
                    new.push(id);
                }
            }
        }
        let known: SortedSet<_> = self.order.iter().map(|id| (id.clone(), ())).collect();
        self.order
            .extend(before.into_iter().filter(|id| !known.contains(id)));
        self.phase = Phase::Ready;
        let end = self.end();
        self.arrange();
        self.keep(end);
        changed.extend(new);
        changed
    }

    /// A message by its id.
    pub fn get(&self, id: &MessageId) -> Option<&Arc<Entry>> {
        self.entries.get(id)
    }

    /// A message, to be changed.
    pub(super) fn change(&mut self, id: &MessageId) -> Option<&mut Entry> {
        self.entries.get_mut(id).map(Arc::make_mut)
    }

    /// A message that is new, or is replaced as a whole. What is shown stays shown.
    pub(super) fn put(&mut self, message: Message) {
        let id = message.id.clone();
        match self.entries.get_mut(&id) {
            Some(entry) => {
                let moved = entry.message.parent_id != message.parent_id;
                Arc::make_mut(entry).replace(message);
                if moved {
                    self.arrange();
                }
            }
            None => {
                self.order.push(id.clone());
                self.entries
                    .insert(id.clone(), Arc::new(Entry::new(message)));
                let end = self.end();
                self.place(&id);
                self.keep(end);
            }
        }
    }

    /// The newest message's id.
    pub fn newest(&self) -> Option<&MessageId> {
        self.order.last()
    }

    /// All messages of all branches, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.order
            .iter()
            .rev()
            .filter_map(|id| self.entries.get(id))
    }

    /// The answers that are being written.
    pub(super) fn streaming(&self) -> impl Iterator<Item = &Arc<Entry>> {
        // They are among the last few; a long conversation is not searched for each frame.
        self.newest_first()
            .take(8)
            .filter(|entry| entry.streaming())
    }

    /// The messages from the root to this one.
    pub fn path_to(&self, id: &MessageId) -> Vec<MessageId> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(entry) = next.and_then(|id| self.entries.get(id)) {
            path.push(entry.message.id.clone());
            // A parent that names a descendant would be the server's error; the walk ends all the same.
            next = entry
                .message
                .parent_id
                .as_ref()
                .filter(|_| path.len() <= self.order.len());
        }
        path.reverse();
        path
    }
}
