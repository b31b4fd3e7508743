//! Brings the older messages of a long conversation onto the page, in the time that the browser has left. What is read
//! meanwhile does not move.

use evenkeel_protocol::ConversationId;
use gloo_timers::future::TimeoutFuture;
use leptos::html::Section;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::browser;
use crate::state::Phase;
use crate::store::Store;
use crate::store::older::Older;

/// So many messages come at first, and never fewer: each step costs something by itself …
const FEWEST: usize = 8;
/// … and never more than this.
const MOST: usize = 64;
/// The work of one step, in milliseconds; where somebody waits for a message, more of it.
const WORK_MS: i64 = 6;
const HURRIED_MS: i64 = 24;
/// After this time it is tried again to fetch what could not be fetched.
const AGAIN_MS: u32 = 2_000;

/// Brings them, whenever a conversation is opened.
pub(super) fn bring(store: Store, scroller: NodeRef<Section>) {
    Effect::new(move || {
        let open = store.open.get();
        if let (Some(id), Phase::Ready) = (open.id, open.phase) {
            // What comes from here on does not push the first message out.
            store.widen(0);
            leptos::task::spawn_local(all(store, id, scroller));
        }
    });
}

async fn all(store: Store, id: ConversationId, scroller: NodeRef<Section>) {
    let mut by = FEWEST;
    loop {
        let hurried = store.wanted().is_some();
        if hurried {
            TimeoutFuture::new(0).await;
        } else {
            browser::idle().await;
        }
        match store.older(&id) {
            None | Some(Older::Left) => return,
            Some(Older::Elsewhere) => {
                store.fetch(&id).await;
                if store.older(&id) == Some(Older::Elsewhere) {
                    TimeoutFuture::new(AGAIN_MS).await;
                }
            }
            Some(Older::Here) => {
                let began = browser::now_ms();
                if !step(store, scroller, by).await {
                    return;
                }
                let took = browser::now_ms() - began;
                let work = if hurried { HURRIED_MS } else { WORK_MS };
                by = match took {
                    ..=0 => by * 2,
                    _ => {
                        by * usize::try_from(work).unwrap_or(FEWEST)
                            / usize::try_from(took).unwrap_or(1)
                    }
                }
                .clamp(FEWEST, MOST.min(by * 2));
            }
        }
    }
}

/// Puts some onto the page, above what is there; false where they were the last.
async fn step(store: Store, scroller: NodeRef<Section>, by: usize) -> bool {
    let Some(scroller) = scroller.try_get_untracked().flatten() else {
        return false;
    };
    let first = scroller.query_selector(".message").ok().flatten();
    let top = |first: &Option<web_sys::Element>| {
        first
            .as_ref()
            .map(|first| first.get_bounding_client_rect().top())
    };
    let before = top(&first);
    let more = store.widen(by);
    // Until the list is drawn.
    leptos::task::tick().await;
    // Browsers keep what is read in its place, but not at the upper end, and some of them nowhere.
    let held = scroller.scroll_top() > 0 && holds_its_place();
    if let (false, Some(before), Some(after)) = (held, before, top(&first)) {
        scroller.set_scroll_top(scroller.scroll_top() + (after - before) as i32);
    }
    more
}

fn holds_its_place() -> bool {
    document().document_element().is_some_and(|root| {
        let style = root.unchecked_into::<web_sys::HtmlElement>().style();
        js_sys::Reflect::has(&style, &"overflowAnchor".into()).unwrap_or(false)
    })
}
