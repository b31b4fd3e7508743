//! How providers and models stand, as the panel, `/health` and the log tell it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Act, Behaviour, Server, Socket, Upstream};

const FAST: &str = "retry_base_delay = \"1ms\"\nretries_before_fallback = 0";

async fn ask(server: &Server, model: &str) -> (u16, Value) {
    let body = json!({"message": "hi", "model": model});
    server.chat("new", body).await
}

async fn health(server: &Server) -> Value {
    server.get("/health").await.1
}

/// The log once it has so many attempts: calls are written a moment after their end.
async fn log(server: &Server, query: &str, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let (status, page) = server.get(&format!("/api/admin/attempts{query}")).await;
        assert_eq!(status, 200, "{page}");
        let attempts = page["attempts"].as_array().unwrap().clone();
        if attempts.len() >= count {
            return attempts;
        }
        sleep(Duration::from_millis(20)).await;
    }
    unreachable!("there never were {count} attempts of {query}")
}

#[tokio::test]
async fn what_is_wrong_is_said_with_who_answers_instead() {
    let a = Upstream::start([Behaviour::status(401, "bad key")]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let mut socket = Socket::open(&server).await;
    let watch = json!({"type": "watch", "topics": ["health"]});
    socket.say(watch).await;
    assert_eq!(socket.hear().await["findings"], json!([]));
    for _ in 0..3 {
        assert_eq!(ask(&server, "a").await.0, 200);
    }
    let health = health(&server).await;
    let findings = health["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{findings:?}");
    let worst = &findings[0];
    assert_eq!(
        (&worst["provider"], &worst["model"]),
        (&json!("a-provider"), &Value::Null)
    );
    assert_eq!(worst["circuit"]["reason"], "auth_error");
    assert_eq!(worst["status_code"], 401);
    assert_eq!(
        (&worst["saved"], &worst["saved_by"]),
        (&json!(3), &json!("b"))
    );
    assert_eq!(findings[1]["model"], "a");

    // The frames that follow come to the same.
    let mut last = socket.hear_until(&["health"]).await.pop().unwrap();
    while last["findings"] != health["findings"] || last["turns"] != health["turns"] {
        last = socket.hear_until(&["health"]).await.pop().unwrap();
    }
    assert_eq!(health["turns"]["fallbacks"], 3);
    assert_eq!(health["providers"][0]["success_rate"], 0.0);
    assert_eq!(health["providers"][1]["success_rate"], 1.0);
    assert_eq!(health["providers"][2]["success_rate"], Value::Null);
    let (_, one) = server.get("/health/a").await;
    assert_eq!(
        one["recent"]["reasons"],
        json!([{"reason": "auth_error", "count": 1}])
    );
    assert_eq!(one["success_rate"], 0.0);

    // From the circuit's trip to the messages it touched.
    let since = worst["circuit"]["since"].as_str().unwrap();
    let skipped = log(&server, &format!("?model=a&state=skipped&from={since}"), 2).await;
    assert_eq!(skipped.len(), 2);
    for attempt in &skipped {
        assert_eq!(
            (&attempt["reason"], &attempt["user"]),
            (&json!("circuit_open"), &json!("local"))
        );
        let conversation = attempt["conversation_id"].as_str().unwrap();
        let (status, found) = server
            .get(&format!("/api/conversations/{conversation}"))
            .await;
        assert_eq!(status, 200);
        assert!(
            found
                .to_string()
                .contains(attempt["message_id"].as_str().unwrap())
        );
    }
    let reset = json!({"action": "reset"});
    server
        .post("/api/admin/providers/a-provider/circuit", &reset)
        .await;
    let (_, health) = server.get("/health").await;
    assert_eq!(
        (&health["findings"], &health["status"]),
        (&json!([]), &json!("ok"))
    );
}

#[tokio::test]
async fn simulated_traffic_is_counted_apart_and_its_findings_go_with_the_fault() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let fault = json!({"target": {"model": "a"}, "audience": "me", "kind": "http_status", "status": 401, "ttl_s": 60});
    server.post("/api/debug/faults", &fault).await;
    ask(&server, "a").await;
    ask(&server, "b").await;
    let now = health(&server).await;
    let a = &now["providers"][0]["models"][0];
    assert_eq!(
        (&a["recent"]["failed"], &a["simulated"]["failed"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(
        (&now["turns"]["turns"], &now["simulated_turns"]["fallbacks"]),
        (&json!(1), &json!(1))
    );
    let worst = &now["findings"][0];
    assert_eq!(
        (&worst["circuit"]["simulated"], &worst["saved"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(log(&server, "?simulated=true", 1).await.len(), 1);
    assert_eq!(
        server
            .metric("evenkeel_turns_total{outcome=\"answered\"}")
            .await,
        1.0
    );
    let simulated = "evenkeel_turns_total{outcome=\"answered\",simulated=\"true\"}";
    assert_eq!(server.metric(simulated).await, 1.0);
    server.call("POST", "/api/debug/faults/halt", None).await;
    assert_eq!(health(&server).await["findings"], json!([]));
}

#[tokio::test]
async fn figures_survive_a_restart_and_a_crash() {
    let a = Upstream::start([
        Behaviour::status(500, "oops"),
        Behaviour::Answer(&["from a"]),
    ])
    .await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let call = json!({"model": "a", "messages": [{"role": "user", "content": "hi"}]});
    for _ in 0..2 {
        ask(&server, "a").await;
        server.post("/v1/chat/completions", &call).await;
    }
    log(&server, "", 5).await;
    let statistics = |server: &Server| {
        let http = server.http.get(server.url("/api/admin/statistics")).send();
        async { http.await.unwrap().json::<Value>().await.unwrap() }
    };
    while statistics(&server).await["requests"] != 4 {
        sleep(Duration::from_millis(20)).await;
    }
    let figures = |health: &Value| {
        let models = |at: usize| health["providers"][at]["models"][0].clone();
        let kept = ["recent", "latest", "simulated"];
        let model = |model: Value| kept.map(|key| model[key].clone());
        (model(models(0)), model(models(1)), health["turns"].clone())
    };
    let before = health(&server).await;
    assert_eq!(before["turns"]["answered"], 4);
    let (_, day) = server.get("/api/admin/series?span=24h").await;
    let server = server.kill_and_restart().await;
    let after = health(&server).await;
    assert_eq!(figures(&after), figures(&before));
    assert_eq!(server.get("/api/admin/series?span=24h").await.1, day);
}

#[tokio::test]
async fn headroom_is_what_the_last_real_response_said() {
    let told = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\
                x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 7\r\n\
                x-ratelimit-reset-requests: 6m0s\r\nx-ratelimit-remaining-tokens: -1\r\n\r\n\
                data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let limited = "retry-after: 60\r\nx-ratelimit-remaining-requests: 0\r\nx-ratelimit-limit-requests: nonsense\r\n";
    let a = Upstream::start([
        Behaviour::Acts(vec![Act::Write(told.into())]),
        Behaviour::status_with(429, limited, "slow down"),
    ])
    .await;
    let server = Server::with_upstreams(&[&a], FAST).await;
    let headroom = async || health(&server).await["providers"][0]["models"][0]["headroom"].clone();
    assert_eq!(headroom().await, Value::Null);
    ask(&server, "a").await;
    let said = headroom().await;
    assert_eq!(
        (&said["requests_left"], &said["requests_limit"]),
        (&json!(7), &json!(60))
    );
    assert_eq!(
        (&said["tokens_left"], &said["tokens_limit"]),
        (&Value::Null, &Value::Null)
    );
    let moment = |key: &str| {
        said[key]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let wait = moment("resets_at").duration_since(moment("seen_at"));
    assert_eq!(wait.as_secs(), 360);
    let fault = json!({"target": "*", "audience": "me", "kind": "http_status", "status": 503, "first_n": 1, "ttl_s": 60});
    server.post("/api/debug/faults", &fault).await;
    ask(&server, "a").await;
    let said = headroom().await;
    assert_eq!(
        (&said["requests_left"], &said["requests_limit"]),
        (&json!(0), &Value::Null)
    );
}

#[tokio::test]
async fn a_filter_that_is_wrong_is_named() {
    let server = Server::start("").await;
    for (query, word) in [
        ("attempts?from=yesterday", "from"),
        ("attempts?to=2026-13-01T00:00:00Z", "to"),
        (
            "attempts?from=2026-11-20T08:00:00Z&to=2026-11-20T07:00:00Z",
            "to",
        ),
        ("attempts?organisation=acme", "organisation"),
        ("attempts?state=happy", "state"),
        ("attempts?reason=because", "reason"),
        ("attempts?simulated=maybe", "simulated"),
        ("attempts?before=-1", "before"),
        ("attempts?before=77", "before"),
        ("attempts?limit=0", "limit"),
        ("attempts?limit=501", "limit"),
        ("attempts?format=xml", "format"),
        ("attempts?colour=blue", "colour"),
        ("attempts?model=a&model=b", "model"),
        ("statistics?from=x", "from"),
        ("statistics?span=1h", "span"),
        ("series?span=1h", "span"),
    ] {
        let (status, body) = server.get(&format!("/api/admin/{query}")).await;
        assert_eq!(status, 400, "{query}: {body}");
        let detail = body["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("{word}: ")),
            "{query}: {detail}"
        );
    }
    let (status, page) = server.get("/api/admin/attempts?model=&state=").await;
    assert_eq!((status, page), (200, json!({"attempts": [], "next": null})));
}

#[tokio::test]
async fn the_log_is_found_by_what_is_known_and_read_page_by_page() {
    let a = Upstream::start([Behaviour::status(503, "=cmd|' /C calc'!A0")]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], FAST).await;
    let call = json!({"model": "a", "messages": [{"role": "user", "content": "hi"}]});
    let response = server
        .http
        .post(server.url("/v1/chat/completions"))
        .json(&call);
    let response = response.send().await.unwrap();
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    ask(&server, "b").await;
    let all = log(&server, "", 3).await;
    assert_eq!(all.len(), 3);
    let found = async |query: &str| log(&server, query, 0).await;
    assert_eq!(found(&format!("?request_id={id}")).await, all[1..]);
    assert_eq!(found("?model=b&state=answered").await.len(), 2);
    assert_eq!(
        found("?provider=a-provider&reason=provider_unavailable").await,
        all[2..]
    );
    assert_eq!(found("?user=local").await.len(), 3);
    assert_eq!(found("?user=nobody").await.len(), 0);
    let began = all[0]["started_at"].as_str().unwrap();
    assert_eq!(found(&format!("?from={began}")).await, all[..1]);
    assert_eq!(found(&format!("?to={began}")).await, all[1..]);
    let (_, first) = server.get("/api/admin/attempts?limit=2").await;
    let next = first["next"].as_u64().unwrap();
    let (_, second) = server
        .get(&format!("/api/admin/attempts?limit=2&before={next}"))
        .await;
    assert_eq!(
        (&second["attempts"], &second["next"]),
        (&json!(all[2..]), &Value::Null)
    );
    assert_eq!(all[1]["conversation_id"], Value::Null);

    let csv = server
        .http
        .get(server.url("/api/admin/attempts?format=csv&model=a"))
        .send();
    let csv = csv.await.unwrap();
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    let name = csv.headers()["content-disposition"].to_str().unwrap();
    assert!(
        name.starts_with("attachment; filename=\"attempts-20"),
        "{name}"
    );
    let text = csv.text().await.unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains(",\"'=cmd|' /C calc'!A0\","), "{text}");

    // Turns are written a moment after their end, too.
    let mut statistics = Value::Null;
    for _ in 0..500 {
        statistics = server.get("/api/admin/statistics").await.1;
        if statistics["requests"] == 2 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        (&statistics["requests"], &statistics["fallbacks"]),
        (&json!(2), &json!(1))
    );
    let models = statistics["models"].as_array().unwrap();
    let of = |id: &str| models.iter().find(|it| it["model"] == *id).unwrap();
    assert_eq!(
        (&of("a")["asked_first"], &of("a")["failing_in_a_row"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&of("b")["asked_first"], &of("b")["stepped_in"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(of("b")["figures"]["answered"], 2);
}
