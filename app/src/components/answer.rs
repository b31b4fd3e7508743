//! An answer: its text, and in the open who gave it, who could not, and what happens meanwhile.

use std::sync::Arc;

use evenkeel_protocol::{ErrorKind, Message, MessageStatus, TurnError};
use leptos::prelude::*;

use super::{Attempts, CopyButton, Exhausted, Growing, Simulated, blocks, seam};
use crate::state::Entry;
use crate::wording;

/// What is known of an answer besides its text, so that a token changes none of it.
#[derive(Clone, Debug, PartialEq)]
struct Facts {
    /// The message, without its text.
    message: Message,
    /// There is no text.
    empty: bool,
}

impl Facts {
    fn of(message: &Message) -> Self {
        let bare = Message {
            text: String::new(),
            id: message.id.clone(),
            conversation_id: message.conversation_id.clone(),
            parent_id: message.parent_id.clone(),
            model_name: message.model_name.clone(),
            requested_model: message.requested_model.clone(),
            provider: message.provider.clone(),
            finish_reason: message.finish_reason.clone(),
            attempts: message.attempts.clone(),
            seams: message.seams.clone(),
            attachments: message.attachments.clone(),
            suggestions: message.suggestions.clone(),
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
        }
    }
}

/// An answer, settled or being written.
pub(crate) fn answer(entry: ArcRwSignal<Arc<Entry>>) -> AnyView {
    let facts = {
        let entry = entry.clone();
        Memo::new(move |_| entry.with(|entry| Facts::of(&entry.message)))
    };
    let about =
        move |read: fn(&Message) -> Option<String>| facts.with(|facts| read(&facts.message));
    let model = |message: &Message| message.model_name.as_ref().map(ToString::to_string);
    let heading = move || match about(model) {
        Some(model) => format!("Answer from {model}"),
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
    view! {
        <article
            class="message flex flex-col gap-2"
            data-testid="message"
            data-role="assistant"
            data-id=entry.with_untracked(|entry| entry.message.id.to_string())
            data-status=move || facts.with(|facts| facts.message.status.as_str())
            data-model=move || about(model).unwrap_or_default()
            data-fallback=move || facts.with(|facts| facts.message.fallback.to_string())
        >
            <h2 class="sr-only">{heading}</h2>
            {move || facts.with(|facts| seam::restarts(&facts.message))}
            <div class="prose">{text}</div>
            {move || facts.with(|facts| below(facts, copy))}
        </article>
    }
    .into_any()
}

fn below(facts: &Facts, copy: Callback<(), String>) -> impl IntoView + use<> {
    let message = &facts.message;
    let streaming = message.status == MessageStatus::Streaming;
    let exhausted = match &message.error {
        Some(TurnError {
            kind: ErrorKind::FallbackExhausted { failures, retry_at },
            error,
        }) => Some(view! {
            <Exhausted
                message=message.clone()
                summary=error.clone()
                failures=failures.clone()
                retry_at=*retry_at
            />
        }),
        Some(_) | None => None,
    };
    // The name of the model comes with its first word; a text that was kept without an end has one, too.
    let named = if streaming || exhausted.is_some() {
        !facts.empty
    } else {
        true
    };
    let meta = named.then(|| {
        let copy = (!facts.empty && !streaming)
            .then(|| view! { <CopyButton text=copy label="Copy answer" /> });
        // The card says it itself.
        let simulated = message.simulated && exhausted.is_none();
        view! {
            <div class="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
                {message.model_name.as_ref().map(|model| view! { <span class="model">{model.to_string()}</span> })}
                {simulated.then(|| view! { <Simulated /> })}
                {copy}
            </div>
        }
    });
    view! {
        {seam::notes(message)}
        {streaming.then(|| view! { <Progress facts=facts.clone() /> })}
        {wording::ended(message).map(|text| view! { <p class="text-sm text-muted">{text}</p> })}
        {wording::fallback(message)
            .map(|text| view! { <p class="fallback-line text-sm" data-testid="fallback-line">{text}</p> })}
        {meta}
        {exhausted}
        {(!message.attempts.is_empty())
            .then(|| view! { <Attempts attempts=message.attempts.clone() /> })}
    }
    .into_any()
}

/// What happens while no text comes: in place, and without a word to the announcer, which has its own.
#[component]
fn Progress(
    /// The answer so far.
    facts: Facts,
) -> impl IntoView {
    let message = &facts.message;
    let text = wording::progress(&message.attempts).or_else(|| wording::catching_up(message));
    let waiting = facts.empty || text.is_some();
    waiting.then(|| {
        view! {
            <p class="flex items-center gap-2 text-sm text-muted" data-testid="progress">
                <span class="waves" aria-hidden="true"></span>
                <span>{text.unwrap_or_else(|| "Answering …".to_owned())}</span>
                {(facts.empty && facts.message.simulated).then(|| view! { <Simulated /> })}
            </p>
        }
    })
}
