//! Between the plain [`State`] and what is shown of it: one signal for each part, set only when that part changed, and
//! one for each message, so that a token of one answer disturbs nothing else on the page.

mod branches;
mod composing;
pub(crate) mod kept;
pub(crate) mod list;
pub(crate) mod older;
mod queue;
mod watched;

use std::sync::Arc;

use evenkeel_protocol::{
    ClientFrame, Conversation, ConversationId, Hello, MessageId, RequestId, RunId,
};
use futures::FutureExt;
use futures::channel::mpsc::UnboundedSender;
use leptos::prelude::*;

use self::list::ListStore;
use crate::late;
use crate::navigation::Page;
pub(crate) use crate::state::Connection;
use crate::state::{Changes, Choice, Entry, Heard, Item, Map, Pending, Phase, State};

pub(crate) use branches::{Around, Menu};
pub(crate) use composing::{Composing, Dialog};
pub(crate) use watched::WatchedStore;
use watched::Watcher;

/// What can be asked of the socket.
#[derive(Debug)]
pub(crate) enum Order {
    /// Say this; where there is no connection it is not needed, as a new one begins with all that counts.
    Say(Box<ClientFrame>),
    /// Try again now, where a try is being waited for.
    Hurry,
    /// Somebody begins to use it: make sure that it lives.
    Look,
    /// The browser says that there is no network.
    Lost,
}

/// Is given each frame, and whether this page has sent it.
pub(crate) type Tap = Arc<dyn Fn(&str, bool) + Send + Sync>;

/// Which conversation is shown, and how far it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenView {
    pub(crate) id: Option<ConversationId>,
    pub(crate) phase: Phase,
    /// It is deleted when it is left.
    pub(crate) temporary: bool,
}

/// The signals that the components read, and the ways to change what they show.
#[derive(Clone, Copy)]
pub(crate) struct Store {
    state: StoredValue<State>,
    entries: StoredValue<Map<MessageId, ArcRwSignal<Arc<Entry>>>>,
    orders: StoredValue<Option<UnboundedSender<Order>>>,
    /// The page that the address names.
    pub(crate) page: RwSignal<Page>,
    /// The conversation list and what stands around it.
    pub(crate) list: ListStore,
    pub(crate) hello: RwSignal<Arc<Hello>>,
    pub(crate) conversations: RwSignal<Arc<Vec<Conversation>>>,
    pub(crate) open: RwSignal<OpenView>,
    pub(crate) items: RwSignal<Vec<Item>>,
    /// Where the parts of the items begin, newest part first.
    pub(crate) parts: RwSignal<Vec<usize>>,
    pub(crate) pending: RwSignal<Vec<Arc<Pending>>>,
    pub(crate) running: RwSignal<Option<RunId>>,
    pub(crate) busy: RwSignal<bool>,
    pub(crate) usual: RwSignal<Choice>,
    /// Whom the reader has chosen for the next message.
    pub(crate) chosen: RwSignal<Option<Choice>>,
    pub(crate) connection: RwSignal<Connection>,
    pub(crate) announcement: RwSignal<String>,
    pub(crate) complaint: RwSignal<Option<String>>,
    /// A new conversation has got this id.
    pub(crate) opened: RwSignal<Option<ConversationId>>,
    /// What belongs to the messages.
    pub(crate) around: Around,
    /// A message that is to come onto the page.
    wanted: StoredValue<Option<MessageId>>,
    /// Who is told of what few pages watch.
    watchers: StoredValue<Vec<Watcher>>,
    /// Who overhears all that passes through the socket.
    tap: StoredValue<Option<Tap>>,
    /// The debug pane stands beside the chat.
    pub(crate) rehearsing: RwSignal<bool>,
    /// Text that belongs into the composer.
    pub(crate) draft: RwSignal<Option<String>>,
    pub(crate) composing: Composing,
    /// The page is alive: from here on it may differ from what the server rendered.
    pub(crate) hydrated: RwSignal<bool>,
    /// All of the page is alive, its messages as well.
    pub(crate) whole: RwSignal<bool>,
}

impl Store {
    /// A store over the state that a page begins with.
    pub(crate) fn new(page: Page, state: State) -> Self {
        let items = state.items();
        let entries = items.iter().filter_map(|item| cell(&state, item)).collect();
        Self {
            page: RwSignal::new(page),
            list: ListStore::new(&state),
            hello: RwSignal::new(Arc::clone(&state.hello)),
            conversations: RwSignal::new(Arc::clone(&state.conversations)),
            open: RwSignal::new(view(&state)),
            parts: RwSignal::new(state.parts(&items)),
            items: RwSignal::new(items),
            pending: RwSignal::new(state.pending.clone()),
            running: RwSignal::new(state.running()),
            busy: RwSignal::new(state.busy()),
            usual: RwSignal::new(state.usual()),
            chosen: RwSignal::new(None),
            connection: RwSignal::new(Connection::Connecting),
            announcement: RwSignal::new(String::new()),
            complaint: RwSignal::new(None),
            opened: RwSignal::new(None),
            draft: RwSignal::new(None),
            composing: Composing::new(&state),
            hydrated: RwSignal::new(false),
            whole: RwSignal::new(true),
            around: Around::new(&state),
            wanted: StoredValue::new(None),
            watchers: StoredValue::default(),
            tap: StoredValue::default(),
            rehearsing: RwSignal::new(false),
            entries: StoredValue::new(entries),
            orders: StoredValue::new(None),
            state: StoredValue::new(state),
        }
    }

    /// The one of this page.
    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(|| Self::new(Page::Chat(None), State::default()))
    }

    /// The same, for what is on the page but not alive yet.
    pub(crate) fn beginning(self) -> Self {
        Self {
            hydrated: self.whole,
            ..self
        }
    }

    /// The signal of a message, while it is shown.
    pub(crate) fn entry(&self, id: &MessageId) -> Option<ArcRwSignal<Arc<Entry>>> {
        self.entries.with_value(|entries| entries.get(id).cloned())
    }

    /// Something of the state as it is now.
    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.state.with_value(read)
    }

    /// A message as it is now.
    pub(crate) fn message(&self, id: &MessageId) -> Option<Arc<Entry>> {
        self.state.with_value(|state| state.open.get(id).cloned())
    }

    /// Where the socket takes its orders.
    pub(crate) fn connect(&self, orders: UnboundedSender<Order>) {
        self.orders.set_value(Some(orders));
    }

    /// What a new socket says first.
    pub(crate) fn opening(&self) -> Vec<ClientFrame> {
        self.state.with_value(State::opening)
    }

    /// Takes what the server said since the last time.
    pub(crate) fn receive(&self, frames: Vec<Heard>) {
        self.update(|state| {
            let mut changes = Changes::default();
            for frame in frames {
                changes.merge(state.apply(frame));
            }
            changes
        });
    }

    /// Fetches what shows an answer, so that it is there when one comes; false where nothing can be fetched now.
    pub(crate) fn prepare(&self) -> bool {
        let connected = self.connection.get_untracked() == Connection::Open;
        if connected && late::ANSWERS.get().is_none() {
            leptos::task::spawn_local(late::ANSWERS.load().map(drop));
        }
        connected
    }

    /// Takes a refused message back.
    pub(crate) fn withdraw(&self, id: &RequestId) -> Option<Arc<Pending>> {
        let mut pending = None;
        self.update(|state| {
            pending = state.withdraw(id);
            Changes::default()
        });
        pending
    }

    /// Ends the answer that is being written.
    pub(crate) fn stop(&self) {
        let frame = self.state.try_update_value(State::stop).flatten();
        frame.into_iter().for_each(|frame| self.say(frame));
    }

    /// Shows a conversation, or a new one.
    pub(crate) fn show(&self, id: Option<ConversationId>) {
        let same = self.state.with_value(|state| {
            state.open.id == id && matches!(state.open.phase, Phase::Ready | Phase::Loading)
        });
        if same {
            return;
        }
        self.leave(id.as_ref());
        let mut frames = Vec::new();
        self.chosen.set(None);
        self.update(|state| {
            frames = state.show(id.clone());
            Changes {
                reload: id.is_some(),
                ..Changes::default()
            }
        });
        frames.into_iter().for_each(|frame| self.say(frame));
    }

    /// Connects at once, where a try is being waited for.
    pub(crate) fn hurry(&self) {
        self.order(Order::Hurry);
    }

    /// Fetches the open conversation anew.
    pub(crate) fn refresh(&self) {
        let store = *self;
        if let Some(id) = self.state.with_value(|state| state.open.id.clone()) {
            leptos::task::spawn_local(async move { store.fetch(&id).await });
        }
    }

    /// Fetches a conversation, and shows it where it is the open one.
    pub(crate) async fn fetch(&self, id: &ConversationId) {
        let fetched = (late::ANSWERS.load().await.transcript)(id.clone()).await;
        self.update(|state| match fetched {
            Ok(transcript) => state.transcript(transcript),
            Err(problem) => {
                let missing = matches!(problem.status, Some(403 | 404));
                state.no_transcript(
                    id,
                    if missing {
                        Phase::Missing
                    } else {
                        Phase::Failed
                    },
                );
                Changes::default()
            }
        });
    }

    /// Gives this all that passes through the socket from now on.
    pub(crate) fn tap(&self, tap: Tap) {
        self.tap.set_value(Some(tap));
    }

    /// A frame passes.
    pub(crate) fn overhear(&self, text: &str, sent: bool) {
        if let Some(tap) = self.tap.get_value() {
            tap(text, sent);
        }
    }

    fn say(&self, frame: ClientFrame) {
        self.order(Order::Say(Box::new(frame)));
    }

    fn order(&self, order: Order) {
        self.orders.with_value(|orders| {
            if let Some(orders) = orders {
                // A socket that is gone is replaced by one that begins with all that counts.
                let _ = orders.unbounded_send(order);
            }
        });
    }

    /// Changes the state and shows what changed.
    fn update(&self, change: impl FnOnce(&mut State) -> Changes) {
        let Some(changes) = self.state.try_update_value(change) else {
            return;
        };
        self.state.with_value(|state| self.publish(state, &changes));
        for unread in changes.unread {
            watched::tell(self.watchers, &unread);
        }
        if changes.resubscribe {
            let frame = self.state.with_value(State::subscription);
            frame.into_iter().for_each(|frame| self.say(frame));
        }
        if changes.reload {
            self.refresh();
        }
    }

    fn publish(&self, state: &State, changes: &Changes) {
        set_arc(self.hello, &state.hello);
        self.publish_list(state);
        let items = state.items();
        self.publish_entries(state, &items, &changes.messages);
        self.around.publish(state);
        set(self.open, view(state));
        set(self.pending, state.pending.clone());
        self.publish_composing(state);
        if self.items.with_untracked(|known| *known != items) {
            set(self.parts, state.parts(&items));
            self.items.set(items);
        }
        set(self.running, state.running());
        set(self.busy, state.busy());
        set(self.usual, state.usual());
        if let Some(sentence) = &changes.say {
            set(self.announcement, sentence.clone());
        }
        if let Some(complaint) = &changes.complaint {
            set(self.complaint, Some(complaint.clone()));
        }
        if changes.opened.is_some() {
            self.opened.set(changes.opened.clone());
        }
    }

    fn publish_entries(&self, state: &State, items: &[Item], changed: &[MessageId]) {
        let mut renewed = Vec::new();
        self.entries.update_value(|entries| {
            if self.open.with_untracked(|open| open.id != state.open.id) {
                entries.retain(|id, _| state.open.get(id).is_some());
            }
            for item in items {
                let Item::Message(id) = item else { continue };
                if entries.contains(id) {
                    continue;
                }
                if let Some((id, cell)) = cell(state, item) {
                    entries.insert(id, cell);
                }
            }
            for id in changed {
                if let (Some(signal), Some(entry)) = (entries.get(id), state.open.get(id)) {
                    renewed.push((signal.clone(), Arc::clone(entry)));
                }
            }
        });
        for (signal, entry) in renewed {
            signal.set(entry);
        }
    }
}

fn cell(state: &State, item: &Item) -> Option<(MessageId, ArcRwSignal<Arc<Entry>>)> {
    let Item::Message(id) = item else { return None };
    let entry = state.open.get(id)?;
    Some((id.clone(), ArcRwSignal::new(Arc::clone(entry))))
}

fn view(state: &State) -> OpenView {
    OpenView {
        id: state.open.id.clone(),
        phase: state.open.phase,
        temporary: state.open.temporary,
    }
}

fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}

fn set_arc<T: Send + Sync + 'static>(signal: RwSignal<Arc<T>>, value: &Arc<T>) {
    if signal.with_untracked(|known| !Arc::ptr_eq(known, value)) {
        signal.set(Arc::clone(value));
    }
}
