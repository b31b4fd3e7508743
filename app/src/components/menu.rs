//! Menus: a popover beside the button that opened it, moved through with the arrow keys. The browser closes it on Escape
//! and on a press elsewhere, and gives the focus back.

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use evenkeel_protocol::ConversationId;

use super::conversations::name_of;
use super::{Icon, icon};
use crate::api;
use crate::store::Store;
use crate::store::list::Overlay;

/// So far it stays away from the window's edge, in pixels.
const EDGE: f64 = 8.0;

const ITEMS: &str = "[role^=menuitem]";

/// A menu beside the element `anchor`, for as long as `overlay` is open.
pub(super) fn menu(
    store: Store,
    overlay: Overlay,
    anchor: String,
    label: String,
    items: impl FnOnce(Choose) -> AnyView,
) -> AnyView {
    let node = NodeRef::<Div>::new();
    let choose = Choose { node };
    Effect::new(move || {
        let Some(menu) = node.get() else { return };
        // It is there and is no popover yet.
        let _ = menu.show_popover();
        if let Some(anchor) = document().get_element_by_id(&anchor) {
            place(&menu, &anchor);
        }
        focus(&menu, Step::First);
    });
    let toggled = move |_| {
        let closed = node
            .get_untracked()
            .is_some_and(|menu| !menu.matches(":popover-open").unwrap_or(false));
        let mine = store
            .list
            .overlay
            .with_untracked(|open| open.as_ref() == Some(&overlay));
        if closed && mine {
            store.list.overlay.set(None);
        }
    };
    let keydown = move |event: KeyboardEvent| {
        let Some(menu) = node.get_untracked() else {
            return;
        };
        let step = match event.key().as_str() {
            "ArrowDown" => Step::Next,
            "ArrowUp" => Step::Previous,
            "Home" => Step::First,
            "End" => Step::Last,
            "Tab" => {
                choose.close();
                return;
            }
            "Escape" => {
                // The drawer around it stays open.
                event.stop_propagation();
                return;
            }
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        focus(&menu, step);
    };
    view! {
        <div
            node_ref=node
            class="list-menu"
            popover="auto"
            role="menu"
            aria-label=label
            on:toggle=toggled
            on:keydown=keydown
        >
            {items(choose)}
        </div>
    }
    .into_any()
}

/// Closes the menu, so that the focus is back where it was before what was chosen happens.
#[derive(Clone, Copy)]
pub(super) struct Choose {
    node: NodeRef<Div>,
}

impl Choose {
    pub(super) fn close(self) {
        if let Some(menu) = self.node.get_untracked() {
            // It fails only where it is closed already.
            let _ = menu.hide_popover();
        }
    }
}

enum Step {
    First,
    Previous,
    Next,
    Last,
}

fn focus(menu: &Element, step: Step) {
    let Ok(items) = menu.query_selector_all(ITEMS) else {
        return;
    };
    let active = document().active_element();
    let count = items.length();
    let here = (0..count).find(|at| {
        let item = items
            .item(*at)
            .and_then(|item| item.dyn_into::<Element>().ok());
        item.is_some() && item == active
    });
    let place = match (step, here) {
        (Step::First, _) | (Step::Next, None) => 0,
        (Step::Last, _) | (Step::Previous, None) => count.saturating_sub(1),
        (Step::Next, Some(here)) => (here + 1) % count,
        (Step::Previous, Some(here)) => (here + count - 1) % count,
    };
    let item = items
        .item(place)
        .and_then(|item| item.dyn_into::<HtmlElement>().ok());
    if let Some(item) = item {
        // It can have the focus.
        let _ = item.focus();
    }
}

fn place(menu: &HtmlElement, anchor: &Element) {
    let inner = |size: Result<wasm_bindgen::JsValue, _>| size.ok().and_then(|size| size.as_f64());
    let (Some(width), Some(height)) = (
        inner(window().inner_width()),
        inner(window().inner_height()),
    ) else {
        return;
    };
    let around = anchor.get_bounding_client_rect();
    let size = (
        f64::from(menu.offset_width()),
        f64::from(menu.offset_height()),
    );
    let left = around.left().min(width - size.0 - EDGE).max(EDGE);
    let below = around.bottom() + 4.0;
    let top = if below + size.1 + EDGE <= height {
        below
    } else {
        (around.top() - 4.0 - size.1).max(EDGE)
    };
    let style = HtmlElement::style(menu);
    // Both only fail for a property that there is not.
    let _ = style.set_property("left", &format!("{left}px"));
    let _ = style.set_property("top", &format!("{top}px"));
}

/// What can be done with a conversation.
pub(super) fn entry_menu(store: Store, id: ConversationId) -> AnyView {
    let Some(entry) = store.list.entry(&id) else {
        return ().into_any();
    };
    let label = format!("About {}", entry.with_untracked(name_of));
    let items = {
        let id = id.clone();
        move |choose: Choose| {
            let file = |format| api::export_address(&id, format);
            let (markdown, json) = (file("md"), file("json"));
            let renamed = id.clone();
            let rename = move |_| {
                choose.close();
                store.list.renaming.set(Some(renamed.clone()));
            };
            let delete = move |_| {
                choose.close();
                store.delete(&id);
            };
            view! {
                <button type="button" class="list-menu-item" role="menuitem" on:click=rename>
                    <Icon shape=icon::PENCIL />
                    <span>"Rename"</span>
                    <kbd aria-hidden="true">"F2"</kbd>
                </button>
                <a class="list-menu-item" role="menuitem" href=markdown download="" on:click=move |_| choose.close()>
                    <Icon shape=icon::DOWNLOAD />
                    <span>"Export as Markdown"</span>
                </a>
                <a class="list-menu-item" role="menuitem" href=json download="" on:click=move |_| choose.close()>
                    <Icon shape=icon::DOWNLOAD />
                    <span>"Export as JSON"</span>
                </a>
                <hr class="menu-line" />
                <button type="button" class="list-menu-item menu-danger" role="menuitem" on:click=delete>
                    <Icon shape=icon::BIN />
                    <span>"Delete"</span>
                    <kbd aria-hidden="true">"Del"</kbd>
                </button>
            }
            .into_any()
        }
    };
    menu(
        store,
        Overlay::Entry(id.clone()),
        format!("more-{id}"),
        label,
        items,
    )
}
