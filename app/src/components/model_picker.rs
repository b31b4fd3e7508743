//! Which model is asked next.

use evenkeel_protocol::Model;
use leptos::prelude::*;

use crate::store::Store;

/// A native list of the models, by provider.
#[component]
pub(crate) fn ModelPicker() -> impl IntoView {
    let store = Store::here();
    let current = Memo::new(move |_| {
        store
            .chosen_model
            .get()
            .unwrap_or_else(|| store.usual_model.get())
            .to_string()
    });
    let groups = move || {
        let hello = store.hello.get();
        let mut groups: Vec<(String, Vec<Model>)> = Vec::new();
        for model in &hello.models {
            let provider = model.provider.as_str();
            match groups.iter_mut().find(|(known, _)| known == provider) {
                Some((_, models)) => models.push(model.clone()),
                None => groups.push((provider.to_owned(), vec![model.clone()])),
            }
        }
        groups
            .into_iter()
            .map(|(provider, models)| {
                let options: Vec<_> = models
                    .into_iter()
                    .map(|model| {
                        let id = model.id.to_string();
                        let label = if model.demo {
                            format!("{id} (demo)")
                        } else {
                            id.clone()
                        };
                        let selected = id == current.get_untracked();
                        view! { <option value=id selected=selected>{label}</option> }
                    })
                    .collect();
                view! { <optgroup label=provider>{options}</optgroup> }
            })
            .collect::<Vec<_>>()
    };
    view! {
        <label class="picker">
            <span class="sr-only">"Model"</span>
            <select
                class="select"
                data-testid="model-picker"
                autocomplete="off"
                prop:value=move || current.get()
                on:change=move |event| {
                    store.chosen_model.set(Some(event_target_value(&event).into()));
                }
            >
                {groups}
            </select>
        </label>
    }
    .into_any()
}
