//! Every kind of fault under every wire family: what the engine makes of it is what it makes of the real outage.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{Act, Behaviour, KEY, Server, Upstream};
use crate::wall::family::Family;

const FAST: &str = "first_token_timeout = \"1s\"\nreasoning_first_token_timeout = \"1s\"\nidle_timeout = \"1s\"\nretry_base_delay = \"50ms\"\n";

/// What has to come of a fault, with one healthy fallback behind it.
enum Outcome {
    /// The fallback answers, and the struck attempt failed for this reason.
    Fallback(&'static str),
    /// The struck model answers all the same, this much later at least.
    Late(u64),
}

use Outcome::{Fallback, Late};

fn every_kind() -> Vec<(Value, Outcome)> {
    let unavailable = || Fallback("provider_unavailable");
    let interrupted = || Fallback("stream_interrupted");
    vec![
        (json!({"kind": "http_status", "status": 503}), unavailable()),
        (
            json!({"kind": "http_status", "status": 404, "message": "The model does not exist"}),
            Fallback("model_not_found"),
        ),
        (
            json!({"kind": "http_status", "status": 429, "retry_after_s": 30}),
            Fallback("quota_exhausted"),
        ),
        (
            json!({"kind": "connection_refused"}),
            Fallback("connection_failed"),
        ),
        (
            json!({"kind": "connection_reset"}),
            Fallback("connection_failed"),
        ),
        (json!({"kind": "no_response"}), Fallback("timeout")),
        (
            json!({"kind": "slow_first_token", "ms": 3000}),
            Fallback("timeout"),
        ),
        (json!({"kind": "slow_first_token", "ms": 300}), Late(300)),
        (json!({"kind": "latency", "ms": 3000}), Fallback("timeout")),
        (
            json!({"kind": "latency", "ms": 300, "jitter_ms": 100}),
            Late(200),
        ),
        (
            json!({"kind": "stream_cut", "after_tokens": 2}),
            interrupted(),
        ),
        (
            json!({"kind": "stream_cut", "after_tokens": 0}),
            interrupted(),
        ),
        (
            json!({"kind": "stream_stall", "after_tokens": 2}),
            interrupted(),
        ),
        (
            json!({"kind": "malformed_event", "at_token": 2}),
            interrupted(),
        ),
        (
            json!({"kind": "malformed_event", "at_token": 0}),
            interrupted(),
        ),
        (
            json!({"kind": "in_band_error", "error": "overloaded_error"}),
            unavailable(),
        ),
        (
            json!({"kind": "empty_answer"}),
            Fallback("response_rejected"),
        ),
        (json!({"kind": "drip", "tokens_per_s": 10}), Late(300)),
        (json!({"kind": "drip", "tokens_per_s": 0.2}), interrupted()),
        (json!({"kind": "no_finish_reason"}), interrupted()),
    ]
}

const WORDS: [&str; 4] = ["one ", "two ", "three ", "four"];

async fn upstream(family: Family) -> Upstream {
    let kind = family.content_type();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
    let words = WORDS.map(|word| family.word(word)).concat();
    let all = [head, family.prelude(), words, family.end()].concat();
    Upstream::start([Behaviour::Acts(vec![Act::Write(all.into_bytes())])]).await
}

/// A model on a provider of its own for each case, all falling back to `good`.
fn config(family: Family, upstreams: &[Upstream], good: &Upstream) -> String {
    let mut text = format!(
        "[resilience]\ndefault_fallbacks = [\"good\"]\n{FAST}[[providers]]\nid = \"good-provider\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"{KEY}\"\n\n[[models]]\nid = \"good\"\nprovider = \"good-provider\"\n",
        good.base_url
    );
    for (place, upstream) in upstreams.iter().enumerate() {
        let (kind, base_url) = (family.kind(), family.base_url(&upstream.base_url));
        text.push_str(&format!(
            "\n[[providers]]\nid = \"p{place}\"\nkind = \"{kind}\"\nbase_url = \"{base_url}\"\napi_key = \"{KEY}\"\n\n[[models]]\nid = \"m{place}\"\nprovider = \"p{place}\"\n"
        ));
    }
    text
}

/// What is wrong with one kind.
async fn judge(server: &Server, place: usize, kind: &Value, outcome: &Outcome) -> Vec<String> {
    let model = format!("m{place}");
    let mut fault = json!({"target": {"model": model}, "ttl_s": 60});
    let fields = kind.as_object().unwrap().clone();
    fault.as_object_mut().unwrap().extend(fields);
    let (status, armed) = server.post("/api/debug/faults", &fault).await;
    assert_eq!(status, 201, "{armed}");
    for (field, value) in kind.as_object().unwrap() {
        assert!(
            armed[field] == *value || armed[field].as_f64() == value.as_f64(),
            "{armed}"
        );
    }
    let (status, body) = server
        .chat("new", json!({"message": "hi", "model": model}))
        .await;
    let message = &body["message"];
    let first = &message["attempts"][0];
    let took = message["attempts"]
        .as_array()
        .and_then(|all| all.last()?["duration_ms"].as_u64());
    let wrong = |holds: bool, what: &str| (!holds).then(|| format!("{kind}: {what}: {body}"));
    let mut found = vec![
        wrong(status == 200, "no answer"),
        wrong(first["simulated"] == true, "the attempt is not marked"),
        wrong(message["simulated"] == true, "the answer is not marked"),
    ];
    match outcome {
        Fallback(reason) => found.extend([
            wrong(first["reason"] == *reason, reason),
            wrong(message["text"] == "from the fallback", "the wrong text"),
            wrong(message["fallback"] == true, "no fallback"),
        ]),
        Late(ms) => found.extend([
            wrong(message["text"] == WORDS.concat(), "the wrong text"),
            wrong(message["fallback"] == false, "a fallback"),
            wrong(took.is_some_and(|took| took >= *ms), "not late"),
        ]),
    }
    found.into_iter().flatten().collect()
}

async fn strikes(family: Family) {
    let kinds = every_kind();
    let good = Upstream::answering(&["from ", "the fallback"]).await;
    let mut upstreams = vec![];
    for _ in &kinds {
        upstreams.push(upstream(family).await);
    }
    let server = Server::start(&config(family, &upstreams, &good)).await;
    let server = Arc::new(server);
    // Not all at once: the retry budget is shared.
    let wrong: Vec<String> = stream::iter(kinds.iter().enumerate())
        .map(|(place, (kind, outcome))| judge(&server, place, kind, outcome))
        .buffer_unordered(8)
        .flat_map(stream::iter)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{family:?}:\n{}", wrong.join("\n"));
    let (_, faults) = server.get("/api/debug/faults").await;
    for fault in faults["faults"].as_array().unwrap() {
        assert!(fault["hits"].as_u64().unwrap() > 0, "{fault}");
    }
    for upstream in &upstreams {
        upstream.all_closed().await;
    }
    // Nothing of it was real: with the faults go the circuits that they opened.
    let (status, _) = server.post("/api/debug/faults/halt", &json!({})).await;
    assert_eq!(status, 204);
    for place in 0..kinds.len() {
        let state = format!("evenkeel_circuit_state{{model=\"m{place}\",provider=\"p{place}\"}}");
        assert_eq!(server.metric(&state).await, 0.0, "{state}");
    }
}

#[tokio::test]
async fn every_kind_under_openai() {
    strikes(Family::OpenAi).await;
}

#[tokio::test]
async fn every_kind_under_anthropic() {
    strikes(Family::Anthropic).await;
}

#[tokio::test]
async fn every_kind_under_gemini() {
    strikes(Family::Gemini).await;
}

#[tokio::test]
async fn every_kind_under_ollama() {
    strikes(Family::Ollama).await;
}

#[tokio::test]
async fn a_mistake_names_its_field_and_the_mend() {
    let server = Server::start("").await;
    for (change, expected) in [
        (json!({"kind": "flood"}), "give one of http_status"),
        (
            json!({"kind": "http_status", "status": 200}),
            "status: give 400 to 599",
        ),
        (json!({"kind": "slow_first_token"}), "missing field: `ms`"),
        (
            json!({"kind": "slow_first_token", "ms": 0}),
            "ms: give 1 to 3600000 milliseconds",
        ),
        (
            json!({"kind": "latency", "ms": -1}),
            "not a whole number: `ms`",
        ),
        (
            json!({"kind": "latency", "ms": 1, "jitter_ms": 4_000_000}),
            "jitter_ms: give 0 to 3600000 milliseconds",
        ),
        (
            json!({"kind": "stream_stall"}),
            "missing field: `after_tokens`",
        ),
        (
            json!({"kind": "in_band_error", "error": " "}),
            "error: give a type such as \"overloaded_error\"",
        ),
        (
            json!({"kind": "drip", "tokens_per_s": 0}),
            "tokens_per_s: give 0.01 to 1000",
        ),
        (json!({"probability": 1.5}), "probability: give 0 to 1"),
        (json!({"first_n": 0}), "first_n: give 1 or more"),
        (json!({"ttl_s": 3601}), "ttl_s: give 1 to 3600 seconds"),
        (json!({"ttl_s": null}), "`ttl_s`"),
        (json!({"target": {}}), "target: name a provider or a model"),
        (
            json!({"target": {"provider": "nobody"}}),
            "target.provider: there is no \"nobody\"; there are demo-harbour",
        ),
        (
            json!({"target": {"model": "demo-swft"}}),
            "did you mean \"demo-swift\"?",
        ),
    ] {
        let mut fault = json!({"target": "*", "kind": "no_response", "ttl_s": 60});
        let fields = change.as_object().unwrap().clone();
        fault.as_object_mut().unwrap().extend(fields);
        let (status, problem) = server.post("/api/debug/faults", &fault).await;
        let said = problem["detail"].as_str().unwrap_or_default();
        assert!(
            status == 400 && said.contains(expected),
            "{change}: {problem}"
        );
    }
    let (_, faults) = server.get("/api/debug/faults").await;
    assert_eq!(faults, json!({"faults": []}));
}

#[tokio::test]
async fn the_seed_is_shown_and_gives_the_same_run_again() {
    let server = Server::start("").await;
    let mut runs = vec![];
    let mut seed = None;
    for _ in 0..2 {
        let fault = json!({"target": {"model": "demo-swift"}, "kind": "http_status", "status": 404,
            "probability": 0.5, "ttl_s": 60, "seed": seed});
        let (_, armed) = server.post("/api/debug/faults", &fault).await;
        seed = Some(armed["seed"].as_u64().unwrap());
        let mut run = vec![];
        for _ in 0..8 {
            let ask = json!({"message": "count to 1", "model": "demo-swift"});
            let (_, body) = server.chat("new", ask).await;
            let first = &body["message"]["attempts"][0];
            run.push((first["state"].clone(), first["reason"].clone()));
        }
        runs.push(run);
        server.post("/api/debug/faults/halt", &json!({})).await;
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn faults_survive_no_restart() {
    let server = Server::start("").await;
    let fault = json!({"target": "*", "kind": "empty_answer", "ttl_s": 3600});
    assert_eq!(server.post("/api/debug/faults", &fault).await.0, 201);
    assert_eq!(server.metric("evenkeel_faults_active").await, 1.0);
    let server = server.kill_and_restart().await;
    let (_, faults) = server.get("/api/debug/faults").await;
    assert_eq!(faults, json!({"faults": []}));
    let (status, _) = server.chat("new", json!({"message": "hi"})).await;
    assert_eq!(status, 200);
}
