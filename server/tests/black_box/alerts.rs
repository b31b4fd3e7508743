//! Alerts: from a circuit that opens to a signed message at a receiver, and no message twice.

#![expect(clippy::panic, reason = "a test may fail by panicking")]

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::sleep;

use crate::support::{Behaviour, Hook, Server, Socket, Upstream, server};

const SECRET: &str = "a-webhook-secret-of-our-own";

fn config(hook: &str, more: &str) -> String {
    format!(
        "[alerts]\nwebhook_url = \"{hook}\"\nwebhook_secret_env = \"HOOK_SECRET\"\n{more}\n\
         [[providers]]\nid = \"p\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\napi_key = \"k\"\ndefault_model = \"m\"\n\
         [[models]]\nid = \"m\"\nprovider = \"p\"\nname = \"m\"\nfallbacks = []\n"
    )
}

/// Changes a setting that may be changed.
async fn change(server: &Server, key: &str, value: Value) {
    let (status, answer) = try_change(server, key, value).await;
    assert_eq!(status, 200, "{key}: {answer}");
}

async fn try_change(server: &Server, key: &str, value: Value) -> (u16, Value) {
    let (_, settings) = server.get("/api/admin/settings").await;
    let change = json!({
        "revision": settings["revision"],
        "changes": [{"scope": "global", "key": key, "value": value}],
    });
    server
        .call("PATCH", "/api/admin/settings", Some(&change))
        .await
}

async fn circuit(server: &Server, action: &str) {
    let path = "/api/admin/models/m/circuit";
    assert_eq!(server.post(path, &json!({"action": action})).await.0, 204);
}

/// The alerts as "rule state", once they are these.
async fn alerts_are(server: &Server, expected: &[&str]) -> Value {
    let mut last = Value::Null;
    for _ in 0..600 {
        let (status, body) = server.get("/api/admin/alerts").await;
        assert_eq!(status, 200);
        let alerts = body["alerts"].as_array().unwrap().iter();
        let told = alerts.map(|alert| {
            let word = |key: &str| alert[key].as_str().unwrap();
            format!("{} {}", word("rule"), word("state"))
        });
        if told.collect::<Vec<_>>() == expected {
            return body;
        }
        last = body;
        sleep(Duration::from_millis(50)).await;
    }
    panic!("expected {expected:?}, and there is {last}")
}

/// The signature is right, by an own calculation.
fn assert_signed(headers: &reqwest::header::HeaderMap, body: &str) {
    let header = |name: &str| headers[name].to_str().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
    assert_eq!(header("content-type"), "application/json");
}

#[tokio::test]
async fn an_open_circuit_is_shown_sent_and_not_sent_again_by_a_restart() {
    let hook = Hook::start([500, 204]).await;
    let allow = "webhook_allow_private = true";
    let environment = [("HOOK_SECRET", SECRET)];
    let server = Server::start_with(&config(&hook.url, allow), &environment).await;
    let mut socket = Socket::open(&server).await;
    let watch = json!({"type": "watch", "topics": ["health"]});
    socket.say(watch).await;
    circuit(&server, "open").await;
    let body = alerts_are(
        &server,
        &["primary_circuit_open firing", "every_circuit_open pending"],
    )
    .await;
    assert_eq!(body["alerts"][0]["severity"], "warning");
    assert_eq!(body["webhook"]["signed"], true);
    // The panel is told without asking.
    loop {
        let frame = socket.hear().await;
        assert_eq!(frame["type"], "health");
        if frame["alerts"][0]["rule"] == "primary_circuit_open" {
            break;
        }
    }
    let (_, health) = server.get("/health").await;
    assert_eq!(health["alerts"][0]["rule"], "primary_circuit_open");

    // The first try is refused; the second one is the same message, and arrives.
    let (headers, first) = hook.next().await;
    assert_signed(&headers, &first);
    let (again, second) = hook.next().await;
    assert_signed(&again, &second);
    assert_eq!(
        (&headers["webhook-id"], &first),
        (&again["webhook-id"], &second)
    );
    let message: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(message["alert"], "primary_circuit_open");
    assert_eq!(message["type"], "alert.firing");
    assert_eq!(message["state"], "firing");
    assert_eq!(message["value"], 1.0);
    assert_eq!(message["link"], server.url("/admin"));
    assert!(
        message["since"].is_string() && message["limit"].is_null(),
        "{message}"
    );

    // Once the server knows that it has arrived.
    while server.get("/api/admin/alerts").await.1["webhook"]["waiting"] != 0 {
        sleep(Duration::from_millis(20)).await;
    }
    // The circuit is closed after the restart, but the alert is not over before a calm minute.
    let server = server.kill_and_restart_with(&environment).await;
    circuit(&server, "open").await;
    // Messages go in their order: the next one is of another rule.
    change(&server, "alerts.every_circuit_open_for", json!("0s")).await;
    let both = ["every_circuit_open firing", "primary_circuit_open firing"];
    alerts_are(&server, &both).await;
    let (_, third) = hook.next().await;
    let message: Value = serde_json::from_str(&third).unwrap();
    assert_eq!(message["alert"], "every_circuit_open");
    let log = server.into_log().await;
    assert_eq!(log.matches("alert_firing").count(), 1, "{log}");
    assert!(!log.contains(SECRET));
}

#[tokio::test]
async fn what_could_not_be_sent_is_sent_by_the_next_server() {
    let hook = Hook::start([503]).await;
    let more = "webhook_allow_private = true\nevery_circuit_open_for = \"0s\"";
    let environment = [("HOOK_SECRET", SECRET)];
    let server = Server::start_with(&config(&hook.url, more), &environment).await;
    circuit(&server, "open").await;
    let (_, first) = hook.next().await;
    let server = server.kill_and_restart_with(&environment).await;
    hook.answer_with(204);
    let (_, second) = hook.next_after(&first).await;
    let alert = |body: &str| serde_json::from_str::<Value>(body).unwrap()["alert"].clone();
    assert_eq!(alert(&first), "every_circuit_open");
    assert_eq!(alert(&second), "primary_circuit_open");
    server.into_log().await;
}

#[tokio::test]
async fn a_private_receiver_is_refused_unless_it_is_allowed() {
    let hook = Hook::start([204]).await;
    let named = hook.url.replace("127.0.0.1", "localhost");
    for url in [&hook.url, &named] {
        let server = Server::start(&config(&format!("{url}/refused"), "")).await;
        let (status, told) = server.call("POST", "/api/admin/alerts/test", None).await;
        assert_eq!((status, &told["delivered"]), (200, &json!(false)));
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains("alerts.webhook_allow_private"), "{detail}");
    }
    let server = Server::start(&config(&named, "webhook_allow_private = true")).await;
    let (_, told) = server.call("POST", "/api/admin/alerts/test", None).await;
    assert_eq!(
        (&told["delivered"], &told["status"]),
        (&json!(true), &json!(204))
    );
    let (headers, body) = hook.next().await;
    assert_eq!(headers["x-hook-path"], "/hook", "what came first");
    assert!(!headers.contains_key("webhook-signature"));
    let message: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(message["type"], "alert.test");
    let (_, body) = server.get("/api/admin/alerts").await;
    assert_eq!(body["webhook"]["last"]["delivered"], true);
}

#[tokio::test]
async fn a_test_says_what_came_of_it() {
    let hook = Hook::start([404]).await;
    let allow = "webhook_allow_private = true";
    let server = Server::start(&config(&hook.url, allow)).await;
    let (_, told) = server.call("POST", "/api/admin/alerts/test", None).await;
    assert_eq!(
        (&told["delivered"], &told["status"]),
        (&json!(false), &json!(404))
    );
    let nobody = config("http://127.0.0.1:9/x", allow);
    let server = Server::start(&nobody).await;
    let (_, told) = server.call("POST", "/api/admin/alerts/test", None).await;
    assert_eq!(
        (&told["delivered"], &told["status"]),
        (&json!(false), &Value::Null)
    );
    assert!(
        told["detail"].as_str().unwrap().contains("refused"),
        "{told}"
    );
    let server = Server::start("").await;
    let (status, problem) = server.call("POST", "/api/admin/alerts/test", None).await;
    assert_eq!(status, 400);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("alerts.webhook_url"),
        "{problem}"
    );
}

/// Every rule that watches traffic, from real turns against real upstreams.
#[tokio::test]
async fn real_turns_set_off_the_rules_that_watch_them() {
    let failing = Upstream::start([Behaviour::status(500, "broken")]).await;
    let slow = Upstream::start([Behaviour::Count {
        to: 30,
        every: Duration::from_millis(10),
    }])
    .await;
    let rules = "error_rate_for = \"0s\"\nerror_rate_critical_for = \"0s\"\nfallback_rate_for = \"0s\"\n\
                 fallback_rate_high = 0.6\nfallback_rate_high_for = \"0s\"\np95 = \"200ms\"\np95_for = \"0s\"\n\
                 primary_fallbacks = 1\nprimary_circuit_open = false\nevery_circuit_open = false\nmin_turns = 4\n";
    let config = format!(
        "[resilience]\nmax_retries = 0\nretries_before_fallback = 0\n[alerts]\n{rules}\
         [[providers]]\nid = \"f\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"k\"\n\
         [[providers]]\nid = \"s\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"k\"\n\
         [[models]]\nid = \"alone\"\nprovider = \"f\"\nname = \"x\"\nfallbacks = []\n\
         [[models]]\nid = \"helped\"\nprovider = \"f\"\nname = \"y\"\nfallbacks = [\"slow\"]\n\
         [[models]]\nid = \"slow\"\nprovider = \"s\"\nname = \"z\"\nfallbacks = []\n",
        failing.base_url, slow.base_url
    );
    let server = Server::start(&config).await;
    let ask = async |model: &str| {
        let question = json!({"message": "hi", "model": model});
        server.chat("new", question).await.0
    };
    assert_eq!(ask("alone").await, 502);
    // One turn is no rate, but it is an exhausted turn.
    alerts_are(&server, &["exhausted firing"]).await;
    assert_eq!(ask("helped").await, 200);
    assert_eq!(ask("helped").await, 200);
    assert_eq!(ask("slow").await, 200);
    let body = alerts_are(
        &server,
        &[
            "exhausted firing",
            "error_rate_critical firing",
            "error_rate firing",
            "fallback_rate firing",
            "primary_fallbacks firing",
            "p95 firing",
        ],
    )
    .await;
    let alert = |rule: &str| {
        let mut alerts = body["alerts"].as_array().unwrap().iter();
        alerts.find(|alert| alert["rule"] == rule).unwrap()
    };
    assert_eq!(alert("error_rate")["value"], 0.25);
    assert_eq!(alert("error_rate")["limit"], 0.05);
    assert_eq!(alert("fallback_rate")["value"], 0.5);
    assert_eq!(alert("primary_fallbacks")["value"], 2.0);
    assert_eq!(alert("p95")["limit"], 0.2);
    assert!(alert("p95")["value"].as_f64().unwrap() >= 0.2);
    let log = server.into_log().await;
    assert_eq!(log.matches("alert_firing").count(), 6, "{log}");
}

#[tokio::test]
async fn the_rules_are_listed_with_their_limits() {
    let server = Server::start("[alerts]\nerror_rate = 0.2\npanics = false\n").await;
    let (_, body) = server.get("/api/admin/alerts").await;
    let rule = |name: &str| {
        let rules = body["rules"].as_array().unwrap().iter();
        let mut found = rules.filter(|rule| rule["rule"] == name);
        found.next().unwrap().clone()
    };
    let rate = rule("error_rate");
    assert_eq!(
        (&rate["limit"], &rate["for"]),
        (&json!(0.2), &json!("300s"))
    );
    assert_eq!(rule("panics")["enabled"], false);
    assert_eq!(rule("cost_per_hour")["enabled"], false);
    assert_eq!(body["webhook"]["configured"], false);
    assert_eq!(body["alerts"], json!([]));
}

#[tokio::test]
async fn a_simulated_outage_alerts_nobody() {
    let count = Behaviour::Count {
        to: 3,
        every: Duration::from_millis(10),
    };
    let a = Upstream::start([count]).await;
    let models = server::config(&[&a], "circuit_threshold = 1\nmax_retries = 0");
    let server = Server::start(&format!("{models}\n[alerts]\nmin_turns = 1\n")).await;
    let question = json!({"message": "hi", "model": "a"});
    assert_eq!(server.chat("new", question).await.0, 200);
    let fault = json!({
        "target": "*", "audience": "everyone", "kind": "http_status", "status": 503, "ttl_s": 60,
    });
    assert_eq!(server.post("/api/debug/faults", &fault).await.0, 201);
    for _ in 0..3 {
        let question = json!({"message": "hi", "model": "a"});
        assert_eq!(server.chat("new", question).await.0, 502);
    }
    // The rules are looked at after that, or the one real turn would not be found slow.
    change(&server, "alerts.p95", json!("1ms")).await;
    alerts_are(&server, &["p95 pending"]).await;
}

/// What an administrator changes holds from the next look on; what only the file may say cannot be changed.
#[tokio::test]
async fn limits_and_the_webhook_are_changed_live() {
    let hook = Hook::start([204]).await;
    let file = "[alerts]\nwebhook_allow_private = true\nprimary_circuit_open = false\n";
    let models = config("", "").replace(
        "[alerts]\nwebhook_url = \"\"\nwebhook_secret_env = \"HOOK_SECRET\"\n",
        file,
    );
    let server = Server::start(&models).await;
    circuit(&server, "open").await;
    alerts_are(&server, &["every_circuit_open pending"]).await;
    change(&server, "alerts.webhook_url", json!(hook.url)).await;
    change(&server, "alerts.primary_circuit_open", json!(true)).await;
    change(&server, "alerts.every_circuit_open_for", json!("1s")).await;
    let both = ["every_circuit_open firing", "primary_circuit_open firing"];
    alerts_are(&server, &both).await;
    let mut told = [hook.next().await.1, hook.next().await.1].map(|body| {
        let message: Value = serde_json::from_str(&body).unwrap();
        message["alert"].as_str().unwrap().to_owned()
    });
    told.sort();
    assert_eq!(told, ["every_circuit_open", "primary_circuit_open"]);
    // Switched off, it is over at once.
    change(&server, "alerts.primary_circuit_open", json!(false)).await;
    let (_, body) = hook.next().await;
    assert!(body.contains("alert.resolved"), "{body}");
    for (key, value) in [
        ("alerts.error_rate", json!(7)),
        ("alerts.p95", json!("soon")),
        ("alerts.webhook_url", json!("ftp://x.example")),
        ("alerts.webhook_allow_private", json!(true)),
        ("alerts.webhook_secret_env", json!("PATH")),
    ] {
        let (status, problem) = try_change(&server, key, value).await;
        assert_eq!(status, 400, "{key}: {problem}");
        assert_eq!(problem["problems"][0]["key"], key, "{problem}");
    }
}
