//! The forecast: what it says of a model is what the next turn does.

use serde_json::{Value, json};

use crate::support::socket::send;
use crate::support::{Behaviour, Server, Socket, Upstream};

const QUICK: &str = "retry_base_delay = \"10ms\"\nretries_before_fallback = 0\nmax_retries = 0\ncircuit_threshold = 2\n\
    circuit_cooldown = \"2s\"\ncircuit_max_cooldown = \"2s\"";

/// The next forecast.
async fn forecast(socket: &mut Socket) -> Vec<Value> {
    let frames = socket.hear_until(&["forecast"]).await;
    frames.last().unwrap()["models"].as_array().unwrap().clone()
}

/// The next forecast that says something, or nothing, of this model.
async fn until(socket: &mut Socket, model: &str, told: bool) -> Option<Value> {
    loop {
        let models = forecast(socket).await;
        let found = models.iter().find(|it| it["model"] == model).cloned();
        if found.is_some() == told {
            return found;
        }
    }
}

async fn watching(server: &Server) -> Socket {
    let mut socket = Socket::open(server).await;
    socket
        .say(json!({"type": "watch", "topics": ["forecast"]}))
        .await;
    socket
}

/// Who answered, and whether the model asked for was passed over.
async fn next_turn(socket: &mut Socket, id: &str) -> (Value, bool) {
    let frames = socket.ask(send(id, "hello", "a")).await;
    let message = &frames.last().unwrap()["message"];
    let skipped = message["attempts"][0]["state"] == "skipped";
    (message["model_name"].clone(), skipped)
}

#[tokio::test]
async fn an_outage_is_told_with_who_steps_in_and_since_it_ended() {
    let mut bad = vec![Behaviour::status(500, "down"); 2];
    bad.push(Behaviour::Answer(&["back"]));
    let a = Upstream::start(bad).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], QUICK).await;
    let mut watcher = watching(&server).await;
    assert_eq!(forecast(&mut watcher).await, Vec::<Value>::new());
    let mut socket = Socket::open(&server).await;
    for id in ["1", "2"] {
        assert_eq!(next_turn(&mut socket, id).await, (json!("b"), false));
    }
    let told = until(&mut watcher, "a", true).await.unwrap();
    assert_eq!(
        (&told["answers"], &told["reason"], &told["simulated"]),
        (&json!("b"), &json!("provider_unavailable"), &json!(false))
    );
    assert!(told["retry_at"].is_string(), "{told}");
    assert_eq!(next_turn(&mut socket, "3").await, (json!("b"), true));
    // Nothing happens but that the time comes.
    until(&mut watcher, "a", false).await;
    assert_eq!(next_turn(&mut socket, "4").await, (json!("a"), false));
    assert_eq!((a.requests().len(), b.requests().len()), (3, 3));
    // Nobody was told the same twice.
    watcher.say(json!({"type": "ping"})).await;
    assert_eq!(watcher.hear().await["type"], "pong");
}

#[tokio::test]
async fn a_simulated_outage_is_told_as_one_and_ends_with_its_fault() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], QUICK).await;
    let fault = json!({"target": {"model": "a"}, "audience": "me", "kind": "connection_refused", "ttl_s": 60});
    let (status, fault) = server.post("/api/debug/faults", &fault).await;
    assert_eq!(status, 201);
    let mut watcher = watching(&server).await;
    assert_eq!(forecast(&mut watcher).await, Vec::<Value>::new());
    let mut socket = Socket::open(&server).await;
    for id in ["1", "2"] {
        assert_eq!(next_turn(&mut socket, id).await, (json!("b"), false));
    }
    let told = until(&mut watcher, "a", true).await.unwrap();
    assert_eq!(
        (&told["answers"], &told["reason"], &told["simulated"]),
        (&json!("b"), &json!("connection_failed"), &json!(true))
    );
    assert_eq!(next_turn(&mut socket, "3").await, (json!("b"), true));
    let path = format!("/api/debug/faults/{}", fault["id"].as_str().unwrap());
    let halted = server.http.delete(server.url(&path)).send().await.unwrap();
    assert_eq!(halted.status(), 204);
    until(&mut watcher, "a", false).await;
    assert_eq!(next_turn(&mut socket, "4").await, (json!("a"), false));
}

#[tokio::test]
async fn where_nobody_would_answer_the_first_who_comes_back_is_told() {
    let down = || Behaviour::status_with(429, "retry-after: 40\r\n", "slow down");
    let a = Upstream::start([Behaviour::status_with(
        429,
        "retry-after: 90\r\n",
        "slow down",
    )])
    .await;
    let b = Upstream::start([down()]).await;
    let server = Server::with_upstreams(&[&a, &b], QUICK).await;
    let (status, body) = server
        .chat("new", json!({"message": "hello", "model": "a"}))
        .await;
    assert_eq!(status, 502, "{body}");
    let mut watcher = watching(&server).await;
    let told = forecast(&mut watcher).await;
    let (first, second) = (&told[0], &told[1]);
    assert_eq!(
        (&first["model"], &second["model"]),
        (&json!("a"), &json!("b"))
    );
    for model in [first, second] {
        assert_eq!(model["answers"], Value::Null);
        assert_eq!(model["reason"], "quota_exhausted");
    }
    assert_eq!(first["retry_at"], second["retry_at"]);
    let health = server.get("/health").await.1;
    let until = &health["providers"][1]["models"][0]["circuit"]["next_probe_at"];
    assert_eq!(&first["retry_at"], until, "{health}");
}
