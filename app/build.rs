//! Compiles the Tailwind classes that the components use, together with what is written in `style`, to `style/main.css`. The
//! result is committed, because cargo-leptos reads it while this crate is still being compiled; a test compares them.

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
    match css::stylesheet(root) {
        Ok(sheet) => {
            for class in &sheet.unknown {
                println!("cargo::warning=class {class:?} is neither Tailwind's nor in style");
            }
            if let Err(error) = css::write(root, &sheet.css) {
                println!("cargo::warning=style/main.css was not written: {error}");
            }
        }
        Err(error) => println!("cargo::warning=style/main.css was not made: {error}"),
    }
}
