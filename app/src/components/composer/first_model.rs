//! The model of the assistant that is chosen.

use leptos::prelude::*;

use crate::state::Choice;
use crate::store::Store;

/// The model that is asked first, beside the assistant's name; where it is another than its own, a press gives that one back.
pub(crate) fn first_model() -> AnyView {
    let store = Store::here();
    let model = move || {
        let next = store.next();
        let name = store.hello.with(|hello| next.first(hello))?.to_string();
        if next.model.is_none() {
            return Some(
                view! { <span class="picker-model" data-testid="picker-model">{name}</span> }
                    .into_any(),
            );
        }
        let own = Choice {
            model: None,
            ..next
        };
        let spoken = format!("{name}: ask the assistant's own model again");
        let back = move |_| store.chosen.set(Some(own.clone()));
        Some(
            view! {
                <button
                    type="button"
                    class="picker-model line-button"
                    data-testid="picker-model"
                    aria-label=spoken
                    title="Ask its own model again"
                    on:click=back
                >
                    {name} " ×"
                </button>
            }
            .into_any(),
        )
    };
    model.into_any()
}
