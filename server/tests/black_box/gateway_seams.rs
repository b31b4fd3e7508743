//! `/v1/chat/completions` when an answer breaks off, and what is passed through of it besides text.

use serde_json::{Value, json};

use crate::support::server::config;
use crate::support::{Behaviour, Events, Server, Upstream};

const PATH: &str = "/v1/chat/completions";

const FAST: &str = "first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\ntimeout = \"2s\"\nretry_base_delay = \"10ms\"";

fn streamed() -> Value {
    json!({"model": "a", "stream": true, "messages": [{"role": "user", "content": "hi"}]})
}

fn sent(upstream: &Upstream) -> Value {
    let request = upstream.requests().pop().unwrap();
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn another_model_goes_on_where_one_broke_off() {
    let a = Upstream::start([Behaviour::Cut(&["one ", "two"])]).await;
    let b = Upstream::answering(&[" three"]).await;
    let config = config(&[&a, &b], FAST).replace("id = \"b\"\n", "id = \"b\"\nprefill = true\n");
    let server = Server::start(&config).await;
    let events = Events::of(&server, PATH, &streamed()).await;
    assert_eq!(
        events.spoken(),
        [("a", "one "), ("a", "two"), ("b", " three")]
    );
    assert!(events.done());
    // The headers tell how it stood at the first byte, the last chunk how it ended.
    assert_eq!(events.header("x-evenkeel-fallback"), "false");
    let word = &events.last(1)["evenkeel"];
    let seam = json!({"from": "a", "to": "b", "mode": "continued", "at": 7});
    assert_eq!(word["seams"], json!([seam]));
    assert_eq!(
        [
            &word["requested_model"],
            &word["model"],
            &word["fallback"],
            &word["attempts"]
        ],
        [&json!("a"), &json!("b"), &json!(true), &json!(2)]
    );
    let last = sent(&b)["messages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(last, json!({"role": "assistant", "content": "one two"}));
}

#[tokio::test]
async fn what_the_next_model_repeats_is_not_told_twice() {
    let a = Upstream::start([Behaviour::Cut(&["one ", "two "])]).await;
    let b = Upstream::answering(&["one two", " three"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let events = Events::of(&server, PATH, &streamed()).await;
    assert_eq!(
        events.content().split_whitespace().collect::<Vec<_>>(),
        ["one", "two", "three"]
    );
    assert_eq!(events.last(1)["evenkeel"]["seams"][0]["mode"], "spliced");
    assert!(events.done());
}

#[tokio::test]
async fn a_text_that_differs_cannot_be_taken_back_from_a_stream() {
    let a = Upstream::start([Behaviour::Cut(&["one ", "two "])]).await;
    let b = Upstream::answering(&["eins ", "zwei"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let events = Events::of(&server, PATH, &streamed()).await;
    assert_eq!(events.content(), "one two ");
    assert!(!events.done());
    assert_eq!(events.last(0)["error"]["type"], "fallback_exhausted");

    // Nobody has seen the half of an answer that comes whole.
    let mut whole = streamed();
    whole["stream"] = json!(false);
    let (status, body) = server.post(PATH, &whole).await;
    assert_eq!((status, &body["model"]), (200, &json!("b")));
    assert_eq!(body["choices"][0]["message"]["content"], "eins zwei");
}

const CALL: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"\"}}]}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\":\"}}]}}]}\n\n";

const REST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"Bern\\\"}\"}}]}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"time\",\"arguments\":\"{}\"}}]}}]}\n\n\
data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":4},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\ndata: [DONE]\n\n";

fn with_tools(mut body: Value) -> Value {
    let function = |name| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    body["tools"] = json!([function("weather"), function("time")]);
    body
}

#[tokio::test]
async fn tool_calls_are_streamed_as_openai_does() {
    let whole: &'static str = format!("{CALL}{REST}").leak();
    let a = Upstream::start([Behaviour::Raw(whole)]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let mut body = with_tools(streamed());
    body["stream_options"] = json!({"include_usage": true});
    let events = Events::of(&server, PATH, &body).await;
    let parts: Vec<_> = events
        .data()
        .filter_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array())
        .flatten()
        .cloned()
        .collect();
    let named = |index: u32, id: &str, name: &str| json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
    let more = |index: u32, text: &str| json!({"index": index, "function": {"arguments": text}});
    let expected = [
        named(0, "call_1", "weather"),
        more(0, "{\"city\":"),
        more(0, "\"Bern\"}"),
        named(1, "call_2", "time"),
        more(1, "{}"),
    ];
    assert_eq!(parts, expected);
    assert_eq!(events.last(2)["choices"][0]["finish_reason"], "tool_calls");
    let usage = &events.last(1)["usage"];
    assert_eq!(usage["total_tokens"], 17);
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 4);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 3);

    body["stream"] = json!(false);
    let (status, answer) = server.post(PATH, &body).await;
    assert_eq!(status, 200, "{answer}");
    let message = &answer["choices"][0]["message"];
    let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let calls = json!([
        call("call_1", "weather", "{\"city\":\"Bern\"}"),
        call("call_2", "time", "{}")
    ]);
    assert_eq!(
        (&message["content"], &message["tool_calls"]),
        (&Value::Null, &calls)
    );
    assert_eq!(
        answer["usage"]["completion_tokens_details"]["reasoning_tokens"],
        3
    );
}

#[tokio::test]
async fn two_halves_of_a_tool_call_are_never_joined() {
    let whole: &'static str = format!("{CALL}{REST}").leak();
    let a = Upstream::start([Behaviour::Raw(CALL)]).await;
    let b = Upstream::start([Behaviour::Raw(whole)]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let events = Events::of(&server, PATH, &with_tools(streamed())).await;
    assert!(!events.done());
    assert!(events.last(0)["error"]["message"].is_string());
    let bern = events
        .data()
        .any(|event| event.to_string().contains("Bern"));
    assert!(!bern, "the second model's call must not be seen");
}

#[tokio::test]
async fn reasoning_and_its_proof_are_told_and_taken_back() {
    let thinking = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"proof\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"yes\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let a = Upstream::start([Behaviour::Raw(thinking)]).await;
    let config = config(&[&a], FAST).replace("kind = \"openai\"", "kind = \"anthropic\"");
    let server = Server::start(&config.replace("/v1\"", "\"")).await;
    let mut body = streamed();
    body["stream"] = json!(false);
    let (status, answer) = server.post(PATH, &body).await;
    assert_eq!(status, 200, "{answer}");
    let message = &answer["choices"][0]["message"];
    assert_eq!(
        *message,
        json!({"role": "assistant", "content": "yes", "reasoning_content": "hm", "reasoning_signature": "proof"})
    );
    // The message goes back as it came.
    let next = json!({"role": "user", "content": "go on"});
    body["messages"] = json!([body["messages"][0], message, next]);
    assert_eq!(server.post(PATH, &body).await.0, 200);
    let back = &sent(&a)["messages"][1]["content"][0];
    assert_eq!(
        *back,
        json!({"type": "thinking", "thinking": "hm", "signature": "proof"})
    );
}

#[tokio::test]
async fn images_go_on_as_they_are_and_nothing_is_fetched() {
    let a = Upstream::answering(&["a cat"]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let image =
        |url: &str| json!({"type": "image_url", "image_url": {"url": url, "detail": "low"}});
    let parts = json!([{"type": "text", "text": "what?"}, image("data:image/png;base64,AAAA"), image("https://images.invalid/cat.png")]);
    let mut body = streamed();
    body["messages"] = json!([{"role": "user", "content": parts}]);
    let events = Events::of(&server, PATH, &body).await;
    assert_eq!(events.content(), "a cat");
    assert_eq!(sent(&a)["messages"][0]["content"], parts);
}
