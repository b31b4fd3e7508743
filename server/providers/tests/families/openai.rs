//! The OpenAI-compatible family, and what all families share.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Chunk, FinishReason, Observed};
use evenkeel_providers::*;
use tokio::net::TcpListener;

use crate::support::*;

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n: hi\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn a_stream_and_the_request_that_asked_for_it() {
    let (url, mut requests) = server(vec![STREAM.to_owned()]).await;
    let (chunks, error) = ask(Family::OpenAi, &format!("{url}/v1/")).await;
    let text = Chunk::Content("Hello".into());
    assert_eq!(
        (chunks, error),
        (
            vec![text, Chunk::Finish(FinishReason::Stop), Chunk::End],
            None
        )
    );
    let request = requests.recv().await.unwrap();
    assert_eq!(request.line(), "POST /v1/chat/completions");
    assert_eq!(request.header("authorization"), Some("Bearer sk-test-key"));
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body = request.json();
    assert_eq!(body["model"], "model-name");
    assert_eq!(body["stream"], true);
    assert_eq!(body["messages"][0]["content"], "hello");
}

#[tokio::test]
async fn a_whole_answer_where_a_stream_was_asked_for() {
    let (url, _) = server(vec![ok(
        "application/json",
        "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}",
    )])
    .await;
    let (chunks, error) = ask(Family::OpenAi, &url).await;
    assert_eq!(
        (chunks, error),
        (
            vec![
                Chunk::Content("Hi".into()),
                Chunk::Finish(FinishReason::Stop)
            ],
            None
        )
    );
}

#[tokio::test]
async fn an_error_with_its_words_and_its_wait() {
    let (url, _) = server(vec![response(
        "429 Too Many Requests",
        &[
            ("retry-after", "2"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "6m0s"),
        ],
        "{\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}",
    )])
    .await;
    let (_, error) = ask(Family::OpenAi, &url).await;
    let expected = Observed::Status {
        status: 429,
        code: Some("rate_limit_exceeded".into()),
        message: "slow down".into(),
        retry_after: Some(Duration::from_secs(2)),
    };
    assert_eq!(error.unwrap().observed, expected);
}

#[tokio::test]
async fn a_refusal_without_a_wait_says_when_its_limit_is_full_again() {
    let body = "{\"error\":{\"message\":\"slow down\"}}";
    let headers = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "6m0s"),
        ("x-ratelimit-remaining-tokens", "-1"),
        ("x-ratelimit-reset-tokens", "-1"),
    ];
    for (status, expected) in [
        ("429 Too Many Requests", Some(Duration::from_secs(360))),
        ("500 Internal Server Error", None),
    ] {
        let (url, _) = server(vec![response(status, &headers, body)]).await;
        let error = ask(Family::OpenAi, &url).await.1.unwrap();
        let Observed::Status { retry_after, .. } = error.observed else {
            panic!()
        };
        assert_eq!(retry_after, expected, "{status}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_in_every_family() {
    for family in Family::ALL {
        for (kind, body) in [
            ("text/html", "<!doctype html><title>Sign in</title>"),
            ("text/event-stream", "<html>lies</html>"),
            ("text/event-stream", ""),
            ("application/json", "{}{"),
            ("text/plain", "ok"),
        ] {
            let (url, _) = server(vec![ok(kind, body)]).await;
            let (chunks, error) = ask(family, &url).await;
            assert_eq!(chunks, [], "{family:?} {body}");
            let error = error.unwrap().observed;
            assert!(
                matches!(error, Observed::Cut(_) | Observed::Malformed(_)),
                "{family:?} {body}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (url, _) = server(vec![response(
        "302 Found",
        &[("location", "http://127.0.0.1:1/")],
        "",
    )])
    .await;
    let Observed::Status { status, .. } = ask(Family::OpenAi, &url).await.1.unwrap().observed
    else {
        panic!()
    };
    assert_eq!(status, 302);
}

#[tokio::test]
async fn a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(Family::OpenAi, &url).await.1.unwrap();
    assert!(
        matches!(error.observed, Observed::ConnectionFailed(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_reset_before_headers_and_one_after() {
    let url = resetting_server("").await;
    let error = ask(Family::OpenAi, &url).await.1.unwrap();
    assert!(
        matches!(error.observed, Observed::ConnectionReset(_)),
        "{error:?}"
    );

    let half = STREAM.find("data: {\"choices\":[{\"delta\":{},").unwrap();
    let url = resetting_server(STREAM.get(..half).unwrap()).await;
    let (chunks, error) = ask(Family::OpenAi, &url).await;
    // A reset may overtake bytes that were not read yet; it is never mistaken for an end.
    assert!(chunks.len() <= 1);
    assert!(matches!(
        error.unwrap().observed,
        Observed::Cut(_) | Observed::ConnectionReset(_)
    ));
}

#[tokio::test]
async fn the_demo_speaks_through_the_same_adapter_under_the_same_faults() {
    let faults = no_faults();
    let wire = Wire::new("demo".into(), demo_transport(DEMO_MODELS), faults.clone());
    let prompt = Arc::new(Prompt::conversation([(Speaker::User, "count to 20")]));
    let caller = Caller::of_turn("me".into());
    let provider = Provider::openai(wire, &"http://demo.invalid/v1".parse().unwrap(), None);
    let ask =
        |name: &str| collect(provider.upstream("d".into(), name, prompt.clone(), caller.clone()));

    let (chunks, error) = ask("demo-swift").await;
    let text: String = chunks
        .iter()
        .filter_map(|chunk| {
            if let Chunk::Content(text) = chunk {
                Some(text.as_str())
            } else {
                None
            }
        })
        .collect();
    assert!(
        text.starts_with("1 2 3") && text.contains("is a demo"),
        "{text}"
    );
    assert_eq!((chunks.last(), error), (Some(&Chunk::End), None));
    assert!(
        chunks
            .iter()
            .any(|chunk| matches!(chunk, Chunk::Usage(usage) if usage.output_tokens > 20))
    );

    let (_, error) = ask("nobody").await;
    assert!(matches!(
        error.unwrap().observed,
        Observed::Status { status: 404, .. }
    ));

    let order = FaultOrder {
        target: Target::default(),
        audience: Audience::Only("me".into()),
        kind: FaultKind::StreamCut { after_tokens: 3 },
        probability: 1.0,
        first_n: None,
        seed: 1,
        ttl: Duration::from_secs(60),
        note: None,
    };
    faults.arm("me", order);
    let (chunks, error) = ask("demo-swift").await;
    assert_eq!(
        chunks,
        ["1 ", "2 ", "3 "].map(|text| Chunk::Content(text.into()))
    );
    assert!(error.unwrap().simulated.is_some());
}
