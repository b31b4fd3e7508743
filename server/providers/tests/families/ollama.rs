//! Ollama's family.

use evenkeel_engine::{Chunk, Observed};
use evenkeel_providers::{Family, Network, Prompt, Provider, Speaker, Wire};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

use crate::support::*;

#[tokio::test]
async fn a_stream_and_the_request_that_asked_for_it() {
    for base in ["", "/api", "/api/"] {
        let stream = ok("application/x-ndjson", &sample("ollama/text.ndjson"));
        let (url, mut requests) = server(vec![stream]).await;
        let (chunks, error) = ask(Family::Ollama, &format!("{url}{base}")).await;
        assert_eq!((text(&chunks).as_str(), error), ("Grüße 👩‍👩‍👧‍👦 日本\n", None));
        assert_eq!(chunks.last(), Some(&Chunk::End));

        let request = requests.recv().await.unwrap();
        assert_eq!(request.line(), "POST /api/chat");
        assert_eq!(request.header("authorization"), Some("Bearer sk-test-key"));
        let expected = json!({
            "model": "model-name", "stream": true,
            "messages": [{"role": "user", "content": "hello"}],
        });
        assert_eq!(request.json(), expected);
    }
}

#[tokio::test]
async fn most_need_no_key() {
    let stream = ok("application/x-ndjson", &sample("ollama/text.ndjson"));
    let (url, mut requests) = server(vec![stream]).await;
    let network = Arc::new(Network::new(Duration::from_secs(2)).unwrap());
    let wire = Wire::new("p".into(), network, no_faults());
    let prompt = Arc::new(Prompt::conversation([(Speaker::User, "hello")]));
    let provider = Provider::ollama(wire, &url.parse().unwrap(), None);
    let (_, error) = collect(provider.upstream("m".into(), "m", prompt, me())).await;
    assert_eq!(error, None);
    assert_eq!(requests.recv().await.unwrap().header("authorization"), None);
}

#[tokio::test]
async fn a_whole_answer_where_a_stream_was_asked_for() {
    let whole = ok(
        "application/json; charset=utf-8",
        &sample("ollama/whole.json"),
    );
    let (url, _) = server(vec![whole]).await;
    let (chunks, error) = ask(Family::Ollama, &url).await;
    assert_eq!((text(&chunks).as_str(), error), ("Hëllo", None));
    assert_eq!(chunks.last(), Some(&Chunk::End));
}

#[tokio::test]
async fn a_model_that_is_not_pulled() {
    let body = sample("ollama/model_missing.json");
    for answer in [
        response("404 Not Found", &[], &body),
        ok("application/x-ndjson", &body),
    ] {
        let (url, _) = server(vec![answer]).await;
        let expected = Observed::Status {
            status: 404,
            code: None,
            message: "model 'nope' not found".into(),
            retry_after: None,
        };
        assert_eq!(
            ask(Family::Ollama, &url).await.1.unwrap().observed,
            expected
        );
    }
}
