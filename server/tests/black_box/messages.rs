//! `/v1/messages`, as an Anthropic client sees it.

use serde_json::{Value, json};

use crate::support::server::config;
use crate::support::{Behaviour, Events, Server, Upstream, leaves};

const PATH: &str = "/v1/messages";

const FAST: &str = "first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\ntimeout = \"2s\"\nretry_base_delay = \"10ms\"";

fn request(stream: bool) -> Value {
    json!({"model": "a", "max_tokens": 100, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
}

fn sent(upstream: &Upstream) -> Value {
    let request = upstream.requests().pop().unwrap();
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The names of the events in order, repeated ones told once.
fn names(events: &Events) -> Vec<&str> {
    let mut names: Vec<_> = events
        .events
        .iter()
        .map(|(name, data)| {
            let name = name.as_deref().unwrap();
            assert_eq!(data["type"], name);
            name
        })
        .collect();
    names.dedup();
    names
}

fn text(events: &Events) -> String {
    let text = |event: &Value| Some(event["delta"]["text"].as_str()?.to_owned());
    events.data().filter_map(text).collect()
}

#[tokio::test]
async fn whole_and_streamed_through_a_fallback() {
    let a = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let b = Upstream::answering(&["Hel", "lo"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let call = server.http.post(server.url(PATH)).json(&request(false));
    let response = call.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        [
            "x-evenkeel-requested-model",
            "x-evenkeel-fallback",
            "x-evenkeel-attempts"
        ]
        .map(header),
        ["a", "true", "3"]
    );
    assert_eq!(header("request-id"), header("x-request-id"));
    let body: Value = response.json().await.unwrap();
    assert!(body["id"].as_str().unwrap().starts_with("msg_"));
    assert_eq!(
        [
            &body["type"],
            &body["role"],
            &body["model"],
            &body["stop_reason"]
        ],
        [
            &json!("message"),
            &json!("assistant"),
            &json!("b"),
            &json!("end_turn")
        ]
    );
    assert_eq!(body["content"], json!([{"type": "text", "text": "Hello"}]));
    assert_eq!(
        (
            &body["usage"]["input_tokens"],
            &body["usage"]["output_tokens"]
        ),
        (&json!(5), &json!(7))
    );
    assert_eq!(body["evenkeel"]["fallback"], true);

    let events = Events::of(&server, PATH, &request(true)).await;
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!(text(&events), "Hello");
    assert_eq!(events.data().next().unwrap()["message"]["model"], "b");
    let end = events.last(1);
    assert_eq!(
        end["delta"],
        json!({"stop_reason": "end_turn", "stop_sequence": null})
    );
    assert_eq!(
        (
            &end["usage"]["input_tokens"],
            &end["usage"]["output_tokens"]
        ),
        (&json!(5), &json!(7))
    );
    assert_eq!(
        (
            &end["evenkeel"]["requested_model"],
            &end["evenkeel"]["model"]
        ),
        (&json!("a"), &json!("b"))
    );
}

#[tokio::test]
async fn another_model_goes_on_where_one_broke_off() {
    let a = Upstream::start([Behaviour::Cut(&["one ", "two"])]).await;
    let b = Upstream::answering(&[" three"]).await;
    let config = config(&[&a, &b], FAST).replace("id = \"b\"\n", "id = \"b\"\nprefill = true\n");
    let server = Server::start(&config).await;
    let events = Events::of(&server, PATH, &request(true)).await;
    assert_eq!(text(&events), "one two three");
    assert_eq!(events.last(0)["type"], "message_stop");
    let seam = json!({"from": "a", "to": "b", "mode": "continued", "at": 7});
    let ping = events.data().find(|event| event["type"] == "ping").unwrap();
    assert_eq!(ping["evenkeel"]["seam"], seam);
    let word = &events.last(1)["evenkeel"];
    assert_eq!(
        (&word["seams"], &word["model"]),
        (&json!([seam]), &json!("b"))
    );
    // One text, in one block: the seam is no concern of the client's.
    let starts = events
        .data()
        .filter(|event| event["type"] == "content_block_start");
    assert_eq!(starts.count(), 1);
}

#[tokio::test]
async fn a_text_that_differs_cannot_be_taken_back_from_a_stream() {
    let a = Upstream::start([Behaviour::Cut(&["one ", "two "])]).await;
    let b = Upstream::answering(&["eins ", "zwei"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let events = Events::of(&server, PATH, &request(true)).await;
    assert_eq!(text(&events), "one two ");
    assert_eq!(*names(&events).last().unwrap(), "error");
    let error = events.last(0);
    assert_eq!(error["error"]["type"], "fallback_exhausted");
    assert_eq!(error["error"]["failures"].as_array().unwrap().len(), 2);
    assert_eq!(error["request_id"], events.header("request-id"));
    let (status, body) = server.post(PATH, &request(false)).await;
    assert_eq!(
        (status, &body["content"][0]["text"]),
        (200, &json!("eins zwei"))
    );
}

const CALLS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Let me see.\"}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"\"}}]}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\":\"}}]}}]}\n\n";

const REST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"Bern\\\"}\"}}]}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\ndata: [DONE]\n\n";

fn with_tools(mut body: Value) -> Value {
    body["tools"] = json!([{"name": "weather", "input_schema": {"type": "object"}}]);
    body
}

#[tokio::test]
async fn tools_are_called_and_their_results_given_back() {
    let whole: &'static str = format!("{CALLS}{REST}").leak();
    let a = Upstream::start([Behaviour::Raw(whole)]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let (status, answer) = server.post(PATH, &with_tools(request(false))).await;
    assert_eq!(status, 200, "{answer}");
    let call =
        json!({"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Bern"}});
    assert_eq!(
        answer["content"],
        json!([{"type": "text", "text": "Let me see."}, call])
    );
    assert_eq!(answer["stop_reason"], "tool_use");
    assert_eq!(
        (
            &answer["usage"]["input_tokens"],
            &answer["usage"]["cache_read_input_tokens"]
        ),
        (&json!(5), &json!(4))
    );

    let mut next = with_tools(request(true));
    let result = json!({"type": "tool_result", "tool_use_id": "call_1", "content": "rain"});
    next["messages"] = json!([
        next["messages"][0],
        {"role": "assistant", "content": answer["content"]},
        {"role": "user", "content": [result]},
    ]);
    let events = Events::of(&server, PATH, &next).await;
    let parts: String = events
        .data()
        .filter_map(|event| event["delta"]["partial_json"].as_str())
        .collect();
    assert_eq!(parts, "{\"city\":\"Bern\"}");
    let asked = sent(&a);
    assert_eq!(asked["tools"][0]["function"]["name"], "weather");
    assert_eq!(
        asked["messages"][1]["tool_calls"][0]["function"]["arguments"],
        "{\"city\":\"Bern\"}"
    );
    assert_eq!(
        asked["messages"][2],
        json!({"role": "tool", "tool_call_id": "call_1", "content": "rain"})
    );
}

#[tokio::test]
async fn two_halves_of_a_tool_call_are_never_joined() {
    let whole: &'static str = format!("{CALLS}{REST}").leak();
    let a = Upstream::start([Behaviour::Raw(CALLS)]).await;
    let b = Upstream::start([Behaviour::Raw(whole)]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let events = Events::of(&server, PATH, &with_tools(request(true))).await;
    assert_eq!(*names(&events).last().unwrap(), "error");
    assert!(
        !events
            .data()
            .any(|event| event.to_string().contains("Bern"))
    );
}

#[tokio::test]
async fn an_anthropic_model_is_asked_in_its_own_words() {
    let thinking = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":20,\"cache_creation_input_tokens\":10,\"output_tokens\":1}}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"proof\"}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"yes\"}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );
    let a = Upstream::start([Behaviour::Raw(thinking)]).await;
    let config = config(&[&a], FAST).replace("kind = \"openai\"", "kind = \"anthropic\"");
    let server = Server::start(&config.replace("/v1\"", "\"")).await;
    let mut body = request(false);
    let cache = json!({"type": "ephemeral"});
    let system = json!([{"type": "text", "text": "Be brief.", "cache_control": cache}]);
    body["system"] = system.clone();
    body["max_tokens"] = json!(4000);
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 1500});
    body["top_k"] = json!(40);
    let (status, answer) = server.post(PATH, &body).await;
    assert_eq!(status, 200, "{answer}");
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "proof"});
    assert_eq!(
        answer["content"],
        json!([thought, {"type": "text", "text": "yes"}])
    );
    let usage = json!({"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 5});
    assert_eq!(answer["usage"], usage);
    let asked = sent(&a);
    assert_eq!(
        (&asked["system"], &asked["max_tokens"]),
        (&system, &json!(4000))
    );
    assert_eq!(asked["thinking"], body["thinking"]);

    // What the model thought goes back to it as it was.
    body["stream"] = json!(true);
    body["messages"] = json!([body["messages"][0], {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "go on"}]);
    let events = Events::of(&server, PATH, &body).await;
    assert!(events.data().any(|event| event["delta"] == json!({"type": "signature_delta", "signature": "proof"})));
    assert_eq!(sent(&a)["messages"][1]["content"][0], thought);
}

#[tokio::test]
async fn other_models_are_spared_what_only_anthropic_understands() {
    let a = Upstream::answering(&["yes"]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let cache = json!({"type": "ephemeral"});
    let block = |text: &str| json!({"type": "text", "text": text, "cache_control": cache});
    let mut body = with_tools(request(false));
    body["system"] = json!([block("Be brief.")]);
    body["messages"] = json!([{"role": "user", "content": [block("one"), block("two")]}]);
    body["tools"][0]["cache_control"] = cache.clone();
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 50});
    body["top_k"] = json!(40);
    body["metadata"] = json!({"user_id": "u"});
    let call = server.http.post(server.url(PATH)).json(&body);
    let response = call.header("anthropic-beta", "one").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut asked = sent(&a);
    let function = json!({"name": "weather", "parameters": {"type": "object"}});
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one\ntwo"}]);
    let ours = ["model", "stream", "stream_options"];
    asked
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !ours.contains(&key.as_str()));
    let expected = json!({"max_tokens": 100, "messages": messages, "tools": [{"type": "function", "function": function}], "user": "u"});
    assert_eq!(asked, expected);

    // Nor are they shown its marks where nothing else is asked in its form.
    let mut marked = request(false);
    marked["messages"] = json!([{"role": "user", "content": [block("one"), block("two")]}]);
    assert_eq!(server.post(PATH, &marked).await.0, 200);
    let said = json!([{"role": "user", "content": "one\ntwo"}]);
    assert_eq!(sent(&a)["messages"], said);
}

#[tokio::test]
async fn the_stop_sequence_that_was_met_is_told() {
    let stopped = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"one\"}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"END\"},\"usage\":{\"output_tokens\":5}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );
    let a = Upstream::start([Behaviour::Raw(stopped)]).await;
    let config = config(&[&a], FAST).replace("kind = \"openai\"", "kind = \"anthropic\"");
    let server = Server::start(&config.replace("/v1\"", "\"")).await;
    let asking = |stream| {
        let mut body = request(stream);
        body["stop_sequences"] = json!(["END"]);
        body
    };
    let (_, answer) = server.post(PATH, &asking(false)).await;
    assert_eq!(
        (&answer["stop_reason"], &answer["stop_sequence"]),
        (&json!("stop_sequence"), &json!("END"))
    );
    let events = Events::of(&server, PATH, &asking(true)).await;
    let told = json!({"stop_reason": "stop_sequence", "stop_sequence": "END"});
    assert!(events.data().any(|event| event["delta"] == told));
    let (_, answer) = server.post("/v1/chat/completions", &asking(false)).await;
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
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
            body["messages"][0]["content"] = json!(format!("this is number {n}"));
            let events = Events::of(server, PATH, &body).await;
            assert!(
                text(&events).contains(&format!("> this is number {n}\n")),
                "{n}"
            );
        }
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test]
async fn tokens_are_counted_by_estimate() {
    let server = Server::start("").await;
    let mut body =
        json!({"model": "demo-swift", "messages": [{"role": "user", "content": "x".repeat(400)}]});
    let (status, count) = server.post("/v1/messages/count_tokens", &body).await;
    assert_eq!(
        (status, count),
        (
            200,
            json!({"input_tokens": 100, "evenkeel": {"estimated": true}})
        )
    );
    body["model"] = json!("nobody");
    let (status, error) = server.post("/v1/messages/count_tokens", &body).await;
    assert_eq!(
        (status, &error["error"]["type"]),
        (404, &json!("not_found_error"))
    );
}

#[tokio::test]
async fn bad_requests_are_named_in_anthropics_form() {
    let server = Server::start("").await;
    let tool = json!({"type": "web_search_20250305", "name": "web_search"});
    for (change, status, kind, word) in [
        (
            json!({"model": "nobody"}),
            404,
            "not_found_error",
            "model: ",
        ),
        (
            json!({"max_tokens": null}),
            400,
            "invalid_request_error",
            "max_tokens: ",
        ),
        (
            json!({"messages": []}),
            400,
            "invalid_request_error",
            "messages: ",
        ),
        (
            json!({"tools": [tool]}),
            400,
            "invalid_request_error",
            "web_search_20250305",
        ),
    ] {
        let mut body = request(false);
        body["model"] = json!("demo-swift");
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (found, error) = server.post(PATH, &body).await;
        assert_eq!(
            (found, &error["type"]),
            (status, &json!("error")),
            "{error}"
        );
        assert_eq!(error["error"]["type"], kind);
        assert!(error["request_id"].is_string());
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(word), "{message}");
    }
}
