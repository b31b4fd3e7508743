//! The description of the routes, against what the server does. Every response of every other test is held against it
//! as well: see `support::http`.

use reqwest::Method;
use serde_json::json;

use crate::support::{DOCUMENT, Server, complaint};

#[tokio::test]
async fn the_served_document_is_the_one_that_the_tests_know() {
    let server = Server::start("").await;
    let (status, served) = server.get("/api/openapi.json").await;
    assert_eq!((status, &served["openapi"]), (200, &json!("3.1.0")));
    assert!(served == *DOCUMENT, "the server serves another document");
    let put = server.http.put(server.url("/api/openapi.json")).send();
    assert_eq!(put.await.unwrap().status(), 405);
}

/// Each path takes the methods that are described, and no other.
#[tokio::test]
async fn a_path_takes_the_methods_that_are_described() {
    let server = Server::start("").await;
    for (template, operations) in DOCUMENT["paths"].as_object().unwrap() {
        // Pages are no routes of the API, and /ws waits for an upgrade.
        if ["/", "/c/{id}", "/admin", "/debug", "/ws"].contains(&template.as_str()) {
            continue;
        }
        let path = template.replace("{id}", "nobody");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let described = operations.get(method.to_lowercase()).is_some();
            let body = json!({"no_such_field": 1});
            let body = (method != "GET" && method != "DELETE").then_some(&body);
            let (status, said) = server.call(method, &path, body).await;
            assert_eq!(status != 405, described, "{method} {path}: {status} {said}");
            let code = [&said["code"], &said["error"]["code"]];
            assert!(
                !code.contains(&&json!("unknown_url")),
                "{method} {path}: {said}"
            );
        }
    }
}

/// The check that all tests rely on finds what is wrong.
#[tokio::test]
async fn what_is_not_described_is_complained_of() {
    let server = Server::start("").await;
    let (_, health) = server.get("/health").await;
    let said = |path: &str, status, kind: &str, body: &serde_json::Value| {
        complaint(Method::GET, path, status, kind, body).unwrap_or_default()
    };
    let json_type = "application/json";
    assert_eq!(said("/health", 200, json_type, &health), "");
    let mut more = health.clone();
    more["providers"][0]["models"][0]["secret"] = json!("x");
    let mut less = health.clone();
    less["providers"][0].as_object_mut().unwrap().remove("kind");
    let mut other = health.clone();
    other["status"] = json!("fine");
    let mut no_time = health.clone();
    no_time["providers"][0]["circuit"]["since"] = json!("yesterday");
    for (wrong, place) in [
        (more, "'secret'"),
        (less, "\"kind\""),
        (other, "fine"),
        (no_time, "yesterday"),
    ] {
        let said = said("/health", 200, json_type, &wrong);
        assert!(said.contains(place), "{place}: {said}");
    }
    for (path, status, kind) in [
        ("/health", 201, json_type),
        ("/health", 200, "text/html"),
        ("/health", 404, json_type),
        ("/api/not-described", 200, json_type),
        ("/api/debug/faults/halt", 200, json_type),
    ] {
        let said = said(path, status, kind, &health);
        assert!(
            said.contains("is not described"),
            "{path} {status} {kind}: {said}"
        );
    }
}
