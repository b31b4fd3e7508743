//! Lines that pass: what was deleted and can be brought back, how an import goes, what did not work out.

use std::time::Duration;

use leptos::html::Div;
use leptos::prelude::*;

use super::{Icon, icon};
use crate::browser;
use crate::store::Store;
use crate::store::list::{Deleted, Notice, is_wide};

const TICK: Duration = Duration::from_millis(250);
/// A deletion can be undone for so long …
const UNDO: Duration = Duration::from_secs(10);
/// … and what is done is said for so long.
const DONE: Duration = Duration::from_secs(4);

/// The lines, where there are any.
pub(super) fn notices(store: Store) -> AnyView {
    let deleted = move || {
        let deleted = store.list.deleted.get();
        (!deleted.is_empty()).then(|| undo_line(store, &deleted))
    };
    let notice = move || store.list.notice.get().map(|notice| line(store, notice));
    view! { <div class="notices">{deleted} {notice}</div> }.into_any()
}

/// Goes by itself after a while, but not from under somebody's pointer or focus.
fn pass(node: NodeRef<Div>, after: Duration, go: impl Fn() + 'static) {
    let left = StoredValue::new(after);
    let tick = move || {
        let line = node.try_get_untracked().flatten();
        let held = line.is_some_and(|line| {
            line.matches(":hover").unwrap_or(false)
                || line
                    .query_selector(":focus-visible")
                    .is_ok_and(|focus| focus.is_some())
        });
        let next = left.try_get_value().map(|left| {
            if held {
                after
            } else {
                left.saturating_sub(TICK)
            }
        });
        // None: the line has gone.
        if let Some(next) = next {
            left.set_value(next);
            if next.is_zero() {
                go();
            }
        }
    };
    // Without a timer the line stays until it is dismissed.
    if let Ok(timer) = set_interval_with_handle(tick, TICK) {
        on_cleanup(move || timer.clear());
    }
}

fn undo_line(store: Store, deleted: &[Deleted]) -> AnyView {
    let node = NodeRef::<Div>::new();
    let forget = move || store.list.deleted.set(Vec::new());
    pass(node, UNDO, forget);
    let dismiss = move |_| {
        forget();
        // On a telephone that would open the keyboard.
        if is_wide() {
            browser::focus("search");
        }
    };
    // Where the focus was is gone.
    Effect::new(move || {
        if node.get().is_some() && browser::focus_is_nowhere() {
            request_animation_frame(|| browser::focus("undo"));
        }
    });
    let said = match deleted {
        [one] if one.title.trim().is_empty() => "Conversation deleted.".to_owned(),
        [one] => format!("Deleted “{}”.", one.title.trim()),
        all => format!("{} conversations deleted.", all.len()),
    };
    view! {
        <div node_ref=node class="notice" role="status" data-testid="undo-line">
            <span class="notice-text">{said}</span>
            <button type="button" id="undo" class="link-button" on:click=move |_| store.undo()>
                "Undo"
            </button>
            <button type="button" class="notice-close" aria-label="Dismiss" on:click=dismiss>
                <Icon shape=icon::CLOSE />
            </button>
        </div>
    }
    .into_any()
}

fn line(store: Store, notice: Notice) -> AnyView {
    let node = NodeRef::<Div>::new();
    let forget = move || store.list.notice.set(None);
    let (text, role, state) = match notice {
        Notice::Working(text) => (text, "status", "working"),
        Notice::Done(text) => {
            pass(node, DONE, forget);
            (text, "status", "done")
        }
        Notice::Failed(text) => (text, "alert", "failed"),
    };
    view! {
        <div node_ref=node class="notice" role=role data-testid="notice" data-state=state>
            {(state == "working").then(|| view! { <span class="waves" aria-hidden="true"></span> })}
            <span class="notice-text">{text}</span>
            {(state != "working").then(|| view! {
                <button type="button" class="notice-close" aria-label="Dismiss" on:click=move |_| forget()>
                    <Icon shape=icon::CLOSE />
                </button>
            })}
        </div>
    }
    .into_any()
}
