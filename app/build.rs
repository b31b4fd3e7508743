//! Compiles the Tailwind classes that the components use, together with what is written in `style`, to `style/main.css`, and
//! for the pages that are fetched late to `public/late.css`. The result is committed, because cargo-leptos reads it while this crate is still being compiled; a test compares them.

#[path = "build/css.rs"]
mod css;

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=build");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in css::files(root).unwrap_or_default() {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    match css::sheets(root) {
        Ok(made) => {
            for class in &made.unknown {
                println!("cargo::warning=class {class:?} is neither Tailwind's nor in style");
            }
            for sheet in &made.sheets {
                if let Err(error) = css::write(root, sheet) {
                    println!("cargo::warning={} was not written: {error}", sheet.path);
                }
            }
        }
        Err(error) => println!("cargo::warning=the style sheets were not made: {error}"),
    }
}
