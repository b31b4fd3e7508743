//! The messages of the open conversation.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::later::later;
use super::{Follow, Icon, Message, PendingMessage, each, icon};
use crate::state::Item;
use crate::store::Store;
use crate::{browser, late};

/// The messages, and the way back to the newest one.
#[component]
pub(crate) fn Transcript() -> impl IntoView {
    let store = Store::here();
    let follow = Follow::new();
    // Another conversation, or a message of one's own: to the end.
    let id = Memo::new(move |_| store.open.with(|open| open.id.clone()));
    let sent = Memo::new(move |_| {
        let again = |item: &Item| matches!(item, Item::Again(_));
        store.items.with(|items| items.iter().any(again)) as usize + store.pending.with(Vec::len)
    });
    Effect::new(move |before: Option<(_, usize)>| {
        let now = (id.get(), sent.get());
        if before.is_some_and(|before| before.0 != now.0 || before.1 < now.1) {
            follow.start();
        }
        now
    });

    // What the messages share comes with the first one.
    let any = Memo::new(move |_| {
        let stored = |item: &Item| matches!(item, Item::Message(_));
        store.items.with(|items| items.iter().any(stored))
    });
    let tail = move || {
        let any = any.get();
        let answers = late::ANSWERS.get().filter(|_| any);
        answers.map(|answers| (answers.tail)(follow))
    };
    let clicked = move |event: leptos::ev::MouseEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        // What a reader unfolds is not scrolled away.
        if target.is_some_and(|target| {
            target
                .closest("summary, .versions, [id^=edit-]")
                .is_ok_and(|found| found.is_some())
        }) {
            follow.let_go();
        }
    };
    // A list that gets one more in front leaves the others where they are; several at once would move all.
    let part = |number: String| {
        let number = number.parse().ok();
        number.map(|number| view! { <Part number /> }).into_any()
    };
    let numbers = move || {
        let parts = store.parts.with(Vec::len);
        (0..parts).rev().map(|number| number.to_string()).collect()
    };
    let content = move || view! { {each(numbers, part)} {tail} }.into_any();
    let rendered = !store.hydrated.get_untracked() && any.get_untracked();
    let messages = if rendered && late::ANSWERS.get().is_none() {
        let place = NodeRef::new();
        let before = store.items.get_untracked();
        let current = move || store.items.with_untracked(|now| *now == before);
        later(place, late::load_messages(), current, content);
        view! { <div node_ref=place class="messages" data-testid="messages"></div> }.into_any()
    } else {
        view! { <div class="messages" data-testid="messages">{content()}</div> }.into_any()
    };
    view! {
        <section
            node_ref=follow.scroller
            id="scroller"
            class="scroller"
            aria-label="Transcript"
            tabindex="0"
            on:scroll=move |_| follow.scrolled()
            on:wheel=move |event| {
                if event.delta_y() < 0.0 {
                    follow.let_go();
                }
            }
            on:keydown=move |event| {
                if matches!(event.key().as_str(), "PageUp" | "ArrowUp" | "Home") {
                    follow.let_go();
                }
            }
            on:touchmove=move |_| follow.let_go()
            on:click=clicked
        >
            {messages}
        </section>
        <div class="jump" data-shown=move || (!follow.on.get()).then_some("")>
            <button
                type="button"
                class="jump-button"
                on:click=move |_| {
                    follow.start();
                    browser::focus("composer");
                }
            >
                <Icon shape=icon::DOWN />
                "Jump to latest"
            </button>
        </div>
    }
    .into_any()
}

/// Messages that have come onto the page together.
#[component]
fn Part(
    /// 0 is the newest part.
    number: usize,
) -> impl IntoView {
    let store = Store::here();
    let items = Memo::new(move |_| store.part(number));
    view! {
        <For each=move || items.get() key=|item| item.clone() let:item>
            {match item {
                Item::Message(id) => {
                    store.entry(&id).map(|entry| view! { <Message entry /> }).into_any()
                }
                Item::Pending(id) => view! { <PendingMessage id /> }.into_any(),
                Item::Again(_) => {
                    late::ANSWERS.get().map(|answers| (answers.asking_again)()).into_any()
                }
            }}
        </For>
    }
    .into_any()
}
