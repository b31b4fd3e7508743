//! `/v1` when there is no answer: each end has its status, its form, and a mend.

use serde_json::{Value, json};

use crate::support::{Behaviour, Events, Server, Upstream};

const PATHS: [&str; 2] = ["/v1/chat/completions", "/v1/messages"];

fn body(model: &str) -> Value {
    json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]})
}

#[tokio::test]
async fn a_quota_says_when_to_come_back() {
    let limited = Behaviour::status_with(429, "retry-after: 100\r\n", "Too many");
    let a = Upstream::start([limited]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    for path in PATHS {
        let request = server.http.post(server.url(path)).json(&body("a"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 502);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let seconds: u64 = header("retry-after").parse().unwrap();
        assert!((90..=101).contains(&seconds), "{seconds}");
        // The engine has asked as often as it makes sense; the client's own retries would only come too early.
        assert_eq!(header("x-should-retry"), "false");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"]["type"], "fallback_exhausted");
        assert!(error["error"]["retry_at"].is_string(), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_for_safety_is_a_422_and_a_deadline_a_504() {
    let filter = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n";
    let a = Upstream::start([Behaviour::Raw(filter)]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    for path in PATHS {
        let (status, error) = server.post(path, &body("a")).await;
        assert_eq!(
            (status, &error["error"]["type"]),
            (422, &json!("content_filtered"))
        );
        assert!(error["error"].get("failures").is_none());
    }
    let silent = Upstream::start([Behaviour::Silence]).await;
    let server = Server::with_upstreams(&[&silent], "deadline = \"1s\"").await;
    for (path, kind) in PATHS
        .into_iter()
        .zip(["deadline_exceeded", "timeout_error"])
    {
        let (status, error) = server.post(path, &body("a")).await;
        assert_eq!(
            (status, &error["error"]["type"]),
            (504, &json!(kind)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_has_begun_ends_in_an_event_whatever_ends_it() {
    let filtered = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n";
    let a = Upstream::start([Behaviour::Raw(filtered)]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    for path in PATHS {
        let mut body = body("a");
        body["stream"] = json!(true);
        let events = Events::of(&server, path, &body).await;
        assert_eq!(events.last(0)["error"]["type"], "content_filtered");
        let ended = events
            .data()
            .any(|data| data == "[DONE]" || data["type"] == "message_stop");
        assert!(!ended);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_with_the_mend() {
    let server = Server::start("").await;
    let deep = format!(
        "{}{}",
        "{\"a\":".repeat(200),
        "1".to_owned() + &"}".repeat(200)
    );
    let large = format!("{{\"model\":\"{}\"}}", "x".repeat(32 * 1024 * 1024));
    for path in PATHS {
        for (kind, text, status, word) in [
            ("application/json", "{\"model\":", 400, "JSON"),
            ("application/json", "[]", 400, "object"),
            ("application/json", &deep, 400, "deep"),
            ("application/json", &large, 413, "32 MiB"),
            ("text/plain", "{}", 415, "content-type"),
        ] {
            let request = server
                .http
                .post(server.url(path))
                .header("content-type", kind);
            let response = request.body(text.to_owned()).send().await.unwrap();
            assert_eq!(response.status(), status, "{word}");
            assert_eq!(response.headers()["content-type"], "application/json");
            let error: Value = response.json().await.unwrap();
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains(word), "{message}");
            let kind = error["error"]["type"].as_str().unwrap();
            assert!(
                matches!(kind, "invalid_request_error" | "request_too_large"),
                "{kind}"
            );
        }
        let (status, error) = server.get(path).await;
        assert_eq!(
            (status, &error["error"]["type"]),
            (405, &json!("invalid_request_error"))
        );
    }
}
