//! Personal data is withheld, and comes back in the answer.

use serde_json::json;

use super::{REDACT, assert_withheld, file, user};
use crate::support::server::config;
use crate::support::socket::{send, text};
use crate::support::{Behaviour, Server, Socket, Upstream};

#[tokio::test]
async fn personal_data_stays_here_and_comes_back_in_the_answer() {
    let a = Upstream::answering(&[
        "Dear [em",
        "ail 1], ",
        "call [Phone 1",
        "] or [email 9]",
        " [",
    ])
    .await;
    let server = Server::start(&(config(&[&a], "") + REDACT)).await;
    let mut socket = Socket::open(&server).await;
    let mut question = send("1", "Write to ann@example.org about the file.", "a");
    question["system_prompt"] = json!("Sign as boss@example.org.");
    let content = "Ann <ANN@example.org>, +49 30 1234567\nIBAN DE89 3704 0044 0532 0130 00\n";
    question["attachments"] = json!([file("bob@example.org.txt", content)]);
    let frames = socket.ask(question).await;
    let message = frames.last().unwrap()["message"].clone();
    // The answer is put together again, in the stream as in the end.
    let expected = "Dear boss@example.org, call +49 30 1234567 or [email 9] [";
    assert_eq!(
        (text(&frames), &message["text"]),
        (expected.to_owned(), &json!(expected))
    );
    assert_eq!(
        message["guards"],
        json!([
            {"guard": "pii", "kind": "email", "count": 3},
            {"guard": "pii", "kind": "iban", "count": 1},
            {"guard": "pii", "kind": "phone", "count": 1},
        ])
    );
    assert_eq!(
        a.last_prompt(),
        [
            ("system".to_owned(), "Sign as [email 1].".to_owned()),
            (
                "user".to_owned(),
                "[email 2]:\n```\nAnn <[email 3]>, [phone 1]\nIBAN [iban 1]\n```\n\nWrite to [email 3] about the file.".to_owned()
            ),
        ]
    );
    // What was said is kept as it was said, and sent again without it.
    let conversation = frames[0]["conversation_id"].as_str().unwrap();
    let (_, transcript) = server
        .get(&format!("/api/conversations/{conversation}"))
        .await;
    let messages = &transcript["messages"];
    assert_eq!(
        messages[0]["text"],
        "Write to ann@example.org about the file."
    );
    assert_eq!(messages[1]["text"], expected);
    assert_eq!(messages[1]["guards"], message["guards"]);
    let mut next = send("2", "And from 203.0.113.9?", "a");
    next["conversation_id"] = json!(conversation);
    socket.ask(next).await;
    let prompt = a.last_prompt();
    assert_eq!(user(&prompt), "And from [ip 1]?");
    let before = &prompt[prompt.len() - 2].1;
    // "[email 9]" stands in the prompt now, and stands for nothing in it.
    assert_eq!(before, "Dear [email 1], call [phone 1] or [email 9] [");
    let found = "evenkeel_guard_triggered_total{guard=\"pii\",kind=\"email\"}";
    assert_eq!(server.metric(found).await, 6.0);
    assert_withheld(
        &a,
        &[
            "example.org\"",
            "ann@",
            "ANN@",
            "bob@",
            "boss@",
            "30 1234567",
            "3704",
            "203.0",
        ],
    );
    let log = server.into_log().await;
    assert!(log.contains("guard_triggered"), "{log}");
    assert!(
        !log.contains("ann@example.org") && !log.contains("30 1234567"),
        "{log}"
    );
}

#[tokio::test]
async fn what_holds_no_personal_data_is_sent_and_answered_byte_for_byte() {
    let a = Upstream::answering(&["[email 1] is", " [a] list: [1", "]"]).await;
    let server = Server::start(&(config(&[&a], "") + REDACT)).await;
    let mut socket = Socket::open(&server).await;
    let question = "What is 3.14159 * 1,000,000? See [notes] of 2026-11-20.";
    let frames = socket.ask(send("1", question, "a")).await;
    assert_eq!(user(&a.last_prompt()), question);
    let message = &frames.last().unwrap()["message"];
    assert_eq!(message["text"], "[email 1] is [a] list: [1]");
    assert_eq!(message.get("guards"), None);
}

#[tokio::test]
async fn every_model_of_the_chain_gets_the_same_and_a_seam_is_where_it_is_shown() {
    let a = Upstream::start([Behaviour::Cut(&["Mail [email 1] and [em"])]).await;
    let b = Upstream::start([Behaviour::status(500, "down")]).await;
    let c = Upstream::answering(&["Mail [email 1] and [em", "ail 2] today."]).await;
    let rest = "max_retries = 0\nretries_before_fallback = 0";
    let server = Server::start(&(config(&[&a, &b, &c], rest) + REDACT)).await;
    let mut socket = Socket::open(&server).await;
    let frames = socket
        .ask(send("1", "Mail ann@example.org and bob@example.org.", "a"))
        .await;
    let message = &frames.last().unwrap()["message"];
    assert_eq!(
        message["text"],
        "Mail ann@example.org and bob@example.org today."
    );
    let seam = &message["seams"][0];
    assert_eq!(
        (&seam["mode"], &seam["at"]),
        (&json!("spliced"), &json!(25))
    );
    for upstream in [&a, &b, &c] {
        assert_eq!(
            user(&upstream.last_prompt()),
            "Mail [email 1] and [email 2]."
        );
    }
}

#[tokio::test]
async fn titles_and_suggestions_withhold_it_as_well() {
    let a = Upstream::start([
        Behaviour::Answer(&["Hello [email 1]."]),
        Behaviour::Answer(&["Mail to [email 1]"]),
        Behaviour::Answer(&["Who is [email 1]?"]),
    ])
    .await;
    let server = Server::start(&(config(&[&a], "") + REDACT)).await;
    let body = json!({"message": "Greet ann@example.org.", "model": "a"});
    let (_, answered) = server.chat("new", body).await;
    let message = &answered["message"];
    assert_eq!(message["text"], "Hello ann@example.org.");
    let path = format!(
        "/api/conversations/{}/title",
        message["conversation_id"].as_str().unwrap()
    );
    let (_, title) = server.post(&path, &json!({})).await;
    assert_eq!(title["title"], "Mail to ann@example.org");
    let path = format!(
        "/api/messages/{}/suggestions",
        message["id"].as_str().unwrap()
    );
    let (_, suggested) = server.post(&path, &json!({})).await;
    assert_eq!(suggested["suggestions"], json!(["Who is ann@example.org?"]));
    assert_eq!(a.requests().len(), 3);
    assert_withheld(&a, &["ann@example.org"]);
}
