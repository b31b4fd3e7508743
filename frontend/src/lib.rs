//! The browser's entry point: hydrates the page, and nothing else. It must never know what is on the page.

/// Room that nobody uses and that no file contains. Whoever splits the program puts constants beside the functions that
/// use them, but only where all of them together, aligned anew for each file, take no more room than before; else they
/// all go into the first file, and are a third of it. What is left out here is more than the alignment takes.
#[used]
static ROOM: [u8; 4096] = [1; 4096];

/// Takes over the page that the server has rendered.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    evenkeel_app::hydrate();
}
