//! The older messages of a long conversation: a page opens without them, and brings them in afterwards.

use evenkeel_protocol::{ConversationId, MessageId};
use leptos::prelude::*;

use super::Store;
use crate::state::{Changes, Item, Phase};

/// What is still to be done until the whole conversation is on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Older {
    /// It is another conversation that is shown.
    Left,
    /// They have to be fetched.
    Elsewhere,
    /// They are here.
    Here,
}

impl Store {
    /// Brings a message of the open conversation onto the page, however old it is. Where it is not known yet, it comes
    /// as soon as it is.
    pub(crate) fn reveal(&self, id: &MessageId) {
        self.wanted.set_value(Some(id.clone()));
        self.show_branch_of(id);
    }

    /// The older messages of this conversation, as they stand.
    pub(crate) fn older(&self, id: &ConversationId) -> Option<Older> {
        // The page may have been left.
        self.state.try_with_value(|state| {
            if state.open.id.as_ref() != Some(id) || state.open.phase != Phase::Ready {
                Older::Left
            } else if state.open.partial() {
                Older::Elsewhere
            } else {
                Older::Here
            }
        })
    }

    /// How many messages lie between the page and the one that somebody waits for.
    pub(crate) fn wanted(&self) -> Option<usize> {
        let id = self.wanted.try_get_value().flatten()?;
        self.show_branch_of(&id);
        let missing = self.state.with_value(|state| {
            // What is not here has to be fetched at once.
            let unknown = state.open.partial().then_some(usize::MAX);
            state.open.before_page(&id).or(unknown)
        });
        if missing.is_none_or(|missing| missing == 0) {
            self.wanted.set_value(None);
        }
        missing.filter(|missing| *missing > 0)
    }

    /// The items of a part; 0 is the newest.
    pub(crate) fn part(&self, number: usize) -> Vec<Item> {
        let (start, end) = self.parts.with(|parts| {
            let newer = number.checked_sub(1);
            let end = newer.map(|newer| parts.get(newer).copied().unwrap_or(0));
            (parts.get(number).copied().unwrap_or(0), end)
        });
        self.items.with(|items| {
            let end = end.unwrap_or(items.len());
            items.get(start..end).unwrap_or_default().to_vec()
        })
    }

    /// Puts up to so many older messages onto the page; true while there are more.
    pub(crate) fn widen(&self, by: usize) -> bool {
        let mut more = false;
        self.update(|state| {
            more = state.open.widen(by);
            Changes::default()
        });
        more
    }

    fn show_branch_of(&self, id: &MessageId) {
        let hidden = self.state.with_value(|state| {
            state.open.get(id).is_some() && state.open.before_page(id).is_none()
        });
        if hidden {
            self.choose(id);
        }
    }
}
