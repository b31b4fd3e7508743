//! Whom a turn asks, and what it tells them first.

use serde_json::{Value, json};

use super::{ask, asked, candidate, id, serving};
use crate::support::{Behaviour, Server, Socket, Upstream};

fn told(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(who, text): &(&str, &str)| ((*who).to_owned(), (*text).to_owned());
    texts.iter().map(owned).collect()
}

#[tokio::test]
async fn its_models_are_asked_in_order_and_told_its_instructions_first() {
    let a = Upstream::start([Behaviour::status(500, "oops")]).await;
    let b = Upstream::start([Behaviour::status(500, "oops")]).await;
    let c = Upstream::answering(&["from c"]).await;
    let more = candidate(100.0) + "\nsystem_prompt = \"Be brief.\"\nfallbacks = [\"c\"]";
    let server = serving(&[&a, &b, &c], &more).await;
    let message = ask(&server, "new").await;
    assert_eq!(asked(&message), ["b", "a", "c"]);
    assert_eq!(
        (&message["requested_model"], &message["model_name"]),
        (&json!("b"), &json!("c"))
    );
    assert_eq!(
        (&message["assistant"], &message["fallback"]),
        (&json!("qa"), &json!(true))
    );
    for upstream in [&a, &b, &c] {
        assert_eq!(
            upstream.last_prompt(),
            told(&[("system", "Be brief."), ("user", "hi")])
        );
    }
}

#[tokio::test]
async fn the_conversations_own_instructions_come_after_the_assistants() {
    let a = Upstream::answering(&["from a"]).await;
    let server = serving(&[&a], "system_prompt = \"Be brief.\"").await;
    let mut socket = Socket::open(&server).await;
    assert_eq!(
        socket.hello["assistants"],
        json!([{"id": "qa", "name": "Questions and answers", "model": "a"}])
    );
    let send = json!({"type": "send", "request_id": "1", "text": "hi", "assistant": "qa", "system_prompt": "Speak French."});
    let frames = socket.ask(send).await;
    assert_eq!(frames.last().unwrap()["message"]["assistant"], "qa");
    assert_eq!(
        a.last_prompt(),
        told(&[("system", "Be brief.\n\nSpeak French."), ("user", "hi")])
    );
}

#[tokio::test]
async fn where_nobody_may_step_in_one_failure_ends_the_turn() {
    let a = Upstream::start([Behaviour::status(500, "oops")]).await;
    let b = Upstream::start([Behaviour::status(500, "oops")]).await;
    for (percent, first) in [(0.0, "a"), (100.0, "b")] {
        let more = candidate(percent) + "\nuse_fallback = false";
        let server = serving(&[&a, &b], &more).await;
        let asked = json!({"message": "hi", "assistant": "qa"});
        let (status, problem) = server.chat("new", asked).await;
        assert_eq!(status, 502, "{problem}");
        let failures = problem["failures"].as_array().unwrap();
        assert_eq!(failures.len(), 1, "{problem}");
        assert_eq!(failures[0]["model_name"], first);
    }
}

#[tokio::test]
async fn a_model_named_beside_it_is_asked_first_and_told_its_instructions() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let c = Upstream::start([Behaviour::status(500, "oops")]).await;
    let server = serving(&[&a, &b, &c], "system_prompt = \"Be brief.\"").await;
    let (_, body) = server
        .chat(
            "new",
            json!({"message": "hi", "assistant": "qa", "model": "c"}),
        )
        .await;
    let message = &body["message"];
    assert_eq!(asked(message), ["c", "a"]);
    assert_eq!(
        (&message["assistant"], &message["requested_model"]),
        (&json!("qa"), &json!("c"))
    );
    assert_eq!(c.last_prompt()[0].1, "Be brief.");
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_words() {
    let a = Upstream::answering(&["from a"]).await;
    let server = serving(&[&a], "").await;
    for (asked, expected) in [
        (
            json!({"message": "hi", "assistant": "qaa"}),
            "assistant: there is no \"qaa\"; did you mean \"qa\"?",
        ),
        (
            json!({"message": "hi", "assistant": ""}),
            "assistant: there is no \"\"",
        ),
        (
            json!({"message": "hi", "model": "qa"}),
            "model: \"qa\" is an assistant, and not a model",
        ),
    ] {
        let (status, problem) = server.chat("new", asked).await;
        assert_eq!(status, 400, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(expected), "{detail}");
    }
    assert_eq!(a.requests().len(), 0);
}

#[tokio::test]
async fn the_demos_models_are_an_assistants_as_well() {
    let text = "[[assistants]]\nid = \"qa\"\nmodel = \"demo-swift\"\n\
                candidate = { model = \"demo-calm\", percent = 100 }\n";
    let server = Server::start(text).await;
    let message = ask(&server, "new").await;
    assert_eq!(
        (&message["model_name"], &message["fallback"]),
        (&json!("demo-calm"), &json!(false))
    );
}

#[tokio::test]
async fn the_log_and_the_table_know_the_assistant() {
    let a = Upstream::answering(&["from a"]).await;
    let server = serving(&[&a], "").await;
    let message = ask(&server, "new").await;
    let plain = json!({"message": "hi", "model": "a"});
    server.chat("new", plain).await;
    let found = async |filter: &str| {
        let (status, page) = server.get(&format!("/api/admin/attempts?{filter}")).await;
        assert_eq!(status, 200, "{page}");
        page["attempts"].as_array().unwrap().clone()
    };
    let own = found("assistant=qa").await;
    assert_eq!(own.len(), 1);
    assert_eq!(
        (&own[0]["assistant"], &own[0]["message_id"]),
        (&json!("qa"), &message["id"])
    );
    assert_eq!(found("assistant=support").await.len(), 0);
    let all = found("").await;
    let all: Vec<_> = all.iter().map(|attempt| &attempt["assistant"]).collect();
    assert_eq!(all, [&Value::Null, &json!("qa")]);
    let (_, table) = server.get("/api/admin/attempts?format=csv").await;
    let table = table.as_str().unwrap().to_owned();
    let last: Vec<_> = table
        .lines()
        .map(|line| line.rsplit_once(',').unwrap().1)
        .collect();
    assert_eq!(last, ["assistant", "", "qa"]);
    let log = server.into_log().await;
    let line = log.lines().find(|line| line.contains("llm_attempt"));
    assert!(line.unwrap().contains("assistant=\"qa\""), "{log}");
}

#[tokio::test]
async fn an_export_keeps_the_assistant_and_an_import_brings_it_back() {
    let a = Upstream::answering(&["from a"]).await;
    let server = serving(&[&a], "").await;
    let message = ask(&server, "new").await;
    let path = format!("/api/conversations/{}/export?format=json", id(&message));
    let (_, document) = server.get(&path).await;
    assert_eq!(document["messages"][1]["assistant"], "qa");
    let (status, imported) = server.post("/api/conversations/import", &document).await;
    assert_eq!(status, 201, "{imported}");
    let id = imported["id"].as_str().unwrap();
    let (_, copy) = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(copy["messages"][1]["assistant"], "qa");
    // Its next turn asks the same assistant.
    let (_, body) = server.chat(id, json!({"message": "go on"})).await;
    assert_eq!(body["message"]["assistant"], "qa");
}
