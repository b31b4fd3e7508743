//! `/v1`, as an OpenAI client sees it.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{Behaviour, Server, Upstream};

const FAST: &str = "first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\ntimeout = \"2s\"\nretry_base_delay = \"10ms\"";

fn request(stream: bool) -> Value {
    json!({"model": "a", "stream": stream, "messages": [{"role": "user", "content": "hi"}], "temperature": 0.3, "vendor_field": {"x": 1}})
}

/// The events of a streamed response, "[DONE]" included.
async fn events(server: &Server, body: &Value) -> (reqwest::header::HeaderMap, Vec<String>) {
    let response = server
        .http
        .post(server.url("/v1/chat/completions"))
        .json(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    (
        headers,
        text.split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "))
            .map(str::to_owned)
            .collect(),
    )
}

fn content(events: &[String]) -> String {
    events
        .iter()
        .filter_map(|event| serde_json::from_str::<Value>(event).ok())
        .filter_map(|event| {
            event["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect()
}

#[tokio::test]
async fn whole_and_streamed_through_a_fallback() {
    let a = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let b = Upstream::answering(&["Hel", "lo"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let response = server
        .http
        .post(server.url("/v1/chat/completions"))
        .json(&request(false))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        [
            header("x-evenkeel-requested-model"),
            header("x-evenkeel-fallback"),
            header("x-evenkeel-attempts")
        ],
        ["a", "true", "3"]
    );
    assert!(!header("x-request-id").is_empty());
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        (&body["object"], &body["model"]),
        (&json!("chat.completion"), &json!("b"))
    );
    assert_eq!(
        body["choices"][0]["message"],
        json!({"role": "assistant", "content": "Hello"})
    );
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        body["usage"],
        json!({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12})
    );
    assert_eq!(
        (&body["evenkeel"]["fallback"], &body["evenkeel"]["attempts"]),
        (&json!(true), &json!(3))
    );

    // What the caller sent besides is passed on.
    let sent: Value =
        serde_json::from_str(b.requests()[0].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        (&sent["temperature"], &sent["vendor_field"], &sent["model"]),
        (&json!(0.3), &json!({"x": 1}), &json!("b-upstream"))
    );

    let mut streamed = request(true);
    let (headers, plain) = events(&server, &streamed).await;
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(
        (content(&plain).as_str(), plain.last().unwrap().as_str()),
        ("Hello", "[DONE]")
    );
    let first: Value = serde_json::from_str(&plain[0]).unwrap();
    assert_eq!(
        (
            &first["object"],
            &first["model"],
            &first["choices"][0]["delta"]["role"]
        ),
        (
            &json!("chat.completion.chunk"),
            &json!("b"),
            &json!("assistant")
        )
    );
    let last: Value = serde_json::from_str(&plain[plain.len() - 2]).unwrap();
    assert_eq!(
        (
            &last["choices"][0]["finish_reason"],
            &last["evenkeel"]["model"]
        ),
        (&json!("stop"), &json!("b"))
    );
    assert!(plain.iter().all(|event| !event.contains("\"usage\"")));

    streamed["stream_options"] = json!({"include_usage": true});
    let (_, with_usage) = events(&server, &streamed).await;
    let last: Value = serde_json::from_str(&with_usage[with_usage.len() - 2]).unwrap();
    assert_eq!(
        (&last["choices"], &last["usage"]["total_tokens"]),
        (&json!([]), &json!(12))
    );
}

#[tokio::test]
async fn nothing_left_is_a_502_in_openais_form() {
    let a = Upstream::start([Behaviour::status(401, "bad key sk-abcdefgh1234")]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    for stream in [false, true] {
        let (status, body) = server.post("/v1/chat/completions", &request(stream)).await;
        assert_eq!(status, 502);
        assert_eq!(body["error"]["type"], "fallback_exhausted");
        assert_eq!(body["error"]["failures"].as_array().unwrap().len(), 1);
        assert!(!body.to_string().contains("sk-abc"), "{body}");
    }
}

#[tokio::test]
async fn an_interruption_after_the_first_byte_is_an_error_event_and_no_done() {
    let a = Upstream::start([Behaviour::Cut(&["half"])]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let (_, events) = events(&server, &request(true)).await;
    assert_eq!(content(&events), "half");
    assert!(!events.contains(&"[DONE]".to_owned()));
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["error"]["type"], "fallback_exhausted");
    // And a collected answer is never a truncated success.
    assert_eq!(
        server.post("/v1/chat/completions", &request(false)).await.0,
        502
    );
}

#[tokio::test]
async fn the_upstream_is_closed_when_the_caller_leaves() {
    for behaviour in [
        Behaviour::Count {
            to: 100_000,
            every: Duration::from_millis(20),
        },
        Behaviour::Silence,
    ] {
        let silent = matches!(behaviour, Behaviour::Silence);
        let a = Upstream::start([behaviour]).await;
        let server = Server::with_upstreams(&[&a], "").await;
        let call = server
            .http
            .post(server.url("/v1/chat/completions"))
            .json(&request(true))
            .send();
        if silent {
            let call = tokio::spawn(call);
            while a.requests().is_empty() {
                tokio::task::yield_now().await;
            }
            call.abort();
        } else {
            let mut body = call.await.unwrap().bytes_stream();
            body.next().await.unwrap().unwrap();
        }
        assert!(a.all_closed().await < Duration::from_secs(1));
        let state = "evenkeel_circuit_state{model=\"a\",provider=\"a-provider\"}";
        assert_eq!(server.metric(state).await, 0.0);
    }
}

#[tokio::test]
async fn many_clients_are_kept_apart() {
    let server = Server::start("").await;
    let calls = (0..24).map(|n| {
        let server = &server;
        async move {
            let mut body = request(true);
            body["model"] = json!("demo-swift");
            body["messages"] = json!([{"role": "user", "content": format!("this is number {n}")}]);
            let (_, events) = events(server, &body).await;
            assert!(
                content(&events).contains(&format!("> this is number {n}\n")),
                "{n}"
            );
        }
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test]
async fn bad_requests_are_named_in_openais_form() {
    let server = Server::start("").await;
    for (body, status, word) in [
        (json!({"messages": []}), 400, "model"),
        (
            json!({"model": "nobody", "messages": [{"role": "user", "content": "x"}]}),
            404,
            "nobody",
        ),
        (
            json!({"model": "demo-swift", "messages": []}),
            400,
            "messages",
        ),
        (
            json!({"model": "demo-swift", "messages": [{"role": "king", "content": "x"}]}),
            400,
            "messages[0]",
        ),
        (
            json!({"model": "demo-swift", "n": 2, "messages": [{"role": "user", "content": "x"}]}),
            400,
            "n:",
        ),
        (json!([]), 400, "body"),
    ] {
        let (found, answer) = server.post("/v1/chat/completions", &body).await;
        assert_eq!(found, status, "{answer}");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(word),
            "{answer}"
        );
    }
    let (status, models) = server.get("/v1/models").await;
    assert_eq!(
        (status, &models["data"][0]["id"]),
        (200, &json!("demo-swift"))
    );
    let (status, model) = server.get("/v1/models/demo-calm").await;
    assert_eq!((status, &model["id"]), (200, &json!("demo-calm")));
    assert_eq!(server.get("/v1/models/no/body").await.0, 404);
    assert_eq!(server.get("/v1/nothing").await.0, 404);
}
