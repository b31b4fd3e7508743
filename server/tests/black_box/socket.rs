//! `/ws`: protocol version 1 as a client sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::socket::{assert_gapless, send, text};
use crate::support::{Behaviour, Server, Socket, Upstream};

fn kinds(frames: &[Value]) -> BTreeSet<&str> {
    frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_turn_from_accepted_to_done() {
    let a = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let b = Upstream::answering(&["Hel", "lo"]).await;
    let server = Server::with_upstreams(&[&a, &b], "retry_base_delay = \"10ms\"").await;
    let mut socket = Socket::open(&server).await;
    assert_eq!(
        socket.hello["user"]["roles"],
        json!(["user", "tester", "admin"])
    );
    assert_eq!(socket.hello["default_model"], "a");
    let frames = socket.ask(send("q1", "hi", "a")).await;
    assert_gapless(&frames, 1);
    assert_eq!(frames[0]["type"], "accepted");
    assert_eq!(frames[0]["request_id"], "q1");
    assert_eq!(text(&frames), "Hello");
    let states: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "attempt")
        .map(|frame| {
            let attempt = &frame["attempt"];
            (
                attempt["index"].as_u64().unwrap(),
                attempt["kind"].as_str().unwrap(),
                attempt["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            (0, "primary", "started"),
            (0, "primary", "failed"),
            (1, "retry", "started"),
            (1, "retry", "failed"),
            (2, "fallback", "started"),
            (2, "fallback", "answering"),
            (2, "fallback", "answered"),
        ]
    );
    let message = &frames.last().unwrap()["message"];
    assert_eq!(message["parent_id"], frames[0]["message_id"]);
    assert_eq!(
        (&message["text"], &message["status"]),
        (&json!("Hello"), &json!("complete"))
    );
    assert_eq!(
        kinds(&frames),
        BTreeSet::from(["accepted", "attempt", "delta", "done"])
    );
}

#[tokio::test]
async fn a_conversation_goes_on_from_its_newest_message() {
    let a = Upstream::answering(&["answer"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "first", "a")).await;
    let conversation = first[0]["conversation_id"].clone();
    let second = socket.ask(json!({"type": "send", "request_id": "q2", "conversation_id": conversation, "text": "second"})).await;
    assert_eq!(
        second.last().unwrap()["message"]["requested_model"],
        "a",
        "the conversation's last model"
    );
    let request = a.requests().pop().unwrap();
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let said: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["first", "answer", "second"]);
}

#[tokio::test]
async fn the_same_request_twice_runs_once() {
    let a = Upstream::start([Behaviour::Count {
        to: 20,
        every: Duration::from_millis(20),
    }])
    .await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    socket.say(send("q1", "count", "a")).await;
    socket.say(send("q1", "count", "a")).await;
    let frames = socket.hear_until(&["done"]).await;
    let accepted: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "accepted")
        .collect();
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[0], accepted[1]);
    // And once more when it has long ended, from another socket.
    let again = Socket::open(&server)
        .await
        .ask(send("q1", "count", "a"))
        .await;
    assert_eq!(&again[0], accepted[0]);
    assert_eq!(
        again.last().unwrap()["message"],
        frames.last().unwrap()["message"]
    );
    assert_eq!(a.requests().len(), 1);
    let (_, list) = server.get("/api/conversations").await;
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_closed_tab_does_not_stop_the_turn_and_a_new_one_replays_what_it_missed() {
    let a = Upstream::start([Behaviour::Count {
        to: 40,
        every: Duration::from_millis(20),
    }])
    .await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut first = Socket::open(&server).await;
    first.say(send("q1", "count", "a")).await;
    let mut seen = first.hear_until(&["delta"]).await;
    seen.extend(first.hear_until(&["delta"]).await);
    let accepted = seen[0].clone();
    drop(first);

    // One tab knows where it was, another knows nothing.
    let (run, last) = (
        accepted["run_id"].as_str().unwrap(),
        seen.last().unwrap()["seq"].as_u64().unwrap(),
    );
    let mut second = Socket::open(&server).await;
    second.say(json!({"type": "subscribe", "conversation_id": accepted["conversation_id"], "after": {run: last}})).await;
    let mut third = Socket::open(&server).await;
    third
        .say(json!({"type": "subscribe", "conversation_id": accepted["conversation_id"]}))
        .await;
    let rest = second.hear_until(&["done"]).await;
    let whole = third.hear_until(&["done"]).await;
    assert_gapless(&rest, last + 1);
    assert_gapless(&whole, 1);
    assert_eq!(whole[0], accepted);
    let expected: String = (1..=40).map(|number| format!("{number} ")).collect();
    assert_eq!(text(&seen) + &text(&rest), expected);
    assert_eq!(text(&whole), expected);
    assert_eq!(whole.last().unwrap()["message"]["text"], expected);

    // A run that has ended yields its terminal frame.
    let mut fourth = Socket::open(&server).await;
    fourth.say(json!({"type": "subscribe", "conversation_id": accepted["conversation_id"], "after": {run: 3}})).await;
    assert_eq!(fourth.hear().await, *whole.last().unwrap());
}

#[tokio::test]
async fn a_stop_reaches_the_upstream_within_a_second() {
    for behaviour in [
        Behaviour::Count {
            to: 10_000,
            every: Duration::from_millis(20),
        },
        Behaviour::Silence,
    ] {
        let waits = matches!(behaviour, Behaviour::Silence);
        let a = Upstream::start([behaviour]).await;
        let server = Server::with_upstreams(&[&a], "").await;
        let mut socket = Socket::open(&server).await;
        socket.say(send("q1", "count", "a")).await;
        let mut frames = socket
            .hear_until(&[if waits { "attempt" } else { "delta" }])
            .await;
        while a.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        socket
            .say(json!({"type": "stop", "run_id": frames[0]["run_id"]}))
            .await;
        let closed = a.all_closed().await;
        assert!(closed < Duration::from_secs(1), "{closed:?}");
        frames.extend(socket.hear_until(&["error"]).await);
        assert_gapless(&frames, 1);
        let end = frames.last().unwrap();
        assert_eq!(end["error_type"], "cancelled");
        assert!(end.get("failures").is_none());
        assert_eq!(end["message"]["status"], "cancelled");
        assert_eq!(
            end["message"]["text"],
            text(&frames),
            "what was shown is kept"
        );
        assert_eq!(end["message"]["attempts"][0]["state"], "cancelled");
        let state = "evenkeel_circuit_state{model=\"a\",provider=\"a-provider\"}";
        assert_eq!(server.metric(state).await, 0.0);
    }
}

#[tokio::test]
async fn failures_stand_on_exhaustion_alone() {
    let a = Upstream::start([Behaviour::status(404, "gone")]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let frames = socket.ask(send("q1", "hi", "a")).await;
    let end = frames.last().unwrap();
    assert_eq!(end["error_type"], "fallback_exhausted");
    assert_eq!(
        end["failures"],
        json!([{"model_name": "a", "status_code": 404, "reason": "model_not_found", "detail": "gone"}])
    );
    assert_eq!(end["retry_at"], Value::Null);
    assert_eq!(end["message"]["status"], "failed");

    for (frame, kind) in [
        (send("q2", "hi", "nobody"), "invalid_request"),
        (send("q3", "  ", "a"), "invalid_request"),
        (
            json!({"type": "send", "request_id": "q4", "text": "hi", "conversation_id": "nope"}),
            "invalid_request",
        ),
        (
            json!({"type": "send", "request_id": "q5", "text": "hi", "attachments": [{"name": "x", "media_type": "text/plain", "data": ""}]}),
            "invalid_request",
        ),
    ] {
        let request_id = frame["request_id"].clone();
        let refused = socket.ask(frame).await.pop().unwrap();
        assert_eq!(
            (&refused["error_type"], &refused["request_id"]),
            (&json!(kind), &request_id),
            "{refused}"
        );
        assert!(refused.get("failures").is_none());
    }
}

#[tokio::test]
async fn what_is_not_understood_is_said_and_the_socket_stays_open() {
    let server = Server::start("").await;
    let mut socket = Socket::open(&server).await;
    for text in [
        "{\"type\":\"dance\"}",
        "not json",
        "[]",
        "{\"type\":\"send\",\"request_id\":\"q9\"}",
        "{\"type\":\"hello\",\"protocol\":2}",
        "{\"type\":\"stop\",\"run_id\":\"x\"}",
        "{\"type\":\"subscribe\",\"conversation_id\":\"x\"}",
    ] {
        socket.say_text(text).await;
        let answer = socket.hear().await;
        assert_eq!(
            (&answer["type"], &answer["error_type"]),
            (&json!("error"), &json!("invalid_request")),
            "{text}"
        );
        if text.contains("q9") {
            assert_eq!(answer["request_id"], "q9");
        }
    }
    socket.say(json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn topics_give_a_snapshot_and_then_changes() {
    let server = Server::start("").await;
    let mut socket = Socket::open(&server).await;
    socket
        .say(json!({"type": "watch", "topics": ["health", "faults", "conversations"]}))
        .await;
    let health = socket.hear().await;
    assert_eq!(
        (&health["type"], &health["snapshot"], &health["status"]),
        (&json!("health"), &json!(true), &json!("ok"))
    );
    assert_eq!(health["providers"].as_array().unwrap().len(), 3);
    assert_eq!(
        socket.hear().await,
        json!({"type": "fault", "change": "snapshot", "faults": []})
    );
    assert_eq!(
        socket.hear().await,
        json!({"type": "conversation", "change": "snapshot", "conversations": []})
    );

    let fault = json!({"target": {"model": "demo-swift"}, "kind": "http_status", "status": 401, "ttl_s": 60});
    let (status, armed) = server.post("/api/debug/faults", &fault).await;
    assert_eq!(status, 201);
    let told = socket.hear_until(&["fault"]).await.pop().unwrap();
    assert_eq!(
        (&told["change"], &told["fault"]["id"]),
        (&json!("armed"), &armed["id"])
    );

    server
        .chat("new", json!({"message": "hi", "model": "demo-swift"}))
        .await;
    let frames = socket.hear_until(&["health"]).await;
    let changed = frames.last().unwrap();
    assert_eq!(changed["snapshot"], false);
    assert!(
        frames
            .iter()
            .any(|frame| frame["type"] == "conversation" && frame["change"] == "upserted")
    );
    let opened = |frame: &Value| {
        frame["providers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|provider| {
                provider["id"] == "demo-harbour"
                    && provider["circuit"]["state"] == "open"
                    && provider["circuit"]["simulated"] == true
            })
    };
    let mut health = changed.clone();
    while !opened(&health) {
        health = socket.hear_until(&["health"]).await.pop().unwrap();
    }
    // Halting ends the fault and closes what it opened.
    let halted = server
        .http
        .post(server.url("/api/debug/faults/halt"))
        .send()
        .await
        .unwrap();
    assert_eq!(halted.status(), 204);
    assert_eq!(server.get("/health").await.1["status"], "ok");
    let ended = socket.hear_until(&["fault"]).await;
    assert!(ended.iter().any(|frame| frame["type"] == "fault"));
}
