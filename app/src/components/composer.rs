//! Where a message is written. The text belongs to the element, not to a signal, so that what is typed before the page
//! is hydrated stays.

use leptos::ev::KeyboardEvent;
use leptos::html::Textarea;
use leptos::prelude::*;

use super::{Icon, ModelPicker, icon};
use crate::store::Store;

/// Enter sends: but not with Shift, which breaks the line, and not while an input method composes a character.
pub(super) fn sends(event: &KeyboardEvent) -> bool {
    // 229 is what some browsers report for the Enter that ends a composition.
    event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != 229
}

/// As tall as its text, where the style sheet alone (`field-sizing`) cannot do it.
fn fit(area: &web_sys::HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(area);
    if style
        .get_property_value("field-sizing")
        .is_ok_and(|value| !value.is_empty())
    {
        return;
    }
    let supported = js_sys::Reflect::has(&style, &"fieldSizing".into()).unwrap_or(false);
    if !supported {
        // Both only fail for a property that there is not.
        let _ = style.set_property("height", "auto");
        let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
    }
}

/// The text, the model, and one button that sends or stops.
#[component]
pub(crate) fn Composer() -> impl IntoView {
    let store = Store::here();
    let area = NodeRef::<Textarea>::new();
    let empty = RwSignal::new(true);

    let look = move || {
        if let Some(area) = area.get_untracked() {
            fit(&area);
            empty.set(area.value().trim().is_empty());
        }
    };
    // Whoever writes is going to read an answer.
    let prepared = StoredValue::new(false);
    let typed = move || {
        look();
        if !prepared.get_value() {
            prepared.set_value(store.prepare());
        }
    };
    let submit = move || {
        let Some(area) = area.get_untracked() else {
            return;
        };
        let text = area.value();
        if text.trim().is_empty() || store.busy.get_untracked() {
            return;
        }
        area.set_value("");
        look();
        store.complaint.set(None);
        store.send(text.trim_end().to_owned(), None);
    };

    Effect::new(move || {
        let Some(area) = area.get() else { return };
        look();
        // An Enter that came before anybody listened; see public/early.js.
        if area.has_attribute("data-submit") {
            // It is there, so it can be removed.
            let _ = area.remove_attribute("data-submit");
            submit();
        }
    });
    Effect::new(move || {
        let (Some(text), Some(area)) = (store.draft.get(), area.get()) else {
            return;
        };
        area.set_value(&text);
        look();
        // It can have the focus.
        let _ = area.focus();
        store.draft.set(None);
    });

    let keydown = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            submit();
        }
    };
    let press = move |_| {
        if store.busy.get_untracked() {
            store.stop();
        } else {
            submit();
        }
        if let Some(area) = area.get_untracked() {
            // It can have the focus.
            let _ = area.focus();
        }
    };
    // Not `disabled`, which would take the focus away from whoever has it there.
    let idle = move || {
        if store.busy.get() {
            store.running.with(Option::is_none)
        } else {
            empty.get()
        }
    };
    view! {
        <div class="composer" role="group" aria-label="Write a message">
            <label class="sr-only" for="composer">"Message"</label>
            <textarea
                node_ref=area
                id="composer"
                data-testid="composer"
                rows="1"
                placeholder="Ask anything"
                autocomplete="off"
                enterkeyhint="send"
                aria-describedby="composer-hint"
                on:input=move |_| typed()
                on:keydown=keydown
            ></textarea>
            <div class="flex items-center justify-between gap-2">
                <ModelPicker />
                <span id="composer-hint" class="hint">"Enter sends, Shift+Enter breaks the line"</span>
                <button
                    type="button"
                    class="send-button"
                    data-testid=move || if store.busy.get() { "stop" } else { "send" }
                    aria-label=move || if store.busy.get() { "Stop" } else { "Send" }
                    disabled=move || !store.hydrated.get()
                    aria-disabled=move || idle().to_string()
                    on:click=press
                >
                    {move || {
                        let shape = if store.busy.get() { icon::STOP } else { icon::SEND };
                        view! { <Icon shape /> }
                    }}
                </button>
            </div>
        </div>
    }
    .into_any()
}
