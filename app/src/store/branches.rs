//! What a person does with a message: another version of it, another answer, one that waits until a model is back.

use evenkeel_protocol::{AttachedFile, ConversationId, MessageId, ModelId, RequestId, Timestamp};
use leptos::prelude::*;

use super::{Connection, Store, set};
use crate::state::{
    Again, Changes, Choice, Pending, SortedSet, State, Waiting, assistant, expected,
};
use crate::{browser, late};

/// Where the browser keeps the questions that wait.
const WAITING: &str = "waiting";

/// What the components around messages share.
#[derive(Clone, Copy)]
pub(crate) struct Around {
    /// Another number each time the tree of messages, or what is shown of it, has changed.
    pub(crate) shape: RwSignal<u64>,
    /// What the menu of models is open for.
    pub(crate) menu: RwSignal<Option<Menu>>,
    /// The question that is edited, and what its text is to be.
    pub(crate) editing: RwSignal<Option<(MessageId, String)>>,
    /// The picture that is shown large.
    pub(crate) picture: RwSignal<Option<AttachedFile>>,
    /// The questions that wait until a model is back.
    pub(crate) waiting: RwSignal<Vec<Waiting>>,
    /// Those of them that this page has asked.
    asked: StoredValue<SortedSet<RequestId>>,
    /// Somebody looks after them.
    pub(crate) watching: StoredValue<bool>,
}

/// A menu of models that could answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Menu {
    /// The question or answer.
    pub(crate) message: MessageId,
    /// Only models that would answer now.
    pub(crate) ready: bool,
}

impl Around {
    /// As a page begins.
    pub(crate) fn new(state: &State) -> Self {
        Self {
            shape: RwSignal::new(state.open.shape()),
            menu: RwSignal::new(None),
            editing: RwSignal::new(None),
            picture: RwSignal::new(None),
            waiting: RwSignal::new(Vec::new()),
            asked: StoredValue::default(),
            watching: StoredValue::new(false),
        }
    }

    /// Shows what changed.
    pub(super) fn publish(&self, state: &State) {
        set(self.shape, state.open.shape());
    }
}

impl Store {
    /// Asks for another answer to a question, or to the question of an answer: by this model, or by who was asked for. An
    /// answer's assistant stays its assistant.
    pub(crate) fn ask_again(&self, id: &MessageId, model: Option<ModelId>) {
        let hello = self.hello.get_untracked();
        let before = self
            .message(id)
            .and_then(|entry| Choice::again(&entry.message, &hello))
            .unwrap_or_else(|| untrack(|| self.next()));
        let found = self.read(|state| {
            let question = state.question_of(id)?;
            Some((question, state.open.id.clone()?))
        });
        if let Some((question, conversation_id)) = found {
            self.wait_no_more(&question);
            self.ask_again_as(Again {
                request_id: RequestId(browser::uuid()),
                conversation_id,
                question,
                of: id.clone(),
                model: model.or(before.model),
                assistant: before.assistant,
                at: browser::now(),
            });
        }
    }

    fn ask_again_as(&self, again: Again) {
        self.prepare();
        let mut frame = None;
        self.update(|state| {
            frame = state.ask_again(again);
            Changes::default()
        });
        frame.into_iter().for_each(|frame| self.say(frame));
    }

    /// Asks another version of a question.
    pub(crate) fn edit(&self, id: &MessageId, text: String) {
        let request_id = RequestId(browser::uuid());
        let choice = untrack(|| self.next());
        self.prepare();
        let mut frame = None;
        self.update(|state| {
            frame = Some(state.edit(request_id, id.clone(), text, choice, browser::now()));
            Changes::default()
        });
        frame.into_iter().for_each(|frame| self.say(frame));
    }

    /// Takes a refused message back, to be changed where it was written.
    pub(crate) fn change(&self, pending: &Pending) {
        match &pending.send.edited_id {
            Some(edited) => {
                self.withdraw(&pending.send.request_id);
                let text = pending.send.text.clone();
                self.around.editing.set(Some((edited.clone(), text)));
            }
            None => self.edit_again(&pending.send.request_id),
        }
    }

    /// Sends a refused message anew.
    pub(crate) fn send_anew(&self, pending: &Pending) {
        let request_id = RequestId(browser::uuid());
        let mut frame = None;
        self.update(|state| {
            frame = Some(state.send_anew(request_id, pending, browser::now()));
            Changes::default()
        });
        frame.into_iter().for_each(|frame| self.say(frame));
    }

    /// Shows another version of a message.
    pub(crate) fn choose(&self, id: &MessageId) {
        self.update(|state| {
            state.choose(id);
            Changes::default()
        });
    }

    /// The place of a message among its versions, and their ids. It is followed as it changes.
    pub(crate) fn versions(&self, id: &MessageId) -> Option<(usize, Vec<MessageId>)> {
        self.around.shape.track();
        self.read(|state| {
            let (place, versions) = state.open.versions(id)?;
            (versions.len() > 1).then(|| (place, versions.to_vec()))
        })
    }

    /// The message at the end of what is shown. It is followed as it changes.
    pub(crate) fn last_shown(&self) -> Option<MessageId> {
        self.around.shape.track();
        self.read(|state| state.open.shown().last().cloned())
    }

    /// Suggestions for what to ask after this answer have come.
    pub(crate) fn suggested(&self, id: &MessageId, suggestions: Vec<String>) {
        self.update(|state| state.suggested(id, suggestions));
    }

    /// The open conversation, where nobody has given it a title yet and this is its first answer.
    pub(crate) fn untitled(&self, answer: &MessageId) -> Option<ConversationId> {
        self.read(|state| {
            let id = state.open.id.clone()?;
            let mut known = state.conversations.iter();
            let conversation = known.find(|one| one.id == id)?;
            let plain = conversation.title_source == evenkeel_protocol::TitleSource::Plain;
            let first = state.open.shown().get(1) == Some(answer);
            (plain && first).then_some(id)
        })
    }

    /// Lets a question wait until one of the models that could answer it is back.
    pub(crate) fn wait_for(
        &self,
        answer: &MessageId,
        chain: &[ModelId],
        retry_at: Option<Timestamp>,
    ) {
        let found = self.read(|state| {
            let conversation = state.open.id.clone()?;
            let question = state.question_of(answer)?;
            let message = &state.open.get(answer)?.message;
            let asked = message.requested_model.clone();
            let model = asked.or_else(|| chain.first().cloned())?;
            let own = message.assistant.clone();
            let own = own.filter(|id| assistant(&state.hello, id).is_some());
            let own = own.map(|id| (answer.clone(), id));
            let back = expected(&state.forecast, |id| chain.contains(id)).map(|(_, at)| at);
            let ids = (RequestId(browser::uuid()), conversation, question);
            Some(Waiting::new(
                ids,
                (model, own),
                &state.forecast,
                back.or(retry_at),
                browser::now_ms(),
            ))
        });
        let Some(new) = found else { return };
        self.keep_waiting(|waiting| {
            if !waiting.iter().any(|known| known.question == new.question) {
                waiting.push(new);
            }
        });
    }

    /// A question waits no longer.
    pub(crate) fn wait_no_more(&self, question: &MessageId) {
        self.keep_waiting(|waiting| waiting.retain(|known| known.question != *question));
    }

    /// Changes what the browser keeps, which other tabs change as well.
    fn keep_waiting(&self, change: impl FnOnce(&mut Vec<Waiting>)) {
        let mut waiting = kept();
        let before = waiting.clone();
        change(&mut waiting);
        if waiting != before {
            keep(&waiting);
        }
        set(self.around.waiting, waiting);
    }

    /// Asks what has been waiting for a model that is back now. Called every second; false when nothing
    /// waits any more.
    pub(crate) fn look_after_waiting(&self) -> bool {
        let now = browser::now_ms();
        let mut waiting = kept();
        let before = waiting.clone();
        // What was asked, and is no longer on its way, has been accepted or refused: it waits for nothing any more.
        waiting.retain(|one| !one.forgotten(now) && !self.has_asked(&one.request_id));
        if waiting != before {
            keep(&waiting);
        }
        let told = self.connection.get_untracked() == Connection::Open
            && self.read(|state| state.forecast_known);
        if told {
            let forecast = self.composing.forecast.get_untracked();
            let due = waiting.iter().filter(|one| one.due(&forecast, now));
            due.for_each(|one| self.ask_waiting(one));
        }
        let more = !waiting.is_empty();
        set(self.around.waiting, waiting);
        more
    }

    fn has_asked(&self, id: &RequestId) -> bool {
        let asked = self.around.asked.with_value(|asked| asked.contains(id));
        asked && self.read(|state| state.again.iter().all(|again| again.request_id != *id))
    }

    /// Two tabs that do so at once say the same id, and the server asks once.
    fn ask_waiting(&self, one: &Waiting) {
        let new = self
            .around
            .asked
            .try_update_value(|asked| asked.add(one.request_id.clone()));
        if new == Some(true) {
            self.announcement
                .set("A model is back. Asking your question again.".to_owned());
            let of = one.assistant.as_ref().map(|(answer, _)| answer);
            self.ask_again_as(Again {
                request_id: one.request_id.clone(),
                conversation_id: one.conversation_id.clone(),
                question: one.question.clone(),
                of: of.unwrap_or(&one.question).clone(),
                model: of.is_none().then(|| one.model.clone()),
                assistant: one.assistant.as_ref().map(|(_, id)| id.clone()),
                at: browser::now(),
            });
        }
    }

    /// A page that comes back goes on waiting, and so does every other one that is open.
    pub(crate) fn resume_waiting(self) {
        self.go_on_waiting();
        let other_tab = window_event_listener(leptos::ev::storage, move |event| {
            if event.key().as_deref() == Some(WAITING) {
                self.go_on_waiting();
            }
        });
        on_cleanup(move || other_tab.remove());
    }

    /// Looks after the questions that wait, where there are any.
    pub(crate) fn go_on_waiting(self) {
        if browser::remembered(WAITING).is_some() {
            leptos::task::spawn_local(async move {
                let answers = late::ANSWERS.load().await;
                (answers.wait)(self);
            });
        }
    }
}

fn kept() -> Vec<Waiting> {
    browser::remembered(WAITING)
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default()
}

fn keep(waiting: &[Waiting]) {
    let json = serde_json::to_string(waiting).ok();
    browser::remember(WAITING, json.as_deref().filter(|_| !waiting.is_empty()));
}
