//! Files that are dropped anywhere on the page.

use leptos::ev::DragEvent;
use leptos::prelude::*;

use super::{Icon, icon, shown_if};
use crate::store::Store;

/// The files that are dragged or pasted.
pub(super) fn files_of(data: &web_sys::DataTransfer) -> Vec<web_sys::File> {
    let Some(list) = data.files() else {
        return vec![];
    };
    (0..list.length())
        .filter_map(|index| list.get(index))
        .collect()
}

/// Files come, and not text or a link of the page itself.
fn brings_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| {
        let types = data.types();
        (0..types.length()).any(|index| types.get(index).as_string().as_deref() == Some("Files"))
    })
}

/// Shows that files can be dropped while some are dragged over the page, and takes them.
#[component]
pub(super) fn DropZone() -> impl IntoView {
    let store = Store::here();
    // Each element on the way is entered before the one before is left.
    let depth = RwSignal::new(0_i32);
    let over_list = RwSignal::new(false);
    Effect::new(move || {
        let enter = window_event_listener(leptos::ev::dragenter, move |event| {
            if brings_files(&event) {
                event.prevent_default();
                store.prepare_composing();
                depth.update(|depth| *depth += 1);
            }
        });
        let over = window_event_listener(leptos::ev::dragover, move |event| {
            // The list takes exported conversations.
            let lists = event.default_prevented();
            if over_list.get_untracked() != lists {
                over_list.set(lists);
            }
            if brings_files(&event) && !lists {
                event.prevent_default();
                if let Some(data) = event.data_transfer() {
                    data.set_drop_effect("copy");
                }
            }
        });
        let leave = window_event_listener(leptos::ev::dragleave, move |event| {
            if brings_files(&event) {
                depth.update(|depth| *depth = (*depth - 1).max(0));
            }
        });
        let drop = window_event_listener(leptos::ev::drop, move |event| {
            depth.set(0);
            if brings_files(&event) && !event.default_prevented() {
                event.prevent_default();
                let files = event.data_transfer().map(|data| files_of(&data));
                store.take_files(files.unwrap_or_default());
            }
        });
        on_cleanup(move || {
            enter.remove();
            over.remove();
            leave.remove();
            drop.remove();
        });
    });
    let dragged = Memo::new(move |_| depth.get() > 0 && !over_list.get());
    view! {
        {shown_if(dragged, || view! {
            <div class="drop-zone" data-testid="drop-zone" aria-hidden="true">
                <p class="drop-word">
                    <Icon shape=icon::CLIP />
                    "Drop text files or images to attach them"
                </p>
            </div>
        }.into_any())}
    }
}
