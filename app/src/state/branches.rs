//! The tree of a conversation's messages, and the one way through it that is shown. An edited question and an answer that is
//! given again stand beside the ones before; which of them is shown is this page's own choice.

use std::sync::Arc;

use evenkeel_protocol::MessageId;

use super::{Entry, Map, Open};

/// What follows a message, or begins the conversation.
type Place = Option<MessageId>;

/// The versions at each place, and which of them is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Branches {
    /// Oldest first. A message whose parent is not known begins the conversation.
    versions: Map<Place, Vec<MessageId>>,
    chosen: Map<Place, MessageId>,
    shown: Vec<MessageId>,
    changes: u64,
}

impl Branches {
    /// From the first message to a last one.
    pub(super) fn shown(&self) -> &[MessageId] {
        &self.shown
    }

    fn append(&mut self, parent: MessageId, id: MessageId) {
        self.versions.insert(Some(parent), vec![id.clone()]);
        self.shown.push(id);
        self.changes += 1;
    }

    /// Puts the tree together, and finds the way: at each fork what was chosen, else what leads to the newest message.
    fn arrange(&mut self, order: &[MessageId], entries: &Map<MessageId, Arc<Entry>>) {
        self.versions.clear();
        for id in order {
            let place = place(entries, id);
            match self.versions.get_mut(&place) {
                Some(versions) => versions.push(id.clone()),
                None => drop(self.versions.insert(place, vec![id.clone()])),
            }
        }
        let newest = newest_below(order, entries);
        let newest_of = |id: &MessageId| newest.get(entries.place(id)?).copied().flatten();
        self.shown.clear();
        let mut here = None;
        while let Some(versions) = self.versions.get(&here) {
            let chosen = self.chosen.get(&here).filter(|id| versions.contains(id));
            let next = chosen.or_else(|| versions.iter().max_by_key(|id| newest_of(id)));
            let Some(next) = next else { break };
            self.shown.push(next.clone());
            here = Some(next.clone());
        }
        self.changes += 1;
    }
}

/// Where a message stands.
fn place(entries: &Map<MessageId, Arc<Entry>>, id: &MessageId) -> Place {
    let parent = entries.get(id)?.message.parent_id.as_ref()?;
    entries.contains(parent).then(|| parent.clone())
}

/// For each message (as they stand in the map) the place in the order of the newest one that stands below it, or of itself.
fn newest_below(order: &[MessageId], entries: &Map<MessageId, Arc<Entry>>) -> Vec<Option<usize>> {
    let mut newest = vec![None; entries.len()];
    for (index, id) in order.iter().enumerate().rev() {
        let mut next = Some(id);
        while let Some(id) = next {
            let place = entries.place(id).and_then(|place| newest.get_mut(place));
            match place {
                Some(mark @ None) => *mark = Some(index),
                // What is marked already has a newer one below it, and so has everything above it.
                Some(Some(_)) | None => break,
            }
            next = entries
                .get(id)
                .and_then(|entry| entry.message.parent_id.as_ref());
        }
    }
    newest
}

impl Open {
    /// The messages that are shown, from the first to a last one.
    pub fn shown(&self) -> &[MessageId] {
        self.branches.shown()
    }

    /// It is another number each time the tree or the way through it has changed.
    pub fn shape(&self) -> u64 {
        self.branches.changes
    }

    /// All versions of a message, oldest first, and the place of this one among them.
    pub fn versions(&self, id: &MessageId) -> Option<(usize, &[MessageId])> {
        let versions = self.branches.versions.get(&place(&self.entries, id))?;
        let index = versions.iter().position(|version| version == id)?;
        Some((index, versions))
    }

    /// Shows this message, and what was shown below it.
    pub(super) fn choose(&mut self, id: &MessageId) {
        for id in self.path_to(id) {
            let place = place(&self.entries, &id);
            let versions = self.branches.versions.get(&place);
            if versions.is_some_and(|versions| versions.len() > 1) {
                self.branches.chosen.insert(place, id);
            }
        }
        self.arrange();
    }

    /// Messages have come that nobody asked for on this page: what was read to its end here stays.
    pub(super) fn keep(&mut self, end: Option<MessageId>) {
        if let Some(end) = end.filter(|end| !self.shown().contains(end)) {
            self.choose(&end);
        }
    }

    /// The message at the end of what is shown.
    pub(super) fn end(&self) -> Option<MessageId> {
        self.shown().last().cloned()
    }

    /// A new message has its place in the tree.
    pub(super) fn place(&mut self, id: &MessageId) {
        let parent = self
            .entries
            .get(id)
            .and_then(|entry| entry.message.parent_id.as_ref());
        // The usual case, which costs nothing in a long conversation.
        let at_the_end = parent.filter(|parent| self.branches.shown().last() == Some(parent));
        // One of several beginnings may have come before its question.
        let single = |versions: &Vec<MessageId>| versions.len() == 1;
        match at_the_end {
            Some(parent) if self.branches.versions.get(&None).is_some_and(single) => {
                self.branches.append(parent.clone(), id.clone());
            }
            Some(_) | None => self.arrange(),
        }
    }

    pub(super) fn arrange(&mut self) {
        self.branches.arrange(&self.order, &self.entries);
    }
}
