//! The controls of the form.

use leptos::prelude::*;

use crate::state::FaultDraft;

/// Values and labels.
pub(super) type Options = Vec<(String, String)>;

/// A choice of the form.
#[component]
pub(super) fn Choice(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
    /// The control's name.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// Reads its value.
    get: fn(&FaultDraft) -> &String,
    /// Writes its value.
    set: fn(&mut FaultDraft, String),
    /// Values and labels.
    options: Signal<Options>,
) -> impl IntoView {
    let current = Memo::new(move |_| draft.with(|draft| get(draft).clone()));
    let options = move || {
        options
            .get()
            .into_iter()
            .map(|(value, label)| {
                let selected = value == current.get_untracked();
                view! { <option value=value selected=selected>{label}</option> }
            })
            .collect::<Vec<_>>()
    };
    view! {
        <label class="flex min-w-0 flex-col gap-1 text-sm">
            <span>{label}</span>
            <select
                class="select"
                name=name
                autocomplete="off"
                prop:value=move || current.get()
                on:change=move |event| draft.update(|draft| set(draft, event_target_value(&event)))
            >
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// A number or a text of the form.
#[component]
pub(super) fn Field(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
    /// The control's name.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// It is free text, not a number.
    #[prop(optional)]
    text: bool,
    /// Reads its value.
    get: fn(&FaultDraft) -> &String,
    /// Writes its value.
    set: fn(&mut FaultDraft, String),
) -> impl IntoView {
    let first = draft.with_untracked(|draft| get(draft).clone());
    let current = Memo::new(move |_| draft.with(|draft| get(draft).clone()));
    view! {
        <label class="flex min-w-0 flex-col gap-1 text-sm">
            <span>{label}</span>
            <input
                class="input"
                name=name
                type="text"
                inputmode=if text { "text" } else { "decimal" }
                autocomplete="off"
                value=first
                prop:value=move || current.get()
                on:input=move |event| draft.update(|draft| set(draft, event_target_value(&event)))
            />
        </label>
    }
    .into_any()
}
