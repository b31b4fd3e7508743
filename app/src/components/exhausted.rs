//! Nobody could answer: a card that says why, who can do something about it, and what can be done now.

use evenkeel_protocol::{Message, ModelFailure, Timestamp};
use leptos::prelude::*;

use super::{CopyButton, Countdown, Icon, Simulated, icon};
use crate::store::Store;
use crate::wording::{self, Fixer};

/// The card of an exhausted turn.
#[component]
pub(crate) fn Exhausted(
    /// The answer that did not come about.
    message: Message,
    /// The summary, as the server gives it.
    summary: String,
    /// A row for each model of the chain.
    failures: Vec<ModelFailure>,
    /// When one is likely to be back.
    retry_at: Option<Timestamp>,
) -> impl IntoView {
    let store = Store::here();
    let details = wording::for_support(&message, &summary, &failures);
    let shown = details.clone();
    let (summary, notes) = wording::summary(&summary);
    let notes: Vec<_> = notes
        .into_iter()
        .map(|note| view! { <p class="text-sm">{note}</p> })
        .collect();
    let groups: Vec<_> = Fixer::ALL
        .into_iter()
        .filter_map(|fixer| {
            let rows: Vec<_> = failures
                .iter()
                .filter(|failure| Fixer::of(failure) == fixer)
                .map(|failure| row(failure, &message))
                .collect();
            (!rows.is_empty()).then(|| {
                view! {
                    <div class="flex flex-col gap-1">
                        <p class="text-sm font-semibold text-muted">{fixer.heading()}</p>
                        <ul>{rows}</ul>
                    </div>
                }
            })
        })
        .collect();
    let question = message.parent_id.clone();
    let again = move |_| {
        if store.busy.get_untracked() {
            return;
        }
        let Some(question) = question.as_ref().and_then(|id| store.message(id)) else {
            return;
        };
        store.send(
            question.message.text.clone(),
            question.message.parent_id.clone(),
        );
    };
    view! {
        <section class="card exhausted flex flex-col gap-3" role="alert" data-testid="exhausted" aria-label="No model could answer">
            <div class="exhausted-head flex items-center gap-2">
                <Icon shape=icon::ALERT />
                <p class="font-semibold">{summary}</p>
                {message.simulated.then(|| view! { <Simulated /> })}
            </div>
            {groups}
            {retry_at
                .map(|at| {
                    view! {
                        <p class="text-sm">
                            "Likely back in " <Countdown until=at.as_millisecond() over="a moment" /> "."
                        </p>
                    }
                })}
            {notes}
            <div class="flex flex-wrap items-center gap-3">
                <button
                    type="button"
                    class="button primary"
                    data-testid="try-again"
                    aria-disabled=move || store.busy.get().to_string()
                    on:click=again
                >
                    "Try again"
                </button>
                <CopyButton
                    text=Callback::new(move |()| details.clone())
                    label="Copy details"
                />
            </div>
            <details class="attempts">
                <summary>"Details for support"</summary>
                <pre class="support" tabindex="0">{shown}</pre>
            </details>
        </section>
    }
    .into_any()
}

fn row(failure: &ModelFailure, message: &Message) -> impl IntoView + use<> {
    let simulated = message
        .attempts
        .iter()
        .any(|attempt| attempt.model_name == failure.model_name && attempt.simulated);
    let status = failure.status_code.map(|status| format!("HTTP {status}"));
    view! {
        <li
            class="exhausted-model py-2 text-sm"
            data-testid="exhausted-model"
            data-model=failure.model_name.to_string()
            data-reason=failure.reason.as_str()
        >
            <div class="flex flex-wrap items-center gap-x-2 gap-y-1">
                <span class="model">{failure.model_name.to_string()}</span>
                {status.map(|status| view! { <span class="badge">{status}</span> })}
                {simulated.then(|| view! { <Simulated /> })}
            </div>
            <p>{wording::explain(failure.reason, failure.status_code)}</p>
            {failure.detail.clone().map(|detail| view! { <p class="attempt-detail">{detail}</p> })}
        </li>
    }
    .into_any()
}
