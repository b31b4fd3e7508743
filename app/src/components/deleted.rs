//! The open conversation was deleted, here or in another window.

use leptos::prelude::*;

use crate::store::Store;

/// Says so, and offers the way back.
pub(crate) fn deleted() -> AnyView {
    let store = Store::here();
    let undo = move |_| {
        if let Some(id) = store.open.with_untracked(|open| open.id.clone()) {
            store.restore(id, false);
        }
    };
    let temporary = store.open.with_untracked(|open| open.temporary);
    view! {
        <div class="mx-auto flex max-w-md flex-col items-start gap-4 px-4 py-12" data-testid="deleted">
            <h1 class="text-2xl font-semibold">"This conversation was deleted"</h1>
            <p class="text-muted">
                {if temporary {
                    "It was a temporary one, and is gone."
                } else {
                    "For an hour after that it can be brought back."
                }}
            </p>
            <p class="flex gap-3">
                {(!temporary).then(|| view! {
                    <button type="button" class="button" on:click=undo>"Undo"</button>
                })}
                <a class="button primary" href="/">"New chat"</a>
            </p>
        </div>
    }
    .into_any()
}
