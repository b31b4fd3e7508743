use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

/// Routes that answer whatever is asked below them, which is that there is nothing.
const CATCH_ALL: [&str; 3] = ["/v1", "/v1/{rest}", "/api/{rest}"];

/// Every "METHOD /path" of the document.
fn described() -> BTreeSet<String> {
    let document = build().unwrap();
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            assert!(
                routes.insert(format!("{method} {path}")),
                "{method} {path} is described twice"
            );
        }
    }
    routes
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
}

/// Every "METHOD /path" that the sources give a router, read from their text: a router does not list its own.
fn routed() -> BTreeSet<String> {
    let (mut files, mut routes) = (vec![], BTreeSet::new());
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What a module's tests route is no route of the server.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for after in text.split(".route(").skip(1) {
            let Some(literal) = after.trim_start().strip_prefix('"') else {
                continue;
            };
            let (path, rest) = literal.split_once('"').unwrap();
            let path = path.replace("{*", "{");
            for method in methods(rest) {
                if !CATCH_ALL.contains(&path.as_str()) {
                    routes.insert(format!("{method} {path}"));
                }
            }
        }
    }
    routes
}

/// The methods of the expression up to the bracket that closes the route.
fn methods(rest: &str) -> Vec<&'static str> {
    let (mut depth, mut end) = (1, rest.len());
    for (at, letter) in rest.char_indices() {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth == 0 {
            end = at;
            break;
        }
    }
    let expression = &rest[..end];
    let called = |method: &str| {
        expression
            .match_indices(&format!("{method}("))
            .any(|(at, _)| {
                !expression[..at].ends_with(|letter: char| {
                    letter.is_alphanumeric() || letter == '_' || letter == ':'
                })
            })
    };
    let methods = ["get", "post", "put", "patch", "delete", "any"].into_iter();
    let methods = methods
        .filter(|method| called(method))
        .map(|method| match method {
            "get" => "GET",
            "post" => "POST",
            "put" => "PUT",
            "patch" => "PATCH",
            "delete" => "DELETE",
            _ => "ANY",
        });
    methods.collect()
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let (described, routed) = (described(), routed());
    let missing: Vec<_> = routed.difference(&described).collect();
    assert!(missing.is_empty(), "not in the document: {missing:?}");
    let gone: Vec<_> = described.difference(&routed).collect();
    assert!(gone.is_empty(), "no route of the router: {gone:?}");
    assert!(described.len() > 30);
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    match (key.as_str(), value.as_str()) {
                        ("$ref", Some(reference)) => {
                            found.insert(reference.to_owned());
                        }
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = build().unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let reference = format!("#/components/schemas/{name}");
        assert!(found.contains(&reference), "{name} is not used");
    }
}

#[test]
fn every_parameter_of_a_path_is_described() {
    let document = build().unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let wanted: BTreeSet<_> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array();
            let named: BTreeSet<_> = parameters
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            assert_eq!(named, wanted, "{method} {path}");
            assert!(operation["summary"].is_string() && operation["tags"].is_array());
        }
    }
}
