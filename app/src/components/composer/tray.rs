//! The files that go with the message, and why some were left out.

use leptos::prelude::*;

use super::{Icon, icon, shown_if};
use crate::browser;
use crate::state::{Attached, files};
use crate::store::Store;

/// A chip for each file.
pub(crate) fn tray() -> AnyView {
    let store = Store::here();
    let composing = store.composing;
    let some = Memo::new(move |_| !composing.files.with(Vec::is_empty));
    let refusals = move || {
        let refusals = composing.refusals.get();
        (!refusals.is_empty()).then(|| {
            let rows: Vec<_> = refusals
                .into_iter()
                .map(|refusal| view! { <li>{refusal}</li> })
                .collect();
            view! {
                <div class="refusals flex items-start gap-2 text-sm" data-testid="left-out">
                    <ul class="min-w-0 flex-1">{rows}</ul>
                    <button
                        type="button"
                        class="bar-button"
                        aria-label="Dismiss"
                        on:click=move |_| {
                            composing.refusals.set(Vec::new());
                            browser::focus("composer");
                        }
                    >
                        <Icon shape=icon::CLOSE />
                    </button>
                </div>
            }
        })
    };
    view! {
        {refusals}
        {shown_if(some, move || view! {
            <ul class="tray flex flex-wrap gap-2" aria-label="Files">
                <For
                    each=move || composing.files.get()
                    key=|file| (file.id, file.data.is_some(), file.thumbnail.is_some())
                    let:file
                >
                    {chip(store, file)}
                </For>
            </ul>
        }.into_any())}
    }
    .into_any()
}

fn chip(store: Store, file: Attached) -> AnyView {
    let id = file.id;
    let name = file.name.clone();
    let take_away = move || {
        store.composing.remove_file(id);
        browser::focus("composer");
    };
    let picture = match &file.thumbnail {
        Some(address) => {
            view! { <img class="thumbnail" src=address.to_string() alt="" /> }.into_any()
        }
        None => view! { <Icon shape=icon::FILE /> }.into_any(),
    };
    let size = match &file.data {
        Some(_) => files::bytes(file.size),
        None => "reading …".to_owned(),
    };
    let as_text = file.pasted.clone().map(|text| {
        view! {
            <button
                type="button"
                class="link-button"
                on:click=move |_| {
                    take_away();
                    store.composing.insert.set(Some(text.clone()));
                }
            >
                "Paste as text instead"
            </button>
        }
    });
    view! {
        <li class="file-chip" data-testid="file" data-state=if file.data.is_some() { "ready" } else { "reading" }>
            {picture}
            <span class="file-words">
                <span class="file-name" title=name.clone()>{name.clone()}</span>
                <span class="file-size">{size} {as_text}</span>
            </span>
            <button
                type="button"
                class="bar-button"
                aria-label=format!("Remove {name}")
                on:click=move |_| take_away()
            >
                <Icon shape=icon::CLOSE />
            </button>
        </li>
    }
    .into_any()
}
