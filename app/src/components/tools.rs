//! What can be done with a message: a row of small buttons below it, quiet until the message is looked at.

use evenkeel_protocol::{MessageId, Timestamp};
use leptos::prelude::*;

use super::{Icon, again_menu, icon};
use crate::browser;
use crate::store::{Menu, Store};

/// A small button that shows an icon.
pub(super) fn tool(
    id: Option<String>,
    name: &'static str,
    shape: &'static str,
    press: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button type="button" class="tool" id=id aria-label=name title=name on:click=move |_| press()>
            <Icon shape />
        </button>
    }
}

/// Answers again, as before or by another model.
pub(super) fn again(id: &MessageId) -> impl IntoView + use<> {
    let store = Store::here();
    let (same, other) = (id.clone(), id.clone());
    view! {
        {tool(None, "Answer again", icon::AGAIN, move || store.ask_again(&same, None))}
        <button
            type="button"
            class="tool tool-narrow"
            data-testid="again-with"
            aria-label="Answer again with another model"
            title="Answer again with another model"
            popovertarget=again_menu::ID
            on:click=move |_| {
                store
                    .around
                    .menu
                    .set(Some(Menu {
                        message: other.clone(),
                        ready: false,
                    }))
            }
        >
            <Icon shape=icon::UNFOLD />
        </button>
    }
}

/// When a message was written, in the reader's own time zone.
#[component]
pub(super) fn Written(
    /// The time.
    at: Timestamp,
) -> impl IntoView {
    let hydrated = Store::here().hydrated;
    // It is not known of an answer that another tab has asked for, until it has ended.
    (at != Timestamp::UNIX_EPOCH).then(|| {
        let text = move || hydrated.get().then(|| browser::short_time(at));
        let whole = move || hydrated.get().then(|| browser::local_time(at));
        view! {
            <time class="written tabular-nums" datetime=at.to_string() title=whole>
                {text}
            </time>
        }
    })
}
