//! What lies over the page: one menu or dialog, and the lines that pass. Beside it the message that a search has found is
//! brought into view.

use std::time::Duration;

use evenkeel_protocol::MessageId;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::import::import_field;
use super::menu::entry_menu;
use super::notices::notices;
use super::receipt::receipt;
use super::shortcut_sheet::shortcut_sheet;
use super::user_menu::user_menu;
use crate::state::Phase;
use crate::store::Store;
use crate::store::list::Overlay;

/// A message that has not come into the page after so many looks does not come.
const LOOKS: u32 = 300;
const LOOK: Duration = Duration::from_millis(50);
/// A found message is marked for so long.
const MARKED: Duration = Duration::from_secs(6);

/// The menus of the list, which belong to the same part of the page.
pub(crate) fn menus(store: Store) -> AnyView {
    let menu = move || match store.list.overlay.get()? {
        Overlay::Entry(id) => Some(entry_menu(store, id)),
        Overlay::User => Some(user_menu(store)),
        Overlay::Shortcuts | Overlay::Receipt => None,
    };
    menu.into_any()
}

/// Everything else that opens over the page.
pub(crate) fn overlays(store: Store) -> AnyView {
    reveal(store);
    let over = move || match store.list.overlay.get()? {
        Overlay::Entry(_) | Overlay::User => None,
        Overlay::Shortcuts => Some(shortcut_sheet(store)),
        Overlay::Receipt => Some(receipt(store)),
    };
    view! {
        {over}
        {import_field(store)}
        {notices(store)}
    }
    .into_any()
}

/// Brings the wanted message into view and marks it, as soon as its conversation is there.
fn reveal(store: Store) {
    Effect::new(move || {
        let wanted = store.list.reveal.get();
        let ready = store
            .open
            .with(|open| open.phase == Phase::Ready && open.id.is_some());
        // Messages that come to life take their reader to the end once.
        let alive = store.whole.get();
        if let Some(id) = wanted.filter(|_| ready && alive) {
            store.reveal(&id);
            look(store, id, LOOKS);
        }
    });
}

fn look(store: Store, id: MessageId, looks: u32) {
    if store
        .list
        .reveal
        .with_untracked(|wanted| wanted.as_ref() != Some(&id))
    {
        return;
    }
    if let Some(message) = message(&id) {
        store.list.reveal.set(None);
        mark(&message);
    } else if looks > 0 {
        set_timeout(move || look(store, id, looks - 1), LOOK);
    } else {
        store.list.reveal.set(None);
    }
}

fn message(id: &MessageId) -> Option<Element> {
    let all = document()
        .query_selector_all("[data-testid=message]")
        .ok()?;
    (0..all.length())
        .filter_map(|at| all.item(at)?.dyn_into::<Element>().ok())
        .find(|message| message.get_attribute("data-id").as_deref() == Some(id.as_str()))
}

fn mark(message: &Element) {
    if let Ok(Some(marked)) = document().query_selector("[data-found]") {
        // Removing what is there does not fail.
        let _ = marked.remove_attribute("data-found");
    }
    let _ = message.set_attribute("data-found", "");
    let into_view = |message: &Element| {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Center);
        message.scroll_into_view_with_scroll_into_view_options(&options);
    };
    into_view(message);
    // Messages that were out of sight have now got their real size.
    let again = message.clone();
    request_animation_frame(move || {
        let last = again.clone();
        into_view(&again);
        request_animation_frame(move || into_view(&last));
    });
    let marked = message.clone();
    set_timeout(
        move || {
            let _ = marked.remove_attribute("data-found");
        },
        MARKED,
    );
}
