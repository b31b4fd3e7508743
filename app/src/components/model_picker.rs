//! Which model is asked next.

use evenkeel_protocol::Model;
use leptos::prelude::*;

use super::{Icon, icon, shown_if};
use crate::store::{Dialog, Store};
use crate::wording;

/// With more models than this a search is offered.
const MANY: usize = 20;

/// A native list of the models, by provider; each says whether it would answer itself now.
#[component]
pub(crate) fn ModelPicker() -> impl IntoView {
    let store = Store::here();
    let current = Memo::new(move |_| store.next_model().to_string());
    let many = Memo::new(move |_| store.hello.with(|hello| hello.models.len() > MANY));
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
                        let selected = id == current.get_untracked();
                        let label = if model.demo {
                            format!("{id} (demo)")
                        } else {
                            id.clone()
                        };
                        let label = move || {
                            // Of the chosen one the composer says it already.
                            if current.with(|current| *current == model.id.as_str()) {
                                return label.clone();
                            }
                            store.composing.forecast.with(|forecast| {
                                wording::option(&label, wording::forecast_for(forecast, &model.id))
                            })
                        };
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
        {shown_if(many, move || view! {
            <button
                type="button"
                class="bar-button"
                aria-label="Search models"
                title="Search models"
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
