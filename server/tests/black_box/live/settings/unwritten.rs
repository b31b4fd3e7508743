//! Models that no file names.

use serde_json::json;

use crate::support::{Administrator, Server, Upstream};

#[tokio::test]
async fn what_nobody_has_written_down_can_be_changed_as_well() {
    let a = Upstream::answering(&["from a"]).await;
    a.list(&["x-large", "x-small"]);
    let text = format!(
        "[[providers]]\nid = \"a-provider\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"k\"\n",
        a.base_url
    );
    let server = Server::start(&text).await;
    let models = async || {
        let (_, models) = server.get("/v1/models").await;
        let models = models["data"].as_array().unwrap().iter();
        let ids = models.map(|model| model["id"].as_str().unwrap().to_owned());
        ids.filter(|id| id.starts_with("x-")).collect::<Vec<_>>()
    };
    while models().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let before = models().await;
    let effect = server
        .change(&[
            (
                "models/x-small",
                "fallbacks",
                json!(["x-large", "demo-swift"]),
            ),
            ("models/x-small", "resilience.timeout", json!("9s")),
        ])
        .await;
    assert_eq!(
        effect["chains"],
        json!([{"model": "x-small", "before": ["x-small"], "after": ["x-small", "x-large", "demo-swift"]}])
    );
    // They stay where they were in the list, and the default what it was.
    assert_eq!(models().await, before);
    assert_eq!(
        server.ask(None).await.1["message"]["model_name"],
        before[0].as_str()
    );
    assert_eq!(
        server.setting("models/x-small", "resilience.timeout").await["value"],
        "9s"
    );

    // The demo too.
    server
        .change(&[
            ("models/demo-swift", "fallbacks", json!([])),
            ("providers/demo-harbour", "enabled", json!(false)),
        ])
        .await;
    assert_eq!(
        server.setting("models/demo-swift", "fallbacks").await["value"],
        json!([])
    );
    let (status, body) = server.ask(Some("demo-swift")).await;
    assert_eq!(status, 400, "{body}");

    // And all of it is there after a restart, before anything is listed.
    a.list_never();
    let server = server.kill_and_restart().await;
    assert_eq!(
        server.setting("models/x-small", "resilience.timeout").await["value"],
        "9s"
    );
    assert_eq!(
        server.setting("models/x-small", "fallbacks").await["value"],
        json!(["x-large", "demo-swift"])
    );
    assert_eq!(server.answers("x-small").await.unwrap(), "x-small");
}
