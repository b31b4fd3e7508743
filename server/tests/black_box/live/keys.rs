//! A provider's key, replaced while the server runs, and never seen again.

use serde_json::{Value, json};

use crate::support::server::{KEY, config};
use crate::support::{Administrator, Behaviour, Server, Upstream};

const GOOD: &str = "sk-good-0123456789abcdef-SECRET";
const BAD: &str = "wrong-zyxwvutsrqponmlk-SECRET";
const PATH: &str = "/api/admin/providers/a-provider/key";

async fn put(server: &Server, key: &str) -> (u16, Value) {
    server.call("PUT", PATH, Some(&json!({"key": key}))).await
}

async fn source(server: &Server) -> Value {
    let (_, providers) = server.get("/api/admin/providers").await;
    providers["providers"][0]["key_source"].clone()
}

/// Everything that the server tells or keeps: its database, its log, and what it answers.
async fn nowhere(server: Server, secrets: &[&str]) {
    let mut told = vec![];
    for path in [
        "/metrics",
        "/health",
        "/api/admin/providers",
        "/api/admin/audit",
        "/api/admin/settings?scope=providers/a-provider",
        "/api/conversations",
    ] {
        told.push((
            path.to_owned(),
            server.get(path).await.1.to_string().into_bytes(),
        ));
    }
    let stopped = server.stop().await;
    told.push(("log".to_owned(), stopped.log.into_bytes()));
    for file in std::fs::read_dir(stopped.data.path()).unwrap() {
        let path = file.unwrap().path();
        // The configuration is its author's, and the keys have a folder of their own.
        if path.is_file() && path.extension().is_some_and(|it| it != "toml") {
            told.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    assert!(told.iter().any(|(name, _)| name.contains("evenkeel.db")));
    for (place, bytes) in told {
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {place}");
        }
    }
}

#[tokio::test]
async fn a_key_is_replaced_after_a_401_and_the_next_turn_answers() {
    let a = Upstream::answering(&["from a"]).await;
    a.demand(GOOD);
    a.list(&["a-upstream"]);
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
    let (_, health) = server.get("/health/a-provider").await;
    assert_eq!(health["circuit"]["state"], "open", "{health}");
    assert_eq!(source(&server).await, "file");

    // A wrong one is refused, and changes nothing.
    let (status, body) = put(&server, BAD).await;
    assert_eq!(status, 422, "{body}");
    assert_eq!(
        (
            &body["reason"],
            &body["status_code"],
            &body["provider_detail"]
        ),
        (
            &json!("auth_error"),
            &json!(401),
            &json!("Incorrect API key provided: [redacted].")
        )
    );
    assert_eq!(source(&server).await, "file");
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert!(server.audit().await.is_empty());

    let asked = a.requests().len();
    let (status, body) = put(&server, GOOD).await;
    // It lists to this key alone: that is proof enough, and costs nothing.
    assert_eq!((status, &body), (200, &json!({"tested": {"models": 1}})));
    assert_eq!(a.requests().len(), asked);
    assert_eq!(source(&server).await, "live");
    assert_eq!(server.answers("a").await.unwrap(), "a");
    let entry = &server.audit().await[0];
    assert_eq!(
        (
            &entry["action"],
            &entry["scope"],
            &entry["before"],
            &entry["after"],
            &entry["revertible"]
        ),
        (
            &json!("key"),
            &json!("providers/a-provider"),
            &json!("file"),
            &json!("live"),
            &json!(false)
        )
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let kept = std::fs::read_dir(server.data().join("keys")).unwrap();
        let kept: Vec<_> = kept.map(|file| file.unwrap()).collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(
            kept[0].metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    let server = server.kill_and_restart().await;
    assert_eq!(source(&server).await, "live");
    assert_eq!(server.answers("a").await.unwrap(), "a");
    nowhere(server, &[GOOD, BAD, KEY]).await;
}

#[tokio::test]
async fn the_live_key_is_taken_back() {
    let a = Upstream::answering(&["from a"]).await;
    a.demand(GOOD);
    let server = Server::with_upstreams(&[&a], "").await;
    // It lists nothing: a small question shows what the key is worth.
    let (status, body) = put(&server, GOOD).await;
    assert_eq!(status, 200, "{body}");
    let attempt = &body["tested"]["attempt"];
    assert_eq!(
        (&attempt["state"], &attempt["model_name"]),
        (&json!("answered"), &json!("a"))
    );
    assert!(a.requests()[0].contains(&format!("authorization: Bearer {GOOD}")));
    assert_eq!(server.answers("a").await.unwrap(), "a");
    assert_eq!(server.call("DELETE", PATH, None).await.0, 204);
    assert_eq!(source(&server).await, "file");
    assert_eq!(server.answers("a").await, None);
    assert!(
        a.requests()
            .pop()
            .unwrap()
            .contains(&format!("authorization: Bearer {KEY}"))
    );
    assert_eq!(
        std::fs::read_dir(server.data().join("keys"))
            .unwrap()
            .count(),
        0
    );
    // What was a secret is never told later.
    nowhere(server, &[GOOD, KEY]).await;
}

#[tokio::test]
async fn a_list_that_everybody_gets_proves_nothing() {
    let a = Upstream::start([
        Behaviour::status(401, &format!("Incorrect API key provided: {BAD}")),
        Behaviour::status(429, "slow down"),
        Behaviour::Answer(&["OK"]),
    ])
    .await;
    a.list(&["a-upstream", "other"]);
    let server = Server::with_upstreams(&[&a], "").await;
    for (key, status, reason) in [
        (BAD, 422, json!("auth_error")),
        (GOOD, 422, json!("quota_exhausted")),
        (GOOD, 200, Value::Null),
    ] {
        let (found, body) = put(&server, key).await;
        assert_eq!((found, &body["reason"]), (status, &reason), "{body}");
        assert!(!body.to_string().contains(BAD), "{body}");
    }
    assert_eq!(a.requests().len(), 3);
    nowhere(server, &[GOOD, BAD]).await;
}

#[tokio::test]
async fn what_cannot_be_a_key_is_never_tried_nor_repeated() {
    let a = Upstream::answering(&["from a"]).await;
    let server = Server::start(&config(&[&a], "")).await;
    let secret = "do not repeat me";
    for body in [
        json!({"key": "short"}),
        json!({"key": secret}),
        json!({"key": format!("{secret}\r\nx-evil: 1")}),
        json!(secret),
        json!({(secret): 1}),
        json!({"key": [secret]}),
        json!({"key": "x".repeat(5000)}),
    ] {
        let (status, answer) = server.call("PUT", PATH, Some(&body)).await;
        assert_eq!(status, 400, "{answer}");
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
    for (id, status) in [("nobody", 404), ("demo-harbour", 404)] {
        let path = format!("/api/admin/providers/{id}/key");
        assert_eq!(
            server
                .call("PUT", &path, Some(&json!({"key": GOOD})))
                .await
                .0,
            status
        );
        assert_eq!(server.call("DELETE", &path, None).await.0, status);
    }
    assert!(a.requests().is_empty());
    assert_eq!(source(&server).await, "file");
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_takes_no_key() {
    let a = Upstream::refusing().await;
    let server = Server::with_upstreams(&[&a], "").await;
    let (status, body) = put(&server, GOOD).await;
    assert_eq!(
        (status, &body["reason"]),
        (422, &json!("connection_failed")),
        "{body}"
    );
    assert_eq!(source(&server).await, "file");
}
