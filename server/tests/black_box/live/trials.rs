//! "Test now": one small real request.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::config;
use crate::support::{Administrator, Behaviour, Server, Upstream};

const NO_RETRIES: &str =
    "retries_before_fallback = 0\nmax_retries = 0\ncircuit_threshold = 1\ntimeout = \"1s\"";

async fn test(server: &Server, preview: bool) -> (u16, Value) {
    server
        .post("/api/admin/models/a/test", &json!({"preview": preview}))
        .await
}

async fn circuit(server: &Server) -> Value {
    let (_, providers) = server.get("/api/admin/providers").await;
    providers["providers"][0]["models"][0]["circuit"]["state"].clone()
}

#[tokio::test]
async fn a_test_says_what_it_would_cost_and_then_asks_once() {
    let a = Upstream::answering(&["O", "K"]).await;
    let text = config(&[&a], "").replace(
        "name = \"a-upstream\"",
        "name = \"a-upstream\"\ninput_cost = 1.0\noutput_cost = 10.0",
    );
    let server = Server::start(&text).await;
    let (status, plan) = test(&server, true).await;
    assert_eq!(
        (status, &plan["prompt"]),
        (200, &json!("Reply with the word OK."))
    );
    let (input, output) = (
        plan["usage"]["input_tokens"].as_f64().unwrap(),
        plan["usage"]["output_tokens"].as_f64().unwrap(),
    );
    assert!(input > 0.0 && output == 16.0);
    assert!((plan["cost"].as_f64().unwrap() - (input + 10.0 * output) / 1e6).abs() < 1e-12);
    assert!(a.requests().is_empty());
    let (status, result) = test(&server, false).await;
    assert_eq!((status, &result["text"]), (200, &json!("OK")), "{result}");
    let attempt = &result["attempt"];
    assert_eq!(
        (&attempt["state"], &attempt["simulated"]),
        (&json!("answered"), &json!(false))
    );
    assert!((attempt["cost"].as_f64().unwrap() - 75e-6).abs() < 1e-12);
    assert_eq!(a.requests().len(), 1);
    assert!(a.requests()[0].contains("Reply with the word OK."));
    assert_eq!(
        server
            .metric("evenkeel_tokens_total{direction=\"input\",model=\"a\"}")
            .await,
        5.0
    );
    assert_eq!(
        server
            .post("/api/admin/models/nobody/test", &json!({}))
            .await
            .0,
        404
    );
    // It stands in the log of attempts.
    let stopped = server.stop().await;
    let url = format!(
        "sqlite://{}",
        stopped.data.path().join("evenkeel.db").display()
    );
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM attempts WHERE model_name = 'a' AND message_id IS NULL AND state = 'answered'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_failed_test_changes_no_circuit_and_an_answered_one_closes_it() {
    let bad = || Behaviour::status(500, "oops");
    let a = Upstream::start([bad(), bad(), Behaviour::Answer(&["OK"])]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], NO_RETRIES).await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
    let before =
        server.get("/api/admin/providers").await.1["providers"][0]["models"][0]["circuit"].clone();
    assert_eq!(before["state"], "open");
    let (status, result) = test(&server, false).await;
    assert_eq!(
        (
            status,
            &result["attempt"]["state"],
            &result["attempt"]["reason"]
        ),
        (200, &json!("failed"), &json!("provider_unavailable"))
    );
    let after =
        server.get("/api/admin/providers").await.1["providers"][0]["models"][0]["circuit"].clone();
    assert_eq!(after, before);
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert_eq!(a.requests().len(), 2);
    assert_eq!(test(&server, false).await.1["attempt"]["state"], "answered");
    assert_eq!(circuit(&server).await, "closed");
    assert_eq!(server.answers("a").await.unwrap(), "a");
    let entry = &server.audit().await[1];
    assert_eq!(
        (&entry["key"], &entry["after"]),
        (&json!("test"), &json!("failed: provider_unavailable"))
    );

    // What an administrator holds open stays so.
    server
        .post("/api/admin/models/a/circuit", &json!({"action": "open"}))
        .await;
    assert_eq!(test(&server, false).await.1["attempt"]["state"], "answered");
    assert_eq!(circuit(&server).await, "open");
}

#[tokio::test]
async fn a_silent_model_fails_its_test_in_time() {
    let a = Upstream::start([Behaviour::Silence]).await;
    let server = Server::with_upstreams(&[&a], NO_RETRIES).await;
    let began = tokio::time::Instant::now();
    let (_, result) = test(&server, false).await;
    assert_eq!(
        (&result["attempt"]["state"], &result["attempt"]["reason"]),
        (&json!("failed"), &json!("timeout"))
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(circuit(&server).await, "closed");
    a.all_closed().await;
}

#[tokio::test]
async fn what_a_fault_has_touched_proves_nothing() {
    let a = Upstream::start([Behaviour::status(500, "oops"), Behaviour::Answer(&["OK"])]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], NO_RETRIES).await;
    server.answers("a").await;
    assert_eq!(circuit(&server).await, "open");
    let fault = json!({"target": {"model": "a"}, "audience": "me", "kind": "http_status", "status": 503, "ttl_s": 60, "first_n": 1});
    server.post("/api/debug/faults", &fault).await;
    for _ in 0..2 {
        // It is met, and not used up.
        let (_, result) = test(&server, false).await;
        assert_eq!(
            (&result["attempt"]["state"], &result["attempt"]["simulated"]),
            (&json!("failed"), &json!(true))
        );
    }
    let (status, body) = server
        .call(
            "PUT",
            "/api/admin/providers/a-provider/key",
            Some(&json!({"key": "sk-0123456789-other"})),
        )
        .await;
    assert_eq!((status, &body["simulated"]), (422, &json!(true)), "{body}");
    server.post("/api/debug/faults/halt", &json!({})).await;
    assert_eq!(a.requests().len(), 1);
    assert_eq!(test(&server, false).await.1["attempt"]["state"], "answered");
    assert_eq!(circuit(&server).await, "closed");
}

#[tokio::test]
async fn a_provider_that_is_switched_off_can_be_tested() {
    let a = Upstream::answering(&["OK"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    server
        .change(&[("providers/a-provider", "enabled", json!(false))])
        .await;
    assert_eq!(test(&server, false).await.1["attempt"]["state"], "answered");
}
