//! What stands once on the page for all messages, and what is asked for when an answer has come: a title, and what could be asked
//! next.

use std::collections::BTreeSet;
use std::time::Duration;

use evenkeel_protocol::{MessageId, MessageRole, MessageStatus};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::suggestions::wanted;
use super::{AgainMenu, Follow, Picture, Suggestions, older};
use crate::api;
use crate::store::Store;

/// An answer has settled, and whoever reads it is given so much time before anything else is asked for.
const PAUSE: Duration = Duration::from_secs(1);

/// The end of the transcript.
pub(crate) fn tail(follow: Follow) -> AnyView {
    let store = Store::here();
    ask_for_more(store);
    go_along(follow);
    older::bring(store, follow.scroller);
    view! {
        <Suggestions />
        <AgainMenu />
        <Picture />
    }
    .into_any()
}

/// Goes along with what grows, in the same painted frame.
fn go_along(follow: Follow) {
    Effect::new(move || {
        let Some(scroller) = follow.scroller.get() else {
            return;
        };
        let Some(content) = scroller.first_element_child() else {
            return;
        };
        let grown = Closure::<dyn Fn()>::new(move || {
            if follow.on.try_get_untracked() == Some(true) {
                follow.to_end();
            }
        });
        let told = grown.as_ref().unchecked_ref();
        // What is written is followed before the browser lays it out, or it would count what stands below as shifted;
        // what grows by itself, a picture or a window, after it.
        let (Ok(written), Ok(sizes)) = (
            web_sys::MutationObserver::new(told),
            web_sys::ResizeObserver::new(told),
        ) else {
            // Every browser that runs this has both; without them the reader scrolls by hand.
            return;
        };
        let changes = web_sys::MutationObserverInit::new();
        changes.set_subtree(true);
        changes.set_child_list(true);
        changes.set_character_data(true);
        // It only fails where nothing is asked for.
        let _ = written.observe_with_options(&content, &changes);
        sizes.observe(&content);
        sizes.observe(&scroller);
        // The reader may have gone up before this was here.
        if follow.on.get_untracked() {
            follow.to_end();
        }
        let kept = StoredValue::new_local((written, sizes, grown));
        on_cleanup(move || {
            kept.try_with_value(|(written, sizes, _)| {
                written.disconnect();
                sizes.disconnect();
            });
        });
    });
}

/// Looks every second whether a question that waits can be asked, for as long as one waits.
pub(crate) fn wait(store: Store) {
    if store.around.watching.get_value() {
        return;
    }
    store.around.watching.set_value(true);
    leptos::task::spawn_local(async move {
        while store.look_after_waiting() {
            TimeoutFuture::new(1_000).await;
        }
        store.around.watching.set_value(false);
    });
}

/// Asks for a title and for suggestions once an answer has come while somebody is looking.
fn ask_for_more(store: Store) {
    let visible = visible();
    let asked = StoredValue::new(BTreeSet::new());
    let answered = Memo::new(move |_| {
        let id = store.last_shown()?;
        let entry = store.entry(&id)?;
        let whole = entry.with(|entry| {
            let message = &entry.message;
            entry.news
                && message.role == MessageRole::Assistant
                && message.status == MessageStatus::Complete
        });
        (whole && visible.get()).then_some(id)
    });
    Effect::new(move || {
        let Some(id) = answered.get() else { return };
        let look = move || {
            let still = answered.try_get_untracked().flatten();
            let new = || asked.try_update_value(|asked| asked.insert(id.clone()));
            if still.as_ref() == Some(&id) && new() == Some(true) {
                ask(store, id.clone());
            }
        };
        // Without a timer there are none.
        if let Ok(timer) = set_timeout_with_handle(look, PAUSE) {
            on_cleanup(move || timer.clear());
        }
    });
}

fn ask(store: Store, id: MessageId) {
    if let Some(conversation) = store.untitled(&id) {
        leptos::task::spawn_local(async move {
            // The list tells of a new title; without one the old one stays.
            let _ = api::title(&conversation).await;
        });
    }
    let none_yet = store
        .message(&id)
        .is_some_and(|entry| entry.message.suggestions.is_empty());
    if wanted() && none_yet {
        leptos::task::spawn_local(async move {
            if let Ok(suggestions) = api::suggestions(&id).await {
                store.suggested(&id, suggestions);
            }
        });
    }
}

/// Whether anybody can see the page.
fn visible() -> RwSignal<bool> {
    let look = || document().visibility_state() == web_sys::VisibilityState::Visible;
    let visible = RwSignal::new(false);
    Effect::new(move || {
        visible.set(look());
        let changed = Closure::<dyn Fn()>::new(move || {
            // The transcript may be gone.
            let _ = visible.try_set(look());
        });
        let listener = changed.as_ref().unchecked_ref();
        // It only fails for a listener that is none.
        let _ = document().add_event_listener_with_callback("visibilitychange", listener);
        let kept = StoredValue::new_local(changed);
        on_cleanup(move || {
            kept.try_with_value(|changed| {
                let listener = changed.as_ref().unchecked_ref();
                // As above.
                let _ =
                    document().remove_event_listener_with_callback("visibilitychange", listener);
            });
        });
    });
    visible
}
