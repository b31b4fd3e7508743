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

/// A style sheet as it is to be.
pub(crate) struct Sheet {
    /// Where it lies, from the crate's folder.
    pub(crate) path: &'static str,
    /// Its text.
    pub(crate) css: String,
}

/// All style sheets, and the classes that mean nothing.
pub(crate) struct Sheets {
    pub(crate) sheets: [Sheet; 2],
    pub(crate) unknown: Vec<String>,
}

/// What is written by hand, from the crate's folder: for every page, and for the pages that are fetched late.
const STYLE: &str = "../style";
const LATE_STYLE: &str = "../style/late";
/// The sources of the pages that are fetched late.
const LATE: [&str; 2] = ["src/pages/admin", "src/pages/debug"];

/// The style sheets for the crate at `root`.
pub(crate) fn sheets(root: &Path) -> io::Result<Sheets> {
    let (own, late_own) = (written(root, STYLE)?, written(root, LATE_STYLE)?);
    let (mut used, mut late_used) = (BTreeSet::new(), BTreeSet::new());
    let late = LATE.map(|folder| root.join(folder));
    collect(&root.join("src"), &late, &mut used)?;
    for folder in &late {
        collect(folder, &[], &mut late_used)?;
    }

    let mut config = Config::default();
    config.preflight = Preflight::None;
    config.scanner = Scanner::from_fn(|class| BTreeSet::from([class]));
    for colour in COLOURS {
        config.theme.colors.add(colour, format!("var(--{colour})"));
    }
    config.register_plugin(&MISSING);

    let defined = defined(&format!("{own}{late_own}"));
    let utilities = |used: &BTreeSet<String>, but: &BTreeSet<String>| {
        let used = used.iter().filter(|class| !but.contains(*class));
        let used = used.filter(|class| !defined.contains(*class));
        encre_css::generate(used.map(String::as_str), &config)
    };
    let none = BTreeSet::new();
    let known = |class: &str| !encre_css::generate([class], &config).trim().is_empty();
    let all = used.union(&late_used);
    let unknown = all
        .filter(|class| !defined.contains(*class) && !known(class))
        .cloned()
        .collect();
    let css =
        |own: &str, utilities: &str| format!("{NOTE}{}\n\n{}\n", own.trim_end(), utilities.trim());
    Ok(Sheets {
        sheets: [
            Sheet {
                path: "../style/main.css",
                css: css(&own, &utilities(&used, &none)),
            },
            Sheet {
                path: "../public/late.css",
                css: css(&late_own, &utilities(&late_used, &used)),
            },
        ],
        unknown,
    })
}

/// What is written by hand: the tokens first, then the parts of the page by name.
#[cfg_attr(test, expect(dead_code, reason = "the test only compares"))]
pub(crate) fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    Ok([parts(root, STYLE)?, parts(root, LATE_STYLE)?].concat())
}

fn parts(root: &Path, folder: &str) -> io::Result<Vec<PathBuf>> {
    let mut parts = BTreeSet::new();
    for entry in fs::read_dir(root.join(folder))? {
        let path = entry?.path();
        let style = path.extension().is_some_and(|extension| extension == "css");
        if style && !path.ends_with("main.css") {
            parts.insert((!path.ends_with("base.css"), path));
        }
    }
    Ok(parts.into_iter().map(|(_, path)| path).collect())
}

fn written(root: &Path, folder: &str) -> io::Result<String> {
    let mut all = String::new();
    for file in parts(root, folder)? {
        all += fs::read_to_string(file)?.trim();
        all += "\n\n";
    }
    Ok(all)
}

/// Writes it where it differs; in one step, since two builds may do so at once.
#[cfg_attr(test, expect(dead_code, reason = "the test only compares"))]
pub(crate) fn write(root: &Path, sheet: &Sheet) -> io::Result<()> {
    let path = root.join(sheet.path);
    if fs::read_to_string(&path).is_ok_and(|old| old == sheet.css) {
        return Ok(());
    }
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, &sheet.css)?;
    fs::rename(draft, path)
}

/// The classes in `class="…"` and `class:…=` of every source below, but for those in other folders.
fn collect(folder: &Path, but: &[PathBuf], used: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !but.contains(&path) {
                collect(&path, but, used)?;
            }
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
