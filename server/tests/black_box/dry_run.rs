//! What if: the last hours once more, with other settings.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Behaviour, Server, Upstream, server};

#[tokio::test]
async fn a_chain_is_judged_by_what_its_models_did() {
    let refusing = (0..12).flat_map(|_| {
        [
            Behaviour::status(500, "oops"),
            Behaviour::Answer(&["from a"]),
        ]
    });
    let a = Upstream::start(refusing).await;
    let b = Upstream::answering(&["from", " b"]).await;
    let c = Upstream::answering(&["from", " c"]).await;
    let resilience = "retries_before_fallback = 0\nmax_retries = 0\ncircuit_threshold = 100\ncircuit_failure_rate = 0";
    let config = server::config(&[&a, &b, &c], resilience)
        .replace("fallbacks = [\"b\", \"c\"]", "fallbacks = []")
        .replace("fallbacks = [\"c\"]", "fallbacks = []")
        .replace(
            "fallbacks = ",
            "input_cost = 3.0\noutput_cost = 15.0\nfallbacks = ",
        );
    let server = Server::start(&config).await;
    for turn in 0..16 {
        let model = if turn < 12 { "a" } else { "b" };
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
        server.post("/v1/chat/completions", &body).await;
    }
    let run = async |changes: Value| {
        let body = json!({"changes": changes});
        server.post("/api/admin/dry-run", &body).await
    };
    let unchanged = async || loop {
        let (status, run) = run(json!([])).await;
        assert_eq!(status, 200, "{run}");
        if run["happened"]["turns"]["turns"] == 16 {
            return run;
        }
        sleep(Duration::from_millis(20)).await;
    };
    let plain = unchanged().await;
    assert_eq!(plain["happened"]["turns"]["answered"], 10);
    assert_eq!(plain["happened"]["turns"]["exhausted"], 6);
    assert_eq!(plain["replayed"], plain["changed"]);
    assert_eq!(plain["replayed"]["turns"]["turns"], 16);

    let chain = json!([{"scope": "models/a", "key": "fallbacks", "value": ["b", "c"]}]);
    let (status, changed) = run(chain.clone()).await;
    assert_eq!(status, 200, "{changed}");
    let turns = &changed["changed"]["turns"];
    assert_eq!(
        (&turns["answered"], &turns["exhausted"]),
        (&json!(16), &json!(0))
    );
    assert!(turns["fallbacks"].as_u64().unwrap() > 0);
    assert!(turns["total"]["p95_ms"].is_u64());
    assert_eq!(changed["happened"], plain["happened"]);
    assert_eq!(changed["replayed"], plain["replayed"]);
    assert_eq!(changed["unknown"], json!(["c"]));
    let price = (5.0 * 3.0 + 7.0 * 15.0) / 1e6;
    let cost = changed["changed"]["cost"].as_f64().unwrap();
    assert!((cost - 16.0 * price).abs() < 1e-9, "{cost}");
    // Nothing of it has happened.
    assert_eq!(server.get("/api/admin/settings").await.1["revision"], 0);
    assert_eq!(b.requests().len(), 4);

    for (body, word) in [
        (
            json!({"changes": [{"scope": "models/a", "key": "fallbacks", "value": ["nobody"]}]}),
            "no such model",
        ),
        (
            json!({"changes": [{"scope": "planets/a", "key": "x", "value": 1}]}),
            "scope",
        ),
        (
            json!({"changes": [], "from": "2026-11-01T00:00:00Z", "to": "2026-11-20T00:00:00Z"}),
            "from",
        ),
        (json!({"from": null}), "changes"),
    ] {
        let (status, refused) = server.post("/api/admin/dry-run", &body).await;
        assert_eq!(status, 400, "{refused}");
        assert!(
            refused["detail"].as_str().unwrap().contains(word),
            "{refused}"
        );
    }
}
