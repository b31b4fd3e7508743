//! What a sudden end leaves behind.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::socket::{send, text};
use crate::support::{Behaviour, Server, Socket, Upstream};

#[tokio::test]
async fn a_kill_in_the_middle_loses_no_question_and_half_a_second_at_most() {
    let every = Duration::from_millis(20);
    let a = Upstream::start([
        Behaviour::status(500, "once"),
        Behaviour::Count { to: 100_000, every },
    ])
    .await;
    let server = Server::with_upstreams(&[&a], "retry_base_delay = \"10ms\"").await;
    let mut socket = Socket::open(&server).await;
    socket.say(send("q1", "count for me", "a")).await;
    let mut frames = vec![];
    let until = Instant::now() + Duration::from_secs(2);
    // What was on the screen half a second before the end.
    let mut settled = String::new();
    while Instant::now() < until {
        frames.push(socket.hear().await);
        if until.saturating_duration_since(Instant::now()) >= Duration::from_millis(500) {
            settled = text(&frames);
        }
    }
    let (run, conversation) = (
        frames[0]["run_id"].clone(),
        frames[0]["conversation_id"].as_str().unwrap().to_owned(),
    );
    let server = server.kill_and_restart().await;

    let (status, kept) = server
        .get(&format!("/api/conversations/{conversation}"))
        .await;
    assert_eq!(status, 200);
    let (question, answer) = (&kept["messages"][0], &kept["messages"][1]);
    assert_eq!(question["text"], "count for me");
    assert_eq!(answer["status"], "interrupted");
    let (kept_text, shown) = (answer["text"].as_str().unwrap(), text(&frames));
    assert!(
        kept_text.starts_with(&settled),
        "kept {} of {} bytes, {} had settled",
        kept_text.len(),
        shown.len(),
        settled.len()
    );
    assert!(settled.len() > 50);
    let attempts = answer["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        (&attempts[0]["state"], &attempts[0]["reason"]),
        (&json!("failed"), &json!("provider_unavailable"))
    );
    assert_eq!(
        (&attempts[1]["kind"], &attempts[1]["state"]),
        (&json!("retry"), &json!("cancelled"))
    );

    // A client that comes back with what it had gets the run's end.
    let mut socket = Socket::open(&server).await;
    let last = frames.last().unwrap()["seq"].as_u64().unwrap();
    socket.say(json!({"type": "subscribe", "conversation_id": conversation, "after": {run.as_str().unwrap(): last}})).await;
    let end = socket.hear().await;
    assert_eq!(
        (&end["type"], &end["error_type"]),
        (&json!("error"), &json!("internal"))
    );
    assert_eq!(end["message"]["status"], "interrupted");
}

#[tokio::test]
async fn a_polite_stop_lets_the_turn_end_and_takes_no_new_one() {
    let a = Upstream::start([Behaviour::Count {
        to: 60,
        every: Duration::from_millis(20),
    }])
    .await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    socket.say(send("q1", "count", "a")).await;
    let first = socket.hear_until(&["delta"]).await;
    let stopping = tokio::spawn(server.terminate());
    let frames = socket.hear_until(&["done"]).await;
    let expected: String = (1..=60).map(|number| format!("{number} ")).collect();
    assert_eq!(text(&first) + &text(&frames), expected);
    let (code, log) = stopping.await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("draining"));
}

#[tokio::test]
async fn a_polite_stop_keeps_every_attempt_of_every_call() {
    let busy = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let slow = Upstream::start([Behaviour::Count {
        to: 30,
        every: Duration::from_millis(20),
    }])
    .await;
    let quick = Upstream::answering(&["Hello"]).await;
    let config = "circuit_threshold = 1000000\nretries_before_fallback = 0";
    let server = Server::with_upstreams(&[&busy, &slow, &quick], config).await;
    let mut calls = JoinSet::new();
    let mut call = |model: &'static str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
        let request = server.http.post(server.url("/v1/chat/completions"));
        calls.spawn(async move {
            let response = request.json(&body).send().await.unwrap();
            assert_eq!(response.status(), 200);
            let id = response.headers()["x-request-id"].to_str().unwrap();
            let kept = (id.to_owned(), if model == "a" { 2 } else { 1 });
            response.bytes().await.unwrap();
            kept
        });
    };
    (0..200).for_each(|_| call("c"));
    (0..20).for_each(|_| call("a"));
    // The slow ones are still under way when it is asked to stop, and the others have only just ended.
    while slow.requests().len() < 20 || quick.requests().len() < 200 {
        tokio::task::yield_now().await;
    }
    let stopped = server.stop().await;
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    let mut expected = calls.join_all().await;
    expected.sort();

    let file = stopped.data.path().join("evenkeel.db");
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let kept: Vec<(String, i64)> = sqlx::query_as(
        "SELECT request_id, COUNT(*) FROM attempts WHERE state IN ('answered', 'failed')
         GROUP BY request_id ORDER BY request_id",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    assert_eq!(kept, expected);
}
