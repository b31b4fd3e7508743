//! A list in an order: by dragging, by touch, or with the buttons.

use evenkeel_protocol::{Setting, SettingKind};
use leptos::ev::PointerEvent;
use leptos::html::Ol;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::settings::Editing;
use crate::browser;
use crate::components::{Icon, each, icon};
use crate::state::panel::{Edit, move_item};

/// The handle of an entry: three lines.
const HANDLE: &str = "M5 8h14M5 12h14M5 16h14";
const UP: &str = "M12 19V5M6 11l6-6 6 6";

#[derive(Clone, Copy)]
struct List {
    editing: Editing,
    key: StoredValue<String>,
    items: Memo<Vec<String>>,
    node: NodeRef<Ol>,
    dragged: RwSignal<Option<String>>,
    said: RwSignal<String>,
}

impl List {
    fn change(self, change: impl FnOnce(&mut Vec<String>)) {
        let mut list = self.items.get_untracked();
        change(&mut list);
        self.editing.edit(&self.key.get_value(), Edit::List(list));
    }

    fn place(self, item: &str) -> Option<usize> {
        self.items
            .with_untracked(|items| items.iter().position(|one| one == item))
    }

    /// Moves an entry by one place; the focus stays on its button, or goes to the other one at an end.
    fn step(self, item: &str, up: bool) {
        let Some(from) = self.place(item) else { return };
        let to = if up {
            from.checked_sub(1)
        } else {
            Some(from + 1)
        };
        let last = self.items.with_untracked(Vec::len).saturating_sub(1);
        let Some(to) = to.filter(|to| *to <= last) else {
            return;
        };
        self.change(|list| move_item(list, from, to));
        self.said
            .set(format!("{item} is now number {} of {}", to + 1, last + 1));
        let way = match to {
            0 => "down",
            to if to == last => "up",
            _ if up => "up",
            _ => "down",
        };
        let id = self.button(item, way);
        request_animation_frame(move || browser::focus(&id));
    }

    fn button(self, item: &str, way: &str) -> String {
        let key = self.key.with_value(|key| key.replace('.', "-"));
        format!("{way}-{key}-{item}")
    }

    /// The dragged entry takes the place over which it is.
    fn drag(self, event: &PointerEvent) {
        let Some(item) = self.dragged.get_untracked() else {
            return;
        };
        let (Some(node), Some(from)) = (self.node.get_untracked(), self.place(&item)) else {
            return;
        };
        let rows = node.children();
        let over = (0..rows.length()).find(|at| {
            rows.item(*at).is_some_and(|row| {
                let around = row.get_bounding_client_rect();
                let y = f64::from(event.client_y());
                (around.top()..around.bottom()).contains(&y)
            })
        });
        if let Some(to) = over.map(|at| at as usize).filter(|to| *to != from) {
            self.change(|list| move_item(list, from, to));
        }
    }
}

/// The editor of a list.
pub(super) fn list_editor(
    editing: Editing,
    setting: &Setting,
    id: &str,
    edit: Memo<Option<Edit>>,
) -> AnyView {
    let auto = Memo::new(move |_| edit.get() == Some(Edit::Auto));
    let items = Memo::new(move |_| match edit.get() {
        Some(Edit::List(list)) => list,
        Some(Edit::Text(_) | Edit::Switch(_) | Edit::Auto) | None => Vec::new(),
    });
    let list = List {
        editing,
        key: StoredValue::new(setting.key.clone()),
        items,
        node: NodeRef::new(),
        dragged: RwSignal::new(None),
        said: RwSignal::default(),
    };
    let labelled = format!("{id}-label");
    let known = setting.options.clone();
    let rows = each(move || items.get(), move |item| row(list, &known, item));
    let may_be_auto = setting.kind == SettingKind::Models && setting.key == "fallbacks";
    view! {
        <div class="list-editor" role="group" aria-labelledby=labelled.clone()>
            {may_be_auto.then(|| automatic(list, auto))}
            <ol node_ref=list.node hidden=move || auto.get()>{rows}</ol>
            {add(list, setting.options.clone(), id, auto)}
            <p class="sr-only" role="status">{move || list.said.get()}</p>
        </div>
    }
    .into_any()
}

/// Leaves the order to the server.
fn automatic(list: List, auto: Memo<bool>) -> AnyView {
    let switch = move |_| {
        let now = if auto.get_untracked() {
            Edit::List(Vec::new())
        } else {
            Edit::Auto
        };
        list.editing.edit(&list.key.get_value(), now);
    };
    view! {
        <button type="button" class="setting-switch" role="switch" aria-checked=move || auto.get().to_string() on:click=switch>
            <span class="switch" aria-hidden="true"></span>
            <span>"Automatic: the other models, as they fit"</span>
        </button>
    }
    .into_any()
}

fn row(list: List, known: &[String], item: String) -> AnyView {
    let unknown = (!known.contains(&item))
        .then(|| view! { <span class="text-xs text-muted">"not configured"</span> });
    let named = StoredValue::new(item.clone());
    let place = Memo::new(move |_| {
        let item = named.get_value();
        list.items
            .with(|items| items.iter().position(|one| *one == item))
    });
    let first = move || place.get() == Some(0);
    let last = move || place.get().map(|at| at + 1) == Some(list.items.with(Vec::len));
    let dragging = Memo::new(move |_| {
        list.dragged
            .with(|dragged| *dragged == Some(named.get_value()))
    });
    let begin = move |event: PointerEvent| {
        event.prevent_default();
        let handle = event
            .current_target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if let Some(handle) = handle {
            // Without it the drag ends where the pointer leaves the handle.
            let _ = handle.set_pointer_capture(event.pointer_id());
        }
        list.dragged.set(Some(named.get_value()));
    };
    let (up, down) = (list.button(&item, "up"), list.button(&item, "down"));
    view! {
        <li class="list-item" data-testid="list-item" data-id=item.clone() data-dragging=move || dragging.get().then_some("")>
            <span
                class="handle"
                data-testid="drag"
                aria-hidden="true"
                on:pointerdown=begin
                on:pointermove=move |event| list.drag(&event)
                on:pointerup=move |_| list.dragged.set(None)
                on:pointercancel=move |_| list.dragged.set(None)
            >
                <Icon shape=HANDLE />
            </span>
            <span class="list-place">{move || place.get().map(|at| at + 1)}</span>
            <span class="list-name">{item.clone()} {unknown}</span>
            <button
                type="button"
                class="quiet-button"
                id=up
                aria-label=format!("Move {item} up")
                aria-disabled=move || first().to_string()
                on:click=move |_| list.step(&named.get_value(), true)
            >
                <Icon shape=UP />
            </button>
            <button
                type="button"
                class="quiet-button"
                id=down
                aria-label=format!("Move {item} down")
                aria-disabled=move || last().to_string()
                on:click=move |_| list.step(&named.get_value(), false)
            >
                <Icon shape=icon::DOWN />
            </button>
            <button
                type="button"
                class="quiet-button"
                aria-label=format!("Remove {item}")
                on:click=move |_| list.change(|items| items.retain(|one| *one != named.get_value()))
            >
                <Icon shape=icon::CLOSE />
            </button>
        </li>
    }
    .into_any()
}

/// What can be added.
fn add(list: List, options: Vec<String>, id: &str, auto: Memo<bool>) -> AnyView {
    let left = Memo::new(move |_| {
        list.items.with(|items| {
            let left = options.iter().filter(|option| !items.contains(option));
            left.cloned().collect::<Vec<_>>()
        })
    });
    let none = Memo::new(move |_| auto.get() || left.with(Vec::is_empty));
    let choices = move || {
        let left = left.get().into_iter();
        left.map(|option| view! { <option value=option.clone()>{option.clone()}</option> })
            .collect::<Vec<_>>()
    };
    let chosen = move |event| {
        let item = event_target_value(&event);
        if !item.is_empty() {
            list.change(|items| items.push(item));
        }
    };
    view! {
        <select
            class="select"
            id=id.to_owned()
            autocomplete="off"
            aria-label="Add to the end"
            hidden=move || none.get()
            prop:value=move || left.with(|_| "")
            on:change=chosen
        >
            <option value="">"Add …"</option>
            {choices}
        </select>
    }
    .into_any()
}
