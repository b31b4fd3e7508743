//! Questions that could be asked next, below the newest answer.

use leptos::prelude::*;

use crate::browser;
use crate::store::Store;

/// Where the browser keeps whether anybody wants them.
const SETTING: &str = "suggestions";

/// They are wanted, unless somebody said otherwise.
pub(super) fn wanted() -> bool {
    browser::remembered(SETTING).as_deref() != Some("off")
}

/// The questions, each of which is asked by a press.
#[component]
pub(crate) fn Suggestions() -> impl IntoView {
    let store = Store::here();
    // What was stored is shown only where it is wanted, which the server cannot know.
    let shown = Memo::new(move |_| {
        if !store.hydrated.get() || store.busy.get() || !wanted() {
            return Vec::new();
        }
        let entry = store.last_shown().and_then(|id| store.entry(&id));
        entry.map_or_else(Vec::new, |entry| {
            entry.with(|entry| entry.message.suggestions.clone())
        })
    });
    move || {
        let questions = shown.get();
        if questions.is_empty() {
            return None;
        }
        let buttons: Vec<_> = questions
            .into_iter()
            .map(|text| {
                let asked = text.clone();
                let ask = move |_| {
                    store.send(asked.clone(), None);
                    browser::focus("composer");
                };
                view! {
                    <li>
                        <button type="button" class="suggestion" data-testid="suggestion" on:click=ask>
                            {text}
                        </button>
                    </li>
                }
            })
            .collect();
        Some(view! { <ul class="suggestions" aria-label="Suggested questions">{buttons}</ul> })
    }
}
