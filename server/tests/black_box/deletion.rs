//! Deleting a conversation, and bringing it back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::socket::send;
use crate::support::{Behaviour, Server, Socket, Upstream};

#[tokio::test]
async fn a_deleted_conversation_is_nowhere_until_it_is_restored() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "hello there", "a")).await;
    let accepted = &first[0];
    let id = accepted["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}");
    let (_, before) = server.get(&path).await;
    socket
        .say(json!({"type": "watch", "topics": ["conversations"]}))
        .await;
    let snapshot = socket.hear_until(&["conversation"]).await.pop().unwrap();
    assert_eq!(snapshot["conversations"][0]["id"], id);

    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    assert_eq!(
        socket.hear_until(&["conversation"]).await.pop().unwrap(),
        json!({"type": "conversation", "change": "deleted", "conversation_id": id})
    );
    let title = json!({"title": "x"});
    let message = json!({"message": "x"});
    for (method, path, body) in [
        ("GET", path.clone(), None),
        ("DELETE", path.clone(), None),
        ("PATCH", path.clone(), Some(&title)),
        ("POST", format!("{path}/chat"), Some(&message)),
        ("GET", format!("/c/{id}"), None),
    ] {
        let (status, _) = server.call(method, &path, body).await;
        assert_eq!(status, 404, "{method} {path}");
    }
    let (_, list) = server.get("/api/conversations").await;
    assert_eq!(list["conversations"], json!([]));
    let mut into = send("q2", "more", "a");
    into["conversation_id"] = json!(id);
    let again =
        json!({"type": "regenerate", "request_id": "q3", "message_id": accepted["message_id"]});
    for (frame, says) in [
        (into, "no such conversation"),
        (again, "no such message"),
        (
            send("q1", "hello there", "a"),
            "request_id: this was sent before",
        ),
        (
            json!({"type": "subscribe", "conversation_id": id}),
            "no such conversation",
        ),
        (
            json!({"type": "stop", "run_id": accepted["run_id"]}),
            "no such running turn",
        ),
    ] {
        let refused = socket.ask(frame).await.pop().unwrap();
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(a.requests().len(), 1);

    for _ in 0..2 {
        let (status, restored) = server.call("POST", &format!("{path}/restore"), None).await;
        assert_eq!((status, restored["id"].as_str()), (200, Some(id)));
        let told = socket.hear_until(&["conversation"]).await.pop().unwrap();
        assert_eq!(told["change"], "upserted");
        assert_eq!(told["conversation"], restored);
    }
    assert_eq!(server.get(&path).await.1, before);
    let same = socket.ask(send("q1", "hello there", "a")).await;
    assert_eq!(&same[0], accepted);
    let nowhere = server.call("POST", "/api/conversations/nope/restore", None);
    assert_eq!(nowhere.await.0, 404);
}

#[tokio::test]
async fn deleting_stops_what_is_being_written_and_restoring_shows_what_there_was() {
    let every = Duration::from_millis(10);
    let a = Upstream::start([Behaviour::Count { to: 100_000, every }]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    socket.say(send("q1", "count", "a")).await;
    let first = socket.hear_until(&["delta"]).await;
    let id = first[0]["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}");
    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    a.all_closed().await;
    // It is saved a moment after the upstream is let go.
    let restored = loop {
        server.call("POST", &format!("{path}/restore"), None).await;
        let (_, transcript) = server.get(&path).await;
        let answer = transcript["messages"][1].clone();
        if answer["status"] != "streaming" {
            break answer;
        }
    };
    assert_eq!(restored["status"], "cancelled");
    assert!(restored["text"].as_str().unwrap().starts_with("1 "));
}

#[tokio::test]
async fn what_was_deleted_can_still_be_restored_after_a_crash() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let (_, body) = server
        .chat("new", json!({"message": "hi", "model": "a"}))
        .await;
    let id = body["message"]["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}");
    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    let server = server.kill_and_restart().await;
    assert_eq!(server.get(&path).await.0, 404);
    let (status, restored) = server.call("POST", &format!("{path}/restore"), None).await;
    assert_eq!((status, &restored["title"]), (200, &Value::from("hi")));
    assert_eq!(server.get(&path).await.0, 200);
}

#[tokio::test]
async fn what_a_person_changes_is_checked_and_told() {
    let server = Server::start("").await;
    let mut socket = Socket::open(&server).await;
    let first = socket
        .ask(json!({"type": "send", "request_id": "q1", "text": "hi"}))
        .await;
    let id = first[0]["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}");
    for (body, says) in [
        (json!({}), "changes nothing"),
        (json!({"title": "  "}), "title: give 1 to 200"),
        (json!({"title": null}), "title: give 1 to 200"),
        (json!({"title": "x".repeat(201)}), "title: give 1 to 200"),
        (
            json!({"system_prompt": "x".repeat(8001)}),
            "system_prompt: ",
        ),
        (json!({"titel": "x"}), "titel"),
        (json!({"title": 5}), "string"),
    ] {
        let (status, problem) = server.call("PATCH", &path, Some(&body)).await;
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(status, 400, "{body}");
        assert!(detail.contains(says), "{detail}");
    }
    socket
        .say(json!({"type": "watch", "topics": ["conversations"]}))
        .await;
    socket.hear_until(&["conversation"]).await;
    let body = json!({"title": " Mine\u{202e}\n ", "system_prompt": "Rhyme."});
    let (_, changed) = server.call("PATCH", &path, Some(&body)).await;
    assert_eq!(
        (
            &changed["title"],
            &changed["title_source"],
            &changed["system_prompt"]
        ),
        (&json!("Mine"), &json!("person"), &json!("Rhyme."))
    );
    let told = socket.hear_until(&["conversation"]).await.pop().unwrap();
    assert_eq!(told["conversation"], changed);
    let blank = json!({"system_prompt": " "});
    let (_, changed) = server.call("PATCH", &path, Some(&blank)).await;
    assert_eq!(changed["system_prompt"], Value::Null);
}
