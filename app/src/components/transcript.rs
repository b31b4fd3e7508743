//! The messages of the open conversation. The view stays at the end only while the reader is there.

use leptos::html::Section;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::{AskingAgain, Icon, Message, PendingMessage, each, icon, older};
use crate::state::Item;
use crate::store::Store;
use crate::{browser, late};

/// Nearer to the end than this is at the end, in pixels.
const NEAR: i32 = 32;

/// How the reader stands to the end of the transcript.
#[derive(Clone, Copy)]
struct Follow {
    scroller: NodeRef<Section>,
    on: RwSignal<bool>,
    /// Where it was scrolled to the last time.
    top: StoredValue<i32>,
}

impl Follow {
    fn to_end(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            scroller.set_scroll_top(scroller.scroll_height());
            self.top.set_value(scroller.scroll_top());
        }
    }

    fn start(self) {
        set(self.on, true);
        self.to_end();
    }

    fn let_go(self) {
        let scrolls = self
            .scroller
            .get_untracked()
            .is_some_and(|scroller| scroller.scroll_height() > scroller.client_height());
        if scrolls {
            set(self.on, false);
        }
    }

    /// Any way up lets go; the way back to the end takes hold again.
    fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let top = scroller.scroll_top();
        let left = scroller.scroll_height() - top - scroller.client_height();
        let before = self.top.get_value();
        self.top.set_value(top);
        if top < before && left > 1 {
            set(self.on, false);
        } else if top > before && left <= NEAR {
            set(self.on, true);
        }
    }

    /// Goes along with what grows, in the same painted frame.
    fn observe(self, content: &web_sys::Element, scroller: &web_sys::Element) {
        let grown = Closure::<dyn Fn()>::new(move || {
            if self.on.try_get_untracked() == Some(true) {
                self.to_end();
            }
        });
        // Every browser that runs this has it; without it the reader scrolls by hand.
        if let Ok(observer) = web_sys::ResizeObserver::new(grown.as_ref().unchecked_ref()) {
            observer.observe(content);
            observer.observe(scroller);
            let kept = StoredValue::new_local((observer, grown));
            on_cleanup(move || {
                kept.try_with_value(|(observer, _)| observer.disconnect());
            });
        }
    }
}

fn set(signal: RwSignal<bool>, value: bool) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}

/// The messages, and the way back to the newest one.
#[component]
pub(crate) fn Transcript() -> impl IntoView {
    let store = Store::here();
    let content = NodeRef::<leptos::html::Div>::new();
    let follow = Follow {
        scroller: NodeRef::new(),
        on: RwSignal::new(true),
        top: StoredValue::new(0),
    };

    Effect::new(move || {
        if let (Some(content), Some(scroller)) = (content.get(), follow.scroller.get()) {
            follow.observe(&content, &scroller);
            follow.to_end();
        }
    });
    older::bring(store, follow.scroller);
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
        answers.map(|answers| (answers.tail)())
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
            <div node_ref=content class="messages" data-testid="messages">
                // A list that gets one more in front leaves the others where they are; several at once would move all.
                {each(
                    move || (0..store.parts.with(Vec::len)).rev().map(|number| number.to_string()).collect(),
                    |number| number.parse().ok().map(|number| view! { <Part number /> }).into_any(),
                )}
                {tail}
            </div>
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
                Item::Again(_) => view! { <AskingAgain /> }.into_any(),
            }}
        </For>
    }
    .into_any()
}
