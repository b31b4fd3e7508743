//! Nobody could answer: a card that says why, who can do something about it, and what can be done now.

use evenkeel_protocol::{Message, ModelFailure, ModelId, Timestamp};
use leptos::prelude::*;

use super::recovery::{Outlook, WaitButton, WaitNote};
use super::{CopyButton, Icon, Simulated, again_menu, icon};
use crate::browser;
use crate::store::{Menu, Store};
use crate::wording::{self, Fixer};

/// What the card shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failed {
    /// The answer that did not come about.
    pub(super) message: Message,
    /// The summary, as the server gives it.
    pub(super) summary: String,
    /// A row for each model of the chain.
    pub(super) failures: Vec<ModelFailure>,
    /// When one is likely to be back.
    pub(super) retry_at: Option<Timestamp>,
    /// It happened while the page was open, and is told at once.
    pub(super) news: bool,
}

/// The card of an exhausted turn.
#[component]
pub(super) fn Exhausted(
    /// The turn.
    failed: Failed,
) -> impl IntoView {
    let store = Store::here();
    let Failed {
        message,
        summary,
        failures,
        retry_at,
        news,
    } = failed;
    let details = wording::for_support(&message, &summary, &failures);
    let shown = details.clone();
    let (summary, notes) = wording::summary(&summary);
    let notes: Vec<_> = notes
        .into_iter()
        .map(|note| view! { <p class="text-sm">{note}</p> })
        .collect();
    let chain: Vec<ModelId> = failures
        .iter()
        .map(|failure| failure.model_name.clone())
        .collect();
    // Waiting helps where somebody else has to do something.
    let passes = failures
        .iter()
        .any(|failure| Fixer::of(failure) != Fixer::You);
    // What somebody has to mend does not come back by itself: nobody is told to wait for it while there is another.
    let mut recovering: Vec<ModelId> = failures
        .iter()
        .filter(|failure| Fixer::of(failure) == Fixer::Provider)
        .map(|failure| failure.model_name.clone())
        .collect();
    if recovering.is_empty() {
        recovering.clone_from(&chain);
    }
    let id = message.id.clone();
    let again = {
        let id = id.clone();
        move |_| {
            if !store.busy.get_untracked() {
                store.ask_again(&id, None);
                browser::focus("composer");
            }
        }
    };
    let other = id.clone();
    let waits = passes.then(|| {
        let (answer, question) = (id.clone(), message.parent_id.clone());
        let (chain, note) = (chain.clone(), chain.clone());
        let shown = question.clone();
        (
            view! { <WaitButton answer question chain retry_at /> },
            view! { <WaitNote question=shown chain=note /> },
        )
    });
    let (wait_button, wait_note) = waits.unzip();
    view! {
        <section
            class="card exhausted flex flex-col gap-3"
            role=if news { "alert" } else { "group" }
            data-testid="exhausted"
            aria-label="No model could answer"
        >
            <div class="exhausted-head flex items-center gap-2">
                <Icon shape=icon::ALERT />
                <p class="font-semibold">{summary}</p>
                {message.simulated.then(|| view! { <Simulated /> })}
            </div>
            {groups(&failures, &message)}
            <Outlook chain=recovering retry_at />
            {notes}
            <div class="flex flex-wrap items-center gap-2">
                <button
                    type="button"
                    class="button primary"
                    data-testid="try-again"
                    aria-disabled=move || store.busy.get().to_string()
                    on:click=again
                >
                    "Try again"
                </button>
                <button
                    type="button"
                    class="button"
                    data-testid="try-again-with"
                    popovertarget=again_menu::ID
                    on:click=move |_| {
                        store
                            .around
                            .menu
                            .set(Some(Menu {
                                message: other.clone(),
                                ready: true,
                            }))
                    }
                >
                    "Try again with …"
                </button>
                {wait_button}
                <CopyButton
                    text=Callback::new(move |()| details.clone())
                    label="Copy details"
                />
            </div>
            {wait_note}
            <details class="attempts">
                <summary>"Details for support"</summary>
                <pre class="support" tabindex="0">{shown}</pre>
            </details>
        </section>
    }
    .into_any()
}

/// The models that failed, by who can do something about it.
fn groups(failures: &[ModelFailure], message: &Message) -> Vec<AnyView> {
    let group = |fixer: Fixer| {
        let rows: Vec<_> = failures
            .iter()
            .filter(|failure| Fixer::of(failure) == fixer)
            .map(|failure| row(failure, message))
            .collect();
        (!rows.is_empty()).then(|| {
            view! {
                <div class="flex flex-col gap-1">
                    <p class="text-sm font-semibold text-muted">{fixer.heading()}</p>
                    <ul>{rows}</ul>
                </div>
            }
            .into_any()
        })
    };
    Fixer::ALL.into_iter().filter_map(group).collect()
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
