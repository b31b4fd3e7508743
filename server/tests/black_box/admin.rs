//! Circuits in an administrator's hands.

use serde_json::json;

use crate::support::{Server, Upstream};

#[tokio::test]
async fn a_circuit_is_opened_closed_and_reset_live() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    let act = async |path: &str, action: &str| {
        let path = format!("/api/admin/{path}/circuit");
        assert_eq!(server.post(&path, &json!({"action": action})).await.0, 204);
    };
    let answered_by = async || {
        let (_, body) = server
            .chat("new", json!({"message": "hi", "model": "a"}))
            .await;
        body["message"]["model_name"].as_str().unwrap().to_owned()
    };
    assert_eq!(answered_by().await, "a");
    act("models/a", "open").await;
    assert_eq!(answered_by().await, "b");
    let (_, providers) = server.get("/api/admin/providers").await;
    let circuit = &providers["providers"][0]["models"][0]["circuit"];
    assert_eq!(
        (&circuit["state"], &circuit["forced"]),
        (&json!("open"), &json!(true))
    );
    act("models/a", "close").await;
    assert_eq!(answered_by().await, "a");
    act("providers/a-provider", "open").await;
    assert_eq!(answered_by().await, "b");
    act("providers/a-provider", "reset").await;
    assert_eq!(answered_by().await, "a");
    let (_, health) = server.get("/health").await;
    assert_eq!(
        health["providers"][0]["models"][0]["circuit"]["forced"],
        false
    );
}
