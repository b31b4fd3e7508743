//! The field above the conversation list. What is typed before the page is hydrated stays.

use leptos::html::Input;
use leptos::prelude::*;

use super::{Icon, icon};
use crate::store::Store;

/// Searches titles and messages.
#[component]
pub(crate) fn SearchField() -> impl IntoView {
    let store = Store::here();
    let field = NodeRef::<Input>::new();
    let look = move || {
        if let Some(field) = field.get_untracked() {
            store.search(field.value());
        }
    };
    Effect::new(move || {
        if field.get().is_some_and(|field| !field.value().is_empty()) {
            look();
        }
    });
    // Cleared from elsewhere.
    Effect::new(move || {
        let empty = store.list.query.with(String::is_empty);
        if let Some(field) = field.get_untracked().filter(|_| empty) {
            field.set_value("");
        }
    });
    view! {
        <div class="search" role="search">
            <Icon shape=icon::SEARCH />
            <input
                node_ref=field
                type="search"
                id="search"
                data-testid="search"
                autocomplete="off"
                placeholder="Search"
                aria-label="Search conversations"
                on:input=move |_| look()
            />
        </div>
    }
    .into_any()
}
