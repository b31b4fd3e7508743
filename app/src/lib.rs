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
mod pages;
mod socket;
pub mod state;
mod store;
pub mod wording;

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::components::Router;

pub use boot::{Boot, BootPage};

use crate::layout::Layout;
use crate::state::State;
use crate::store::Store;

/// The whole document, as the server sends it. It expects a [`Boot`] in the context.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // A data block: never executed, so the policy needs no exception for it.
    let boot = use_context::<Boot>().and_then(|boot| serde_json::to_string(&boot).ok());
    let boot = boot.unwrap_or_default().replace('<', "\\u003c");
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content" />
                <meta name="description" content="A chat that keeps answering when models fail." />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fafaf8" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#14181b" />
                <script src="/early.js"></script>
                <HashedStylesheet options=options.clone() id="style" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
                <script type="application/json" id="boot" inner_html=boot></script>
            </body>
        </html>
    }
}

/// What is in the document's body; the same on both sides.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let store = Store::new(first_state());
    provide_context(store);
    Effect::new(move || socket::start(store));
    view! {
        <Router>
            <Layout />
        </Router>
    }
}

/// Takes over the page that the server has rendered, as soon as everything is here that is on it.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    wasm_bindgen_futures::spawn_local(async {
        let path = window().location().pathname().unwrap_or_default();
        late::load_for(&path).await;
        leptos::mount::hydrate_body(App);
    });
}

/// The state that the page begins with: on the server from its own hands, in the browser from the data block.
fn first_state() -> State {
    let boot = if cfg!(feature = "hydrate") {
        let block = document()
            .get_element_by_id("boot")
            .and_then(|block| block.text_content());
        block.and_then(|json| serde_json::from_str::<Boot>(&json).ok())
    } else {
        use_context::<Boot>()
    };
    boot.map(State::from).unwrap_or_default()
}
