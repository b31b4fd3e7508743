//! The house keeps its floors: imports run strictly downward, and floor-0 crates never see each other.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each crate, its folder, and the crates of this house that it may import.
const HOUSE: [(&str, &str, &[&str]); 7] = [
    ("evenkeel-protocol", "app/protocol", &[]),
    ("evenkeel-engine", "server/engine", &[]),
    ("evenkeel-app", "app", &["evenkeel-protocol"]),
    (
        "evenkeel-providers",
        "server/providers",
        &["evenkeel-engine"],
    ),
    ("evenkeel-store", "server/store", &["evenkeel-protocol"]),
    ("evenkeel-frontend", "frontend", &["evenkeel-app"]),
    (
        "evenkeel",
        "server",
        &[
            "evenkeel-app",
            "evenkeel-engine",
            "evenkeel-protocol",
            "evenkeel-providers",
            "evenkeel-store",
        ],
    ),
];

/// What a floor-0 crate must not even know of.
const FOREIGN: [(&str, &[&str]); 2] = [
    (
        "evenkeel-engine",
        &[
            "http",
            "axum",
            "reqwest",
            "sqlx",
            "serde",
            "serde_json",
            "leptos",
        ],
    ),
    (
        "evenkeel-protocol",
        &[
            "http", "axum", "reqwest", "sqlx", "tokio", "leptos", "web-sys",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let names = |table: Option<&toml::Value>| -> Vec<String> {
        table
            .and_then(|table| table.as_table())
            .into_iter()
            .flat_map(|table| table.keys().cloned())
            .collect()
    };
    let mut found: BTreeSet<String> = names(manifest.get("dependencies")).into_iter().collect();
    for target in manifest
        .get("target")
        .and_then(|target| target.as_table())
        .into_iter()
        .flatten()
    {
        found.extend(names(target.1.get("dependencies")));
    }
    found
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn manifests_import_downward_alone() {
    for (name, folder, allowed) in HOUSE {
        for dependency in dependencies(folder) {
            let ours = HOUSE.iter().any(|(other, ..)| *other == dependency);
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{name} must not import {dependency}"
            );
            let foreign = FOREIGN.iter().find(|(crate_name, _)| *crate_name == name);
            assert!(
                !foreign.is_some_and(|(_, names)| names.contains(&dependency.as_str())),
                "{name} must not know {dependency}"
            );
        }
    }
}

#[test]
fn sources_name_no_crate_above_them() {
    for (name, folder, allowed) in HOUSE {
        let mut files = vec![];
        sources(&root().join(folder).join("src"), &mut files);
        assert!(!files.is_empty());
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for (other, ..) in HOUSE
                .iter()
                .filter(|(other, ..)| *other != name && !allowed.contains(other))
            {
                let path = format!("{}::", other.replace('-', "_"));
                let named = text.match_indices(&path).any(|(at, _)| {
                    !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                assert!(!named, "{} names {other}", file.display());
            }
        }
    }
}

#[test]
fn every_crate_says_what_it_does_and_what_it_must_never_know() {
    for (name, folder, _) in HOUSE {
        let source = root().join(folder).join("src");
        let lib = [source.join("lib.rs"), source.join("main.rs")]
            .into_iter()
            .find(|path| path.exists())
            .unwrap();
        let text = std::fs::read_to_string(lib).unwrap();
        let head: String = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        assert!(head.contains("never"), "{name}: {head}");
    }
}
