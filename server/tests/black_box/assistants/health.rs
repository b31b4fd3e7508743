//! How assistants stand, and how the turns of both arms went.

use serde_json::{Value, json};

use super::{ask, candidate, configured, serving};
use crate::support::{Administrator, Behaviour, Server, Socket, Upstream};

async fn status(server: &Server) -> (u16, String) {
    let (code, health) = server.get("/health/qa").await;
    (code, health["status"].as_str().unwrap().to_owned())
}

async fn hold(server: &Server, model: &str, action: &str) {
    let path = format!("/api/admin/models/{model}/circuit");
    let (code, _) = server.post(&path, &json!({"action": action})).await;
    assert_eq!(code, 204);
}

#[tokio::test]
async fn an_assistant_is_degraded_with_its_model_and_down_with_its_chain() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let c = Upstream::answering(&["from c"]).await;
    let more = "fallbacks = [\"c\"]\n".to_owned() + &candidate(5.0);
    let server = serving(&[&a, &b, &c], &more).await;
    let expected = async |code: u16, said: &str| {
        assert_eq!(status(&server).await, (code, said.to_owned()));
        let (_, all) = server.get("/health").await;
        assert_eq!(all["assistants"][0]["status"], said);
    };
    expected(200, "ok").await;
    hold(&server, "b", "open").await;
    expected(200, "degraded").await;
    // What nobody tries is missed by nobody.
    let rollout = json!({"percent": 0});
    server
        .post("/api/admin/assistants/qa/rollout", &rollout)
        .await;
    expected(200, "ok").await;
    hold(&server, "a", "open").await;
    expected(200, "degraded").await;
    hold(&server, "c", "open").await;
    expected(503, "down").await;
    hold(&server, "a", "reset").await;
    expected(200, "ok").await;
    // Another answers where its model's provider is switched off, and nobody where that one is held open.
    let enabled = |on: bool| [("providers/a-provider", "enabled", json!(on))];
    server.change(&enabled(false)).await;
    expected(503, "down").await;
    hold(&server, "c", "reset").await;
    expected(200, "degraded").await;
    server.change(&enabled(true)).await;
    server
        .change(&[("assistants/qa", "use_fallback", json!(false))])
        .await;
    expected(200, "ok").await;
    hold(&server, "a", "open").await;
    expected(503, "down").await;
    assert_eq!(server.get("/health/nobody").await.0, 404);
}

#[tokio::test]
async fn the_forecast_says_who_answers_for_it() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], "").await;
    let mut socket = Socket::open(&server).await;
    socket
        .say(json!({"type": "watch", "topics": ["forecast"]}))
        .await;
    let models = socket.hear().await["models"].clone();
    assert_eq!(models, json!([]));
    hold(&server, "a", "open").await;
    let frames = socket.hear_until(&["forecast"]).await;
    let models = frames.last().unwrap()["models"].as_array().unwrap().clone();
    let told: Vec<_> = models
        .iter()
        .map(|it| (&it["model"], &it["answers"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("a"), &json!("b")), (&json!("qa"), &json!("b"))]
    );
}

#[tokio::test]
async fn real_turns_count_for_the_arm_whose_model_was_asked_first() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::start([
        Behaviour::status(500, "oops"),
        Behaviour::Answer(&["from b"]),
    ])
    .await;
    let text = configured(&[&a, &b], &candidate(100.0));
    let server = serving(&[&a, &b], &candidate(100.0)).await;
    let arms = async |server: &Server| {
        let (_, health) = server.get("/health/qa").await;
        let of = |arm: &str| {
            let turns = &health[arm];
            ["turns", "answered", "fallbacks", "exhausted"].map(|key| turns[key].as_u64().unwrap())
        };
        [of("turns"), of("candidate_turns")]
    };
    ask(&server, "new").await;
    ask(&server, "new").await;
    server
        .change(&[("assistants/qa", "use_candidate", json!(false))])
        .await;
    ask(&server, "new").await;
    let call = json!({"model": "qa", "messages": [{"role": "user", "content": "hi"}]});
    server.post("/v1/chat/completions", &call).await;
    // A model that is named is no arm's, and neither is another one's turn.
    server
        .chat("new", json!({"message": "hi", "model": "a"}))
        .await;
    let counted = [[2, 2, 0, 0], [2, 2, 1, 0]];
    assert_eq!(arms(&server).await, counted);
    // What a fault had its hand in is no measure of a candidate.
    let fault = json!({"target": {"model": "a"}, "audience": "me", "kind": "connection_refused", "ttl_s": 60});
    assert_eq!(server.post("/api/debug/faults", &fault).await.0, 201);
    ask(&server, "new").await;
    assert_eq!(arms(&server).await, counted);
    // A restart forgets nothing of it.
    let server = server.restart_with(&text).await;
    assert_eq!(arms(&server).await, counted);
}

#[tokio::test]
async fn watchers_are_told_of_the_assistants_that_changed() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let more = candidate(0.0) + "\n[[assistants]]\nid = \"support\"\nmodel = \"b\"";
    let server = serving(&[&a, &b], &more).await;
    let mut socket = Socket::open(&server).await;
    socket
        .say(json!({"type": "watch", "topics": ["health"]}))
        .await;
    let whole = socket.hear().await;
    let ids = |frame: &Value| {
        let all = frame["assistants"].as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(&whole), &whole["snapshot"]),
        (vec!["qa".to_owned(), "support".to_owned()], &json!(true))
    );
    ask(&server, "new").await;
    let mut next = async || loop {
        let frames = socket.hear_until(&["health"]).await;
        let frame = frames.last().unwrap().clone();
        // Others tell of models and figures alone.
        if !ids(&frame).is_empty() {
            break frame;
        }
    };
    let changed = next().await;
    assert_eq!(
        (ids(&changed), &changed["snapshot"]),
        (vec!["qa".to_owned()], &json!(false))
    );
    assert_eq!(changed["assistants"][0]["turns"]["answered"], 1);
    server
        .change(&[("assistants/support", "use_fallback", json!(false))])
        .await;
    assert_eq!(ids(&next().await), ["support"]);
}
