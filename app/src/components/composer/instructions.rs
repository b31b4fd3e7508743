//! What every model of a conversation is told before its first message.

use leptos::html::Textarea;
use leptos::prelude::*;

use super::dialog;
use crate::store::Store;

/// The server takes no more characters.
const LIMIT: usize = 8_000;

/// The dialog of the instructions.
pub(crate) fn instructions() -> AnyView {
    let store = Store::here();
    let area = NodeRef::<Textarea>::new();
    let before = untrack(|| store.instructions()).unwrap_or_default();
    let some = !before.is_empty();
    let saving = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let save = move |text: String| {
        let text = text.trim().to_owned();
        if saving.get_untracked() {
            return;
        }
        let count = text.chars().count();
        if count > LIMIT {
            problem.set(Some(format!(
                "That is {count} characters; instructions may have {LIMIT}."
            )));
            return;
        }
        saving.set(true);
        problem.set(None);
        leptos::task::spawn_local(async move {
            match store.instruct((!text.is_empty()).then_some(text)).await {
                Ok(()) => store.composing.dialog.set(None),
                Err(sentence) => {
                    let _ = problem.try_set(Some(sentence));
                }
            }
            let _ = saving.try_set(false);
        });
    };
    let text = move || {
        area.get_untracked()
            .map(|area| area.value())
            .unwrap_or_default()
    };
    let content = view! {
        <div class="flex flex-col gap-3">
            <label for="instructions-text" class="text-sm">
                "Every model of this conversation is told this before the first message."
            </label>
            <textarea
                node_ref=area
                id="instructions-text"
                class="instructions-text"
                rows="8"
                autofocus
                aria-describedby="instructions-problem"
                prop:value=before
                placeholder="For example: answer briefly, in the style of a field guide."
                on:keydown=move |event| {
                    if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                        event.prevent_default();
                        save(text());
                    }
                }
            ></textarea>
            <p id="instructions-problem" class="problem" role="alert" hidden=move || problem.with(Option::is_none)>
                {move || problem.get()}
            </p>
            <div class="flex flex-wrap justify-end gap-2">
                {some
                    .then(|| {
                        view! {
                            <button type="button" class="button" on:click=move |_| save(String::new())>
                                "Remove"
                            </button>
                        }
                    })}
                <button
                    type="button"
                    class="button"
                    on:click=move |_| store.composing.dialog.set(None)
                >
                    "Cancel"
                </button>
                <button
                    type="button"
                    class="button primary"
                    aria-disabled=move || saving.get().to_string()
                    on:click=move |_| save(text())
                >
                    "Save"
                </button>
            </div>
        </div>
    };
    dialog("instructions-dialog", "Instructions", content.into_any())
}
