//! Answers that must cite their sources.

use serde_json::{Value, json};

use super::file;
use crate::support::server::config;
use crate::support::socket::{send, text};
use crate::support::{Behaviour, Server, Socket, Upstream};

const REQUIRE: &str = "\n[guards]\ngrounding = \"require\"\npii = \"redact\"\n";

fn asking_of_a_file(id: &str, name: &str) -> Value {
    let mut question = send(id, "How deep is the keel?", "a");
    question["attachments"] = json!([file(name, "The keel is two metres deep.")]);
    question
}

#[tokio::test]
async fn an_answer_that_cites_no_source_is_never_seen_and_the_next_model_is_asked() {
    let a = Upstream::answering(&["Three ", "metres."]).await;
    let b = Upstream::answering(&["Two metres ", "[1]."]).await;
    let server = Server::start(&(config(&[&a, &b], "") + REQUIRE)).await;
    let mut socket = Socket::open(&server).await;
    let frames = socket.ask(asking_of_a_file("1", "ship.txt")).await;
    let message = &frames.last().unwrap()["message"];
    assert_eq!(
        (text(&frames), &message["text"]),
        ("Two metres [1].".to_owned(), &json!("Two metres [1]."))
    );
    assert_eq!(
        message["guards"],
        json!([{"guard": "grounding", "kind": "cited", "count": 1}])
    );
    let first = &message["attempts"][0];
    assert_eq!(
        (&first["state"], &first["reason"], &first["detail"]),
        (
            &json!("failed"),
            &json!("response_rejected"),
            &json!("the answer cites none of its sources")
        )
    );
    // It is said while it is checked.
    let held = frames
        .iter()
        .find(|frame| frame["attempt"]["state"] == "answering");
    let detail = held.unwrap()["attempt"]["detail"].as_str().unwrap();
    assert!(detail.contains("checked against its sources"), "{detail}");
    let (role, told) = &b.last_prompt()[0];
    assert!(
        role == "system" && told.contains("cite its source") && told.contains("[1]"),
        "{told}"
    );
    let rejected = "evenkeel_guard_triggered_total{guard=\"grounding\",kind=\"rejected\"}";
    assert_eq!(server.metric(rejected).await, 1.0);
    // Nothing is asked of an answer without sources.
    let frames = socket.ask(send("2", "And now?", "a")).await;
    let message = &frames.last().unwrap()["message"];
    assert_eq!(
        (&message["text"], message.get("guards")),
        (&json!("Three metres."), None)
    );
    assert_eq!(a.last_prompt().len(), 1);
    // It counted against nobody.
    let (_, health) = server.get("/health/a").await;
    assert_eq!(health["circuit"]["state"], "closed", "{health}");
}

#[tokio::test]
async fn a_turn_whose_answers_are_all_refused_says_why_and_shows_none_of_them() {
    let a = Upstream::answering(&["Three metres [7]."]).await;
    let server = Server::start(&(config(&[&a], "") + REQUIRE)).await;
    let mut socket = Socket::open(&server).await;
    let frames = socket.ask(asking_of_a_file("1", "ship.txt")).await;
    let end = frames.last().unwrap();
    assert_eq!(end["error_type"], "fallback_exhausted");
    let failure = &end["failures"][0];
    assert_eq!(
        (&failure["reason"], &failure["detail"]),
        (
            &json!("response_rejected"),
            &json!("the answer cites [7], and there is no such source")
        )
    );
    assert_eq!(
        (text(&frames), &end["message"]["text"]),
        (String::new(), &json!(""))
    );
    assert_eq!(a.requests().len(), 1);
}

#[tokio::test]
async fn a_source_may_be_cited_by_the_name_that_was_sent_and_an_answer_may_decline() {
    let a = Upstream::start([
        Behaviour::Answer(&["Two metres [[email 1].txt]."]),
        Behaviour::Answer(&["Two metres [ship.txt]."]),
        Behaviour::Answer(&["The sources do not answer this."]),
    ])
    .await;
    let server = Server::start(&(config(&[&a], "") + REQUIRE)).await;
    let mut socket = Socket::open(&server).await;
    // Brackets in brackets are no name: nobody can tell them apart.
    let frames = socket
        .ask(asking_of_a_file("1", "ann@example.org.txt"))
        .await;
    assert_eq!(frames.last().unwrap()["error_type"], "fallback_exhausted");
    for (id, kind, count) in [("2", "cited", 1), ("3", "declined", 0)] {
        let frames = socket.ask(asking_of_a_file(id, "ship.txt")).await;
        let expected = json!([{"guard": "grounding", "kind": kind, "count": count}]);
        assert_eq!(frames.last().unwrap()["message"]["guards"], expected);
    }
}
