//! What the engine makes of upstreams that fail, as a caller of `/api` and the upstream's request log see it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::KEY;
use crate::support::{Behaviour, Server, Upstream};

const FAST: &str = "first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\ntimeout = \"2s\"\nretry_base_delay = \"100ms\"";

async fn ask(server: &Server) -> (u16, Value) {
    server
        .chat("new", json!({"message": "hello", "model": "a"}))
        .await
}

/// Model `a` behaves like this, and `b` answers "from b".
async fn with_fallback(behaviours: Vec<Behaviour>) -> (Server, Upstream, Upstream) {
    let a = Upstream::start(behaviours).await;
    let b = Upstream::answering(&["from ", "b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    (server, a, b)
}

/// The chat is answered by `b`, and the first attempt failed for this reason, after so many requests to `a`.
async fn falls_back(behaviour: Behaviour, reason: &str, requests: usize) {
    let (server, a, _b) = with_fallback(vec![behaviour]).await;
    let (status, body) = ask(&server).await;
    let message = &body["message"];
    assert_eq!(status, 200, "{body}");
    assert_eq!(message["text"], "from b");
    assert_eq!(message["status"], "complete");
    assert_eq!(
        (&message["model_name"], &message["requested_model"]),
        (&json!("b"), &json!("a"))
    );
    assert_eq!(message["fallback"], true);
    assert_eq!(
        message["usage"],
        json!({"input_tokens": 5, "output_tokens": 7})
    );
    let attempts = message["attempts"].as_array().unwrap();
    assert_eq!(attempts[0]["reason"], reason, "{attempts:?}");
    assert_eq!(attempts.last().unwrap()["state"], "answered");
    assert_eq!(attempts.len(), requests + 1);
    assert_eq!(
        a.requests().len(),
        requests,
        "requests to the failing upstream"
    );
    a.all_closed().await;
}

#[tokio::test]
async fn a_model_that_does_not_exist() {
    falls_back(
        Behaviour::status(404, "The model `a-upstream` does not exist"),
        "model_not_found",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_rate_limit_without_retry_after_is_tried_once_more() {
    falls_back(Behaviour::status(429, "slow down"), "quota_exhausted", 2).await;
}

#[tokio::test]
async fn a_rate_limit_with_a_long_retry_after_is_not_tried_again() {
    let limited = || Behaviour::status_with(429, "retry-after: 60\r\n", "slow down");
    falls_back(limited(), "quota_exhausted", 1).await;
    // Nor by the next turn.
    let (server, a, b) = with_fallback(vec![limited()]).await;
    ask(&server).await;
    let (_, body) = ask(&server).await;
    assert_eq!(body["message"]["attempts"][0]["state"], "skipped");
    assert_eq!((a.requests().len(), b.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for_and_never_undercut() {
    let limited = Behaviour::status_with(429, "retry-after-ms: 700\r\n", "slow down");
    let (server, a, b) = with_fallback(vec![limited, Behaviour::Answer(&["late"])]).await;
    let (_, body) = ask(&server).await;
    assert_eq!(body["message"]["text"], "late");
    assert_eq!(body["message"]["fallback"], false);
    let times = a.times();
    assert!(times[1] - times[0] >= Duration::from_millis(700));
    assert!(b.requests().is_empty());
}

#[tokio::test]
async fn a_refused_key_is_never_shown() {
    let a = Upstream::start([Behaviour::status(
        401,
        &format!("Incorrect API key provided: {KEY}."),
    )])
    .await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let (status, body) = ask(&server).await;
    assert_eq!(status, 502);
    assert_eq!(body["failures"][0]["reason"], "auth_error");
    assert_eq!(
        body["failures"][0]["detail"],
        "Incorrect API key provided: [redacted]."
    );
    assert!(a.requests()[0].contains(&format!("authorization: Bearer {KEY}")));
    let (_, health) = server.get("/health").await;
    let (_, metrics) = server.get("/metrics").await;
    let log = server.into_log().await;
    assert!(log.contains("[redacted]"), "{log}");
    for text in [
        body.to_string(),
        health.to_string(),
        metrics.to_string(),
        log,
    ] {
        assert!(!text.contains("sk-test"), "{text}");
    }
}

#[tokio::test]
async fn one_500_costs_one_retry() {
    let (server, a, b) = with_fallback(vec![
        Behaviour::status(500, "oops"),
        Behaviour::Answer(&["fine"]),
    ])
    .await;
    let (_, body) = ask(&server).await;
    assert_eq!(
        (&body["message"]["text"], &body["message"]["fallback"]),
        (&json!("fine"), &json!(false))
    );
    assert_eq!(body["message"]["attempts"][1]["kind"], "retry");
    assert_eq!((a.requests().len(), b.requests().len()), (2, 0));
}

#[tokio::test]
async fn an_attempt_tells_its_retries_its_tokens_and_its_cost() {
    let a = Upstream::start([Behaviour::status(500, "oops"), Behaviour::Answer(&["fine"])]).await;
    let config = crate::support::server::config(&[&a], FAST).replace(
        "name = \"a-upstream\"",
        "name = \"a-upstream\"\ninput_cost = 2.0\noutput_cost = 10.0",
    );
    let server = Server::start(&config).await;
    let (_, body) = ask(&server).await;
    let conversation = body["message"]["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{conversation}");
    let (_, kept) = server.get(&path).await;
    for message in [&body["message"], &kept["messages"][1]] {
        let (failed, answered) = (&message["attempts"][0], &message["attempts"][1]);
        assert_eq!(failed["retry_limit"], 3);
        assert_eq!(
            (&failed["usage"], &failed["cost"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            answered["usage"],
            json!({"input_tokens": 5, "output_tokens": 7})
        );
        // 5 tokens at 2 dollars a million, and 7 at 10.
        assert!((answered["cost"].as_f64().unwrap() - 80e-6).abs() < 1e-12);
        assert_eq!(answered["retry_limit"], Value::Null);
        assert_eq!(message["cost"], answered["cost"]);
    }
}

#[tokio::test]
async fn a_503() {
    falls_back(
        Behaviour::status(503, "overloaded"),
        "provider_unavailable",
        2,
    )
    .await;
}

#[tokio::test]
async fn a_reset_before_headers_is_tried_once_more() {
    falls_back(Behaviour::Reset, "connection_failed", 2).await;
}

#[tokio::test]
async fn silence_is_not_asked_twice() {
    falls_back(Behaviour::Silence, "timeout", 1).await;
}

#[tokio::test]
async fn an_empty_answer() {
    falls_back(Behaviour::Answer(&[]), "response_rejected", 1).await;
}

#[tokio::test]
async fn garbage_in_the_stream() {
    falls_back(
        Behaviour::Raw("data: {\"choices\":[{\"delta\":{\"cont\n\n"),
        "stream_interrupted",
        1,
    )
    .await;
}

#[tokio::test]
async fn an_error_inside_a_stream_that_began_well() {
    let error = "data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    falls_back(Behaviour::Raw(error), "provider_unavailable", 2).await;
}

#[tokio::test]
async fn a_refused_connection() {
    let a = Upstream::refusing().await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let (_, body) = ask(&server).await;
    assert_eq!(body["message"]["text"], "from b");
    assert_eq!(
        body["message"]["attempts"][0]["reason"],
        "connection_failed"
    );
    assert_eq!(body["message"]["attempts"].as_array().unwrap().len(), 2);
}

/// The answer breaks off after "half": the next model answers in its place, and where nobody is left it is no success:
/// the text is kept, and every leg is accounted for.
async fn breaks_off(behaviour: Behaviour) {
    let (server, a, b) = with_fallback(vec![behaviour.clone()]).await;
    let (status, body) = ask(&server).await;
    assert_eq!(status, 200, "{body}");
    let message = &body["message"];
    assert_eq!(
        (
            &message["text"],
            &message["model_name"],
            &message["fallback"]
        ),
        (&json!("from b"), &json!("b"), &json!(true))
    );
    assert_eq!(message["attempts"][0]["reason"], "stream_interrupted");
    assert_eq!((a.requests().len(), b.requests().len()), (1, 1));
    a.all_closed().await;

    let a = Upstream::start([behaviour]).await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let (status, body) = ask(&server).await;
    assert_eq!(status, 502, "{body}");
    assert_eq!(body["failures"].as_array().unwrap().len(), 1);
    assert_eq!(body["failures"][0]["reason"], "stream_interrupted");
    let (_, list) = server.get("/api/conversations").await;
    let id = list["conversations"][0]["id"].as_str().unwrap();
    let (_, conversation) = server.get(&format!("/api/conversations/{id}")).await;
    let answer = &conversation["messages"][1];
    assert_eq!(
        (&answer["text"], &answer["status"]),
        (&json!("half"), &json!("incomplete"))
    );
    assert_eq!(answer["error"]["error_type"], "fallback_exhausted");
    assert_eq!(a.requests().len(), 1);
    a.all_closed().await;
}

#[tokio::test]
async fn a_cut_stream() {
    breaks_off(Behaviour::Cut(&["half"])).await;
}

#[tokio::test]
async fn a_stall() {
    breaks_off(Behaviour::Stall(&["half"])).await;
}

#[tokio::test]
async fn an_end_without_a_finish_reason() {
    breaks_off(Behaviour::EndEarly(&["half"])).await;
}

#[tokio::test]
async fn a_mixed_chain_with_an_unknown_error_keeps_its_order() {
    let a = Upstream::start([Behaviour::status(404, "no such model")]).await;
    let b = Upstream::start([Behaviour::status(418, "teapot")]).await;
    let c = Upstream::start([Behaviour::Silence]).await;
    let d = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let server = Server::with_upstreams(&[&a, &b, &c, &d], FAST).await;
    let (status, body) = ask(&server).await;
    assert_eq!(status, 502);
    assert_eq!(body["type"], "/errors/agent-fallback-exhausted");
    assert_eq!(body["code"], "AGENT_FALLBACK_EXHAUSTED");
    let failures = body["failures"].as_array().unwrap();
    let found: Vec<_> = failures
        .iter()
        .map(|failure| {
            (
                failure["model_name"].as_str().unwrap(),
                failure["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("a", "model_not_found"),
            ("b", "provider_error"),
            ("c", "timeout"),
            ("d", "provider_unavailable")
        ]
    );
    assert_eq!(failures[2]["status_code"], Value::Null);
    let detail = body["detail"].as_str().unwrap();
    assert_eq!(detail.lines().count(), 6, "{detail}");
    assert!(
        detail
            .lines()
            .nth(1)
            .unwrap()
            .contains("a (the model asked for)"),
        "{detail}"
    );
    // The last usable leg gets all its retries, and the others one at most.
    assert_eq!(
        [
            a.requests().len(),
            b.requests().len(),
            c.requests().len(),
            d.requests().len()
        ],
        [1, 1, 1, 4]
    );
    let log = server.into_log().await;
    for event in [
        "llm_attempt",
        "primary_model_failed_trying_fallbacks",
        "trying_fallback_model",
        "all_fallback_models_failed",
        "providers_initialised",
    ] {
        assert!(log.contains(event), "{event} in {log}");
    }
    assert!(
        log.contains(body["request_id"].as_str().unwrap()),
        "the problem's request id is the log's"
    );
}

#[tokio::test]
async fn a_safety_refusal_ends_with_the_providers_reason() {
    let body = json!({"error": {"message": "Your prompt was flagged", "code": "content_filter"}})
        .to_string();
    let (server, _a, b) = with_fallback(vec![Behaviour::Status {
        status: 400,
        headers: "",
        body,
    }])
    .await;
    let (status, body) = ask(&server).await;
    assert_eq!(status, 422);
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("Your prompt was flagged"),
        "{body}"
    );
    assert!(body.get("failures").is_none());
    assert!(b.requests().is_empty());
}

#[tokio::test]
async fn an_open_circuit_spares_the_upstream_until_a_probe_closes_it() {
    let mut script = vec![Behaviour::status(500, "oops"); 6];
    script.push(Behaviour::Answer(&["back"]));
    let a = Upstream::start(script).await;
    let b = Upstream::answering(&["from b"]).await;
    let settings = "retry_base_delay = \"10ms\"\ncircuit_cooldown = \"2s\"";
    let server = Server::with_upstreams(&[&a, &b], settings).await;
    for _ in 0..3 {
        ask(&server).await;
    }
    let metric = "evenkeel_circuit_state{model=\"a\",provider=\"a-provider\"}";
    assert_eq!(server.metric(metric).await, 2.0);
    let (_, body) = ask(&server).await;
    assert_eq!(body["message"]["attempts"][0]["state"], "skipped");
    assert_eq!(body["message"]["attempts"][0]["reason"], "circuit_open");
    assert_eq!(a.requests().len(), 6);
    assert_eq!(server.get("/health/a").await.0, 503);
    assert_eq!(server.get("/health").await.1["status"], "degraded");
    // The cooldown is real time here.
    let mut answered_by_a = false;
    for _ in 0..100 {
        let (_, body) = ask(&server).await;
        answered_by_a = body["message"]["model_name"] == "a";
        if answered_by_a {
            assert_eq!(body["message"]["attempts"][0]["kind"], "probe");
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answered_by_a);
    assert_eq!(server.metric(metric).await, 0.0);
    assert_eq!(
        server
            .metric("evenkeel_circuit_transitions_total{to=\"half_open\"}")
            .await,
        2.0
    );
}

#[tokio::test]
async fn nothing_left_is_counted() {
    let a = Upstream::start([Behaviour::status(503, "down")]).await;
    let server = Server::with_upstreams(&[&a], "max_retries = 0").await;
    ask(&server).await;
    assert_eq!(
        server
            .metric("evenkeel_turns_total{outcome=\"fallback_exhausted\"}")
            .await,
        1.0
    );
    assert_eq!(
        server.metric("evenkeel_fallback_exhausted_total").await,
        1.0
    );
    assert_eq!(server.metric("evenkeel_attempts_total{kind=\"primary\",model=\"a\",outcome=\"failed\",provider=\"a-provider\",reason=\"provider_unavailable\"}").await, 1.0);
}
