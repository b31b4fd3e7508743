//! Messages that wait for an answer to end.

use std::sync::Arc;

use leptos::prelude::*;

use super::shown_if;
use crate::browser;
use crate::state::{Connection, Held, Pending, Queued};
use crate::store::Store;

/// Where they stand, once there is one.
#[component]
pub(crate) fn WaitingMessages() -> impl IntoView {
    let store = Store::here();
    let some = Memo::new(move |_| !store.composing.queue.with(Vec::is_empty));
    move || {
        some.get()
            .then(|| store.composing_part().map(|part| (part.queued)()))
    }
}

/// What a message that the server has not accepted yet waits for, and the files that go with it.
#[component]
pub(crate) fn OnItsWay(
    /// The message, while it is on its way.
    pending: Memo<Option<Arc<Pending>>>,
) -> impl IntoView {
    let store = Store::here();
    let waits = Memo::new(move |_| {
        let open = store.connection.get() == Connection::Open;
        pending.with(|pending| pending.as_ref().is_some_and(|one| one.refused.is_none())) && !open
    });
    let files = move || {
        pending.with(|pending| {
            let files = pending.iter().flat_map(|one| &one.send.attachments);
            let names: Vec<_> = files.map(|file| file.name.clone()).collect();
            (!names.is_empty()).then(|| {
                view! { <p class="text-sm text-muted">{names.join(", ")}</p> }
            })
        })
    };
    view! {
        {files}
        {shown_if(waits, || view! {
            <p class="text-sm text-muted" data-testid="on-its-way">
                "Waiting for the connection; it is sent as soon as there is one."
            </p>
        }.into_any())}
    }
}

fn why(held: Option<Held>, first: bool) -> &'static str {
    match held {
        _ if !first => "Waiting: sends after the one above",
        None => "Waiting: sends when this answer is done",
        Some(Held::Exhausted) => "Waiting: nobody could answer the last question",
        Some(Held::Stale) => "Waiting since long: still to be sent?",
        Some(Held::Incomplete) => "Waiting: its files are gone, since the page was closed",
    }
}

/// All of them, in order.
pub(crate) fn queued() -> AnyView {
    let store = Store::here();
    let queue = store.composing.queue;
    let held = Memo::new(move |_| {
        queue.track();
        store.held()
    });
    let first = Memo::new(move |_| queue.with(|all| all.first().map(|one| one.request_id.clone())));
    view! {
        <ul class="queue flex flex-col gap-2" aria-label="Waiting messages">
            <For each=move || queue.get() key=|one| one.request_id.clone() let:one>
                {row(store, one, held, first)}
            </For>
        </ul>
    }
    .into_any()
}

fn row(
    store: Store,
    one: Queued,
    held: Memo<Option<Held>>,
    first: Memo<Option<evenkeel_protocol::RequestId>>,
) -> AnyView {
    let id = StoredValue::new(one.request_id.clone());
    let is_first =
        Memo::new(move |_| id.with_value(|id| first.with(|first| first.as_ref() == Some(id))));
    let edit = move |_| store.edit_queued(&id.get_value());
    let now = move |_| {
        store.send_now(&id.get_value());
        browser::focus("composer");
    };
    let remove = move |_| {
        store.take_queued(&id.get_value());
        store.announce("The waiting message is removed.");
        browser::focus("composer");
    };
    let files = one.files.len() + one.lost_files;
    let files = (files > 0).then(|| {
        let word = if files == 1 { "file" } else { "files" };
        view! { <span class="badge">{format!("{files} {word}")}</span> }
    });
    let send_label = move || {
        if held.get().is_some() {
            "Send"
        } else {
            "Send now"
        }
    };
    view! {
        <li class="queued" data-testid="queued" data-held=move || held.get().is_some().to_string()>
            <p class="text-sm text-muted">{move || why(held.get(), is_first.get())}</p>
            <p class="queued-text">{one.text.replace('\0', "\u{fffd}")} {files}</p>
            <div class="flex flex-wrap gap-2">
                <button type="button" class="button small" title="Stops the answer that is being written" on:click=now>
                    {send_label}
                </button>
                <button type="button" class="button small" on:click=edit>"Edit"</button>
                <button type="button" class="button small" on:click=remove>"Remove"</button>
            </div>
        </li>
    }
    .into_any()
}
