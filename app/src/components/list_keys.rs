//! The keys of the list: the arrows move through its entries and what was found, F2 renames, Delete deletes, Escape
//! leaves the search.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::browser;
use crate::store::Store;

const ENTRIES: &str = "a[data-testid=conversation], a[data-testid=search-result]";

/// A key was pressed somewhere in the list.
pub(crate) fn list_key(store: Store, event: KeyboardEvent) {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let Some(target) = event
        .target()
        .and_then(|target| target.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    let in_search = target.id() == "search";
    let entry = target.matches(ENTRIES).unwrap_or(false);
    let handled = match event.key().as_str() {
        "Escape" if in_search || entry => {
            let searching = store.list.query.with_untracked(|query| !query.is_empty());
            if searching {
                store.list.query.set(String::new());
                browser::focus("search");
            }
            searching
        }
        "ArrowDown" if in_search || entry => step(&target, true),
        "ArrowUp" if entry => step(&target, false),
        "F2" | "Delete" if entry => match target.dataset().get("id") {
            Some(id) if event.key() == "F2" => {
                store.list.renaming.set(Some(id.into()));
                true
            }
            Some(id) => {
                store.delete(&id.into());
                true
            }
            None => false,
        },
        _ => false,
    };
    if handled {
        event.prevent_default();
        event.stop_propagation();
    }
}

fn step(from: &HtmlElement, down: bool) -> bool {
    let Ok(all) = document().query_selector_all(ENTRIES) else {
        return false;
    };
    // What is folded away cannot have the focus.
    let seen: Vec<HtmlElement> = (0..all.length())
        .filter_map(|at| all.item(at)?.dyn_into::<HtmlElement>().ok())
        .filter(|entry| {
            entry
                .closest("[hidden]")
                .is_ok_and(|hidden| hidden.is_none())
        })
        .collect();
    let from: &Element = from;
    let here = seen.iter().position(|entry| {
        let entry: &Element = entry;
        entry == from
    });
    let next = match (here, down) {
        (None, _) => seen.first(),
        (Some(here), true) => seen.get(here + 1),
        (Some(here), false) => here.checked_sub(1).and_then(|at| seen.get(at)),
    };
    match next {
        // It can have the focus.
        Some(entry) => drop(entry.focus()),
        None if !down => browser::focus("search"),
        None => {}
    }
    true
}
