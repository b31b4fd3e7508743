//! The conversation list and what stands around it: what is open, what was just deleted, what a search is to show.

use std::sync::Arc;

use evenkeel_protocol::{Conversation, ConversationChange, ConversationId, MessageId, MessageRole};
use leptos::prelude::*;

use super::Store;
use crate::navigation::Page;
use crate::state::{Changes, Item, Map, State};
use crate::{Clock, api, browser, late};

/// Under this name it is remembered that the list is folded; public/early.js reads it before the first paint.
const FOLDED: &str = "sidebar";

/// Below this width the list is a drawer; as in `style/base.css`.
const WIDE: f64 = 768.0;

/// What lies over the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// What can be done with a conversation.
    Entry(ConversationId),
    /// The user's menu.
    User,
    /// The shortcuts.
    Shortcuts,
    /// What the engine has done for this reader.
    Receipt,
}

/// A conversation that can still be brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deleted {
    pub(crate) id: ConversationId,
    pub(crate) title: String,
    /// It was the one that was shown.
    pub(crate) open: bool,
}

/// What the list has to say, in a line that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Something takes its time.
    Working(String),
    /// Something is done.
    Done(String),
    /// Something did not work out, and why.
    Failed(String),
}

/// The signals of the list.
#[derive(Clone, Copy)]
pub(crate) struct ListStore {
    cells: StoredValue<Map<ConversationId, ArcRwSignal<Conversation>>>,
    /// The part of the program that shows what opens here has come.
    pub(crate) here: RwSignal<bool>,
    pub(crate) clock: RwSignal<Clock>,
    pub(crate) overlay: RwSignal<Option<Overlay>>,
    pub(crate) renaming: RwSignal<Option<ConversationId>>,
    /// What is searched for.
    pub(crate) query: RwSignal<String>,
    pub(crate) deleted: RwSignal<Vec<Deleted>>,
    pub(crate) notice: RwSignal<Option<Notice>>,
    /// The next new conversation is a temporary one.
    pub(crate) temporary: RwSignal<bool>,
    /// A message that is to be shown, as soon as it is there.
    pub(crate) reveal: RwSignal<Option<MessageId>>,
    /// The list is open as a drawer.
    pub(crate) drawer: RwSignal<bool>,
    /// The list is folded, where it is no drawer.
    pub(crate) folded: RwSignal<bool>,
}

impl ListStore {
    pub(super) fn new(state: &State) -> Self {
        let cells = state
            .conversations
            .iter()
            .rev()
            .map(|one| (one.id.clone(), ArcRwSignal::new(one.clone())))
            .collect();
        Self {
            cells: StoredValue::new(cells),
            here: RwSignal::new(false),
            clock: RwSignal::new(state.clock),
            overlay: RwSignal::new(None),
            renaming: RwSignal::new(None),
            query: RwSignal::new(String::new()),
            deleted: RwSignal::new(Vec::new()),
            notice: RwSignal::new(None),
            temporary: RwSignal::new(false),
            reveal: RwSignal::new(None),
            drawer: RwSignal::new(false),
            folded: RwSignal::new(false),
        }
    }

    /// The signal of an entry.
    pub(crate) fn entry(&self, id: &ConversationId) -> Option<ArcRwSignal<Conversation>> {
        self.cells.with_value(|cells| cells.get(id).cloned())
    }

    /// Brings the entries' signals up to date; each that has not changed stays still.
    fn renew(&self, list: &[Conversation]) {
        let mut renewed = Vec::new();
        self.cells.update_value(|cells| {
            let old = std::mem::take(cells);
            // The oldest ids come last, and are the smallest.
            for one in list.iter().rev() {
                let cell = old.get(&one.id).cloned();
                if let Some(cell) = &cell
                    && cell.with_untracked(|known| known != one)
                {
                    renewed.push((cell.clone(), one.clone()));
                }
                let cell = cell.unwrap_or_else(|| ArcRwSignal::new(one.clone()));
                cells.insert(one.id.clone(), cell);
            }
        });
        for (cell, one) in renewed {
            cell.set(one);
        }
    }
}

impl Store {
    /// Shows the list as it now is, where it has changed.
    pub(super) fn publish_list(&self, state: &State) {
        let same = |known: &Arc<_>| Arc::ptr_eq(known, &state.conversations);
        if !self.conversations.with_untracked(same) {
            self.list.renew(&state.conversations);
        }
        super::set_arc(self.conversations, &state.conversations);
        super::set(self.list.temporary, state.temporary);
    }

    /// Fetches what shows all that opens here; by then it is needed, or soon will be.
    pub(crate) fn prepare_list(&self) {
        let here = self.list.here;
        if here.get_untracked() {
            return;
        }
        if late::TOOLS.get().is_some() {
            here.set(true);
            return;
        }
        leptos::task::spawn_local(async move {
            late::TOOLS.load().await;
            // The page may be gone by now.
            let _ = here.try_set(true);
        });
    }

    /// That part, once it is here.
    pub(crate) fn list_part(&self) -> Option<late::List> {
        self.list
            .here
            .get()
            .then(|| late::TOOLS.get())?
            .map(|tools| tools.list)
    }

    /// Lays something over the page.
    pub(crate) fn lay_over(&self, overlay: Overlay) {
        self.prepare_list();
        self.list.overlay.set(Some(overlay));
    }

    /// Searches for this.
    pub(crate) fn search(&self, query: String) {
        self.prepare_list();
        self.list.query.set(query);
    }

    /// Makes the next new conversation a temporary one, or not.
    pub(crate) fn begin_temporary(&self, temporary: bool) {
        // What ends it.
        self.prepare_list();
        self.update(|state| {
            state.temporary = temporary;
            Changes::default()
        });
    }

    /// Gives a conversation another title. It has it at once, and loses it again where the server does not agree.
    pub(crate) fn retitle(&self, id: &ConversationId, title: String) {
        let Some(old) = self.list.entry(id).map(|cell| cell.get_untracked()) else {
            return;
        };
        if title.is_empty() || title == old.title {
            return;
        }
        let new = Conversation {
            title: title.clone(),
            ..old.clone()
        };
        self.conversation_is(new);
        let store = *self;
        leptos::task::spawn_local(async move {
            match api::retitle(&old.id, &title).await {
                Ok(conversation) => store.conversation_is(conversation),
                Err(problem) => {
                    store.conversation_is(old);
                    store.complain("It could not be renamed", &problem);
                }
            }
        });
    }

    /// Deletes a conversation; for a while it can be brought back.
    pub(crate) fn delete(&self, id: &ConversationId) {
        let Some(old) = self.list.entry(id).map(|cell| cell.get_untracked()) else {
            return;
        };
        let store = *self;
        let open = self
            .page
            .with_untracked(|page| *page == Page::Chat(Some(old.id.clone())));
        leptos::task::spawn_local(async move {
            match api::delete(&old.id).await {
                Ok(()) => {
                    store.prepare_list();
                    if open {
                        store.go("/");
                    }
                    store.update(|state| {
                        let conversation_id = old.id.clone();
                        state.listed(ConversationChange::Deleted { conversation_id })
                    });
                    let (id, title) = (old.id, old.title);
                    store
                        .list
                        .deleted
                        .update(|all| all.push(Deleted { id, title, open }));
                }
                Err(problem) => store.complain("It could not be deleted", &problem),
            }
        });
    }

    /// Brings back what was deleted last.
    pub(crate) fn undo(&self) {
        let deleted = std::mem::take(&mut *self.list.deleted.write());
        for deleted in deleted {
            self.restore(deleted.id, deleted.open);
        }
    }

    /// Brings a deleted conversation back, and shows it if it was shown.
    pub(crate) fn restore(&self, id: ConversationId, open: bool) {
        let store = *self;
        leptos::task::spawn_local(async move {
            match api::restore(&id).await {
                Ok(conversation) => {
                    store.conversation_is(conversation);
                    store.tell(Notice::Done("Brought back.".to_owned()));
                    if open {
                        store.go(&format!("/c/{id}"));
                    }
                    // The button that was pressed has gone, and the focus with it.
                    request_animation_frame(move || {
                        if browser::focus_is_nowhere() {
                            browser::focus(&format!("more-{id}"));
                        }
                    });
                }
                Err(problem) => store.complain("It could not be brought back", &problem),
            }
        });
    }

    /// A temporary conversation ends where it is left.
    pub(super) fn leave(&self, next: Option<&ConversationId>) {
        let left = self.state.with_value(|state| {
            let id = state.open.id.clone().filter(|_| state.open.temporary);
            id.filter(|id| Some(id) != next)
        });
        if let Some(id) = left {
            leptos::task::spawn_local(async move {
                (late::TOOLS.load().await.list.forget)(id).await;
            });
        }
    }

    /// Goes to the conversation above the open one in the list, or below.
    pub(crate) fn step(&self, down: bool) {
        let open = self.open.with_untracked(|open| open.id.clone());
        let next = self.conversations.with_untracked(|all| {
            let here = all.iter().position(|one| Some(&one.id) == open.as_ref());
            let place = match (here, down) {
                (None, true) => Some(0),
                (None, false) => None,
                (Some(here), true) => Some(here + 1),
                (Some(here), false) => here.checked_sub(1),
            };
            place
                .and_then(|place| all.get(place))
                .map(|one| one.id.clone())
        });
        if let Some(id) = next {
            self.go(&format!("/c/{id}"));
        }
    }

    /// Copies the last answer of what is shown.
    pub(crate) fn copy_last_answer(&self) {
        let text = self.state.with_value(|state| {
            let items = state.items();
            let mut messages = items.iter().rev().filter_map(|item| match item {
                Item::Message(id) => state.open.get(id),
                Item::Pending(_) | Item::Again(_) => None,
            });
            let answer = messages.find(|entry| entry.message.role == MessageRole::Assistant);
            answer.map(|entry| entry.message.text.clone())
        });
        let store = *self;
        leptos::task::spawn_local(async move {
            match text.filter(|text| !text.is_empty()) {
                None => store.tell(Notice::Failed("There is no answer to copy.".to_owned())),
                Some(text) if browser::copy(&text).await => {
                    store.tell(Notice::Done("The last answer is copied.".to_owned()));
                }
                Some(_) => {
                    let why = "The browser does not let it be copied.".to_owned();
                    store.tell(Notice::Failed(why));
                }
            }
        });
    }

    /// Asks for another answer to the last question that is shown.
    pub(crate) fn regenerate_last(&self) {
        let last = self.read(|state| state.open.shown().last().cloned());
        if let Some(id) = last.filter(|_| !self.busy.get_untracked()) {
            self.ask_again(&id, None);
        }
    }

    /// What the page does with the list at the beginning of its life.
    pub(crate) fn start_list(&self) {
        let list = self.list;
        list.clock.set(Clock {
            now: browser::now(),
            utc_offset: None,
        });
        list.folded
            .set(browser::remembered(FOLDED).as_deref() == Some("folded"));
        let clock = list.clock;
        let tick = move || {
            clock.set(Clock {
                now: browser::now(),
                utc_offset: None,
            })
        };
        // Without it "Today" stays what it was until something is written.
        let timer = set_interval_with_handle(tick, std::time::Duration::from_secs(600));
        if let Ok(timer) = timer {
            on_cleanup(move || timer.clear());
        }
        let hash = window().location().hash().unwrap_or_default();
        if let Some(id) = hash.strip_prefix("#message-") {
            self.prepare_list();
            list.reveal.set(Some(id.into()));
        }
    }

    /// Folds the list or shows it again; as a drawer it opens or closes.
    pub(crate) fn toggle_list(&self) {
        if is_wide() {
            self.fold(!self.list.folded.get_untracked());
        } else {
            self.list.drawer.update(|open| *open = !*open);
        }
    }

    /// Makes sure that the list is seen.
    pub(crate) fn unfold(&self) {
        if is_wide() {
            self.fold(false);
        } else {
            self.list.drawer.set(true);
        }
    }

    /// Folds the list, where it is no drawer, or shows it again.
    pub(crate) fn fold(&self, folded: bool) {
        self.list.folded.set(folded);
        browser::remember(FOLDED, folded.then_some("folded"));
        if let Some(root) = document().document_element() {
            // Both only fail for a name that no attribute can have.
            let _ = if folded {
                root.set_attribute("data-sidebar", "folded")
            } else {
                root.remove_attribute("data-sidebar")
            };
        }
    }

    /// The server says how a conversation now is.
    pub(crate) fn conversation_is(&self, conversation: Conversation) {
        self.update(|state| state.listed(ConversationChange::Upserted { conversation }));
    }

    /// Says something in a line that passes.
    pub(crate) fn tell(&self, notice: Notice) {
        self.prepare_list();
        self.list.notice.set(Some(notice));
    }

    fn complain(&self, what: &str, problem: &api::Problem) {
        self.tell(Notice::Failed(format!("{what}. {}", problem.sentence())));
    }
}

/// The window is so wide that the list is no drawer.
pub(crate) fn is_wide() -> bool {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    width.is_some_and(|width| width >= WIDE)
}
