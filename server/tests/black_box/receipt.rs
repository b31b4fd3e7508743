//! `/api/receipt`.

use serde_json::{Value, json};

use crate::support::server::config;
use crate::support::{Behaviour, Server, Upstream};

#[tokio::test]
async fn what_the_engine_has_done_is_added_up() {
    let a = Upstream::start([
        Behaviour::Answer(&["at once"]),
        Behaviour::status(503, "overloaded"),
        Behaviour::Answer(&["at the second try"]),
        Behaviour::status(404, "gone"),
    ])
    .await;
    let b = Upstream::start([
        Behaviour::Answer(&["from b, in an exercise"]),
        Behaviour::Answer(&["from b"]),
        Behaviour::status(404, "gone too"),
    ])
    .await;
    // The answers have 5 and 7 tokens.
    let prices = |name: &str, input: f64, output: f64| {
        let name = format!("name = \"{name}-upstream\"\n");
        (
            name.clone(),
            format!("{name}input_cost = {input:?}\noutput_cost = {output:?}\n"),
        )
    };
    let mut config = config(&[&a, &b], "retry_base_delay = \"200ms\"");
    for (name, priced) in [prices("a", 1.0, 2.0), prices("b", 10.0, 20.0)] {
        config = config.replace(&name, &priced);
    }
    let server = Server::start(&config).await;
    let (_, empty) = server.get("/api/receipt").await;
    let nothing = json!({
        "since": null, "answers": 0, "saved": 0, "lost": 0, "seconds_lost": 0.0,
        "extra_cost": null, "simulated": 0,
    });
    assert_eq!(empty, nothing);

    let ask = async || {
        let body = json!({"message": "hi", "model": "a"});
        server.chat("new", body).await.1
    };
    let first = ask().await;
    let (_, receipt) = server.get("/api/receipt").await;
    assert_eq!(
        (&receipt["answers"], &receipt["saved"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(receipt["extra_cost"], Value::Null, "nothing was saved yet");
    assert_eq!(receipt["since"], first["message"]["created_at"]);
    ask().await;
    let fault =
        json!({"target": {"model": "a"}, "kind": "http_status", "status": 503, "ttl_s": 60});
    let (_, armed) = server.post("/api/debug/faults", &fault).await;
    assert_eq!(ask().await["message"]["simulated"], true);
    let path = format!("/api/debug/faults/{}", armed["id"].as_str().unwrap());
    assert_eq!(server.call("DELETE", &path, None).await.0, 204);
    for _ in 0..2 {
        ask().await;
    }
    let (_, receipt) = server.get("/api/receipt").await;
    let count = |name: &str| receipt[name].as_u64().unwrap();
    assert_eq!((count("answers"), count("saved"), count("lost")), (3, 2, 1));
    assert_eq!(count("simulated"), 1);
    // One of them came from a model that is ten times as dear.
    let extra = receipt["extra_cost"].as_f64().unwrap();
    let expected = 9.0 * (5.0 * 1.0 + 7.0 * 2.0) / 1e6;
    assert!((extra - expected).abs() < 1e-12, "{extra} {expected}");
    // The retry waits at least a part of its delay; full jitter may make that little.
    assert!(receipt["seconds_lost"].as_f64().unwrap() > 0.0);
}
