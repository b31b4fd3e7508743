//! The menu of models that can be asked for another answer; one for all messages. The browser opens, places and closes it.

use evenkeel_protocol::{Forecast, ModelId};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::Simulated;
use crate::state::assistant;
use crate::store::Store;
use crate::wording;

/// What opens it names it.
pub(super) const ID: &str = "again-menu";

/// The menu.
#[component]
pub(crate) fn AgainMenu() -> impl IntoView {
    let store = Store::here();
    let menu = NodeRef::<Div>::new();
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            // It only fails for an element that is no popover.
            let _ = menu.hide_popover();
        }
    };
    let ready = move || {
        store
            .around
            .menu
            .with(|menu| menu.as_ref().is_some_and(|menu| menu.ready))
    };
    let forecast = store.composing.forecast;
    let items = move || {
        let hello = store.hello.get();
        let ready = ready();
        let mut items = Vec::new();
        // Its own assistant, which decides the model; any model else answers as that assistant.
        let own = store.around.menu.with(|menu| {
            let entry = store.message(&menu.as_ref()?.message)?;
            let own = assistant(&hello, entry.message.assistant.as_deref()?)?;
            Some((ModelId(own.id.clone()), own.name.clone(), None))
        });
        let models = hello.models.iter();
        let models = models.map(|one| (one.id.clone(), one.id.to_string(), Some(one.id.clone())));
        for (id, name, model) in own.into_iter().chain(models) {
            let hint = forecast.with(|forecast| hint(forecast, &id));
            if ready && hint.as_ref().is_some_and(|hint| hint.nobody) {
                continue;
            }
            let ask = move |_| {
                close();
                if let Some(menu) = store.around.menu.get_untracked() {
                    store.ask_again(&menu.message, model.clone());
                }
            };
            items.push(view! {
                <li>
                    <button type="button" class="again-item" data-model=id.to_string() on:click=ask>
                        <span class="model">{name}</span>
                        {hint.map(|hint| view! {
                            <span class="text-muted">{hint.text} {hint.simulated.then(|| view! { <Simulated /> })}</span>
                        })}
                    </button>
                </li>
            });
        }
        if items.is_empty() {
            view! { <p class="again-note">"No model would answer now."</p> }.into_any()
        } else {
            view! { <ul>{items}</ul> }.into_any()
        }
    };
    let keydown = move |event: leptos::ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        if let Some(menu) = menu.get_untracked() {
            walk(&menu, step);
        }
    };
    let toggled = move |_| {
        if let Some(menu) = menu.get_untracked() {
            // It only fails for a selector that is none.
            if menu.matches(":popover-open").unwrap_or(false) {
                walk(&menu, 1);
            }
        }
    };
    view! {
        <div
            node_ref=menu
            id=ID
            class="again-menu"
            popover="auto"
            role="group"
            aria-label="Answer again with"
            tabindex="-1"
            data-testid="again-menu"
            on:keydown=keydown
            on:toggle=toggled
        >
            <p class="again-note" aria-hidden="true">"Answer again with"</p>
            {items}
        </div>
    }
}

struct Hint {
    text: String,
    nobody: bool,
    simulated: bool,
}

/// What to expect of a model that would not answer itself.
fn hint(forecast: &Forecast, model: &ModelId) -> Option<Hint> {
    let known = forecast.models.iter().find(|known| known.model == *model)?;
    let why = known
        .reason
        .map_or("not answering", |why| wording::reason(why, None));
    let text = match &known.answers {
        Some(other) => format!("{why}: {other} would step in"),
        None => format!("{why}: nobody would answer now"),
    };
    Some(Hint {
        text,
        nobody: known.answers.is_none(),
        simulated: known.simulated,
    })
}

/// Moves the focus along the menu, round at its ends.
fn walk(menu: &web_sys::HtmlElement, step: i32) {
    let Ok(items) = menu.query_selector_all(".again-item") else {
        return;
    };
    let count = items.length() as i32;
    let active = document().active_element();
    let now = (0..items.length()).find(|index| {
        let item = items
            .item(*index)
            .and_then(|item| item.dyn_into::<web_sys::Element>().ok());
        item.is_some() && item == active
    });
    let next = match now {
        Some(now) => now as i32 + step,
        None if step > 0 => 0,
        None => -1,
    };
    if count > 0 {
        let item = items.item(next.rem_euclid(count) as u32);
        if let Some(item) = item.and_then(|item| item.dyn_into::<web_sys::HtmlElement>().ok()) {
            // It can have the focus.
            let _ = item.focus();
        }
    }
}
