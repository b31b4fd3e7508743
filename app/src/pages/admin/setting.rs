//! A setting with its editor, what the file says, and what is wrong with it.

use evenkeel_protocol::{Setting, SettingKind};
use leptos::prelude::*;
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::effect::change;
use super::list_editor::list_editor;
use super::panel::Panel;
use super::settings::Editing;
use crate::browser;
use crate::components::LocalTime;
use crate::state::panel::{Draft, Edit};
use crate::wording;

/// The id of a setting's field.
pub(super) fn field_id(key: &str) -> String {
    format!("setting-{}", key.replace('.', "-"))
}

/// A setting.
pub(super) fn setting(editing: Editing, panel: Panel, key: String) -> AnyView {
    let found = {
        let key = key.clone();
        Memo::new(move |_| {
            editing.settings.with(|settings| {
                let all = settings.iter().flat_map(|settings| &settings.settings);
                all.into_iter().find(|one| one.key == key).cloned()
            })
        })
    };
    let Some(first) = found.get_untracked() else {
        return ().into_any();
    };
    let draft = {
        let key = key.clone();
        Memo::new(move |_| editing.drafts.with(|drafts| drafts.get(&key).cloned()))
    };
    let edit = Memo::new(move |_| {
        let known = draft.with(|draft| draft.as_ref().map(|draft| draft.edit.clone()));
        known.or_else(|| found.with(|found| found.as_ref().map(Edit::of)))
    });
    let id = field_id(&key);
    Effect::new({
        let (id, key) = (id.clone(), key.clone());
        move |before: Option<bool>| {
            let wanted = panel
                .route
                .with(|route| route.get("key") == Some(key.as_str()));
            if wanted && before != Some(true) {
                let id = id.clone();
                request_animation_frame(move || arrive(&id));
            }
            wanted
        }
    });
    let problem = Memo::new(move |_| {
        draft.with(|draft| draft.as_ref().and_then(|draft| draft.problem.clone()))
    });
    let wrong = {
        let id = id.clone();
        move || {
            problem
                .get()
                .map(|why| view! { <p class="problem" id=format!("{id}-problem")>{why}</p> })
        }
    };
    view! {
        <li class="setting" data-testid="setting" data-key=key.clone() data-edited=move || draft.with(Option::is_some).then_some("")>
            <div class="setting-about">
                <label for=id.clone() id=format!("{id}-label")>{first.label.clone()}</label>
                <p class="text-muted" id=format!("{id}-help")>{first.help.clone()}</p>
                {origin(editing, found)}
            </div>
            <div class="setting-field">
                {field(editing, &first, &id, edit, problem)}
                {wrong}
                {clash(editing, found, draft)}
            </div>
        </li>
    }
    .into_any()
}

fn arrive(id: &str) {
    let Some(field) = document().get_element_by_id(id) else {
        return;
    };
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Center);
    field.scroll_into_view_with_scroll_into_view_options(&options);
    browser::focus(id);
}

/// What the file says, where that is something else, and the way back to it.
fn origin(editing: Editing, found: Memo<Option<Setting>>) -> AnyView {
    let shown = move || {
        let setting = found.get().filter(|setting| setting.live)?;
        let file = wording::value(setting.file.as_ref(), Some(setting.kind));
        let (key, label) = (setting.key, setting.label);
        let spoken = format!("Take “{label}” back to what the file says");
        Some(view! {
            <p class="setting-origin">
                <span class="badge badge-live" data-testid="live">"live"</span>
                " without it: " <span>{file}</span>
                <button
                    type="button"
                    class="link-button"
                    data-testid="give-back"
                    aria-label=spoken
                    on:click=move |_| editing.give_back(&key, &label)
                >
                    "Take back"
                </button>
            </p>
        })
    };
    view! { {shown} }.into_any()
}

/// Another has changed the same setting meanwhile: both values, and a choice.
fn clash(editing: Editing, found: Memo<Option<Setting>>, draft: Memo<Option<Draft>>) -> AnyView {
    let clashing = Memo::new(move |_| {
        let setting = found.get()?;
        draft.get().filter(|draft| draft.clashes(&setting))?;
        Some(setting)
    });
    let shown = move || {
        let setting = clashing.get()?;
        let theirs = wording::value(setting.value.as_ref(), Some(setting.kind));
        let own = draft
            .get()
            .and_then(|draft| draft.edit.value(setting.kind).ok());
        let own = wording::value(own.as_ref(), Some(setting.kind));
        let (kept, left) = (setting.key.clone(), setting.key.clone());
        let by = editing.recent.with(|recent| {
            recent
                .iter()
                .find(|entry| entry.key == setting.key)
                .cloned()
        });
        let who = by.map(
            |entry| view! { <span>{change(&entry)} " at " <LocalTime at=entry.at /> "."</span> },
        );
        Some(view! {
            <div class="clash" role="status" data-testid="clash">
                <p>"It was changed meanwhile. " {who}</p>
                <p>"Now: " <strong>{theirs}</strong> " · yours: " <strong>{own}</strong></p>
                <div class="flex flex-wrap gap-2">
                    <button type="button" class="button small" on:click=move |_| editing.keep(&kept)>"Keep mine"</button>
                    <button type="button" class="button small" on:click=move |_| editing.discard(&left)>"Take theirs"</button>
                </div>
            </div>
        })
    };
    view! { {shown} }.into_any()
}

fn field(
    editing: Editing,
    setting: &Setting,
    id: &str,
    edit: Memo<Option<Edit>>,
    problem: Memo<Option<String>>,
) -> AnyView {
    let key = setting.key.clone();
    let text = Memo::new(move |_| match edit.get() {
        Some(Edit::Text(text)) => text,
        Some(Edit::Switch(_) | Edit::List(_) | Edit::Auto) | None => String::new(),
    });
    let described = {
        let id = id.to_owned();
        move || match problem.with(Option::is_some) {
            true => format!("{id}-help {id}-problem"),
            false => format!("{id}-help"),
        }
    };
    let invalid = move || problem.with(Option::is_some).then_some("true");
    let id = id.to_owned();
    match setting.kind {
        SettingKind::Switch => {
            let on = Memo::new(move |_| edit.get() == Some(Edit::Switch(true)));
            view! {
                <button
                    type="button"
                    class="setting-switch"
                    role="switch"
                    id=id
                    aria-describedby=described
                    aria-checked=move || on.get().to_string()
                    on:click=move |_| editing.edit(&key, Edit::Switch(!on.get_untracked()))
                >
                    <span class="switch" aria-hidden="true"></span>
                    <span>{move || if on.get() { "on" } else { "off" }}</span>
                </button>
            }
            .into_any()
        }
        SettingKind::Word => {
            let options: Vec<_> = setting
                .options
                .iter()
                .map(|option| {
                    let selected = text.with_untracked(|text| text == option);
                    view! { <option value=option.clone() selected=selected>{option.clone()}</option> }
                })
                .collect();
            view! {
                <select
                    class="select"
                    id=id
                    autocomplete="off"
                    aria-describedby=described
                    aria-invalid=invalid
                    prop:value=move || text.get()
                    on:change=move |event| editing.edit(&key, Edit::Text(event_target_value(&event)))
                >
                    {options}
                </select>
            }
            .into_any()
        }
        SettingKind::Models | SettingKind::Providers => list_editor(editing, setting, &id, edit),
        SettingKind::Duration
        | SettingKind::Count
        | SettingKind::Share
        | SettingKind::Decimal
        | SettingKind::Text => {
            let percent = setting.kind == SettingKind::Share || setting.key.ends_with("percent");
            let unit = percent.then_some("%");
            let mode = match setting.kind {
                SettingKind::Count => "numeric",
                SettingKind::Share | SettingKind::Decimal => "decimal",
                SettingKind::Duration
                | SettingKind::Switch
                | SettingKind::Word
                | SettingKind::Models
                | SettingKind::Providers
                | SettingKind::Text => "text",
            };
            let first = text.get_untracked();
            view! {
                <div class="setting-input">
                    <input
                        type="text"
                        class="input"
                        id=id
                        inputmode=mode
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby=described
                        aria-invalid=invalid
                        value=first
                        prop:value=move || text.get()
                        on:input=move |event| editing.edit(&key, Edit::Text(event_target_value(&event)))
                    />
                    {unit.map(|unit| view! { <span class="text-muted">{unit}</span> })}
                </div>
            }
            .into_any()
        }
    }
}
