//! The candidate's share: who tries it, and changing it while the server runs.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ask, candidate, id, serving};
use crate::support::{Act, Administrator, Behaviour, Server, Upstream};

async fn rollout(server: &Server, body: Value) -> (u16, Value) {
    server.post("/api/admin/assistants/qa/rollout", &body).await
}

/// The models that these conversations ask next.
async fn next(server: &Server, conversations: &[String]) -> Vec<String> {
    let mut models = vec![];
    for conversation in conversations {
        let message = ask(server, conversation).await;
        models.push(message["requested_model"].as_str().unwrap().to_owned());
    }
    models
}

#[tokio::test]
async fn a_conversation_keeps_its_side_and_a_higher_percentage_only_adds_some() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], &candidate(0.0)).await;
    let mut conversations = vec![];
    for _ in 0..12 {
        let message = ask(&server, "new").await;
        assert_eq!(message["requested_model"], "a");
        conversations.push(id(&message).to_owned());
    }
    let mut before = vec!["a".to_owned(); 12];
    for percent in [20.0, 50.0, 50.0, 80.5, 100.0] {
        let (status, effect) = rollout(&server, json!({"percent": percent})).await;
        assert_eq!(status, 200, "{effect}");
        let now = next(&server, &conversations).await;
        let left = before
            .iter()
            .zip(&now)
            .filter(|(was, is)| *was == "b" && *is == "a");
        assert_eq!(left.count(), 0, "{percent}: {before:?} {now:?}");
        before = now;
    }
    assert_eq!(before, ["b"; 12]);
    rollout(&server, json!({"percent": 0})).await;
    assert_eq!(next(&server, &conversations).await, ["a"; 12]);
    // The very first question of a conversation stands where its later ones do.
    rollout(&server, json!({"percent": 50})).await;
    for _ in 0..6 {
        let first = ask(&server, "new").await;
        let again = ask(&server, id(&first)).await;
        assert_eq!(first["requested_model"], again["requested_model"]);
    }
}

#[tokio::test]
async fn a_rollout_is_previewed_made_written_down_and_taken_back() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], &candidate(0.0)).await;
    let preview = json!({"percent": 100, "revision": 0, "preview": true});
    let (status, effect) = rollout(&server, preview).await;
    assert_eq!((status, &effect["revision"]), (200, &json!(0)));
    assert_eq!(
        effect["chains"],
        json!([{"model": "qa", "before": ["a", "b"], "after": ["b", "a"]}])
    );
    assert_eq!(
        effect["warnings"],
        json!(["100 % of the conversations of qa ask b first, and no longer 0 %."])
    );
    assert_eq!(ask(&server, "new").await["requested_model"], "a");

    let (status, effect) = rollout(&server, json!({"percent": 100, "revision": 0})).await;
    assert_eq!((status, &effect["revision"]), (200, &json!(1)));
    assert_eq!(ask(&server, "new").await["requested_model"], "b");
    let (_, health) = server.get("/health/qa").await;
    assert_eq!(health["candidate"], json!({"model": "b", "percent": 100.0}));

    // Who has not seen that is told of it.
    let (status, refused) = rollout(&server, json!({"percent": 50, "revision": 0})).await;
    assert_eq!((status, &refused["revision"]), (409, &json!(1)));
    assert_eq!(refused["changes"][0]["key"], "candidate.percent");

    let entry = server.audit().await[0].clone();
    assert_eq!(
        (&entry["scope"], &entry["before"], &entry["after"]),
        (&json!("assistants/qa"), &json!(0.0), &json!(100.0))
    );
    let server = server.kill_and_restart().await;
    assert_eq!(ask(&server, "new").await["requested_model"], "b");
    let path = format!("/api/admin/audit/{}/revert", entry["id"].as_str().unwrap());
    let (status, back) = server.post(&path, &json!({"revision": 1})).await;
    assert_eq!((status, &back["revision"]), (200, &json!(2)));
    assert_eq!(ask(&server, "new").await["requested_model"], "a");
    let setting = server.setting("assistants/qa", "candidate.percent").await;
    assert_eq!(
        (&setting["value"], &setting["live"]),
        (&json!(0.0), &json!(false))
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let more = candidate(0.0) + "\n[[assistants]]\nid = \"support\"\nmodel = \"b\"";
    let server = serving(&[&a, &b], &more).await;
    for (id, body, expected) in [
        (
            "qa",
            json!({"percent": 101}),
            (400, "must be from 0 to 100"),
        ),
        ("qa", json!({"percent": -1}), (400, "must be from 0 to 100")),
        ("qa", json!({"percent": "all"}), (400, "expected f64")),
        ("qa", json!({}), (400, "percent")),
        ("support", json!({"percent": 5}), (400, "no candidate")),
        ("nobody", json!({"percent": 5}), (404, "assistant")),
    ] {
        let path = format!("/api/admin/assistants/{id}/rollout");
        let (status, problem) = server.post(&path, &body).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(expected.1), "{detail}");
        assert_eq!(status, expected.0, "{detail}");
    }
    for (scope, key, value, expected) in [
        (
            "assistants/qa",
            "fallbacks",
            json!(["nobody"]),
            "entry 1: no such model",
        ),
        (
            "assistants/qa",
            "candidate.model",
            json!("a"),
            "cannot be changed live here",
        ),
        (
            "assistants/support",
            "candidate.percent",
            json!(5),
            "cannot be changed live here",
        ),
        (
            "assistants/nobody",
            "use_fallback",
            json!(false),
            "no such assistant",
        ),
    ] {
        let (status, problem) = server.try_change(false, &[(scope, key, value)]).await;
        assert_eq!(status, 400, "{problem}");
        let wrong = &problem["problems"][0];
        assert_eq!(wrong["scope"], scope, "{problem}");
        assert!(
            wrong["message"].as_str().unwrap().contains(expected),
            "{problem}"
        );
    }
    assert_eq!(server.revision().await, 0);
}

#[tokio::test]
async fn each_setting_holds_for_the_next_turn_and_says_what_it_does() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let c = Upstream::answering(&["from c"]).await;
    let server = serving(&[&a, &b, &c], &candidate(100.0)).await;
    let keys = server.settings("assistants/qa").await;
    let keys: Vec<_> = keys["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["key"].clone())
        .collect();
    assert_eq!(
        json!(keys),
        json!([
            "candidate.percent",
            "use_candidate",
            "use_fallback",
            "fallbacks",
            "guards.pii",
            "guards.injection",
            "guards.grounding"
        ])
    );

    let effect = server
        .change(&[("assistants/qa", "use_candidate", json!(false))])
        .await;
    assert_eq!(
        effect["chains"],
        json!([{"model": "qa", "before": ["b", "a", "c"], "after": ["a", "b", "c"]}])
    );
    assert_eq!(ask(&server, "new").await["requested_model"], "a");

    let effect = server
        .change(&[("assistants/qa", "fallbacks", json!(["c"]))])
        .await;
    // Both kinds of conversations are the same now, and told of once.
    assert_eq!(
        effect["chains"],
        json!([{"model": "qa", "before": ["a", "b", "c"], "after": ["a", "c"]}])
    );
    assert_eq!(effect["running_turns"], 0);

    let effect = server
        .change(&[("assistants/qa", "use_fallback", json!(false))])
        .await;
    assert_eq!(
        effect["chains"],
        json!([{"model": "qa", "before": ["a", "c"], "after": ["a"]}])
    );
    let warning = effect["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("All models that are left for qa share one provider"),
        "{warning}"
    );
    let (_, health) = server.get("/health/qa").await;
    assert_eq!(
        (
            &health["use_candidate"],
            &health["use_fallback"],
            &health["chain"]
        ),
        (&json!(false), &json!(false), &json!(["a"]))
    );
}

#[tokio::test]
async fn a_dry_run_asks_for_each_conversation_by_its_place() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], &candidate(50.0)).await;
    for _ in 0..12 {
        ask(&server, "new").await;
    }
    // Somebody must have been asked on either side, or nothing is recorded of them.
    for model in ["a", "b"] {
        server.answers(model).await;
    }
    let run = async |percent: f64| loop {
        let change =
            json!({"scope": "assistants/qa", "key": "candidate.percent", "value": percent});
        let (status, run) = server
            .post("/api/admin/dry-run", &json!({"changes": [change]}))
            .await;
        assert_eq!(status, 200, "{run}");
        if run["happened"]["turns"]["turns"] == 14 {
            let answered = |of: &str, model: &str| {
                let by = run[of]["answered_by"].as_array().unwrap();
                let by = by.iter().find(|by| by["model"] == model);
                by.map_or(0, |by| by["count"].as_u64().unwrap())
            };
            break ["happened", "replayed", "changed"]
                .map(|of| (answered(of, "a"), answered(of, "b")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let [happened, replayed, nobody] = run(0.0).await;
    assert_eq!((happened, nobody), (replayed, (13, 1)));
    assert_eq!(run(100.0).await[2], (1, 13));
}

#[tokio::test]
async fn turns_under_way_are_counted_by_assistant_and_keep_what_they_began_with() {
    let oops = b"HTTP/1.1 500 oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let slow = || {
        Behaviour::Acts(vec![
            Act::Wait(Duration::from_secs(2)),
            Act::Write(oops.to_vec()),
        ])
    };
    let a = Upstream::start([slow()]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], "").await;
    let asking = |path: &str, body: Value| {
        let request = server.http.post(server.url(path)).json(&body);
        tokio::spawn(async move {
            let response = request.send().await.unwrap();
            let body: Value = response.json().await.unwrap();
            body["message"]["model_name"]
                .as_str()
                .or(body["model"].as_str())
                .map(str::to_owned)
        })
    };
    let hi = json!([{"role": "user", "content": "hi"}]);
    let turns = [
        asking(
            "/api/conversations/new/chat",
            json!({"message": "hi", "assistant": "qa"}),
        ),
        asking(
            "/v1/chat/completions",
            json!({"model": "qa", "messages": hi}),
        ),
        asking(
            "/v1/chat/completions",
            json!({"model": "a", "messages": hi}),
        ),
    ];
    while a.requests().len() < 3 {
        tokio::task::yield_now().await;
    }
    let all = server
        .preview(&[("global", "resilience.max_retries", json!(1))])
        .await;
    assert_eq!(all["running_turns"], 3);
    let own = server
        .change(&[("assistants/qa", "use_fallback", json!(false))])
        .await;
    assert_eq!(own["running_turns"], 2);
    for turn in turns {
        assert_eq!(turn.await.unwrap().as_deref(), Some("b"));
    }
    let (status, _) = server
        .chat("new", json!({"message": "hi", "assistant": "qa"}))
        .await;
    assert_eq!(status, 502);
}
