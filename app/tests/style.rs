//! The committed style sheet is the one that the sources make, and every class means something.

#![cfg(not(target_arch = "wasm32"))]

#[path = "../build/css.rs"]
mod css;

use std::path::Path;

#[test]
fn the_style_sheet_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sheet = css::stylesheet(root).unwrap();
    assert!(
        sheet.unknown.is_empty(),
        "classes that mean nothing: {:?}",
        sheet.unknown
    );
    let committed = std::fs::read_to_string(root.join("../style/main.css")).unwrap();
    assert!(
        committed == sheet.css,
        "style/main.css is not what app/build.rs makes: build and commit it"
    );
}
