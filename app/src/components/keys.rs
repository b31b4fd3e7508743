//! Listens for the page's shortcuts.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::state::{Action, Pressed};
use crate::store::Store;
use crate::{browser, late};

/// Under this name it is remembered that single characters are no shortcuts.
pub(super) const CHARACTERS: &str = "single_keys";

/// Whether single characters are shortcuts.
pub(super) fn characters() -> bool {
    browser::remembered(CHARACTERS).as_deref() != Some("off")
}

/// Hears the shortcuts for as long as the page lives.
pub(crate) fn listen(store: Store) {
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() || event.repeat() {
            return;
        }
        if browser::covered() {
            return;
        }
        let Some(action) = pressed(&event).action(characters()) else {
            return;
        };
        event.prevent_default();
        act(store, action);
    });
    on_cleanup(move || listener.remove());
}

fn pressed(event: &KeyboardEvent) -> Pressed {
    let (control, other) = if browser::is_mac() {
        (event.meta_key(), event.ctrl_key())
    } else {
        (event.ctrl_key(), event.meta_key())
    };
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let typing = target.is_some_and(|target| {
        let field = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button])";
        target.matches(field).unwrap_or(false)
    });
    Pressed {
        // With both of them it is no shortcut of ours.
        key: if other { String::new() } else { event.key() },
        control,
        shift: event.shift_key(),
        alt: event.alt_key(),
        typing,
    }
}

/// What is typed next has to have its place at once; all else may wait until its part has come.
fn act(store: Store, action: Action) {
    match action {
        Action::NewChat => {
            store.go("/");
            write();
        }
        Action::Search => {
            store.unfold();
            // What is hidden cannot have the focus yet.
            request_animation_frame(|| browser::focus("search"));
        }
        Action::Write => {
            store.list.drawer.set(false);
            write();
        }
        Action::Previous
        | Action::Next
        | Action::ToggleList
        | Action::Undo
        | Action::CopyAnswer
        | Action::Regenerate
        | Action::Sheet
        | Action::Own => leptos::task::spawn_local(async move {
            let part = late::TOOLS.load().await.list;
            (part.act)(store, action);
        }),
    }
}

fn write() {
    request_animation_frame(|| browser::focus("composer"));
}
