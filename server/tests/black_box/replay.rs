//! A stored turn, run again under a fault: told as it happens, and leaving no trace.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{Behaviour, Server, Upstream};

const FAST: &str =
    "first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\nretry_base_delay = \"50ms\"\n";

/// Runs it to its end: its lines.
async fn replay(server: &Server, message: &Value, fault: Value) -> Vec<Value> {
    let body = json!({"message_id": message["id"], "fault": fault});
    let request = server
        .http
        .post(server.url("/api/debug/replay"))
        .json(&body);
    let response = request.send().await.unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"].clone();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    assert_eq!(kind, "application/x-ndjson");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The attempts as they ended.
fn attempts(lines: &[Value]) -> Vec<(String, String, String)> {
    let mut last = std::collections::BTreeMap::new();
    for line in lines.iter().filter(|line| line["type"] == "attempt") {
        let attempt = &line["attempt"];
        assert_eq!(attempt["simulated"], true, "{attempt}");
        let text = |key: &str| attempt[key].as_str().unwrap_or_default().to_owned();
        last.insert(
            attempt["index"].as_u64(),
            (text("model_name"), text("state"), text("reason")),
        );
    }
    last.into_values().collect()
}

fn text(lines: &[Value]) -> String {
    let deltas = lines.iter().filter_map(|line| line["text"].as_str());
    deltas.collect()
}

async fn ask(server: &Server) -> Value {
    let (status, body) = server
        .chat("new", json!({"message": "hello", "model": "a"}))
        .await;
    assert_eq!(status, 200, "{body}");
    body["message"].clone()
}

#[tokio::test]
async fn another_model_steps_in_and_nothing_is_kept_counted_or_remembered() {
    let a = Upstream::answering(&["from ", "a"]).await;
    let b = Upstream::answering(&["from ", "b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let message = ask(&server).await;
    let conversation = format!(
        "/api/conversations/{}",
        message["conversation_id"].as_str().unwrap()
    );
    let before = (server.get(&conversation).await, a.requests().len());
    let attempted = "evenkeel_attempts_total{kind=\"primary\",model=\"a\",outcome=\"answered\",provider=\"a-provider\",reason=\"\"}";
    assert_eq!(server.metric(attempted).await, 1.0);

    for round in 1..=4 {
        let lines = replay(
            &server,
            &message,
            json!({"target": {"model": "a"}, "kind": "http_status", "status": 401, "message": "Incorrect API key"}),
        )
        .await;
        assert_eq!(lines[0]["type"], "begun");
        assert_eq!(lines[0]["chain"], json!(["a", "b"]));
        let failed = ("a".to_owned(), "failed".to_owned(), "auth_error".to_owned());
        let answered = ("b".to_owned(), "answered".to_owned(), String::new());
        // However often it is repeated, no circuit learns of it.
        assert_eq!(attempts(&lines), [failed, answered], "round {round}");
        assert_eq!(text(&lines), "from b");
        let done = lines.last().unwrap();
        assert_eq!(
            (&done["type"], &done["model_name"], &done["fallback"]),
            (&json!("done"), &json!("b"), &json!(true))
        );
        assert_eq!(
            done["usage"],
            json!({"input_tokens": 5, "output_tokens": 7})
        );
    }
    // The same was asked, of the fallback alone.
    assert_eq!(a.requests().len(), before.1);
    assert_eq!((b.requests().len(), b.last_prompt()), (4, a.last_prompt()));
    assert_eq!(server.get(&conversation).await, before.0);
    assert_eq!(server.metric(attempted).await, 1.0);
    let (_, metrics) = server.get("/metrics").await;
    let metrics = metrics.as_str().unwrap();
    let of_b = |line: &&str| line.starts_with("evenkeel_attempts_total{") && line.contains("\"b\"");
    for line in metrics.lines().filter(of_b) {
        assert!(line.ends_with(" 0"), "{line}");
    }
    assert_eq!(
        server
            .metric("evenkeel_circuit_state{model=\"a\",provider=\"a-provider\"}")
            .await,
        0.0
    );
    assert_eq!(
        server.get("/api/debug/faults").await.1,
        json!({"faults": []})
    );
    // The next turn knows nothing of it.
    assert_eq!(ask(&server).await["model_name"], "a");
}

#[tokio::test]
async fn an_armed_fault_does_not_strike_it_nor_does_it_use_one_up() {
    let a = Upstream::answering(&["from ", "a"]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let message = ask(&server).await;
    let armed = json!({"target": "*", "kind": "connection_refused", "first_n": 1, "ttl_s": 60});
    server.post("/api/debug/faults", &armed).await;
    let slow = json!({"kind": "slow_first_token", "ms": 200, "seed": 7});
    let lines = replay(&server, &message, slow).await;
    assert_eq!(
        (text(&lines).as_str(), &lines[0]["seed"]),
        ("from a", &json!(7))
    );
    let (_, faults) = server.get("/api/debug/faults").await;
    assert_eq!(faults["faults"][0]["hits"], 0);
}

#[tokio::test]
async fn when_everything_is_down_it_ends_with_the_account_of_why() {
    let a = Upstream::answering(&["from ", "a"]).await;
    let b = Upstream::answering(&["from ", "b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let message = ask(&server).await;
    let lines = replay(&server, &message, json!({"kind": "empty_answer"})).await;
    let last = lines.last().unwrap();
    assert_eq!(last["error_type"], "fallback_exhausted", "{last}");
    let reasons: Vec<_> = last["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| &failure["reason"])
        .collect();
    assert_eq!(reasons, ["response_rejected", "response_rejected"]);
}

#[tokio::test]
async fn it_is_told_while_it_happens_and_ends_with_its_reader() {
    let every = Duration::from_millis(50);
    let slow = Behaviour::Count { to: 10_000, every };
    let a = Upstream::start([Behaviour::Answer(&["short"]), slow]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let message = ask(&server).await;
    let body = json!({"message_id": message["id"], "fault": {"kind": "latency", "ms": 100}});
    let request = server
        .http
        .post(server.url("/api/debug/replay"))
        .json(&body);
    let mut lines = request.send().await.unwrap().bytes_stream();
    let mut heard = String::new();
    while !heard.contains("\"delta\"") {
        heard.push_str(std::str::from_utf8(&lines.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.contains("\"started\""), "{heard}");
    drop(lines);
    assert!(a.all_closed().await < Duration::from_secs(1));
}

#[tokio::test]
async fn only_so_many_run_at_once() {
    let a = Upstream::start([Behaviour::Answer(&["short"]), Behaviour::Silence]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let message = ask(&server).await;
    let body = json!({"message_id": message["id"], "fault": {"kind": "no_response"}});
    let mut running = vec![];
    for _ in 0..4 {
        let request = server
            .http
            .post(server.url("/api/debug/replay"))
            .json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        running.push(response);
    }
    let (status, problem) = server.post("/api/debug/replay", &body).await;
    assert_eq!(status, 429, "{problem}");
    drop(running);
}

#[tokio::test]
async fn what_cannot_be_run_again_is_refused_before_anything_is_asked() {
    let a = Upstream::answering(&["from ", "a"]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let message = ask(&server).await;
    for (id, fault, status, said) in [
        (
            json!("nobody"),
            json!({"kind": "no_response"}),
            404,
            "message",
        ),
        (
            message["id"].clone(),
            json!({"kind": "flood"}),
            400,
            "give one of",
        ),
        (
            message["id"].clone(),
            json!({"kind": "drip", "tokens_per_s": 0}),
            400,
            "tokens_per_s",
        ),
        (
            message["id"].clone(),
            json!({"target": {"model": "x"}, "kind": "no_response"}),
            400,
            "target.model",
        ),
    ] {
        let body = json!({"message_id": id, "fault": fault});
        let (found, problem) = server.post("/api/debug/replay", &body).await;
        assert_eq!(found, status, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(said),
            "{problem}"
        );
    }
    assert_eq!(a.requests().len(), 1);
}
