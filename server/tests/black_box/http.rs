//! The other routes, what guards them, and the command line.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_everywhere_but_at_the_probes() {
    let server = Server::start("").await;
    for path in [
        "/",
        "/admin",
        "/api/conversations",
        "/v1/models",
        "/health",
        "/metrics",
        "/ws",
        "/nothing",
    ] {
        let host = server
            .http
            .get(server.url(path))
            .header("host", "evil.example")
            .send()
            .await
            .unwrap();
        assert_eq!(host.status(), 421, "{path}");
        let origin = server
            .http
            .get(server.url(path))
            .header("origin", "http://evil.example")
            .send()
            .await
            .unwrap();
        assert_eq!(origin.status(), 403, "{path}");
        let site = server
            .http
            .get(server.url(path))
            .header("sec-fetch-site", "cross-site")
            .send()
            .await
            .unwrap();
        assert_eq!(site.status(), 403, "{path}");
    }
    for path in ["/livez", "/readyz"] {
        let probe = server
            .http
            .get(server.url(path))
            .header("host", "10.0.0.7:3000")
            .send()
            .await
            .unwrap();
        assert_eq!(probe.status(), 200, "{path}");
    }
    let form = server
        .http
        .post(server.url("/api/debug/faults"))
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 415);
}

#[tokio::test]
async fn errors_are_problems_with_a_request_id() {
    let server = Server::start("").await;
    for (method, path, body, status) in [
        ("GET", "/api/conversations/nope", None, 404),
        ("DELETE", "/api/conversations/nope", None, 404),
        ("GET", "/api/nothing", None, 404),
        ("GET", "/health/nobody", None, 404),
        ("PUT", "/api/conversations", Some(json!({})), 405),
        (
            "POST",
            "/api/conversations/new/chat",
            Some(json!({"message": ""})),
            400,
        ),
        (
            "POST",
            "/api/conversations/new/chat",
            Some(json!({"massage": "x"})),
            400,
        ),
        (
            "POST",
            "/api/conversations/nope/chat",
            Some(json!({"message": "x"})),
            404,
        ),
        (
            "POST",
            "/api/admin/models/demo-swift/circuit",
            Some(json!({"action": "explode"})),
            400,
        ),
        (
            "POST",
            "/api/admin/models/nobody/circuit",
            Some(json!({"action": "open"})),
            404,
        ),
        (
            "POST",
            "/api/debug/faults",
            Some(json!({"target": "*", "kind": "http_status", "status": 503})),
            400,
        ),
        (
            "POST",
            "/api/debug/faults",
            Some(json!({"target": "*", "kind": "http_status", "status": 200, "ttl_s": 5})),
            400,
        ),
        (
            "POST",
            "/api/debug/faults",
            Some(json!({"target": {}, "kind": "no_response", "ttl_s": 5})),
            400,
        ),
        (
            "POST",
            "/api/debug/faults",
            Some(json!({"target": {"model": "x"}, "kind": "no_response", "ttl_s": 5})),
            400,
        ),
        (
            "POST",
            "/api/debug/faults",
            Some(json!({"target": "*", "kind": "no_response", "ttl_s": 4000})),
            400,
        ),
        (
            "POST",
            "/api/debug/faults",
            Some(json!({"target": "*", "kind": "no_response", "ttl_s": 5, "probability": 1.5})),
            400,
        ),
    ] {
        let mut request = server
            .http
            .request(method.parse().unwrap(), server.url(path));
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path} {body:?}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{method} {path}"
        );
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], status);
        assert!(
            problem["request_id"].is_string() && problem["detail"].is_string(),
            "{problem}"
        );
        assert!(problem.get("failures").is_none());
    }
}

#[tokio::test]
async fn a_conversation_is_listed_read_renamed_and_deleted() {
    let server = Server::start("").await;
    let (_, body) = server.chat("new", json!({"message": "hello there"})).await;
    let id = body["message"]["conversation_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/conversations/{id}");
    let renamed = server
        .http
        .patch(server.url(&path))
        .json(&json!({"title": "Mine"}))
        .send()
        .await
        .unwrap();
    assert_eq!(renamed.status(), 200);
    let (_, conversation) = server.get(&path).await;
    assert_eq!(
        (
            &conversation["title"],
            conversation["messages"].as_array().unwrap().len()
        ),
        (&json!("Mine"), 2)
    );
    let page = server
        .http
        .get(server.url(&format!("/c/{id}")))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.text().await.unwrap().contains("hello there"),
        "the first paint holds the transcript"
    );
    let deleted = server.http.delete(server.url(&path)).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_eq!(server.get(&path).await.0, 404);
    assert_eq!(server.get(&format!("/c/{id}")).await.0, 404);
}

#[tokio::test]
async fn pages_carry_a_policy_without_anything_inline() {
    let server = Server::start("").await;
    for path in ["/", "/admin", "/debug"] {
        let response = server.http.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.contains("script-src 'self' 'nonce-") && !policy.contains("unsafe-inline"),
            "{policy}"
        );
        let html = response.text().await.unwrap();
        assert!(html.contains("<main"), "{path} is rendered on the server");
        for inline in [" style=\"", " onclick=", "<style"] {
            assert!(!html.contains(inline), "{inline} in {path}");
        }
    }
    assert_eq!(server.get("/no-such-page").await.0, 404);
}

#[tokio::test]
async fn every_metric_family_is_there_from_the_start() {
    let server = Server::start("").await;
    let (_, text) = server.get("/metrics").await;
    let text = text.as_str().unwrap();
    for family in [
        "evenkeel_turns_total",
        "evenkeel_attempts_total",
        "evenkeel_fallbacks_total",
        "evenkeel_fallback_exhausted_total",
        "evenkeel_model_not_found_total",
        "evenkeel_attempt_duration_seconds",
        "evenkeel_time_to_first_token_seconds",
        "evenkeel_fallback_overhead_seconds",
        "evenkeel_circuit_state",
        "evenkeel_circuit_transitions_total",
        "evenkeel_tokens_total",
        "evenkeel_cost_dollars_total",
        "evenkeel_websocket_connections",
        "evenkeel_faults_active",
        "evenkeel_panics_total",
    ] {
        assert!(text.contains(&format!("# TYPE {family} ")), "{family}");
    }
    assert_eq!(
        server
            .metric("evenkeel_turns_total{outcome=\"answered\"}")
            .await,
        0.0
    );
    assert_eq!(
        server
            .metric("evenkeel_circuit_state{model=\"demo-swift\",provider=\"demo-harbour\"}")
            .await,
        0.0
    );
}

fn check(config: &str) -> (bool, String) {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["check", "--config"])
        .arg(&file)
        .env_clear()
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn check_names_every_problem_and_no_secret() {
    let (fine, said) = check("[server]\nlisten = \"127.0.0.1:3000\"\n");
    assert!(fine && said.is_empty(), "{said}");
    let (fine, said) = check(
        "[[providers]]\nid = \"p\"\nkind = \"openai\"\napi_key = \"sk-very-secret\"\nbase_urll = \"x\"\n[resilience]\nmax_attempts = \"many\"\n",
    );
    assert!(!fine);
    assert!(
        said.contains("providers.p.base_urll (line 5)")
            && said.contains("`base_url`")
            && said.contains("resilience.max_attempts (line 7)"),
        "{said}"
    );
    assert!(!said.contains("very-secret"), "{said}");

    // A provider without a key may be meant so: that is said, and stops nothing.
    let (fine, said) = check("[[providers]]\nid = \"anthropic\"\n[[providers]]\nid = \"ollama\"\n");
    assert!(fine);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("warning: providers.anthropic.api_key_env: ")
            && said.contains("ANTHROPIC_API_KEY"),
        "{said}"
    );
    let (fine, said) = check(
        "[[providers]]\nid = \"azure\"\n[resilience]\nrouting = \"random\"\ncircuit_failure_rate = 2\n",
    );
    assert!(!fine);
    for expected in [
        "error: providers.azure.base_url: is missing; on Azure every resource has its own",
        "error: resilience.routing (line 4): must be one of \"ordered\", \"fastest\", \"cheapest\"",
        "error: resilience.circuit_failure_rate (line 5): must be a share, from 0 to 1",
    ] {
        assert!(said.contains(expected), "{expected}\nin\n{said}");
    }
    let (fine, said) = check("[server]\nlisten = \"0.0.0.0:3000\"\n");
    assert!(!fine && said.contains("loopback"), "{said}");
}
