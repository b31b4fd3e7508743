//! What is being written: its files, its instructions, the messages that wait for an answer to end, and how a message
//! goes on its way.

use std::sync::Arc;

use evenkeel_protocol::{
    Attachment, ConversationId, Forecast, MessageId, ModelForecast, RequestId,
};
use leptos::prelude::*;

use super::{Order, Store, kept, set, set_arc};
use crate::state::{Attached, Changes, Choice, Map, Pending, Queued, SortedSet, State};
use crate::{api, browser, late, wording};

/// It is asked no more often than this whether the connection lives because somebody types, in milliseconds.
const LOOK_MS: i64 = 3_000;

/// What can be opened from the composer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// What every model is told before the first message.
    Instructions,
    /// A search among many models.
    Models,
}

/// The signals of the composer.
#[derive(Clone, Copy)]
pub(crate) struct Composing {
    /// The part of the program that shows files, queue and dialogs has come.
    pub(crate) here: RwSignal<bool>,
    pub(crate) forecast: RwSignal<Arc<Forecast>>,
    pub(crate) files: RwSignal<Vec<Attached>>,
    /// Why files were left out.
    pub(crate) refusals: RwSignal<Vec<String>>,
    /// What every model of the new conversation is to be told.
    pub(crate) instructions: RwSignal<Option<String>>,
    pub(crate) queue: RwSignal<Vec<Queued>>,
    /// What a conversation's instructions have been changed to here.
    told: RwSignal<Option<(ConversationId, Option<String>)>>,
    pub(crate) dialog: RwSignal<Option<Dialog>>,
    /// Text that belongs where the caret is.
    pub(crate) insert: RwSignal<Option<Arc<str>>>,
    /// The conversation that is written to.
    key: StoredValue<String>,
    /// Files that were chosen for other conversations.
    shelf: StoredValue<Map<String, Vec<Attached>>>,
    kept: StoredValue<SortedSet<RequestId>>,
    /// The files of messages that wait.
    pub(super) queued_files: StoredValue<Map<RequestId, Vec<Attachment>>>,
    /// What is written is for a temporary conversation.
    pub(super) secret: StoredValue<bool>,
    /// Who was chosen to answer what is written.
    choice: StoredValue<Option<Choice>>,
    /// Somebody looks after the queues of other conversations.
    pub(crate) watching: StoredValue<bool>,
    looked: StoredValue<i64>,
    last_file: StoredValue<u32>,
}

/// The name under which drafts and queues of a conversation are kept.
pub(super) fn key(store: Store) -> String {
    store.open.with_untracked(|open| match &open.id {
        Some(id) => id.to_string(),
        None => "new".to_owned(),
    })
}

impl Composing {
    pub(super) fn new(state: &State) -> Self {
        Self {
            here: RwSignal::new(false),
            forecast: RwSignal::new(Arc::clone(&state.forecast)),
            files: RwSignal::new(Vec::new()),
            refusals: RwSignal::new(Vec::new()),
            instructions: RwSignal::new(None),
            queue: RwSignal::new(Vec::new()),
            told: RwSignal::new(None),
            dialog: RwSignal::new(None),
            insert: RwSignal::new(None),
            key: StoredValue::new(String::new()),
            shelf: StoredValue::new(Map::default()),
            kept: StoredValue::new(SortedSet::default()),
            queued_files: StoredValue::new(Map::default()),
            secret: StoredValue::new(false),
            choice: StoredValue::new(None),
            watching: StoredValue::new(false),
            looked: StoredValue::new(0),
            last_file: StoredValue::new(0),
        }
    }

    /// Which conversation is written to.
    pub(crate) fn key(&self) -> String {
        self.key.get_value()
    }

    /// A number for one more file.
    pub(crate) fn next_file(&self) -> u32 {
        self.last_file.update_value(|last| *last += 1);
        self.last_file.get_value()
    }

    /// Changes a file, where it is still there.
    pub(crate) fn change_file(&self, id: u32, change: impl FnOnce(&mut Attached)) {
        self.files.update(|files| {
            if let Some(file) = files.iter_mut().find(|file| file.id == id) {
                change(file);
            }
        });
    }

    /// Takes a file away.
    pub(crate) fn remove_file(&self, id: u32) {
        self.files
            .update(|files| files.retain(|file| file.id != id));
    }

    fn take_files(&self) -> Vec<Attachment> {
        self.refusals.set(Vec::new());
        let files = self.files.try_update(std::mem::take).unwrap_or_default();
        files.iter().filter_map(Attached::attachment).collect()
    }
}

impl Store {
    /// Who is to answer the next message.
    pub(crate) fn next(&self) -> Choice {
        let chosen = self.chosen.get();
        // A server that was started anew may have other assistants.
        let chosen = chosen.filter(|chosen| self.hello.with(|hello| chosen.offered(hello)));
        chosen.unwrap_or_else(|| self.usual.get())
    }

    /// What is known of it, where it would not answer itself.
    pub(crate) fn expected(&self) -> Option<ModelForecast> {
        let asked = self.next().forecast_of();
        self.composing
            .forecast
            .with(|forecast| wording::forecast_for(forecast, &asked).cloned())
    }

    /// Who was chosen to answer what is written, where it is not who would answer anyway. The page may just be leaving the
    /// conversation.
    pub(crate) fn written_for(&self) -> Option<Choice> {
        let chosen = self.chosen.get();
        let chosen = chosen.filter(|chosen| self.usual.with(|usual| usual != chosen));
        if self.composing.key() == key(*self) {
            self.composing.choice.set_value(chosen);
        }
        self.composing.choice.get_value()
    }

    /// Brings the composer's signals up to date.
    pub(super) fn publish_composing(&self, state: &State) {
        set_arc(self.composing.forecast, &state.forecast);
        self.keep_unsent(&state.pending);
    }

    /// Keeps what is on its way, and forgets what has arrived.
    fn keep_unsent(&self, pending: &[Arc<Pending>]) {
        self.composing.kept.update_value(|kept| {
            if kept.is_empty() && pending.is_empty() {
                return;
            }
            // Of a temporary conversation the browser keeps nothing.
            let nothing = self.keeps_nothing();
            let here = self.open.with_untracked(|open| open.id.clone());
            for pending in pending {
                if nothing && pending.send.conversation_id == here {
                    continue;
                }
                if kept.add(pending.send.request_id.clone()) {
                    kept::keep_unsent(pending);
                }
            }
            kept.retain(|id, ()| {
                let still = pending.iter().any(|pending| pending.send.request_id == *id);
                if !still {
                    kept::forget_unsent(id);
                }
                still
            });
        });
    }

    /// Fetches what shows files, queue and dialogs.
    pub(crate) fn prepare_composing(&self) {
        let here = self.composing.here;
        if here.get_untracked() {
            return;
        }
        leptos::task::spawn_local(async move {
            late::TOOLS.load().await;
            // The page may be gone by now.
            let _ = here.try_set(true);
        });
    }

    /// That part, once it is here.
    pub(crate) fn composing_part(&self) -> Option<late::Composing> {
        self.composing
            .here
            .get()
            .then(|| late::TOOLS.get())?
            .map(|tools| tools.composing)
    }

    /// Somebody uses the page: it should be known whether the connection lives.
    pub(crate) fn look(&self) {
        let now = browser::now_ms();
        if now - self.composing.looked.get_value() > LOOK_MS {
            self.composing.looked.set_value(now);
            self.order(Order::Look);
        }
    }

    /// Sends what was written, or lets it wait until the answer is done; false where nothing can be done with it yet.
    pub(crate) fn submit(&self, text: &str) -> bool {
        let composing = self.composing;
        let (reading, none) = composing.files.with_untracked(|files| {
            let reading = files.iter().any(|file| file.data.is_none());
            (reading, files.is_empty())
        });
        if text.trim().is_empty() && none {
            return false;
        }
        if reading {
            self.announce("Files are still being read.");
            return false;
        }
        self.complaint.set(None);
        let id = RequestId(browser::uuid());
        let files = composing.take_files();
        let text = text.trim_end().to_owned();
        if self.busy.get_untracked() {
            let choice = untrack(|| self.next());
            self.enqueue(Queued {
                request_id: id,
                text,
                model: choice.model,
                assistant: choice.assistant,
                files,
                lost_files: 0,
                at: browser::now_ms(),
            });
        } else {
            self.post(id, text, None, None, files);
        }
        true
    }

    /// Sends a message to the open conversation, after the newest one or after `parent`.
    pub(crate) fn send(&self, text: String, parent: Option<MessageId>) {
        self.post(RequestId(browser::uuid()), text, parent, None, Vec::new());
    }

    pub(super) fn post(
        &self,
        id: RequestId,
        text: String,
        parent: Option<MessageId>,
        choice: Option<Choice>,
        files: Vec<Attachment>,
    ) {
        let choice = choice.unwrap_or_else(|| untrack(|| self.next()));
        let instructions = self.composing.instructions.get_untracked();
        self.prepare();
        self.update(|state| {
            let first = state.open.id.is_none();
            let mut frame = Some(state.send(id.clone(), text, parent, choice, browser::now()));
            if first || !files.is_empty() {
                frame = state.accompany(&id, files, instructions);
            }
            // It is on its way before the page shows it: the server works while the browser does.
            frame.into_iter().for_each(|frame| self.say(frame));
            Changes::default()
        });
        if self.composing.instructions.with_untracked(Option::is_some) {
            self.composing.instructions.set(None);
        }
    }

    /// Takes a refused message back into the composer.
    pub(crate) fn edit_again(&self, id: &RequestId) {
        if let Some(pending) = self.withdraw(id) {
            let send = &pending.send;
            if send.system_prompt.is_some() {
                self.composing.instructions.set(send.system_prompt.clone());
            }
            self.take_up(&send.text, &send.attachments);
        }
    }

    /// Puts a message into the composer, with its files.
    pub(super) fn take_up(&self, text: &str, files: &[Attachment]) {
        if !files.is_empty() {
            self.prepare_composing();
            let files = files
                .iter()
                .map(|file| Attached::taken_back(self.composing.next_file(), file));
            self.composing.files.update(|all| all.extend(files));
        }
        self.draft.set(Some(text.to_owned()));
    }

    /// A message that is on its way already, or once was.
    pub(crate) fn adopt(&self, send: evenkeel_protocol::Send, at: i64) {
        let at = evenkeel_protocol::Timestamp::from_millisecond(at);
        let mut frame = None;
        self.prepare();
        self.update(|state| {
            frame = state.adopt(send, at.unwrap_or_else(|_| browser::now()));
            Changes::default()
        });
        frame.into_iter().for_each(|frame| self.say(frame));
    }

    /// What every model of the open conversation is told first.
    pub(crate) fn instructions(&self) -> Option<String> {
        let Some(id) = self.open.with(|open| open.id.clone()) else {
            return self.composing.instructions.get();
        };
        if let Some((_, known)) = self.composing.told.get().filter(|(told, _)| *told == id) {
            return known;
        }
        self.conversations.with(|all| {
            let known = all.iter().find(|known| known.id == id);
            known.and_then(|known| known.system_prompt.clone())
        })
    }

    /// Gives the open conversation other instructions; a new one gets them with its first message.
    pub(crate) async fn instruct(self, text: Option<String>) -> Result<(), String> {
        let Some(id) = self.open.with_untracked(|open| open.id.clone()) else {
            self.composing.instructions.set(text);
            return Ok(());
        };
        let changed = api::instruct(&id, text.as_deref()).await;
        changed.map_err(|problem| problem.sentence())?;
        self.composing.told.set(Some((id, text)));
        Ok(())
    }

    /// Takes up what was on its way when a page was closed.
    pub(crate) fn take_up_unsent(self) {
        if kept::names(kept::UNSENT).is_empty() {
            return;
        }
        leptos::task::spawn_local(async move {
            (late::TOOLS.load().await.composing.restore)(self);
        });
    }

    /// The announcer says this.
    pub(crate) fn announce(&self, sentence: &str) {
        set(self.announcement, sentence.to_owned());
    }

    /// The composer now writes to the open conversation. True where it is another one; false where it is the same, which
    /// has only got its id.
    pub(crate) fn turn_to_open(&self) -> bool {
        let composing = self.composing;
        let (before, now) = (composing.key(), key(*self));
        composing.key.set_value(now.clone());
        if before == now {
            return false;
        }
        let begun = before == "new" && self.opened.get_untracked().is_some_and(|id| id.0 == now);
        if begun {
            if !self.keeps_nothing() {
                let queue = composing.queue.get_untracked();
                kept::keep_queue(&before, &[]);
                kept::keep_queue(&now, &queue);
            }
            return false;
        }
        let files = composing
            .files
            .try_update(std::mem::take)
            .unwrap_or_default();
        composing.shelf.update_value(|shelf| {
            shelf.insert(before, files);
            set(composing.files, shelf.remove(&now).unwrap_or_default());
        });
        set(composing.refusals, Vec::new());
        set(composing.dialog, None);
        set(composing.queue, Vec::new());
        self.read_queue();
        self.look_after_queues();
        true
    }
}
