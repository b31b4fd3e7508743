//! The OpenAI-compatible adapter over real sockets, against servers that behave and servers that do not.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Ask, Chunk, FinishReason, Observed, Upstream, UpstreamError};
use evenkeel_providers::*;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A server that reads one request, hands it out, writes these bytes and closes as told.
async fn server(answer: &'static str, reset: bool) -> (String, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/", listener.local_addr().unwrap());
    let (seen, request) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = read_request(&mut socket).await;
        let _ = seen.send(request);
        socket.write_all(answer.as_bytes()).await.unwrap();
        socket.flush().await.unwrap();
        if reset {
            socket.set_zero_linger().unwrap();
        }
    });
    (address, request)
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut request = vec![];
    let mut buffer = [0; 4096];
    loop {
        let read = socket.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")
                    .map(|n| n.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
    }
}

fn upstream(base_url: &str, faults: Arc<Faults>) -> Arc<dyn Upstream> {
    let network = Arc::new(Network::new(Duration::from_secs(2)).unwrap());
    let wire = Wire::new("p".into(), network, faults);
    let key = Secret::new("sk-test-key".into());
    let prompt = Arc::new(Prompt::conversation([(Speaker::User, "hello")]));
    let caller = Caller {
        principal: "me".into(),
    };
    Provider::openai(wire, &base_url.parse().unwrap(), Some(key)).upstream(
        "m".into(),
        "model-name",
        prompt,
        caller,
    )
}

fn no_faults() -> Arc<Faults> {
    Arc::new(Faults::new(Box::new(|_| {})))
}

async fn ask(base_url: &str) -> (Vec<Chunk>, Option<UpstreamError>) {
    collect(upstream(base_url, no_faults())).await
}

async fn collect(upstream: Arc<dyn Upstream>) -> (Vec<Chunk>, Option<UpstreamError>) {
    let mut chunks = vec![];
    let mut opened = match upstream.open(Ask::Whole).await {
        Ok(opened) => opened.chunks,
        Err(error) => return (chunks, Some(error)),
    };
    while let Some(chunk) = opened.next().await {
        match chunk {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => return (chunks, Some(error)),
        }
    }
    (chunks, None)
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n: hi\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn a_stream_and_the_request_that_asked_for_it() {
    let (url, request) = server(STREAM, false).await;
    let (chunks, error) = ask(&url).await;
    let text = Chunk::Content("Hello".into());
    assert_eq!(
        (chunks, error),
        (
            vec![text, Chunk::Finish(FinishReason::Stop), Chunk::End],
            None
        )
    );
    let request = request.await.unwrap();
    assert!(
        request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("authorization: Bearer sk-test-key\r\n"),
        "{request}"
    );
    let body: serde_json::Value =
        serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["model"], "model-name");
    assert_eq!(body["stream"], true);
    assert_eq!(body["messages"][0]["content"], "hello");
}

#[tokio::test]
async fn a_whole_answer_where_a_stream_was_asked_for() {
    let (url, _) = server("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}", false).await;
    let (chunks, error) = ask(&url).await;
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
    let (url, _) = server("HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\nconnection: close\r\n\r\n{\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}", false).await;
    let (_, error) = ask(&url).await;
    let expected = Observed::Status {
        status: 429,
        code: Some("rate_limit_exceeded".into()),
        message: "slow down".into(),
        retry_after: Some(Duration::from_secs(2)),
    };
    assert_eq!(error.unwrap().observed, expected);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (url, _) = server(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        false,
    )
    .await;
    let Observed::Status { status, .. } = ask(&url).await.1.unwrap().observed else {
        panic!()
    };
    assert_eq!(status, 302);
}

#[tokio::test]
async fn a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&url).await.1.unwrap();
    assert!(
        matches!(error.observed, Observed::ConnectionFailed(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_reset_before_headers_and_one_after() {
    let (url, _) = server("", true).await;
    let error = ask(&url).await.1.unwrap();
    assert!(
        matches!(error.observed, Observed::ConnectionReset(_)),
        "{error:?}"
    );

    let half = STREAM.find("data: {\"choices\":[{\"delta\":{},").unwrap();
    let (url, _) = server(STREAM.get(..half).unwrap(), true).await;
    let (chunks, error) = ask(&url).await;
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
    let caller = Caller {
        principal: "me".into(),
    };
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
