//! What a change would do, said before it is made.

use serde_json::{Value, json};

use crate::support::{Administrator, Behaviour, Server, Upstream};

const NO_RETRIES: &str = "retries_before_fallback = 0\nmax_retries = 0\ncircuit_threshold = 1";

fn warnings(effect: &Value) -> String {
    let all = effect["warnings"].as_array().unwrap().iter();
    all.map(|it| it.as_str().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

async fn circuit(server: &Server, path: &str, action: &str) -> Value {
    let path = format!("/api/admin/{path}/circuit");
    let body = json!({"action": action, "preview": true});
    let (status, effect) = server.post(&path, &body).await;
    assert_eq!(status, 200, "{effect}");
    effect
}

#[tokio::test]
async fn a_preview_changes_nothing_and_names_the_chains_that_would_be_others() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let c = Upstream::answering(&["from c"]).await;
    let server = Server::with_upstreams(&[&a, &b, &c], "").await;
    let effect = server
        .preview(&[("providers/b-provider", "enabled", json!(false))])
        .await;
    assert_eq!(
        effect["chains"],
        json!([
            {"model": "a", "before": ["a", "b", "c"], "after": ["a", "c"]},
            {"model": "b", "before": ["b", "c"], "after": ["c"]},
        ])
    );
    assert!(
        warnings(&effect)
            .contains("All models that are left for b share one provider (c-provider)"),
        "{effect}"
    );
    assert_eq!(
        (&effect["revision"], &effect["running_turns"]),
        (&json!(0), &json!(0))
    );
    let off = ["a", "b", "c"].map(|name| format!("providers/{name}-provider"));
    let off: Vec<_> = off
        .iter()
        .map(|scope| (scope.as_str(), "enabled", json!(false)))
        .collect();
    let effect = server.preview(&off).await;
    assert!(
        warnings(&effect).contains("Nothing can answer then for who asks a, b, c."),
        "{effect}"
    );
    let demos =
        ["demo-harbour", "demo-lagoon", "demo-fjord"].map(|name| format!("providers/{name}"));
    let mut all = off.clone();
    all.extend(
        demos
            .iter()
            .map(|scope| (scope.as_str(), "enabled", json!(false))),
    );
    let effect = server.preview(&all).await;
    assert!(
        warnings(&effect).contains("Nothing can answer any question then."),
        "{effect}"
    );

    let effect = server
        .preview(&[("models/a", "resilience.timeout", json!("121s"))])
        .await;
    assert_eq!(effect["chains"], json!([]));
    assert!(
        warnings(&effect).contains("Timeout of 121 s is long to wait for"),
        "{effect}"
    );
    let effect = server
        .preview(&[("models/a", "resilience.timeout", json!("120s"))])
        .await;
    assert_eq!(effect["warnings"], json!([]));

    let effect = circuit(&server, "providers/a-provider", "open").await;
    assert_eq!(
        effect["chains"],
        json!([{"model": "a", "before": ["a", "b", "c"], "after": ["b", "c"]}])
    );
    // Nothing of all that has happened.
    assert_eq!(server.answers("a").await.unwrap(), "a");
    assert!(server.audit().await.is_empty());
    assert_eq!(server.revision().await, 0);
}

#[tokio::test]
async fn who_closes_a_circuit_is_told_whether_its_provider_still_fails() {
    let a = Upstream::start([Behaviour::status(503, "overloaded")]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], NO_RETRIES).await;
    assert_eq!(server.answers("a").await.unwrap(), "b");
    for (path, action) in [
        ("models/a", "close"),
        ("models/a", "reset"),
        ("providers/a-provider", "reset"),
    ] {
        let effect = circuit(&server, path, action).await;
        assert_eq!(
            effect["chains"],
            json!([{"model": "a", "before": ["b"], "after": ["a", "b"]}]),
            "{path} {action}"
        );
        let said = warnings(&effect);
        assert!(
            said.contains(
                "still fails: a has not answered since its last failure (provider_unavailable"
            ),
            "{said}"
        );
        assert_eq!(said.contains("Held closed"), action == "close");
    }
    // The provider's own is open because its only model's is; closing it alone lets nobody through.
    let effect = circuit(&server, "providers/a-provider", "close").await;
    assert_eq!(effect["chains"], json!([]));
    assert_eq!(server.answers("a").await.unwrap(), "b");
    assert_eq!(a.requests().len(), 1);
    let effect = circuit(&server, "models/b", "reset").await;
    assert_eq!(
        (&effect["chains"], &effect["warnings"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn turns_under_way_are_counted() {
    let a = Upstream::start([Behaviour::Silence]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let calls = [
        (
            "/api/conversations/new/chat",
            json!({"message": "hi", "model": "a"}),
        ),
        (
            "/v1/chat/completions",
            json!({"model": "a", "messages": [{"role": "user", "content": "hi"}]}),
        ),
    ];
    let calls = calls
        .map(|(path, body)| tokio::spawn(server.http.post(server.url(path)).json(&body).send()));
    while a.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    let effect = circuit(&server, "models/a", "open").await;
    assert_eq!(effect["running_turns"], 2);
    calls.iter().for_each(|call| call.abort());
}
