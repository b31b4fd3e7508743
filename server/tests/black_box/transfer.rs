//! Export and import.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::socket::send;
use crate::support::{Behaviour, Server, Socket, Upstream};

/// A download: its headers and its text.
async fn download(server: &Server, path: &str) -> (HeaderMap, String) {
    let response = server.http.get(server.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let headers = response.headers().clone();
    (headers, response.text().await.unwrap())
}

/// A document without its ids.
fn without_ids(document: &Value) -> Value {
    let mut document = document.clone();
    let ids: Vec<Value> = document["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].clone())
        .collect();
    for message in document["messages"].as_array_mut().unwrap() {
        let parent = message["parent_id"].clone();
        message["parent_id"] = json!(ids.iter().position(|id| *id == parent));
        message["id"] = Value::Null;
    }
    document
}

#[tokio::test]
async fn a_conversation_moves_to_another_server_whole() {
    let a = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let b = Upstream::answering(&["Because ", "of it."]).await;
    let server = Server::with_upstreams(&[&a, &b], "retry_base_delay = \"10ms\"").await;
    let mut socket = Socket::open(&server).await;
    let mut first = send("q1", "Why: \"blue\"/sky?", "a");
    first["system_prompt"] = json!("Be brief.");
    first["attachments"] =
        json!([{"name": "notes.txt", "media_type": "text/plain", "data": "c2t5"}]);
    let first = socket.ask(first).await;
    let again =
        json!({"type": "regenerate", "request_id": "q2", "message_id": first[0]["message_id"]});
    socket.ask(again).await;
    let id = first[0]["conversation_id"].as_str().unwrap();
    let export = format!("/api/conversations/{id}/export");

    let (headers, markdown) = download(&server, &format!("{export}?format=md")).await;
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename*=UTF-8''Why-%20-blue--sky.md"
    );
    assert_eq!(headers["content-type"], "text/markdown; charset=utf-8");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cache-control"], "no-store");
    for piece in [
        "# Why: \"blue\"/sky?\n",
        "## Instructions\n\nBe brief.\n",
        "## You\n\nWhy: \"blue\"/sky?\n\n*Attached: notes.txt (text/plain, 3 bytes)*\n",
        "## b\n\nBecause of it.\n",
        "*b stepped in for a.*",
        "*1 message stands on other branches",
    ] {
        assert!(markdown.contains(piece), "{piece}\nin\n{markdown}");
    }

    let (headers, json) = download(&server, &format!("{export}?format=json")).await;
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["format"], "evenkeel.conversation");
    assert_eq!(document["messages"].as_array().unwrap().len(), 3);
    assert_eq!(document["messages"][0]["attachments"][0]["data"], "c2t5");
    for message in document["messages"].as_array().unwrap() {
        assert!(message.get("run_id").is_none() && message.get("conversation_id").is_none());
    }

    let other = Server::with_upstreams(&[&b], "").await;
    let mut tab = Socket::open(&other).await;
    tab.say(json!({"type": "watch", "topics": ["conversations"]}))
        .await;
    tab.hear().await;
    let (status, imported) = other.post("/api/conversations/import", &document).await;
    assert_eq!(status, 201, "{imported}");
    let told = tab.hear().await;
    assert_eq!(
        (&told["change"], &told["conversation"]),
        (&json!("upserted"), &imported)
    );
    assert_ne!(imported["id"], id);
    let new = imported["id"].as_str().unwrap();
    let export = format!("/api/conversations/{new}/export?format=json");
    let (_, json) = download(&other, &export).await;
    let moved: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(without_ids(&moved), without_ids(&document));

    // It is a conversation like any other: found, gone on with, and nobody's success here.
    let (_, found) = other.get("/api/search?q=because").await;
    assert_eq!(found["results"][0]["conversation"]["id"], new);
    let (_, receipt) = other.get("/api/receipt").await;
    assert_eq!(receipt["answers"], 0);
    let (_, transcript) = other.get(&format!("/api/conversations/{new}")).await;
    let question = &transcript["messages"][0];
    assert_eq!(question["attachments"][0]["name"], "notes.txt");
    let regenerate = json!({"type": "regenerate", "request_id": "q1", "message_id": question["id"], "model": "a"});
    let frames = tab.ask(regenerate).await;
    assert_eq!(frames.last().unwrap()["message"]["text"], "Because of it.");
    assert_eq!(
        b.last_prompt()[0],
        ("system".to_owned(), "Be brief.".to_owned())
    );
}

#[tokio::test]
async fn what_cannot_be_exported_or_imported_is_refused_with_its_place() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let (_, body) = server
        .chat("new", json!({"message": "hi", "model": "a"}))
        .await;
    let id = body["message"]["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}");
    for query in ["", "?format=pdf", "?format="] {
        let (status, problem) = server.get(&format!("{path}/export{query}")).await;
        assert_eq!(status, 400);
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with("format: give md")
        );
    }
    let (_, json) = download(&server, &format!("{path}/export?format=json")).await;
    let mut document: Value = serde_json::from_str(&json).unwrap();
    document["messages"][1]["parent_id"] = json!("elsewhere");
    let (status, problem) = server.post("/api/conversations/import", &document).await;
    assert_eq!(status, 400);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("messages[1].parent_id: is no message"),
        "{detail}"
    );
    let (_, list) = server.get("/api/conversations").await;
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
    let huge = json!({"format": "x".repeat(64 * 1024 * 1024)});
    assert_eq!(server.post("/api/conversations/import", &huge).await.0, 413);
    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    for format in ["md", "json"] {
        let gone = server.get(&format!("{path}/export?format={format}")).await;
        assert_eq!(gone.0, 404);
    }
}
