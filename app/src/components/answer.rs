//! An answer: its text, and in the open who gave it, who could not, and what happens meanwhile.

use std::sync::Arc;

use evenkeel_protocol::{ErrorKind, Message, MessageStatus, TurnError};
use leptos::prelude::*;

use super::attempts::{Turn, attempts};
use super::exhausted::{Exhausted, Failed};
use super::progress::progress;
use super::stepped_in::stepped_in;
use super::tools::{Written, again};
use super::{CopyButton, Growing, Simulated, Versions, blocks, seam};
use crate::state::{Entry, assistant};
use crate::store::Store;
use crate::wording;

/// What is known of an answer besides its text, so that a token changes none of it.
#[derive(Clone, Debug, PartialEq)]
struct Facts {
    /// The message, without its text.
    message: Message,
    /// There is no text.
    empty: bool,
    /// It came about while the page was open.
    news: bool,
}

impl Facts {
    fn of(entry: &Entry) -> Self {
        let message = &entry.message;
        let bare = Message {
            text: String::new(),
            id: message.id.clone(),
            conversation_id: message.conversation_id.clone(),
            parent_id: message.parent_id.clone(),
            model_name: message.model_name.clone(),
            requested_model: message.requested_model.clone(),
            assistant: message.assistant.clone(),
            provider: message.provider.clone(),
            finish_reason: message.finish_reason.clone(),
            attempts: message.attempts.clone(),
            seams: message.seams.clone(),
            attachments: Vec::new(),
            suggestions: Vec::new(),
            guards: message.guards.clone(),
            run_id: message.run_id.clone(),
            error: message.error.clone(),
            role: message.role,
            status: message.status,
            created_at: message.created_at,
            fallback: message.fallback,
            usage: message.usage,
            cost: message.cost,
            simulated: message.simulated,
        };
        Self {
            message: bare,
            empty: message.text.is_empty(),
            news: entry.news,
        }
    }

    fn failed(&self) -> Option<Failed> {
        match &self.message.error {
            Some(TurnError {
                kind: ErrorKind::FallbackExhausted { failures, retry_at },
                error,
            }) => Some(Failed {
                message: self.message.clone(),
                summary: error.clone(),
                failures: failures.clone(),
                retry_at: *retry_at,
                news: self.news,
            }),
            Some(_) | None => None,
        }
    }
}

/// An answer, settled or being written.
pub(crate) fn answer(entry: ArcRwSignal<Arc<Entry>>) -> AnyView {
    let facts = {
        let entry = entry.clone();
        Memo::new(move |_| entry.with(|entry| Facts::of(entry)))
    };
    let about =
        move |read: fn(&Message) -> Option<String>| facts.with(|facts| read(&facts.message));
    let model = |message: &Message| message.model_name.as_ref().map(ToString::to_string);
    let store = Store::here();
    let heading = move || match facts.with(|facts| by(store, &facts.message)) {
        Some(by) => format!("Answer from {by}"),
        None => "Answer".to_owned(),
    };
    let growing = entry.with_untracked(|entry| entry.streaming());
    let text = if growing {
        view! { <Growing entry=entry.clone() /> }.into_any()
    } else {
        let entry = entry.clone();
        (move || entry.with(|entry| blocks(entry))).into_any()
    };
    let copied = entry.clone();
    let copy = Callback::new(move |()| copied.with_untracked(|entry| entry.message.text.clone()));
    let unfolded = RwSignal::new(false);
    let failed = Memo::new(move |_| facts.with(Facts::failed));
    // A text that was kept is named and copied before the card says why there is no more of it.
    let bare = Memo::new(move |_| failed.with(Option::is_some) && facts.with(|facts| facts.empty));
    view! {
        <article
            class="message flex flex-col gap-2"
            data-testid="message"
            data-role="assistant"
            data-id=entry.with_untracked(|entry| entry.message.id.to_string())
            data-status=move || facts.with(|facts| facts.message.status.as_str())
            data-model=move || about(model).unwrap_or_default()
            data-assistant=move || about(|message| message.assistant.clone())
            data-fallback=move || facts.with(|facts| facts.message.fallback.to_string())
        >
            <h2 class="sr-only">{heading}</h2>
            {move || facts.with(|facts| seam::restarts(&facts.message))}
            <div class="prose">{text}</div>
            {move || facts.with(below)}
            {move || (!bare.get()).then(|| facts.with(|facts| foot(facts, copy, unfolded)))}
            {move || failed.get().map(|failed| view! { <Exhausted failed /> })}
            {move || bare.get().then(|| facts.with(|facts| foot(facts, copy, unfolded)))}
        </article>
    }
    .into_any()
}

/// The assistant, and the model that answered for it: "Questions and answers · gpt-4o".
fn by(store: Store, message: &Message) -> Option<String> {
    let model = message.model_name.as_ref()?;
    let Some(id) = &message.assistant else {
        return Some(model.to_string());
    };
    Some(store.hello.with(|hello| {
        let known = assistant(hello, id);
        let name = known.map_or(id.as_str(), |assistant| &assistant.name);
        format!("{name} · {model}")
    }))
}

/// What happened, in a line each.
fn below(facts: &Facts) -> impl IntoView + use<> {
    let message = &facts.message;
    let streaming = message.status == MessageStatus::Streaming;
    view! {
        {seam::notes(message)}
        {streaming.then(|| progress(message, facts.empty)).flatten()}
        {wording::ended(message).map(|text| view! { <p class="text-sm text-muted">{text}</p> })}
        {stepped_in(message)}
        {guards(message)}
    }
    .into_any()
}

/// What guards did, quietly.
fn guards(message: &Message) -> Option<AnyView> {
    let said = wording::guards(&message.guards);
    if said.is_empty() {
        return None;
    }
    let lines = said
        .into_iter()
        .map(|line| view! { <li>{line}</li> }.into_any());
    Some(
        view! { <ul class="guards text-sm" data-testid="guards">{lines.collect::<Vec<_>>()}</ul> }
            .into_any(),
    )
}

/// Who answered, what can be done with it, and how it came about.
fn foot(
    facts: &Facts,
    copy: Callback<(), String>,
    unfolded: RwSignal<bool>,
) -> impl IntoView + use<> {
    let message = &facts.message;
    let streaming = message.status == MessageStatus::Streaming;
    let exhausted = facts.failed().is_some();
    // The name of the model comes with its first word; a text that was kept without an end has one, too.
    let named = !facts.empty || !(streaming || exhausted);
    let model = named.then(|| by(Store::here(), message)).flatten();
    // The card says it itself, and so does the line of what happens meanwhile.
    let simulated = message.simulated && !exhausted && !(streaming && facts.empty);
    let copy = (!facts.empty && !streaming)
        .then(|| view! { <CopyButton text=copy label="Copy answer" bare=true /> });
    let tools = (!streaming).then(|| {
        view! {
            <span class="tools">
                {copy}
                {(!exhausted).then(|| again(&message.id))}
                <Written at=message.created_at />
            </span>
        }
    });
    view! {
        <div class="message-foot">
            {model.map(|model| view! { <span class="model">{model}</span> })}
            {simulated.then(|| view! { <Simulated /> })}
            <Versions id=message.id.clone() />
            {tools}
            {attempts(Turn::of(message), unfolded)}
        </div>
    }
    .into_any()
}
