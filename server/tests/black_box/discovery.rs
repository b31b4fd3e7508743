//! What providers list: offered, missed, warned of, and stepping in, over real sockets.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::socket::{send, text};
use crate::support::{Act, Behaviour, Server, Socket, Upstream};

fn provider(id: &str, upstream: &Upstream) -> String {
    let base_url = &upstream.base_url;
    format!("[[providers]]\nid = \"{id}\"\nkind = \"openai\"\nbase_url = \"{base_url}\"\n")
}

fn model(id: &str, provider: &str, more: &str) -> String {
    format!("[[models]]\nid = \"{id}\"\nprovider = \"{provider}\"\n{more}\n")
}

/// The models that `/v1/models` lists, beside the demo's.
async fn offered(server: &Server) -> Vec<String> {
    let (_, list) = server.get("/v1/models").await;
    let models = list["data"].as_array().unwrap().iter();
    models
        .map(|model| model["id"].as_str().unwrap().to_owned())
        .filter(|id| !id.starts_with("demo-"))
        .collect()
}

/// Waits until the models that are offered are these.
async fn until_offered(server: &Server, expected: &[&str]) {
    let waiting = async {
        while offered(server).await != expected {
            sleep(Duration::from_millis(20)).await;
        }
    };
    // What is missing is said by the comparison.
    let _ = timeout(Duration::from_secs(20), waiting).await;
    assert_eq!(offered(server).await, expected);
}

/// Waits until the health of a model says this of its listing.
async fn until_listed(server: &Server, model: &str, listed: Value) -> Value {
    let waiting = async {
        loop {
            let (_, health) = server.get(&format!("/health/{model}")).await;
            if health["listed"] == listed {
                return health;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.unwrap()
}

fn fallbacks(hello: &Value, model: &str) -> Vec<String> {
    let models = hello["models"].as_array().unwrap();
    let found = models.iter().find(|it| it["id"] == model).unwrap();
    let ids = found["fallbacks"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_provider_without_configured_models_offers_those_it_lists() {
    let upstream = Upstream::answering(&["from ", "llama"]).await;
    upstream.list(&["llama-3", "nomic-embed-text", "gpt-4o", "box"]);
    let other = Upstream::answering(&["from the other"]).await;
    let config =
        provider("box", &upstream) + &provider("other", &other) + &model("gpt-4o", "other", "");
    let server = Server::start(&config).await;
    // An id that another has is told apart by the provider, and what cannot chat is no choice.
    until_offered(&server, &["gpt-4o", "llama-3", "box/gpt-4o", "box/box"]).await;

    let (status, body) = server
        .chat("new", json!({"message": "hi", "model": "llama-3"}))
        .await;
    assert_eq!(
        (status, &body["message"]["text"]),
        (200, &json!("from llama"))
    );
    assert_eq!(body["message"]["provider"], "box");
    let (_, body) = server
        .chat("new", json!({"message": "hi", "model": "box/gpt-4o"}))
        .await;
    assert_eq!(body["message"]["model_name"], "box/gpt-4o");
    let last = upstream.requests().pop().unwrap();
    assert!(last.contains("\"model\":\"gpt-4o\""), "{last}");

    // It is counted and shown as any other.
    let (_, health) = server.get("/health/llama-3").await;
    assert_eq!(
        (&health["attempts"], &health["listed"]),
        (&json!(1), &json!(true))
    );
    let counter = "evenkeel_attempts_total{kind=\"primary\",model=\"llama-3\",outcome=\"answered\",provider=\"box\",reason=\"\"}";
    assert_eq!(server.metric(counter).await, 1.0);
}

#[tokio::test]
async fn the_first_model_that_is_listed_answers_before_the_demo() {
    let upstream = Upstream::answering(&["real"]).await;
    upstream.list(&["text-embedding-3-small", "llama-3"]);
    let server = Server::start(&provider("box", &upstream)).await;
    until_offered(&server, &["llama-3"]).await;
    let socket = Socket::open(&server).await;
    assert_eq!(socket.hello["default_model"], "llama-3");
    let (_, body) = server.chat("new", json!({"message": "hi"})).await;
    assert_eq!(body["message"]["text"], "real");
}

#[tokio::test]
async fn a_model_that_is_not_found_has_its_provider_asked_anew_and_sockets_told() {
    let upstream = Upstream::start([
        Behaviour::status(404, "The model does not exist"),
        Behaviour::Answer(&["here"]),
    ])
    .await;
    upstream.list(&["one"]);
    let server = Server::start(&provider("box", &upstream)).await;
    until_offered(&server, &["one"]).await;
    let mut socket = Socket::open(&server).await;
    assert_eq!(upstream.listings(), 1);

    upstream.list(&["two"]);
    let frames = socket.ask(send("r1", "hi", "one")).await;
    assert_eq!(frames.last().unwrap()["error_type"], "fallback_exhausted");
    let hello = socket.hear_until(&["hello"]).await.pop().unwrap();
    assert_eq!(hello["default_model"], "two");
    until_offered(&server, &["two"]).await;
    assert_eq!(upstream.listings(), 2);

    let frames = socket.ask(send("r2", "hi", "two")).await;
    assert_eq!(text(&frames), "here");
}

#[tokio::test]
async fn a_configured_model_that_is_not_listed_is_warned_of_and_still_asked() {
    let upstream = Upstream::answering(&["I am here all the same"]).await;
    upstream.list(&["gpt-4o", "gpt-4o-mini", "o3"]);
    let config =
        provider("p", &upstream) + &model("m", "p", "name = \"gtp-4o\"") + &model("o3", "p", "");
    let server = Server::start(&config).await;
    let health = until_listed(&server, "m", json!(false)).await;
    assert_eq!(health["near_names"], json!(["gpt-4o", "gpt-4o-mini"]));
    assert_eq!(health["status"], "ok");
    let (_, report) = server.get("/api/admin/providers").await;
    let models = report["providers"][0]["models"].as_array().unwrap();
    let listed: Vec<_> = models.iter().map(|model| &model["listed"]).collect();
    assert_eq!(listed, [&json!(false), &json!(true)]);

    let (status, body) = server
        .chat("new", json!({"message": "hi", "model": "m"}))
        .await;
    assert_eq!(
        (status, &body["message"]["text"]),
        (200, &json!("I am here all the same"))
    );
    let log = server.into_log().await;
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.contains("model_gone"))
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(
        warnings[0].contains("gtp-4o") && warnings[0].contains("gpt-4o, gpt-4o-mini"),
        "{log}"
    );
}

#[tokio::test]
async fn an_unknown_model_is_answered_with_the_nearest() {
    let upstream = Upstream::answering(&["x"]).await;
    let config = provider("p", &upstream) + &model("gpt-4o", "p", "");
    let server = Server::start(&config).await;
    let meant = "model: there is no \"gtp-4o\"; did you mean \"gpt-4o\"?";

    let (status, body) = server
        .chat("new", json!({"message": "hi", "model": "gtp-4o"}))
        .await;
    assert_eq!((status, &body["detail"]), (400, &json!(meant)), "{body}");
    let request = json!({"model": "gtp-4o", "messages": [{"role": "user", "content": "hi"}]});
    let (status, body) = server.post("/v1/chat/completions", &request).await;
    assert_eq!(
        (status, &body["error"]["message"]),
        (404, &json!(meant)),
        "{body}"
    );
    let (status, body) = server.get("/v1/models/gtp-4o").await;
    assert_eq!(
        (status, &body["error"]["message"]),
        (404, &json!(meant)),
        "{body}"
    );
    let mut socket = Socket::open(&server).await;
    let frames = socket.ask(send("r", "hi", "gtp-4o")).await;
    assert_eq!(frames.last().unwrap()["error"], meant);

    let (_, body) = server
        .chat("new", json!({"message": "hi", "model": "zzz"}))
        .await;
    assert_eq!(
        body["detail"],
        "model: there is no \"zzz\"; hello lists those there are"
    );
}

#[tokio::test]
async fn what_is_listed_steps_in_for_its_relatives() {
    let first = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    first.list(&["gpt-4o", "gpt-4o-mini"]);
    let second = Upstream::answering(&["from the second"]).await;
    second.list(&[
        "meta-llama/llama-3",
        "openai/gpt-4o",
        "openai/text-embedding-3-large",
    ]);
    let config = "[resilience]\nretry_base_delay = \"10ms\"\n".to_owned()
        + &provider("first", &first)
        + &provider("second", &second)
        + &model("gpt-4o", "first", "fallbacks = \"auto\"")
        + &model("llama", "second", "name = \"meta-llama/llama-3\"");
    let server = Server::start(&config).await;
    until_listed(&server, "gpt-4o", json!(true)).await;
    until_listed(&server, "llama", json!(true)).await;
    let socket = Socket::open(&server).await;
    // Another provider's before its own, its family's before others'.
    assert_eq!(
        fallbacks(&socket.hello, "gpt-4o"),
        ["openai/gpt-4o", "gpt-4o-mini", "llama"]
    );
    // What only steps in is no choice.
    assert_eq!(offered(&server).await, ["gpt-4o", "llama"]);

    let (status, body) = server
        .chat("new", json!({"message": "hi", "model": "gpt-4o"}))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["message"]["model_name"], "openai/gpt-4o");
    let counter = "evenkeel_fallbacks_total{from=\"gpt-4o\",reason=\"provider_unavailable\",to=\"openai/gpt-4o\"}";
    assert_eq!(server.metric(counter).await, 1.0);
}

#[tokio::test]
async fn a_provider_that_never_lists_delays_nothing_and_no_other() {
    let silent = Upstream::answering(&["answered"]).await;
    silent.list_never();
    let unable = Upstream::answering(&["answered too"]).await;
    let listing = Upstream::answering(&["and I"]).await;
    listing.list(&["listed"]);
    let config = provider("silent", &silent)
        + &provider("unable", &unable)
        + &provider("listing", &listing)
        + &model("a", "silent", "")
        + &model("b", "unable", "");
    let server = Server::start(&config).await;
    until_offered(&server, &["a", "b", "listed"]).await;
    for (model, answer) in [
        ("a", "answered"),
        ("b", "answered too"),
        ("listed", "and I"),
    ] {
        let (status, body) = server
            .chat("new", json!({"message": "hi", "model": model}))
            .await;
        assert_eq!((status, &body["message"]["text"]), (200, &json!(answer)));
    }
    let (_, health) = server.get("/health/a").await;
    assert_eq!(health["listed"], Value::Null);
    let log = server.into_log().await;
    assert_eq!(log.matches("discovery_failed").count(), 1, "{log}");
}

#[tokio::test]
async fn an_ollama_that_nobody_has_configured_is_found_and_chats() {
    let line = |text: &str, done: bool| json!({"model": "llama3.2:3b", "message": {"role": "assistant", "content": text}, "done": done, "done_reason": done.then_some("stop")});
    let lines = format!(
        "{}\n{}\n{}\n",
        line("from ", false),
        line("Ollama", false),
        line("", true)
    );
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n";
    let ollama = Upstream::start([Behaviour::Acts(vec![Act::Write(
        format!("{head}{lines}").into_bytes(),
    )])])
    .await;
    ollama
        .list_as(json!({"models": [{"name": "nomic-embed-text:latest"}, {"name": "llama3.2:3b"}]}));
    let host = ollama
        .base_url
        .trim_start_matches("http://")
        .trim_end_matches("/v1")
        .to_owned();
    let server = Server::start_with("", &[("OLLAMA_HOST", &host)]).await;
    until_offered(&server, &["llama3.2:3b"]).await;
    let (status, body) = server.chat("new", json!({"message": "hi"})).await;
    assert_eq!(
        (status, &body["message"]["text"]),
        (200, &json!("from Ollama")),
        "{body}"
    );
    assert_eq!(body["message"]["provider"], "ollama");
    let (_, report) = server.get("/health/ollama").await;
    assert_eq!(report["kind"], "ollama");
}

#[tokio::test]
async fn where_no_ollama_answers_nothing_is_said_of_it() {
    let nobody = Upstream::refusing().await;
    let host = nobody.base_url.trim_end_matches("/v1").to_owned();
    let server = Server::start_with("", &[("OLLAMA_HOST", &host)]).await;
    let (status, body) = server.chat("new", json!({"message": "hi"})).await;
    assert_eq!(
        (status, &body["message"]["provider"]),
        (200, &json!("demo-harbour")),
        "{body}"
    );
    let (_, report) = server.get("/health").await;
    assert!(
        report["providers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["kind"] == "demo")
    );
    let log = server.into_log().await;
    assert!(
        !log.contains("ollama") && !log.contains("discovery_failed"),
        "{log}"
    );
}

#[tokio::test]
async fn an_alias_is_not_taken_for_a_model_that_is_gone() {
    let upstream = Upstream::answering(&["x"]).await;
    upstream.list_as(json!({
        "data": [{"type": "model", "id": "claude-sonnet-4-5-20250929"}, {"type": "model", "id": "claude-haiku-4-5-20251001"}],
        "has_more": false,
    }));
    let root = upstream.base_url.trim_end_matches("/v1").to_owned();
    let config =
        format!("[[providers]]\nid = \"anthropic\"\nbase_url = \"{root}\"\napi_key = \"k\"\n")
            + &model("claude-sonnet-4-5", "anthropic", "")
            + &model("claude-opus-4-5", "anthropic", "");
    let server = Server::start(&config).await;
    let gone = until_listed(&server, "claude-opus-4-5", json!(false)).await;
    assert!(!gone["near_names"].as_array().unwrap().is_empty());
    until_listed(&server, "claude-sonnet-4-5", json!(true)).await;
}

#[tokio::test]
async fn a_model_that_is_listed_again_is_asked_again_at_once() {
    let first = Upstream::start([
        Behaviour::status(404, "The model does not exist"),
        Behaviour::Answer(&["back"]),
    ])
    .await;
    first.list(&["other"]);
    let second = Upstream::answering(&["instead"]).await;
    let config = provider("first", &first)
        + &provider("second", &second)
        + &model("a", "first", "fallbacks = [\"b\"]")
        + &model("b", "second", "");
    let server = Server::start(&config).await;
    until_listed(&server, "a", json!(false)).await;
    let ask = json!({"message": "hi", "model": "a"});
    let (_, body) = server.chat("new", ask.clone()).await;
    assert_eq!(body["message"]["text"], "instead");
    // It is spared, until its provider lists it.
    let (_, body) = server.chat("new", ask.clone()).await;
    assert_eq!(body["message"]["attempts"][0]["state"], "skipped");
    assert_eq!(first.requests().len(), 1);
    first.list(&["other", "a"]);
    until_listed(&server, "a", json!(true)).await;
    let (_, body) = server.chat("new", ask).await;
    assert_eq!(body["message"]["text"], "back");
}
