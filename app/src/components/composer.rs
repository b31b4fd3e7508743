//! Where a message is written. The text belongs to the element, not to a signal, so that what is typed before the page
//! is hydrated stays.

mod drop;
mod forecast;
mod instructions;
mod model_search;
mod pad;
mod queued;
mod reading;
mod restore;
mod tray;

use leptos::ev::KeyboardEvent;
use leptos::html::Input;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

pub(crate) use forecast::ForecastLine;
pub(crate) use instructions::instructions;
pub(crate) use model_search::model_search;
pub(crate) use queued::{OnItsWay, WaitingMessages, queued};
pub(crate) use reading::{take, take_text};
pub(crate) use restore::{look_after, restore};
pub(crate) use tray::tray;

use super::dialog::{Beside, modal};
use super::{Icon, ModelPicker, icon, shown_if};
use crate::browser;
use crate::state::files::LONG_PASTE;
use crate::store::{Dialog, Store};
use drop::{DropZone, files_of};
use pad::Pad;

/// Enter sends: but not with Shift, which breaks the line, and not while an input method composes a character.
pub(super) fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !composes(event)
}

fn composes(event: &KeyboardEvent) -> bool {
    // 229 is what some browsers report for the key that ends a composition.
    event.is_composing() || event.key_code() == 229
}

/// Escape is meant for the answer, and for nothing that is open over the page.
fn stops(store: Store, event: &KeyboardEvent) -> bool {
    let list = store.list;
    let open = list.drawer.get_untracked()
        || list.overlay.with_untracked(Option::is_some)
        || list.renaming.with_untracked(Option::is_some)
        || browser::covered();
    let others = event.shift_key() || event.alt_key() || event.ctrl_key() || event.meta_key();
    // In another field it is that field's own.
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let field = "input, select, textarea:not(#composer)";
    let typing = target.is_some_and(|target| target.matches(field).unwrap_or(false));
    let meant = event.key() == "Escape" && !event.default_prevented() && !composes(event);
    meant && !others && !open && !typing
}

/// Presses the button that edits the last question; false where there is none.
fn edit_last() -> bool {
    let buttons = document().query_selector_all("[data-role=user] [id^=edit-]");
    let last = buttons
        .ok()
        .and_then(|buttons| buttons.item(buttons.length().checked_sub(1)?))
        .and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok());
    last.as_ref().map(web_sys::HtmlElement::click).is_some()
}

/// The text with all that goes with it, and the buttons that send and stop.
#[component]
pub(crate) fn Composer() -> impl IntoView {
    let store = Store::here();
    let pad = Pad::new(store);
    pad.live();

    let keydown = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            pad.submit();
        } else if event.key() == "ArrowUp" && pad.bare() && !composes(&event) && edit_last() {
            event.prevent_default();
        }
    };
    let paste = move |event: leptos::ev::ClipboardEvent| {
        let Some(data) = event.clipboard_data() else {
            return;
        };
        let files = files_of(&data);
        let text = data.get_data("text/plain").unwrap_or_default();
        if !files.is_empty() && text.is_empty() {
            event.prevent_default();
            store.take_files(files);
        } else if text.encode_utf16().count() > LONG_PASTE {
            event.prevent_default();
            store.take_text(text);
        }
    };
    Effect::new(move || {
        let escape = window_event_listener(leptos::ev::keydown, move |event| {
            if store.running.with_untracked(Option::is_some) && stops(store, &event) {
                event.prevent_default();
                store.stop();
            }
        });
        on_cleanup(move || escape.remove());
    });

    let shown = move |view: fn(late: crate::late::Composing) -> AnyView, wanted: bool| {
        wanted.then(|| store.composing_part().map(view))
    };
    let some_files = Memo::new(move |_| !store.composing.files.with(Vec::is_empty));
    let some_refusals = Memo::new(move |_| !store.composing.refusals.with(Vec::is_empty));
    view! {
        <DropZone />
        <div class="composer" role="group" aria-label="Write a message">
            {move || shown(|part| (part.tray)(), some_files.get() || some_refusals.get())}
            <label class="sr-only" for="composer">"Message"</label>
            <textarea
                node_ref=pad.area
                id="composer"
                data-testid="composer"
                rows="1"
                placeholder="Ask anything"
                autocomplete="off"
                enterkeyhint="send"
                aria-describedby="composer-hint forecast"
                on:input=move |_| pad.typed()
                on:keydown=keydown
                on:paste=paste
            ></textarea>
            <div class="composer-bar flex items-center gap-1">
                <Attach />
                <Instructions />
                <ModelPicker />
                <span id="composer-hint" class="hint">"Enter sends, Shift+Enter breaks the line"</span>
                <Buttons pad />
            </div>
        </div>
        {move || {
            let dialog = store.composing.dialog.get();
            dialog.and_then(|dialog| {
                store.composing_part().map(|part| match dialog {
                    Dialog::Instructions => (part.instructions)(),
                    Dialog::Models => (part.models)(),
                })
            })
        }}
    }
    .into_any()
}

/// Chooses files.
#[component]
fn Attach() -> impl IntoView {
    let store = Store::here();
    let input = NodeRef::<Input>::new();
    let choose = move |_| {
        store.prepare_composing();
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let chosen = move |_| {
        let Some(input) = input.get_untracked() else {
            return;
        };
        let files = input.files().map(|list| {
            (0..list.length())
                .filter_map(|index| list.get(index))
                .collect()
        });
        store.take_files(files.unwrap_or_default());
        // The same file may be chosen again.
        input.set_value("");
    };
    view! {
        <button
            type="button"
            class="bar-button"
            aria-label="Attach files"
            title="Attach files"
            data-testid="attach"
            disabled=move || !store.hydrated.get()
            on:click=choose
        >
            <Icon shape=icon::CLIP />
        </button>
        <input
            node_ref=input
            type="file"
            multiple
            hidden
            tabindex="-1"
            aria-label="Files"
            data-testid="files"
            on:change=chosen
        />
    }
}

/// Opens what every model is told first.
#[component]
fn Instructions() -> impl IntoView {
    let store = Store::here();
    let set = Memo::new(move |_| store.instructions().is_some());
    view! {
        <button
            type="button"
            class="bar-button"
            data-testid="instructions"
            data-set=move || set.get().then_some("")
            aria-label=move || if set.get() { "Instructions, set" } else { "Instructions" }
            aria-haspopup="dialog"
            title="What every model is told first"
            disabled=move || !store.hydrated.get()
            on:click=move |_| store.open_dialog(Dialog::Instructions)
        >
            <Icon shape=icon::NOTE />
            <span class="bar-word" aria-hidden="true">
                {move || set.get().then_some("Instructions")}
            </span>
        </button>
    }
}

/// One button that sends (or lets wait), and while an answer is written one that stops it.
#[component]
fn Buttons(
    /// What is written.
    pad: Pad,
) -> impl IntoView {
    let store = Store::here();
    let nothing = Memo::new(move |_| pad.empty.get() && store.composing.files.with(Vec::is_empty));
    let busy = Memo::new(move |_| store.busy.get());
    let sending = Memo::new(move |_| !busy.get() || !nothing.get());
    // Not `disabled`, which would take the focus away from whoever has it there.
    let press = move |_| {
        pad.submit();
        pad.focus();
    };
    let stop = move |_| {
        store.stop();
        pad.focus();
    };
    view! {
        <div class="send-buttons">
        {shown_if(busy, move || view! {
            <button
                type="button"
                class="send-button"
                data-testid="stop"
                aria-label="Stop"
                title="Stop (Escape)"
                disabled=move || !store.hydrated.get()
                aria-disabled=move || store.running.with(Option::is_none).to_string()
                on:click=stop
            >
                <Icon shape=icon::STOP />
            </button>
        }.into_any())}
        {shown_if(sending, move || view! {
            <button
                type="button"
                class="send-button"
                data-testid="send"
                aria-label=move || {
                    if store.busy.get() { "Send when this answer is done" } else { "Send" }
                }
                disabled=move || !store.hydrated.get()
                aria-disabled=move || nothing.get().to_string()
                on:click=press
            >
                <Icon shape=icon::SEND />
            </button>
        }.into_any())}
        </div>
    }
}

impl Store {
    /// Files that somebody wants to send.
    pub(crate) fn take_files(self, files: Vec<web_sys::File>) {
        if files.is_empty() {
            return;
        }
        self.prepare_composing();
        leptos::task::spawn_local(async move {
            (crate::late::TOOLS.load().await.composing.take)(self, files);
        });
    }

    /// A text that is too long to be read in the composer.
    fn take_text(self, text: String) {
        self.prepare_composing();
        leptos::task::spawn_local(async move {
            (crate::late::TOOLS.load().await.composing.take_text)(self, text);
        });
    }

    /// Opens something from the composer.
    pub(crate) fn open_dialog(self, dialog: Dialog) {
        self.prepare_composing();
        self.composing.dialog.set(Some(dialog));
    }
}

/// A dialog that is opened from the composer.
fn dialog(name: &'static str, title: &'static str, content: AnyView) -> AnyView {
    let store = Store::here();
    let closed = Box::new(move || store.composing.dialog.set(None));
    modal(name, title.into(), Beside::Stays, closed, content)
}
