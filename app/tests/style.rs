//! The committed style sheet is the one that the sources make, and every class means something.

#![cfg(not(target_arch = "wasm32"))]

#[path = "../build/css.rs"]
mod css;

use std::path::Path;

#[test]
fn the_style_sheets_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = css::sheets(root).unwrap();
    let unknown = made.unknown;
    assert!(unknown.is_empty(), "classes that mean nothing: {unknown:?}");
    for css::Sheet { path, css } in made.sheets {
        let committed = std::fs::read_to_string(root.join(path)).unwrap();
        let same = committed == css;
        assert!(
            same,
            "{path} is not what app/build.rs makes: build and commit it"
        );
    }
}
