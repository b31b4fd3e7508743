//! What a person wrote, with its files; and the same as it is written anew in its place.

use std::sync::Arc;

use evenkeel_protocol::MessageId;
use leptos::ev::KeyboardEvent;
use leptos::html::Textarea;
use leptos::prelude::*;

use super::composer::sends;
use super::tools::{Written, tool};
use super::{CopyButton, Versions, files, icon};
use crate::browser;
use crate::state::Entry;
use crate::store::Store;

/// A stored message of a person.
pub(crate) fn question(entry: ArcRwSignal<Arc<Entry>>) -> AnyView {
    let editing = Store::here().around.editing;
    let (id, status) = entry.with_untracked(|entry| {
        let message = &entry.message;
        (message.id.clone(), message.status.as_str())
    });
    let edit_id = format!("edit-{id}");
    let leave = {
        let edit_id = edit_id.clone();
        Callback::new(move |()| {
            editing.set(None);
            let edit_id = edit_id.clone();
            request_animation_frame(move || browser::focus(&edit_id));
        })
    };
    let data_id = id.to_string();
    let edited = {
        let id = id.clone();
        let ours = move |(edited, _): &(MessageId, String)| *edited == id;
        Memo::new(move |_| editing.with(|editing| editing.as_ref().is_some_and(&ours)))
    };
    let content = move || {
        if edited.get() {
            let now = editing.get_untracked();
            return now
                .map(|(id, text)| view! { <Editor id text leave /> })
                .into_any();
        }
        let edit = {
            let entry = entry.clone();
            move || {
                let now = entry
                    .with_untracked(|entry| (entry.message.id.clone(), entry.message.text.clone()));
                editing.set(Some(now));
            }
        };
        let (shown, sent, copied) = (entry.clone(), entry.clone(), entry.clone());
        let copy =
            Callback::new(move |()| copied.with_untracked(|entry| entry.message.text.clone()));
        let at = entry.with_untracked(|entry| entry.message.created_at);
        view! {
            {move || sent.with(|entry| files::files(&entry.message.attachments))}
            <div class="bubble">{move || shown.with(|entry| super::message::shown(&entry.message.text))}</div>
            <div class="message-foot">
                <span class="tools">
                    <Written at />
                    <CopyButton text=copy label="Copy message" bare=true />
                    {tool(Some(edit_id.clone()), "Edit", icon::EDIT, edit)}
                </span>
                <Versions id=id.clone() />
            </div>
        }
        .into_any()
    };
    view! {
        <article
            class="message question flex flex-col items-end gap-2"
            data-testid="message"
            data-role="user"
            data-status=status
            data-id=data_id
        >
            <h2 class="sr-only">"You"</h2>
            {content}
        </article>
    }
    .into_any()
}

/// The text, to be changed and asked anew.
#[component]
fn Editor(
    /// The message.
    id: MessageId,
    /// Its text, as it is to be changed.
    text: String,
    /// Nothing is to be changed.
    leave: Callback<()>,
) -> impl IntoView {
    let store = Store::here();
    let area = NodeRef::<Textarea>::new();
    let value = text.clone();
    Effect::new(move || {
        let Some(area) = area.get() else { return };
        area.set_value(&value);
        // Both work on a text field that is on the page.
        let _ = area.focus();
        let end = area.text_length();
        let _ = area.set_selection_range(end, end);
    });
    let submit = move || {
        let Some(area) = area.get_untracked() else {
            return;
        };
        let text = area.value().trim_end().to_owned();
        if !text.trim().is_empty() {
            store.around.editing.set(None);
            store.edit(&id, text);
            browser::focus("composer");
        }
    };
    let send = submit.clone();
    let keydown = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            submit();
        } else if event.key() == "Escape" && !event.is_composing() {
            event.prevent_default();
            leave.run(());
        }
    };
    let rows = text.lines().count().clamp(1, 12).to_string();
    view! {
        <div class="editor" role="group" aria-label="Edit your message">
            <textarea
                node_ref=area
                class="editor-text"
                data-testid="editor"
                aria-label="Your message"
                rows=rows
                autocomplete="off"
                on:keydown=keydown
            ></textarea>
            <div class="flex flex-wrap items-center justify-end gap-2">
                <button type="button" class="button small" on:click=move |_| leave.run(())>
                    "Cancel"
                </button>
                <button type="button" class="button small primary" data-testid="send-edited" on:click=move |_| send()>
                    "Send"
                </button>
            </div>
        </div>
    }
}
