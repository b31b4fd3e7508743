//! Live changes over a restart, and under another file.

use serde_json::{Value, json};

use crate::support::server::config;
use crate::support::{Administrator, Server, Upstream};

#[tokio::test]
async fn a_restart_keeps_what_was_changed_and_the_file_may_change_beneath_it() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "timeout = \"30s\"").await;
    server
        .change(&[
            ("global", "resilience.timeout", json!("90s")),
            ("providers/a-provider", "enabled", json!(false)),
            ("models/b", "resilience.max_retries", json!(1)),
        ])
        .await;
    server
        .change(&[("models/b", "fallbacks", json!(["a"]))])
        .await;
    let server = server.kill_and_restart().await;
    assert_eq!(server.revision().await, 2);
    assert_eq!(server.answers("a").await.unwrap(), "b");
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["file"]),
        (&json!("90s"), &json!("30s"))
    );

    let key = json!({"key": "sk-of-b-0123456789"});
    let path = "/api/admin/providers/b-provider/key";
    assert_eq!(server.call("PUT", path, Some(&key)).await.0, 200);

    // Model b and its provider leave the file: what was changed of them is left out, the rest holds.
    let server = server
        .restart_with(&config(&[&a], "timeout = \"20s\""))
        .await;
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["file"]),
        (&json!("90s"), &json!("20s"))
    );
    let off = server.setting("providers/a-provider", "enabled").await;
    assert_eq!(off["value"], false);
    let (status, _) = server.get("/api/admin/settings?scope=models/b").await;
    assert_eq!(status, 404);
    let stopped = server.stop().await;
    let ignored = stopped.log.matches("live_change_ignored").count();
    assert_eq!(ignored, 3, "{}", stopped.log);
    for said in ["no such model", "no such provider"] {
        assert!(stopped.log.contains(said), "{}", stopped.log);
    }
}

#[tokio::test]
async fn the_environment_gives_way_to_what_is_changed_live() {
    let server = Server::start_with(
        "",
        &[
            ("EVENKEEL_TIMEOUT_SECONDS", "70"),
            ("DEEPSEEK_API_KEY", "sk-0123456789"),
        ],
    )
    .await;
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["file"], &shown["live"]),
        (&json!("70s"), &json!("70s"), &json!(false))
    );
    server
        .change(&[("global", "resilience.timeout", json!("80s"))])
        .await;
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["file"]),
        (&json!("80s"), &json!("70s"))
    );

    // A provider that only the environment names.
    server
        .change(&[
            ("providers/deepseek", "enabled", json!(false)),
            ("providers/deepseek", "resilience.timeout", json!("5s")),
        ])
        .await;
    let (_, providers) = server.get("/api/admin/providers").await;
    let deepseek = &providers["providers"][0];
    assert_eq!(
        (&deepseek["id"], &deepseek["enabled"]),
        (&json!("deepseek"), &json!(false))
    );
    assert_eq!(deepseek["key_source"], "environment");
    let model = server
        .setting("models/deepseek-chat", "resilience.timeout")
        .await;
    assert_eq!(
        (&model["value"], &model["live"]),
        (&json!("5s"), &json!(false))
    );
    assert_eq!(
        server.ask(None).await.1["message"]["provider"]
            .as_str()
            .map(|it| it.starts_with("demo-")),
        Some(true)
    );
    server
        .change(&[("models/deepseek-chat", "fallbacks", json!(["demo-calm"]))])
        .await;
    let effect = server.change(&[("*", "*", Value::Null)]).await;
    assert_eq!(effect["revision"], 4);
    let shown = server.setting("global", "resilience.timeout").await;
    assert_eq!(
        (&shown["value"], &shown["live"]),
        (&json!("70s"), &json!(false))
    );
    let (_, providers) = server.get("/api/admin/providers").await;
    assert_eq!(providers["providers"][0]["enabled"], true);
}
