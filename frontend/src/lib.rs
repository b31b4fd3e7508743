//! The browser's entry point, and nothing else.

/// Takes over the page that the server has rendered.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(evenkeel_app::App);
}
