//! Who is asked next: an assistant or a model.

use evenkeel_protocol::{Assistant, ModelId};
use leptos::prelude::*;

use super::{Icon, icon, shown_if};
use crate::state::Choice;
use crate::store::{Dialog, Store};
use crate::wording;

/// With more entries than this a search is offered.
const MANY: usize = 20;

/// An entry: its id, what it is called, and of an assistant its model.
type Entry = (String, String, Option<ModelId>);

/// A native list of the assistants and of the models by provider; each says whether it would answer itself now.
#[component]
pub(crate) fn ModelPicker() -> impl IntoView {
    let store = Store::here();
    let current = Memo::new(move |_| store.next().id().to_owned());
    let count = move || {
        store
            .hello
            .with(|hello| hello.assistants.len() + hello.models.len())
    };
    let many = Memo::new(move |_| count() > MANY);
    let option = move |(id, label, model): Entry| {
        let selected = id == current.get_untracked();
        let own = ModelId(id.clone());
        let label = move || {
            // Of the chosen one the composer says it already.
            if current.with(|current| *current == own.as_str()) {
                return label.clone();
            }
            store.composing.forecast.with(|forecast| {
                wording::option(
                    &label,
                    model.as_ref(),
                    wording::forecast_for(forecast, &own),
                )
            })
        };
        view! { <option value=id selected=selected>{label}</option> }
    };
    let groups = move || {
        let hello = store.hello.get();
        let mut groups: Vec<(String, Vec<Entry>)> = Vec::new();
        for model in &hello.models {
            let provider = model.provider.as_str();
            let id = model.id.to_string();
            let demo = if model.demo { " (demo)" } else { "" };
            let entry = (id.clone(), id + demo, None);
            match groups.iter_mut().find(|(known, _)| known == provider) {
                Some((_, entries)) => entries.push(entry),
                None => groups.push((provider.to_owned(), vec![entry])),
            }
        }
        if !hello.assistants.is_empty() {
            for (provider, _) in &mut groups {
                *provider = format!("Models · {provider}");
            }
            let entry =
                |one: &Assistant| (one.id.clone(), one.name.clone(), Some(one.model.clone()));
            let entries = hello.assistants.iter().map(entry).collect();
            groups.insert(0, ("Assistants".to_owned(), entries));
        }
        groups
            .into_iter()
            .map(|(name, entries)| {
                let options: Vec<_> = entries.into_iter().map(option).collect();
                view! { <optgroup label=name>{options}</optgroup> }
            })
            .collect::<Vec<_>>()
    };
    let some = Memo::new(move |_| store.hello.with(|hello| !hello.assistants.is_empty()));
    let name = move || {
        if some.get() {
            "Assistant or model"
        } else {
            "Model"
        }
    };
    let search = move || {
        if some.get() {
            "Search assistants and models"
        } else {
            "Search models"
        }
    };
    // An assistant's model stands beside its name; where it is another than its own, a press gives that one back.
    let model = move || {
        let next = store.next();
        next.assistant.as_ref()?;
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
    view! {
        <label class="picker">
            <span class="sr-only">{name}</span>
            <select
                class="select"
                data-testid="model-picker"
                autocomplete="off"
                prop:value=move || current.get()
                on:change=move |event| {
                    let id = event_target_value(&event);
                    let choice = store.hello.with_untracked(|hello| Choice::of(&id, hello));
                    store.chosen.set(Some(choice));
                }
            >
                {groups}
            </select>
        </label>
        {model}
        {shown_if(many, move || view! {
            <button
                type="button"
                class="bar-button"
                aria-label=search
                title=search
                aria-haspopup="dialog"
                disabled=move || !store.hydrated.get()
                on:click=move |_| store.open_dialog(Dialog::Models)
            >
                <Icon shape=icon::SEARCH />
            </button>
        }.into_any())}
    }
    .into_any()
}
