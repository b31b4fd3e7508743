//! What is refused.

use serde_json::json;

use crate::support::{Administrator, Server, Upstream};

#[tokio::test]
async fn what_cannot_be_is_refused_in_the_files_words_and_nothing_changes() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    for (scope, key, value, said) in [
        (
            "global",
            "resilience.timeout",
            json!("soon"),
            "must be a duration such as",
        ),
        (
            "global",
            "resilience.timeout",
            json!(45),
            "must be a duration such as",
        ),
        (
            "global",
            "resilience.timeout",
            json!("0s"),
            "must be longer than nothing",
        ),
        (
            "global",
            "resilience.timeout",
            json!("99999999h"),
            "no longer than a year",
        ),
        (
            "global",
            "resilience.timout",
            json!("5s"),
            "did you mean `resilience.timeout`?",
        ),
        (
            "global",
            "server.listen",
            json!("0.0.0.0:1"),
            "cannot be changed live here",
        ),
        (
            "global",
            "resilience.circuit_threshold",
            json!(0),
            "must be 1 or more",
        ),
        (
            "global",
            "resilience.circuit_threshold",
            json!(2.5),
            "must be a whole number",
        ),
        (
            "global",
            "resilience.circuit_failure_rate",
            json!(1.5),
            "must be a share",
        ),
        (
            "global",
            "resilience.retry_max_delay",
            json!("1ms"),
            "must not be longer than retry_max_delay",
        ),
        (
            "global",
            "resilience.routing",
            json!("random"),
            "must be one of",
        ),
        (
            "global",
            "resilience.default_fallbacks",
            json!(["b", "zebra"]),
            "entry 2: no such model",
        ),
        (
            "providers/a-provider",
            "enabled",
            json!("yes"),
            "must be true or false",
        ),
        (
            "providers/a-provider",
            "base_url",
            json!("http://x"),
            "cannot be changed live here",
        ),
        (
            "providers/a-provider",
            "api_key",
            json!("sk-x"),
            "cannot be changed live here",
        ),
        (
            "providers/nobody",
            "enabled",
            json!(true),
            "no such provider",
        ),
        ("models/nobody", "fallbacks", json!([]), "no such model"),
        (
            "models/a",
            "fallbacks",
            json!(["b", "c"]),
            "entry 2: no such model",
        ),
        (
            "models/a",
            "fallbacks",
            json!(7),
            "must be a list of texts, or \"auto\"",
        ),
        (
            "models/a",
            "resilience.connect_timeout",
            json!("1s"),
            "cannot be changed live here",
        ),
    ] {
        for preview in [true, false] {
            let (status, body) = server
                .try_change(preview, &[(scope, key, value.clone())])
                .await;
            assert_eq!(status, 400, "{scope} {key} {body}");
            let problem = &body["problems"][0];
            assert_eq!(
                (&problem["scope"], &problem["key"]),
                (&json!(scope), &json!(key)),
                "{body}"
            );
            let message = problem["message"].as_str().unwrap();
            assert!(message.contains(said), "{key}: {message}");
        }
    }
    // All or none.
    let both = [
        ("global", "resilience.timeout", json!("9s")),
        ("models/a", "resilience.max_attempts", json!(1)),
    ];
    let (status, body) = server.try_change(false, &both).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["problems"],
        json!([{"scope": "models/a", "key": "fallbacks", "message": "makes a chain of 2 models, longer than max_attempts = 1"}])
    );
    assert_eq!(server.revision().await, 0);
    assert_eq!(
        server.setting("global", "resilience.timeout").await["value"],
        "45s"
    );
    assert!(server.audit().await.is_empty());
}
