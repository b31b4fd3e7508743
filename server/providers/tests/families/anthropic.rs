//! Anthropic's family.

use evenkeel_engine::{Chunk, FinishReason, Observed};
use evenkeel_providers::Family;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_stream_and_the_request_that_asked_for_it() {
    for base in ["", "/", "/v1", "/v1/"] {
        let stream = ok("text/event-stream", &sample("anthropic/text.sse"));
        let (url, mut requests) = server(vec![stream]).await;
        let (chunks, error) = ask(Family::Anthropic, &format!("{url}{base}")).await;
        assert_eq!((text(&chunks).as_str(), error), ("Grüße 👩‍👩‍👧‍👦 日本", None));
        assert_eq!(chunks.last(), Some(&Chunk::End));

        let request = requests.recv().await.unwrap();
        assert_eq!(request.line(), "POST /v1/messages");
        assert_eq!(request.header("x-api-key"), Some("sk-test-key"));
        assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(request.header("authorization"), None);
        let expected = json!({
            "model": "model-name", "max_tokens": 8192, "stream": true,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        });
        assert_eq!(request.json(), expected);
    }
}

#[tokio::test]
async fn a_whole_answer_where_a_stream_was_asked_for() {
    let (url, _) = server(vec![ok(
        "application/json",
        &sample("anthropic/whole.json"),
    )])
    .await;
    let (chunks, error) = ask(Family::Anthropic, &url).await;
    assert_eq!((text(&chunks).as_str(), error), ("Hëllo", None));
    assert_eq!(chunks.last(), Some(&Chunk::Finish(FinishReason::ToolCalls)));
}

#[tokio::test]
async fn an_error_with_its_words() {
    let body =
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}";
    let (url, _) = server(vec![response("529 Site Overloaded", &[], body)]).await;
    let expected = Observed::Status {
        status: 529,
        code: Some("overloaded_error".into()),
        message: "Overloaded".into(),
        retry_after: None,
    };
    assert_eq!(
        ask(Family::Anthropic, &url).await.1.unwrap().observed,
        expected
    );
}
