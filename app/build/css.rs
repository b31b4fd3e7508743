//! From `class="…"` in the sources to CSS. Shared by the build script and the test that compares.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use encre_css::prelude::build_plugin::*;
use encre_css::{Config, Preflight, Scanner};

const NOTE: &str = "/* Made by app/build.rs from the other files here and the classes in app/src. Do not edit. */\n\n";

/// What encre-css 0.21 lacks of Tailwind's own.
const MISSING: StaticPlugin = Plugin::ListProperties(ListProperties {
    props: map! {
        "outline-none" => &["outline: 2px solid transparent;", "outline-offset: 2px;"],
        "rounded" => &["border-radius: 0.25rem;"],
        "size-4" => &["width: 1rem;", "height: 1rem;"],
        "size-5" => &["width: 1.25rem;", "height: 1.25rem;"],
        "size-6" => &["width: 1.5rem;", "height: 1.5rem;"],
        "size-9" => &["width: 2.25rem;", "height: 2.25rem;"],
    },
    ..ListProperties::default()
});

/// The colours of `style/base.css`, as Tailwind's theme: `text-muted`, `bg-surface`, `border-line`.
const COLOURS: [&str; 16] = [
    "bg",
    "surface",
    "sunken",
    "raised",
    "line",
    "text",
    "muted",
    "accent",
    "on-accent",
    "accent-soft",
    "warn",
    "warn-soft",
    "danger",
    "danger-soft",
    "good",
    "good-soft",
];

pub(crate) struct Sheet {
    pub(crate) css: String,
    pub(crate) unknown: Vec<String>,
}

/// The style sheet for the crate at `root`.
pub(crate) fn stylesheet(root: &Path) -> io::Result<Sheet> {
    let mut base = String::new();
    for file in files(root)? {
        base += fs::read_to_string(file)?.trim();
        base += "\n\n";
    }
    let mut used = BTreeSet::new();
    collect(&root.join("src"), &mut used)?;

    let mut config = Config::default();
    config.preflight = Preflight::None;
    config.scanner = Scanner::from_fn(|class| BTreeSet::from([class]));
    for colour in COLOURS {
        config.theme.colors.add(colour, format!("var(--{colour})"));
    }
    config.register_plugin(&MISSING);

    let own = defined(&base);
    let known = |class: &str| !encre_css::generate([class], &config).trim().is_empty();
    let unknown = used
        .iter()
        .filter(|class| !own.contains(*class) && !known(class))
        .cloned()
        .collect();
    let utilities = encre_css::generate(
        used.iter()
            .map(String::as_str)
            .filter(|class| !own.contains(*class)),
        &config,
    );
    Ok(Sheet {
        css: format!("{NOTE}{}\n\n{}\n", base.trim_end(), utilities.trim()),
        unknown,
    })
}

/// What is written by hand: the tokens first, then the parts of the page by name.
pub(crate) fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = root.join("../style");
    let mut parts = BTreeSet::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let style = path.extension().is_some_and(|extension| extension == "css");
        if style && !path.ends_with("base.css") && !path.ends_with("main.css") {
            parts.insert(path);
        }
    }
    Ok(std::iter::once(folder.join("base.css"))
        .chain(parts)
        .collect())
}

/// Writes it where it differs; in one step, since two builds may do so at once.
#[cfg_attr(test, expect(dead_code, reason = "the test only compares"))]
pub(crate) fn write(root: &Path, css: &str) -> io::Result<()> {
    let path = root.join("../style/main.css");
    if fs::read_to_string(&path).is_ok_and(|old| old == css) {
        return Ok(());
    }
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, css)?;
    fs::rename(draft, path)
}

/// The classes in `class="…"` and `class:…=` of every source below.
fn collect(folder: &Path, used: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, used)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path)?;
            for rest in source.split("class=\"").skip(1) {
                let list = rest.split('"').next().unwrap_or_default();
                used.extend(list.split_whitespace().map(str::to_owned));
            }
            for rest in source.split("class:").skip(1) {
                let class = rest.split('=').next().unwrap_or_default();
                if !class.is_empty() && !class.contains(char::is_whitespace) {
                    used.insert(class.to_owned());
                }
            }
        }
    }
    Ok(())
}

/// The classes that a style sheet has rules for.
fn defined(css: &str) -> BTreeSet<String> {
    let mut classes = BTreeSet::new();
    for rest in css.split('.').skip(1) {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .unwrap_or(rest.len());
        if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            classes.insert(rest[..end].to_owned());
        }
    }
    classes
}
