//! Assistants: a name for instructions, a model, and a candidate that some conversations try.

mod configuration;
mod gateway;
mod health;
mod inheritance;
mod rollout;
mod turns;

use serde_json::{Value, json};

use crate::support::{Server, Upstream, config};

/// Fails at once, and is asked again by every turn.
const ONE_TRY: &str = "retries_before_fallback = 0\nmax_retries = 0\ncircuit_threshold = 100\ncircuit_failure_rate = 0";

/// A server whose assistant `qa` answers with model `a`; models fall back along the rest of the line.
async fn serving(upstreams: &[&Upstream], more: &str) -> Server {
    Server::start(&configured(upstreams, more)).await
}

fn configured(upstreams: &[&Upstream], more: &str) -> String {
    let models = config(upstreams, ONE_TRY);
    format!(
        "{models}[[assistants]]\nid = \"qa\"\nname = \"Questions and answers\"\nmodel = \"a\"\n{more}\n"
    )
}

/// So many conversations try model `b`.
fn candidate(percent: f64) -> String {
    format!("candidate = {{ model = \"b\", percent = {percent} }}")
}

/// The assistant's answer in a new conversation, or in this one.
async fn ask(server: &Server, conversation: &str) -> Value {
    let asked = json!({"message": "hi", "assistant": "qa"});
    let (status, body) = server.chat(conversation, asked).await;
    assert_eq!(status, 200, "{body}");
    body["message"].clone()
}

fn id(message: &Value) -> &str {
    message["conversation_id"].as_str().unwrap()
}

/// The models of an answer's attempts, in their order.
fn asked(message: &Value) -> Vec<&str> {
    let attempts = message["attempts"].as_array().unwrap().iter();
    attempts
        .map(|attempt| attempt["model_name"].as_str().unwrap())
        .collect()
}
