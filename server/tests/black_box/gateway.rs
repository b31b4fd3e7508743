//! `/v1`, as an OpenAI client sees it.

use serde_json::{Value, json};

use crate::support::{Behaviour, Events, Server, Upstream, leaves};

const FAST: &str = "first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\ntimeout = \"2s\"\nretry_base_delay = \"10ms\"";

fn request(stream: bool) -> Value {
    json!({"model": "a", "stream": stream, "messages": [{"role": "user", "content": "hi"}], "temperature": 0.3, "vendor_field": {"x": 1}})
}

const PATH: &str = "/v1/chat/completions";

#[tokio::test]
async fn whole_and_streamed_through_a_fallback() {
    let a = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let b = Upstream::answering(&["Hel", "lo"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let response = server
        .http
        .post(server.url(PATH))
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
    let plain = Events::of(&server, PATH, &streamed).await;
    assert_eq!(
        (plain.content().as_str(), plain.last(0)),
        ("Hello", &json!("[DONE]"))
    );
    assert_eq!(plain.header("x-evenkeel-fallback"), "true");
    let first = &plain.events[0].1;
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
    let last = plain.last(1);
    assert_eq!(
        (
            &last["choices"][0]["finish_reason"],
            &last["evenkeel"]["model"]
        ),
        (&json!("stop"), &json!("b"))
    );
    assert!(plain.data().all(|event| event.get("usage").is_none()));

    streamed["stream_options"] = json!({"include_usage": true});
    let with_usage = Events::of(&server, PATH, &streamed).await;
    let last = with_usage.last(1);
    assert_eq!(
        (&last["choices"], &last["usage"]["total_tokens"]),
        (&json!([]), &json!(12))
    );
    assert_eq!(with_usage.last(2)["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["evenkeel"]["seams"], json!([]));
}

#[tokio::test]
async fn nothing_left_is_a_502_in_openais_form() {
    let a = Upstream::start([Behaviour::status(401, "bad key sk-abcdefgh1234")]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    for stream in [false, true] {
        let (status, body) = server.post(PATH, &request(stream)).await;
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
    let events = Events::of(&server, PATH, &request(true)).await;
    assert_eq!(events.content(), "half");
    assert!(!events.done());
    assert_eq!(events.last(0)["error"]["type"], "fallback_exhausted");
    // And a collected answer is never a truncated success.
    assert_eq!(server.post(PATH, &request(false)).await.0, 502);
}

#[tokio::test]
async fn the_upstream_is_closed_when_the_caller_leaves() {
    leaves(PATH, &request(true)).await;
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
            let events = Events::of(server, PATH, &body).await;
            assert!(
                events
                    .content()
                    .contains(&format!("> this is number {n}\n")),
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
        let (found, answer) = server.post(PATH, &body).await;
        assert_eq!(found, status, "{answer}");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(word),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn models_are_listed_for_both_kinds_of_client() {
    let server = Server::start("").await;
    let (status, models) = server.get("/v1/models").await;
    let ids = |models: &Value| -> Vec<String> {
        let models = models["data"].as_array().unwrap().iter();
        models
            .map(|model| model["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!((status, &models["object"]), (200, &json!("list")));
    assert_eq!(ids(&models)[0], "demo-swift");
    let (status, model) = server.get("/v1/models/demo-calm").await;
    assert_eq!((status, &model["object"]), (200, &json!("model")));
    let (status, refused) = server.get("/v1/models/no/body").await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    let (status, refused) = server.get("/v1/nothing").await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (404, &json!("unknown_url"))
    );

    let anthropic = async |path: &str| -> (u16, Value) {
        let request = server.http.get(server.url(path));
        let response = request.header("anthropic-version", "2023-06-01").send();
        let response = response.await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let (status, list) = anthropic("/v1/models?limit=1000").await;
    assert_eq!((status, &list["has_more"]), (200, &json!(false)));
    assert_eq!(ids(&list), ids(&models));
    assert_eq!(list["first_id"], list["data"][0]["id"]);
    assert_eq!(list["data"][0]["type"], "model");
    let (_, model) = anthropic("/v1/models/demo-calm").await;
    assert_eq!(model["display_name"], "demo-calm");
    let (status, refused) = anthropic("/v1/models/nobody").await;
    assert_eq!((status, &refused["type"]), (404, &json!("error")));
    assert_eq!(refused["error"]["type"], "not_found_error");
}
