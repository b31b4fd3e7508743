//! Who is guarded, and how that is changed.

use serde_json::{Value, json};

use super::{HOSTILE, REDACT, user};
use crate::support::events::Events;
use crate::support::server::config;
use crate::support::{Administrator, Server, Upstream};

#[tokio::test]
async fn guards_are_switched_live_audited_and_taken_back() {
    let a = Upstream::answering(&["Hello [email 1]."]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let ask = json!({"message": "Greet ann@example.org.", "model": "a"});
    let shown = server.setting("global", "guards.pii").await;
    assert_eq!(
        (&shown["value"], &shown["kind"]),
        (&json!("off"), &json!("word"))
    );
    server.chat("new", ask.clone()).await;
    assert_eq!(user(&a.last_prompt()), "Greet ann@example.org.");
    server
        .change(&[("global", "guards.pii", json!("redact"))])
        .await;
    let (_, answered) = server.chat("new", ask.clone()).await;
    assert_eq!(answered["message"]["text"], "Hello ann@example.org.");
    assert_eq!(user(&a.last_prompt()), "Greet [email 1].");
    let (status, refused) = server
        .try_change(false, &[("global", "guards.pii", json!("on"))])
        .await;
    assert_eq!(status, 400, "{refused}");
    assert!(refused.to_string().contains("must be one of"), "{refused}");
    // Who switches one off is told what that means.
    let effect = server
        .preview(&[("global", "guards.injection", json!("off"))])
        .await;
    assert!(
        effect["warnings"][0]
            .as_str()
            .unwrap()
            .contains("Planted instructions is off"),
        "{effect}"
    );
    server
        .change(&[("global", "guards.pii", Value::Null)])
        .await;
    server.chat("new", ask).await;
    assert_eq!(user(&a.last_prompt()), "Greet ann@example.org.");
    let audit = server.audit().await;
    assert_eq!(
        (&audit[0]["key"], &audit[0]["before"], &audit[0]["after"]),
        (&json!("guards.pii"), &json!("redact"), &json!("off"))
    );
}

const CAREFUL: &str = "\n[[assistants]]\nid = \"careful\"\nmodel = \"a\"\nguards = { pii = \"redact\", injection = \"block\" }\n";

#[tokio::test]
async fn an_assistant_has_guards_of_its_own() {
    let a = Upstream::answering(&["Hello [email 1]."]).await;
    let server = Server::start(&(config(&[&a], "") + CAREFUL)).await;
    let (_, plain) = server
        .chat(
            "new",
            json!({"message": "Greet ann@example.org.", "model": "a"}),
        )
        .await;
    assert_eq!(plain["message"]["text"], "Hello [email 1].");
    let careful = json!({"message": "Greet ann@example.org.", "assistant": "careful"});
    let (_, guarded) = server.chat("new", careful.clone()).await;
    assert_eq!(guarded["message"]["text"], "Hello ann@example.org.");
    assert_eq!(user(&a.last_prompt()), "Greet [email 1].");
    let (status, _) = server
        .chat("new", json!({"message": HOSTILE, "assistant": "careful"}))
        .await;
    assert_eq!(status, 403);
    // Its own are changed for it alone.
    let shown = server.setting("assistants/careful", "guards.pii").await;
    assert_eq!(
        (&shown["value"], &shown["live"]),
        (&json!("redact"), &json!(false))
    );
    server
        .change(&[("assistants/careful", "guards.pii", json!("off"))])
        .await;
    server.chat("new", careful).await;
    assert_eq!(user(&a.last_prompt()), "Greet ann@example.org.");
}

#[tokio::test]
async fn v1_is_guarded_for_an_assistant_and_left_alone_for_a_model() {
    let a = Upstream::answering(&["Hello [em", "ail 1]."]).await;
    let server = Server::start(&(config(&[&a], "") + REDACT + CAREFUL)).await;
    let ask = |model: &str, text: &str, stream: bool| {
        let messages = json!([{"role": "user", "content": text}]);
        json!({"model": model, "stream": stream, "messages": messages})
    };
    let greet = "Greet ann@example.org.";
    let path = "/v1/chat/completions";
    let streamed = Events::of(&server, path, &ask("careful", greet, true)).await;
    assert_eq!(
        (streamed.content(), streamed.done()),
        ("Hello ann@example.org.".to_owned(), true)
    );
    assert_eq!(user(&a.last_prompt()), "Greet [email 1].");
    let (_, whole) = server.post(path, &ask("careful", greet, false)).await;
    assert_eq!(
        whole["choices"][0]["message"]["content"],
        "Hello ann@example.org."
    );
    let (status, refused) = server.post(path, &ask("careful", HOSTILE, false)).await;
    assert_eq!(status, 403, "{refused}");
    let sent = a.requests().len();
    let (_, plain) = server.post(path, &ask("a", greet, false)).await;
    assert_eq!(
        plain["choices"][0]["message"]["content"],
        "Hello [email 1]."
    );
    assert_eq!(
        (user(&a.last_prompt()), a.requests().len()),
        (greet, sent + 1)
    );
}
