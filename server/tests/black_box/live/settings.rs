//! Each kind of setting, and the next turn that finds it changed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::server::config;
use crate::support::{Act, Administrator, Behaviour, Server, Socket, Upstream};

const NO_RETRIES: &str = "retries_before_fallback = 0\nmax_retries = 0";

#[tokio::test]
async fn a_timeout_holds_for_the_next_turn() {
    let a = Upstream::start([Behaviour::Silence]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    let shown = server
        .setting("global", "resilience.first_token_timeout")
        .await;
    assert_eq!(shown["value"], "10s");
    let effect = server
        .change(&[("global", "resilience.first_token_timeout", json!("300ms"))])
        .await;
    assert_eq!(effect["revision"], 1);
    let shown = server
        .setting("global", "resilience.first_token_timeout")
        .await;
    assert_eq!(
        (&shown["value"], &shown["file"], &shown["live"]),
        (&json!("300ms"), &json!("10s"), &json!(true))
    );
    let began = Instant::now();
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert!(began.elapsed() < Duration::from_secs(5));
    // The nearest wins, live as in the file.
    let model = server
        .setting("models/a", "resilience.first_token_timeout")
        .await;
    assert_eq!(
        (&model["value"], &model["live"]),
        (&json!("300ms"), &json!(false))
    );
    server
        .change(&[("models/a", "resilience.first_token_timeout", json!("7s"))])
        .await;
    let model = server
        .setting("models/a", "resilience.first_token_timeout")
        .await;
    assert_eq!(model["value"], "7s");
}

#[tokio::test]
async fn a_turn_under_way_keeps_what_it_began_with() {
    let a = Upstream::start([Behaviour::Acts(vec![
        Act::Wait(Duration::from_secs(2)),
        Act::Write(answer("slow")),
    ])])
    .await;
    let server = Server::with_upstreams(&[&a], NO_RETRIES).await;
    let asking = {
        let (http, url) = (
            server.http.clone(),
            server.url("/api/conversations/new/chat"),
        );
        let body = json!({"message": "hi", "model": "a"});
        tokio::spawn(async move { http.post(url).json(&body).send().await.unwrap().status() })
    };
    while a.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let changes = [
        ("global", "resilience.first_token_timeout", json!("200ms")),
        ("global", "resilience.timeout", json!("200ms")),
    ];
    let effect = server.change(&changes).await;
    assert_eq!(effect["running_turns"], 1);
    assert_eq!(asking.await.unwrap(), 200);
    assert_eq!(server.answers("a").await, None);
}

fn answer(word: &str) -> Vec<u8> {
    let event =
        json!({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": "stop"}]});
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {event}\n\ndata: [DONE]\n\n")
        .into_bytes()
}

#[tokio::test]
async fn a_threshold_counts_what_was_counted_before() {
    let a = Upstream::start([Behaviour::status(500, "oops")]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], NO_RETRIES).await;
    let state = async || {
        let (_, health) = server.get("/health/a").await;
        health["circuit"]["state"].as_str().unwrap().to_owned()
    };
    for _ in 0..2 {
        server.answers("a").await;
    }
    assert_eq!(state().await, "closed");
    server
        .change(&[("global", "resilience.circuit_threshold", json!(5))])
        .await;
    for _ in 0..2 {
        server.answers("a").await;
    }
    assert_eq!(state().await, "closed");
    server
        .change(&[("models/a", "resilience.circuit_threshold", json!(2))])
        .await;
    assert_eq!(state().await, "closed");
    server.answers("a").await;
    assert_eq!((state().await.as_str(), a.requests().len()), ("open", 5));
}

#[tokio::test]
async fn a_shorter_cooldown_ends_the_rest_that_runs() {
    let a = Upstream::start([Behaviour::status(500, "oops"), Behaviour::Answer(&["back"])]).await;
    let b = Upstream::answering(&["from b"]).await;
    let more = format!("{NO_RETRIES}\ncircuit_threshold = 1");
    let server = Server::with_upstreams(&[&a, &b], &more).await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert_eq!(a.requests().len(), 1);
    server
        .change(&[("global", "resilience.circuit_cooldown", json!("50ms"))])
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.answers("a").await.unwrap(), "a");
}

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

#[tokio::test]
async fn what_cannot_be_is_refused_in_the_files_words_and_nothing_changes() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    for (scope, key, value, said) in [
        (
            "global",
            "resilience.timeout",
            json!("soon"),
            "must be a duration such as",
        ),
        (
            "global",
            "resilience.timeout",
            json!(45),
            "must be a duration such as",
        ),
        (
            "global",
            "resilience.timeout",
            json!("0s"),
            "must be longer than nothing",
        ),
        (
            "global",
            "resilience.timeout",
            json!("99999999h"),
            "no longer than a year",
        ),
        (
            "global",
            "resilience.timout",
            json!("5s"),
            "did you mean `resilience.timeout`?",
        ),
        (
            "global",
            "server.listen",
            json!("0.0.0.0:1"),
            "cannot be changed live here",
        ),
        (
            "global",
            "resilience.circuit_threshold",
            json!(0),
            "must be 1 or more",
        ),
        (
            "global",
            "resilience.circuit_threshold",
            json!(2.5),
            "must be a whole number",
        ),
        (
            "global",
            "resilience.circuit_failure_rate",
            json!(1.5),
            "must be a share",
        ),
        (
            "global",
            "resilience.retry_max_delay",
            json!("1ms"),
            "must not be longer than retry_max_delay",
        ),
        (
            "global",
            "resilience.routing",
            json!("random"),
            "must be one of",
        ),
        (
            "global",
            "resilience.default_fallbacks",
            json!(["b", "zebra"]),
            "entry 2: no such model",
        ),
        (
            "providers/a-provider",
            "enabled",
            json!("yes"),
            "must be true or false",
        ),
        (
            "providers/a-provider",
            "base_url",
            json!("http://x"),
            "cannot be changed live here",
        ),
        (
            "providers/a-provider",
            "api_key",
            json!("sk-x"),
            "cannot be changed live here",
        ),
        (
            "providers/nobody",
            "enabled",
            json!(true),
            "no such provider",
        ),
        ("models/nobody", "fallbacks", json!([]), "no such model"),
        (
            "models/a",
            "fallbacks",
            json!(["b", "c"]),
            "entry 2: no such model",
        ),
        (
            "models/a",
            "fallbacks",
            json!(7),
            "must be a list of texts, or \"auto\"",
        ),
        (
            "models/a",
            "resilience.connect_timeout",
            json!("1s"),
            "cannot be changed live here",
        ),
    ] {
        for preview in [true, false] {
            let (status, body) = server
                .try_change(preview, &[(scope, key, value.clone())])
                .await;
            assert_eq!(status, 400, "{scope} {key} {body}");
            let problem = &body["problems"][0];
            assert_eq!(
                (&problem["scope"], &problem["key"]),
                (&json!(scope), &json!(key)),
                "{body}"
            );
            let message = problem["message"].as_str().unwrap();
            assert!(message.contains(said), "{key}: {message}");
        }
    }
    // All or none.
    let both = [
        ("global", "resilience.timeout", json!("9s")),
        ("models/a", "resilience.max_attempts", json!(1)),
    ];
    let (status, body) = server.try_change(false, &both).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["problems"],
        json!([{"scope": "models/a", "key": "fallbacks", "message": "makes a chain of 2 models, longer than max_attempts = 1"}])
    );
    assert_eq!(server.revision().await, 0);
    assert_eq!(
        server.setting("global", "resilience.timeout").await["value"],
        "45s"
    );
    assert!(server.audit().await.is_empty());
}

#[tokio::test]
async fn the_rules_of_alerts_are_settings() {
    let a = Upstream::answering(&["from a"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let shown = server.setting("global", "alerts.p95").await;
    assert_eq!(
        (&shown["value"], &shown["kind"], &shown["options"]),
        (&json!("10s"), &json!("duration"), &json!(["off"]))
    );
    server
        .change(&[
            ("global", "alerts.error_rate", json!(0.25)),
            ("global", "alerts.error_rate_for", json!("1m")),
            ("global", "alerts.p95", json!("off")),
        ])
        .await;
    let (_, alerts) = server.get("/api/admin/alerts").await;
    let rule = |name: &str| {
        let rules = alerts["rules"].as_array().unwrap().iter();
        rules
            .clone()
            .find(|rule| rule["rule"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(rule("error_rate")["limit"], 0.25);
    assert_eq!(rule("p95")["enabled"], false);
    let shown = server.setting("global", "alerts.error_rate_for").await;
    assert_eq!(
        (&shown["value"], &shown["file"], &shown["live"]),
        (&json!("60s"), &json!("300s"), &json!(true))
    );
    let secret = [("global", "alerts.webhook_secret_env", json!("PATH"))];
    let (status, _) = server.try_change(false, &secret).await;
    assert_eq!(status, 400);
    let hook = "https://hooks.example.org/T0/secret-token";
    server
        .change(&[("global", "alerts.webhook_url", json!(hook))])
        .await;
    assert!(
        !json!(server.audit().await)
            .to_string()
            .contains("secret-token")
    );
    server
        .change(&[("global", "alerts.webhook_url", json!(""))])
        .await;
    assert_eq!(
        server.setting("global", "alerts.webhook_url").await["value"],
        ""
    );
}
