//! A title is changed where it stands.

use evenkeel_protocol::Conversation;
use leptos::ev::KeyboardEvent;
use leptos::html::Input;
use leptos::prelude::*;

use crate::browser;
use crate::store::Store;

/// As the server has it.
const LONGEST: &str = "200";

/// The field for a new title: Enter keeps it and so does leaving the field, Escape forgets it.
pub(crate) fn rename(store: Store, entry: ArcRwSignal<Conversation>) -> AnyView {
    let field = NodeRef::<Input>::new();
    let (id, title) = entry.with_untracked(|entry| (entry.id.clone(), entry.title.clone()));
    Effect::new(move || {
        if let Some(field) = field.get() {
            // After the menu has given the focus back.
            request_animation_frame(move || {
                // It can have the focus.
                let _ = field.focus();
                field.select();
            });
        }
    });
    // The field goes, and in going it loses the focus: that is no second end.
    let over = StoredValue::new(false);
    let back = format!("more-{id}");
    let end = move |keep: bool| {
        if over.try_get_value() != Some(false) {
            return;
        }
        over.set_value(true);
        if let Some(field) = field.get_untracked().filter(|_| keep) {
            store.retitle(&id, field.value().trim().to_owned());
        }
        store.list.renaming.set(None);
    };
    let keydown = {
        let end = end.clone();
        move |event: KeyboardEvent| {
            let keep = match event.key().as_str() {
                "Enter" if !event.is_composing() => true,
                "Escape" => false,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            end(keep);
            let back = back.clone();
            request_animation_frame(move || browser::focus(&back));
        }
    };
    view! {
        <input
            node_ref=field
            type="text"
            class="rename"
            data-testid="rename"
            aria-label="Title"
            maxlength=LONGEST
            autocomplete="off"
            value=title
            on:keydown=keydown
            on:blur=move |_| end(true)
        />
    }
    .into_any()
}
