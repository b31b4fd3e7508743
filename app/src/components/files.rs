//! The files of a message: pictures small, to be opened large, everything else to be downloaded.

use evenkeel_protocol::AttachedFile;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::{Icon, icon};
use crate::store::Store;

/// Where a file's content is.
fn address(file: &AttachedFile) -> String {
    format!("/api/attachments/{}", file.id)
}

/// All files of a message.
pub(super) fn files(files: &[AttachedFile]) -> Option<AnyView> {
    if files.is_empty() {
        return None;
    }
    let shown: Vec<_> = files.iter().map(file).collect();
    Some(view! { <ul class="sent-files" aria-label="Files">{shown}</ul> }.into_any())
}

fn file(file: &AttachedFile) -> AnyView {
    let store = Store::here();
    if file.is_image() {
        let large = file.clone();
        return view! {
            <li>
                <button
                    type="button"
                    class="picture-small"
                    data-testid="sent-file"
                    title=file.name.clone()
                    on:click=move |_| store.around.picture.set(Some(large.clone()))
                >
                    <img src=address(file) alt=file.name.clone() width="112" height="112" loading="lazy" decoding="async" />
                </button>
            </li>
        }
        .into_any();
    }
    view! {
        <li>
            <a class="sent-file" href=address(file) download=file.name.clone() data-testid="sent-file">
                <Icon shape=icon::FILE />
                <span class="sent-name">{file.name.clone()}</span>
                <span class="text-muted">{size(file.size)}</span>
            </a>
        </li>
    }
    .into_any()
}

/// A size as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// The picture that was chosen, as large as the window lets it be.
#[component]
pub(crate) fn Picture() -> impl IntoView {
    let chosen = Store::here().around.picture;
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let (Some(dialog), Some(_)) = (dialog.get(), chosen.get()) else {
            return;
        };
        if !dialog.open() {
            // It is on the page, and is not open.
            let _ = dialog.show_modal();
        }
    });
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let name = move || chosen.with(|file| file.as_ref().map(|file| file.name.clone()));
    view! {
        <dialog
            node_ref=dialog
            class="picture"
            aria-label=name
            data-testid="picture"
            on:close=move |_| chosen.set(None)
        >
            {move || {
                chosen
                    .get()
                    .map(|file| {
                        view! {
                            <img src=address(&file) alt=file.name.clone() />
                            <div class="flex flex-wrap items-center justify-between gap-2">
                                <span class="sent-name text-sm">{file.name.clone()}</span>
                                <span class="flex gap-2">
                                    <a class="button small" href=address(&file) download=file.name>
                                        "Download"
                                    </a>
                                    <button type="button" class="button small" autofocus on:click=close>
                                        "Close"
                                    </button>
                                </span>
                            </div>
                        }
                    })
            }}
        </dialog>
    }
}
