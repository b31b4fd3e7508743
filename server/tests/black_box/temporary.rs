//! Conversations that leave nothing behind.

use serde_json::{Value, json};

use crate::support::socket::send;
use crate::support::{Server, Socket, Upstream};

fn psst(id: &str) -> Value {
    let mut frame = send(id, "psst", "a");
    frame["temporary"] = json!(true);
    frame
}

#[tokio::test]
async fn a_temporary_conversation_is_in_no_list_and_no_news_of_it() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    socket
        .say(json!({"type": "watch", "topics": ["conversations"]}))
        .await;
    socket.hear_until(&["conversation"]).await;
    let frames = socket.ask(psst("q1")).await;
    let id = frames[0]["conversation_id"].as_str().unwrap().to_owned();
    let mut further = send("q2", "and then?", "a");
    further["conversation_id"] = json!(id);
    let further = socket.ask(further).await;
    assert!(further.iter().all(|frame| frame["type"] != "conversation"));
    let path = format!("/api/conversations/{id}");
    let title = json!({"title": "Secret"});
    assert_eq!(server.call("PATCH", &path, Some(&title)).await.0, 200);
    // Whatever was said of it would have come before this.
    socket.ask(send("q3", "listed", "a")).await;
    let (_, list) = server.get("/api/conversations").await;
    let listed = list["conversations"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    let mut other = Socket::open(&server).await;
    other
        .say(json!({"type": "watch", "topics": ["conversations"]}))
        .await;
    let snapshot = other.hear().await;
    assert_eq!(snapshot["conversations"], json!(listed));

    let (_, transcript) = server.get(&path).await;
    assert_eq!(transcript["temporary"], true);
    assert_eq!(transcript["messages"].as_array().unwrap().len(), 4);
    assert_eq!(server.get(&format!("/c/{id}")).await.0, 200);
    other
        .say(json!({"type": "subscribe", "conversation_id": id}))
        .await;
    assert_eq!(other.hear().await["message"]["conversation_id"], id);

    // It cannot be brought back; those who show it are told its id alone.
    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    assert_eq!(
        other.hear_until(&["conversation"]).await.pop().unwrap(),
        json!({"type": "conversation", "change": "deleted", "conversation_id": id})
    );
    assert_eq!(server.get(&path).await.0, 404);
    let restore = server.call("POST", &format!("{path}/restore"), None).await;
    assert_eq!(restore.0, 404);
}

#[tokio::test]
async fn a_temporary_conversation_does_not_outlive_the_server() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let temporary = socket.ask(psst("q1")).await;
    let kept = socket.ask(send("q2", "hi", "a")).await;
    let server = server.kill_and_restart().await;
    let get = |frames: &[Value]| {
        let id = frames[0]["conversation_id"].as_str().unwrap();
        format!("/api/conversations/{id}")
    };
    assert_eq!(server.get(&get(&temporary)).await.0, 404);
    assert_eq!(server.get(&get(&kept)).await.0, 200);
}
