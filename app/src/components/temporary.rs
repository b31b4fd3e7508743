//! Temporary conversations: the switch before the first message, and the line that says what an open one is.

use leptos::prelude::*;

use crate::store::Store;

/// Makes the conversation that is about to begin a temporary one.
#[component]
pub(crate) fn TemporarySwitch() -> impl IntoView {
    let store = Store::here();
    let on = store.list.temporary;
    view! {
        <button
            type="button"
            class="temporary-switch"
            role="switch"
            data-testid="temporary-switch"
            aria-checked=move || on.get().to_string()
            disabled=move || !store.hydrated.get()
            on:click=move |_| store.begin_temporary(!on.get_untracked())
        >
            <span class="switch" aria-hidden="true"></span>
            <span>
                "Temporary "
                <span class="text-muted">"· not kept, not listed"</span>
            </span>
        </button>
    }
    .into_any()
}

/// Says that what is open is temporary.
#[component]
pub(crate) fn TemporaryLine() -> impl IntoView {
    let store = Store::here();
    let temporary = Memo::new(move |_| store.open.with(|open| open.temporary));
    // public/early.js tells the service worker when the window is closed.
    Effect::new(move || {
        let id = store
            .open
            .with(|open| open.id.clone().filter(|_| open.temporary));
        if let Some(root) = document().document_element() {
            // Both only fail for a name that no attribute can have.
            let _ = match id {
                Some(id) => root.set_attribute("data-temporary", id.as_str()),
                None => root.remove_attribute("data-temporary"),
            };
        }
    });
    move || {
        temporary.get().then(|| {
            view! {
                <p class="temporary-line" data-testid="temporary">
                    <span class="badge">"Temporary"</span>
                    <span>"Not listed, and deleted when you leave it."</span>
                </p>
            }
        })
    }
}
