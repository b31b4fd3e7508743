//! A message: one that is stored, or one that is on its way.

use std::sync::Arc;

use evenkeel_protocol::RequestId;
use leptos::prelude::*;

use super::composer::OnItsWay;
use crate::late;
use crate::state::{Entry, Pending};
use crate::store::Store;

/// A stored message. What shows it is here before any message is.
#[component]
pub(crate) fn Message(
    /// The message as it becomes.
    entry: ArcRwSignal<Arc<Entry>>,
) -> impl IntoView {
    late::ANSWERS
        .get()
        .map(|answers| (answers.view)(entry))
        .into_any()
}

/// A text as it can be shown: HTML has no way to write this character.
pub(super) fn shown(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// An answer that has been asked for again, until the server has accepted it.
pub(crate) fn asking_again() -> AnyView {
    view! {
        <article class="message" data-testid="asking-again">
            <h2 class="sr-only">"Answer"</h2>
            <p class="flex items-center gap-2 text-sm text-muted">
                <span class="waves" aria-hidden="true"></span>
                <span>"Asking again …"</span>
            </p>
        </article>
    }
    .into_any()
}

/// A message that the server has not accepted yet, or has refused.
#[component]
pub(crate) fn PendingMessage(
    /// The id under which it was sent.
    id: RequestId,
) -> impl IntoView {
    let store = Store::here();
    let pending = Memo::new(move |_| {
        store
            .pending
            .with(|all| all.iter().find(|one| one.send.request_id == id).cloned())
    });
    let text = move || pending.get().map(|pending| shown(&pending.send.text));
    let was_refused = Memo::new(move |_| {
        pending.with(|pending| pending.as_ref().is_some_and(|one| one.refused.is_some()))
    });
    let below = move || {
        let refused = was_refused.get();
        // Nobody is told of a refusal before this is here.
        let answers = late::ANSWERS.get().filter(|_| refused);
        answers.map(|answers| (answers.refused)(pending))
    };
    view! {
        <article class="message flex flex-col items-end gap-2" data-testid="message" data-role="user" data-status="pending">
            <h2 class="sr-only">"You"</h2>
            <div class="bubble">{text}</div>
            <OnItsWay pending />
            {below}
        </article>
    }
    .into_any()
}

/// Why a message was refused, and what its reader can do with it.
pub(crate) fn refused(pending: Memo<Option<Arc<Pending>>>) -> AnyView {
    let store = Store::here();
    let again = move |_| {
        let id = pending.with_untracked(|pending| Some(pending.as_ref()?.send.request_id.clone()));
        if let Some(pending) = id.and_then(|id| store.withdraw(&id)) {
            store.send_anew(&pending);
        }
    };
    let edit = move |_| {
        if let Some(pending) = pending.get_untracked() {
            store.change(&pending);
        }
    };
    let error =
        move || pending.with(|pending| Some(pending.as_ref()?.refused.as_ref()?.error.clone()));
    view! {
        <div class="refused flex max-w-full flex-col gap-2 text-sm" role="alert">
            <p>"Not sent: " {error}</p>
            <div class="flex justify-end gap-2">
                <button type="button" class="button" on:click=edit>
                    "Edit"
                </button>
                <button type="button" class="button primary" on:click=again>
                    "Send again"
                </button>
            </div>
        </div>
    }
    .into_any()
}
