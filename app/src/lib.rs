//! The user interface: rendered on the server from [`Boot`], hydrated in the browser from the same.
//!
//! What the server says goes through [`state`] (plain data), then through `store` (signals), to `components` and
//! `pages`. This crate must never know a database, a provider or an engine; of HTTP it knows only what a browser asks.

#![recursion_limit = "256"]

mod api;
mod boot;
mod browser;
mod components;
mod late;
mod layout;
mod navigation;
mod pages;
#[cfg(feature = "ssr")]
mod shell;
mod socket;
pub mod state;
mod store;
pub mod wording;

use leptos::prelude::*;

pub use boot::{Boot, BootPage, Clock, Query, Watching};
#[cfg(feature = "ssr")]
pub use shell::shell;

use crate::layout::Layout;
use crate::navigation::Page;
use crate::state::State;
use crate::store::Store;

/// What is in the document's body; the same on both sides.
#[component]
pub fn App() -> impl IntoView {
    let boot = boot();
    let page = boot
        .as_ref()
        .map_or(Page::Chat(None), |boot| Page::of(&boot.page));
    let store = Store::new(page, boot.map(State::from).unwrap_or_default());
    provide_context(store);
    Effect::new(move |begun: Option<bool>| {
        // Nothing changes what the server has rendered before that is alive.
        let begin = store.whole.get();
        if begin && begun != Some(true) {
            socket::start(store);
            store.resume_waiting();
        }
        begin || begun == Some(true)
    });
    view! { <Layout /> }
}

/// Takes over the page that the server has rendered; its messages as soon as what shows them is here.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    wasm_bindgen_futures::spawn_local(async {
        let path = window().location().pathname().unwrap_or_default();
        late::load_for(&path).await;
        leptos::mount::hydrate_body(App);
    });
}

/// What the page begins with: on the server from its own hands, in the browser from the data block.
fn boot() -> Option<Boot> {
    if cfg!(feature = "hydrate") {
        let block = document()
            .get_element_by_id("boot")
            .and_then(|block| block.text_content());
        block.and_then(|json| state::read_json::<Boot>(&json))
    } else {
        use_context::<Boot>()
    }
}
