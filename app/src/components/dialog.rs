//! Dialogs, which are the browser's own: it keeps the focus inside, closes them on Escape, and gives the focus back.

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Icon, icon};
use crate::store::Store;

/// What a press beside a dialog does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// It closes it.
    Closes,
    /// Nothing: what is being written in it is not lost by a press that went wrong.
    Stays,
}

/// A dialog over the page, for as long as something is laid over it.
pub(super) fn dialog(
    store: Store,
    name: &'static str,
    title: &'static str,
    content: impl IntoView + 'static,
) -> AnyView {
    let closed = Box::new(move || store.list.overlay.set(None));
    modal(
        name,
        title.into(),
        Beside::Closes,
        closed,
        content.into_any(),
    )
}

/// A dialog over the page, for as long as it is there; `closed` is called when the reader has closed it.
pub(crate) fn modal(
    name: &'static str,
    title: Oco<'static, str>,
    pressed_beside: Beside,
    closed: Box<dyn Fn() + Send + Sync>,
    content: AnyView,
) -> AnyView {
    let node = NodeRef::<Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = node.get() {
            // It is there and is not open yet.
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = node.get_untracked() {
            dialog.close();
        }
    };
    let beside = move |event: MouseEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        // What is inside fills it: a press on the dialog itself is one on what lies around.
        let closes = pressed_beside == Beside::Closes;
        if closes && target.is_some_and(|target| target.matches("dialog").unwrap_or(false)) {
            close();
        }
    };
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            // The drawer below it stays open.
            event.stop_propagation();
        }
    };
    let heading = format!("{name}-title");
    let labelled = heading.clone();
    view! {
        <dialog
            node_ref=node
            class="dialog"
            data-testid=name
            aria-labelledby=heading
            on:close=move |_| closed()
            on:click=beside
            on:keydown=keydown
        >
            <div class="dialog-body">
                <header class="dialog-head">
                    <h2 id=labelled>{title}</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| close()>
                        <Icon shape=icon::CLOSE />
                    </button>
                </header>
                {content}
            </div>
        </dialog>
    }
    .into_any()
}

/// Closes the dialog of this name as its reader would, so that the focus goes back to where it was.
pub(crate) fn close(name: &str) {
    let dialog = document().query_selector(&format!("dialog[data-testid={name}]"));
    if let Ok(Some(dialog)) = dialog {
        dialog
            .unchecked_into::<web_sys::HtmlDialogElement>()
            .close();
    }
}
