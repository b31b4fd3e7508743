//! Timeouts and circuits.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};

use super::NO_RETRIES;
use crate::support::{Act, Administrator, Behaviour, Server, Upstream};

#[tokio::test]
async fn a_timeout_holds_for_the_next_turn() {
    let a = Upstream::start([Behaviour::Silence]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    let shown = server
        .setting("global", "resilience.first_token_timeout")
        .await;
    assert_eq!(shown["value"], "10s");
    let effect = server
        .change(&[("global", "resilience.first_token_timeout", json!("300ms"))])
        .await;
    assert_eq!(effect["revision"], 1);
    let shown = server
        .setting("global", "resilience.first_token_timeout")
        .await;
    assert_eq!(
        (&shown["value"], &shown["file"], &shown["live"]),
        (&json!("300ms"), &json!("10s"), &json!(true))
    );
    let began = Instant::now();
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert!(began.elapsed() < Duration::from_secs(5));
    // The nearest wins, live as in the file.
    let model = server
        .setting("models/a", "resilience.first_token_timeout")
        .await;
    assert_eq!(
        (&model["value"], &model["live"]),
        (&json!("300ms"), &json!(false))
    );
    server
        .change(&[("models/a", "resilience.first_token_timeout", json!("7s"))])
        .await;
    let model = server
        .setting("models/a", "resilience.first_token_timeout")
        .await;
    assert_eq!(model["value"], "7s");
}

#[tokio::test]
async fn a_turn_under_way_keeps_what_it_began_with() {
    let a = Upstream::start([Behaviour::Acts(vec![
        Act::Wait(Duration::from_secs(2)),
        Act::Write(answer("slow")),
    ])])
    .await;
    let server = Server::with_upstreams(&[&a], NO_RETRIES).await;
    let asking = {
        let (http, url) = (
            server.http.clone(),
            server.url("/api/conversations/new/chat"),
        );
        let body = json!({"message": "hi", "model": "a"});
        tokio::spawn(async move { http.post(url).json(&body).send().await.unwrap().status() })
    };
    while a.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let changes = [
        ("global", "resilience.first_token_timeout", json!("200ms")),
        ("global", "resilience.timeout", json!("200ms")),
    ];
    let effect = server.change(&changes).await;
    assert_eq!(effect["running_turns"], 1);
    assert_eq!(asking.await.unwrap(), 200);
    assert_eq!(server.answers("a").await, None);
}

fn answer(word: &str) -> Vec<u8> {
    let event =
        json!({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": "stop"}]});
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {event}\n\ndata: [DONE]\n\n")
        .into_bytes()
}

#[tokio::test]
async fn a_threshold_counts_what_was_counted_before() {
    let a = Upstream::start([Behaviour::status(500, "oops")]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], NO_RETRIES).await;
    let state = async || {
        let (_, health) = server.get("/health/a").await;
        health["circuit"]["state"].as_str().unwrap().to_owned()
    };
    for _ in 0..2 {
        server.answers("a").await;
    }
    assert_eq!(state().await, "closed");
    server
        .change(&[("global", "resilience.circuit_threshold", json!(5))])
        .await;
    for _ in 0..2 {
        server.answers("a").await;
    }
    assert_eq!(state().await, "closed");
    server
        .change(&[("models/a", "resilience.circuit_threshold", json!(2))])
        .await;
    assert_eq!(state().await, "closed");
    server.answers("a").await;
    assert_eq!((state().await.as_str(), a.requests().len()), ("open", 5));
}

#[tokio::test]
async fn a_shorter_cooldown_ends_the_rest_that_runs() {
    let a = Upstream::start([Behaviour::status(500, "oops"), Behaviour::Answer(&["back"])]).await;
    let b = Upstream::answering(&["from b"]).await;
    let more = format!("{NO_RETRIES}\ncircuit_threshold = 1");
    let server = Server::with_upstreams(&[&a, &b], &more).await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert_eq!(a.requests().len(), 1);
    server
        .change(&[("global", "resilience.circuit_cooldown", json!("50ms"))])
        .await;
    // Of what it was before, hardly anything has passed.
    let back = async { while server.answers("a").await.unwrap() != "a" {} };
    timeout(Duration::from_secs(5), back).await.unwrap();
}
