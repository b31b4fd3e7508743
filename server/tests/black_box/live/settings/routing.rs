//! Who is asked, and what steps in.

use serde_json::{Value, json};

use super::NO_RETRIES;
use crate::support::server::config;
use crate::support::{Administrator, Behaviour, Server, Socket, Upstream};

#[tokio::test]
async fn retries_chains_and_routing_are_the_next_turns() {
    let a = Upstream::start([Behaviour::status(500, "oops")]).await;
    let b = Upstream::answering(&["from b"]).await;
    let c = Upstream::answering(&["from c"]).await;
    let more = format!(
        "{NO_RETRIES}\nretry_base_delay = \"1ms\"\ncircuit_threshold = 100\ncircuit_failure_rate = 0"
    );
    let text = config(&[&a, &b, &c], &more)
        .replace(
            "name = \"b-upstream\"",
            "name = \"b-upstream\"\ninput_cost = 9\noutput_cost = 9",
        )
        .replace(
            "name = \"c-upstream\"",
            "name = \"c-upstream\"\ninput_cost = 1\noutput_cost = 1",
        );
    let server = Server::start(&text).await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
    server
        .change(&[
            ("global", "resilience.retries_before_fallback", json!(2)),
            ("global", "resilience.max_retries", json!(2)),
        ])
        .await;
    server.answers("a").await;
    assert_eq!(a.requests().len(), 1 + 3);

    server
        .change(&[("global", "resilience.routing", json!("cheapest"))])
        .await;
    assert_eq!(server.answers("a").await.unwrap(), "c");
    server
        .change(&[("global", "resilience.routing", Value::Null)])
        .await;

    let effect = server
        .change(&[("models/a", "fallbacks", json!(["c", "b"]))])
        .await;
    assert_eq!(
        effect["chains"],
        json!([{"model": "a", "before": ["a", "b", "c"], "after": ["a", "c", "b"]}])
    );
    assert_eq!(server.answers("a").await.unwrap(), "c");
    server
        .change(&[("models/a", "fallbacks", json!("auto"))])
        .await;
    assert_eq!(
        server.setting("models/a", "fallbacks").await["value"],
        "auto"
    );
    server.change(&[("models/a", "fallbacks", json!([]))]).await;
    assert_eq!(server.answers("a").await, None);
    server
        .change(&[("global", "resilience.default_fallbacks", json!(["c"]))])
        .await;
    assert_eq!(server.answers("a").await.unwrap(), "c");
    server
        .change(&[
            ("models/a", "fallbacks", Value::Null),
            ("global", "resilience.default_fallbacks", Value::Null),
        ])
        .await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
}

/// Two providers with a default model each, and no chains.
fn two(a: &Upstream, b: &Upstream) -> String {
    let provider = |name: &str, upstream: &Upstream| {
        format!(
            "[[providers]]\nid = \"{name}-provider\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"k\"\ndefault_model = \"{name}\"\n",
            upstream.base_url
        )
    };
    let order = "provider_order = [\"a-provider\", \"b-provider\"]";
    format!(
        "[resilience]\n{NO_RETRIES}\n{order}\n{}{}",
        provider("a", a),
        provider("b", b)
    )
}

#[tokio::test]
async fn the_order_says_who_answers_first_and_what_steps_in() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::start(&two(&a, &b)).await;
    let mut socket = Socket::open(&server).await;
    let first = async || server.ask(None).await.1["message"]["model_name"].clone();
    assert_eq!(first().await, "a");
    let (_, order) = server.get("/api/admin/order").await;
    assert_eq!(
        order,
        json!({"order": ["a-provider", "b-provider"], "revision": 0})
    );
    let body = |preview| json!({"order": ["b-provider", "a-provider", "elsewhere"], "revision": 0, "preview": preview});
    let (status, effect) = server
        .call("PUT", "/api/admin/order", Some(&body(true)))
        .await;
    assert_eq!((status, &effect["revision"]), (200, &json!(0)));
    let warnings = effect["warnings"].to_string();
    assert!(
        warnings.contains("b is asked and no longer a") && warnings.contains("elsewhere"),
        "{warnings}"
    );
    assert_eq!(first().await, "a");
    let (status, effect) = server
        .call("PUT", "/api/admin/order", Some(&body(false)))
        .await;
    assert_eq!((status, &effect["revision"]), (200, &json!(1)));
    assert_eq!(first().await, "b");
    // Those who are connected are told.
    let hello = socket.hear().await;
    assert_eq!(hello["type"], "hello");
    let shown = server.setting("global", "resilience.provider_order").await;
    assert_eq!(
        shown["value"],
        json!(["b-provider", "a-provider", "elsewhere"])
    );
    assert_eq!(shown["options"], json!(["a-provider", "b-provider"]));
    let body = json!({"order": null, "revision": 1});
    assert_eq!(
        server.call("PUT", "/api/admin/order", Some(&body)).await.0,
        200
    );
    assert_eq!(first().await, "a");
}

#[tokio::test]
async fn a_provider_is_switched_off_and_on() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    let listed = async || {
        let (_, models) = server.get("/v1/models").await;
        let models = models["data"].as_array().unwrap().iter();
        models.filter(|model| model["id"] == "a").count()
    };
    assert_eq!(
        (server.answers("a").await.unwrap(), listed().await),
        ("a".to_owned(), 1)
    );
    let effect = server
        .change(&[("providers/a-provider", "enabled", json!(false))])
        .await;
    assert_eq!(
        effect["chains"],
        json!([{"model": "a", "before": ["a", "b"], "after": ["b"]}])
    );
    assert_eq!(
        (server.answers("a").await.unwrap(), listed().await),
        ("b".to_owned(), 0)
    );
    let (_, providers) = server.get("/api/admin/providers").await;
    assert_eq!(providers["providers"][0]["enabled"], false);
    server
        .change(&[("providers/a-provider", "enabled", Value::Null)])
        .await;
    assert_eq!(
        (server.answers("a").await.unwrap(), listed().await),
        ("a".to_owned(), 1)
    );
}

#[tokio::test]
async fn the_connect_timeout_and_the_default_model_follow() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::start(&two(&a, &b)).await;
    server
        .change(&[
            (
                "providers/a-provider",
                "resilience.connect_timeout",
                json!("2s"),
            ),
            ("providers/a-provider", "default_model", json!("a-other")),
        ])
        .await;
    let (status, body) = server.ask(None).await;
    assert_eq!(
        (status, &body["message"]["model_name"]),
        (200, &json!("a-other"))
    );
    assert!(
        a.requests()[0].contains("\"model\":\"a-other\""),
        "{}",
        a.requests()[0]
    );
}
