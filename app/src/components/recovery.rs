//! What the card of an exhausted turn says of the time to come: who is likely to be back first, and a question that waits for it.

use evenkeel_protocol::{Forecast, MessageId, ModelId, Timestamp};
use leptos::prelude::*;

use super::clock::ticking;
use crate::state::expected;
use crate::store::Store;
use crate::wording;

/// Who is likely to be back first, and when; or who would answer now.
#[component]
pub(super) fn Outlook(
    /// The models that could have answered.
    chain: Vec<ModelId>,
    /// When one was likely to be back, as the turn ended.
    retry_at: Option<Timestamp>,
) -> impl IntoView {
    let store = Store::here();
    let now = ticking();
    let forecast = store.composing.forecast;
    let ready = move |forecast: &Forecast, chain: &[ModelId]| {
        chain
            .iter()
            .find(|id| forecast.models.iter().all(|known| known.model != **id))
            .cloned()
    };
    let models = chain.clone();
    // Said only of what was seen to be down: a model that has just failed may not have been noticed yet.
    let back = Memo::new(move |before: Option<&(bool, Option<ModelId>)>| {
        let down = before.is_some_and(|(down, _)| *down);
        forecast.with(|forecast| match ready(forecast, &models) {
            Some(model) => (down, Some(model).filter(|_| down)),
            None => (true, None),
        })
    });
    let text = move || {
        let now = now.get()?;
        if let (_, Some(model)) = back.get() {
            return Some(format!("{model} would answer now."));
        }
        let first = forecast.with(|forecast| {
            expected(forecast, |id| chain.contains(id)).map(|(id, at)| (Some(id.clone()), at))
        });
        let (model, at) = first.or_else(|| Some((None, retry_at?)))?;
        let left = at.as_millisecond() - now;
        let when = if left > 0 {
            format!("in {}", wording::countdown(left))
        } else {
            "any moment now".to_owned()
        };
        match model {
            Some(model) => Some(format!("Likely back first: {model}, {when}.")),
            None if left > 0 => Some(format!("Likely back {when}.")),
            None => None,
        }
    };
    move || {
        text()
            .map(|text| view! { <p class="text-sm tabular-nums" data-testid="outlook">{text}</p> })
    }
}

/// Lets the question wait, or takes it back.
#[component]
pub(super) fn WaitButton(
    /// The answer that did not come about.
    answer: MessageId,
    /// Its question.
    question: Option<MessageId>,
    /// The models that could have answered.
    chain: Vec<ModelId>,
    /// When one was likely to be back, as the turn ended.
    retry_at: Option<Timestamp>,
) -> impl IntoView {
    let store = Store::here();
    let waits = waits(question.clone());
    let press = move |_| {
        if waits.get_untracked() {
            question.iter().for_each(|id| store.wait_no_more(id));
            store.announcement.set("Not waiting any more.".to_owned());
        } else {
            store.wait_for(&answer, &chain, retry_at);
            store
                .announcement
                .set("Waiting for a model to recover.".to_owned());
            store.go_on_waiting();
        }
    };
    view! {
        <button type="button" class="button" data-testid="send-when-back" on:click=press>
            {move || if waits.get() { "Stop waiting" } else { "Send when one recovers" }}
        </button>
    }
}

/// Says what a question waits for.
#[component]
pub(super) fn WaitNote(
    /// The question.
    question: Option<MessageId>,
    /// The models that could answer it.
    chain: Vec<ModelId>,
) -> impl IntoView {
    let waits = waits(question);
    let names = match chain.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            let rest: Vec<_> = rest.iter().map(ModelId::as_str).collect();
            format!("{} or {last}", rest.join(", "))
        }
        Some((last, _)) => last.to_string(),
        None => "a model".to_owned(),
    };
    move || {
        waits.get().then(|| {
            view! {
                <p class="waiting text-sm" data-testid="waiting">
                    <span class="waves" aria-hidden="true"></span>
                    <span>
                        {format!("Waiting for {names}. The question is sent by itself, once, as soon as one of them would answer, while Evenkeel is open in this browser.")}
                    </span>
                </p>
            }
        })
    }
}

fn waits(question: Option<MessageId>) -> Memo<bool> {
    let waiting = Store::here().around.waiting;
    Memo::new(move |_| {
        let ours = |id: &MessageId| Some(id) == question.as_ref();
        waiting.with(|all| all.iter().any(|one| ours(&one.question)))
    })
}
