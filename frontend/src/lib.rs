//! The browser's entry point: hydrates the page, and nothing else. It must never know what is on the page.

/// Takes over the page that the server has rendered.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    evenkeel_app::hydrate();
}
