//! `GET /api/openapi.json`: every route, and what it takes and answers.
//!
//! The document is written by hand, in parts beside this file, one for each group of routes: `paths` and `schemas`. A
//! test holds the paths against the router, and the black-box tests hold every response against its schema.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

const HEAD: &str = include_str!("openapi/head.json");

const PARTS: [&str; 7] = [
    include_str!("openapi/common.json"),
    include_str!("openapi/conversations.json"),
    include_str!("openapi/gateway.json"),
    include_str!("openapi/health.json"),
    include_str!("openapi/admin.json"),
    include_str!("openapi/alerts.json"),
    include_str!("openapi/debug.json"),
];

static DOCUMENT: LazyLock<Result<String, serde_json::Error>> =
    LazyLock::new(|| build().map(|document| document.to_string()));

fn build() -> Result<Value, serde_json::Error> {
    let mut document: Value = serde_json::from_str(HEAD)?;
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for part in PARTS {
        let part: Value = serde_json::from_str(part)?;
        for (all, name) in [(&mut paths, "paths"), (&mut schemas, "schemas")] {
            all.extend(part[name].as_object().cloned().unwrap_or_default());
        }
    }
    document["paths"] = Value::Object(paths);
    document["components"]["schemas"] = Value::Object(schemas);
    Ok(document)
}

pub(crate) async fn document() -> Response {
    match &*DOCUMENT {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response(),
        Err(error) => crate::error::Refusal::internal(error).into_response(),
    }
}

#[cfg(test)]
mod tests;
