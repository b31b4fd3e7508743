mod round_trip;

use evenkeel_protocol::*;
use serde_json::{Value, json};

use super::*;

fn question(id: &str, parent: Option<&str>) -> Value {
    json!({
        "id": id, "parent_id": parent, "role": "user", "text": "Why?", "status": "complete",
        "created_at": "2026-11-20T08:00:00Z",
    })
}

fn answer(id: &str, parent: Option<&str>) -> Value {
    let mut answer = question(id, parent);
    answer["role"] = json!("assistant");
    answer["text"] = json!("Because.");
    answer
}

fn document(messages: &[Value]) -> Value {
    json!({
        "format": "evenkeel.conversation", "version": 1,
        "conversation": {
            "title": "Old", "title_source": "model", "system_prompt": null,
            "created_at": "2026-11-20T08:00:00Z", "updated_at": "2026-11-20T09:00:00Z",
        },
        "messages": messages,
    })
}

fn refused(document: &Value) -> String {
    let body = serde_json::to_vec(document).unwrap();
    match read(&body).and_then(check::check) {
        Ok(import) => format!("{import:?}"),
        Err(refusal) => refusal.error.error,
    }
}

/// What is said of a document in which one place is another.
fn refused_with(place: &str, value: Value) -> String {
    let mut answered = answer("a", Some("q"));
    answered["attempts"] = json!([{
        "index": 0, "kind": "primary", "state": "answered", "model_name": "m", "provider": "p",
        "started_at": "2026-11-20T08:00:00Z", "simulated": false,
    }]);
    let mut document = document(&[question("q", None), answered]);
    match document.pointer_mut(place) {
        Some(there) => *there = value,
        None => {
            let (parent, field) = place.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[field] = value;
        }
    }
    refused(&document)
}

#[test]
fn what_is_no_document_is_refused_with_the_mend() {
    for (body, says) in [
        ("", "is not a conversation that was exported as JSON"),
        ("5", "is not a conversation that was exported as JSON"),
        ("[]", "format: is not \"evenkeel.conversation\""),
        ("{}", "format: is not \"evenkeel.conversation\""),
        (
            "{\"format\":\"other\"}",
            "format: is not \"evenkeel.conversation\"",
        ),
        (
            "{\"format\":\"evenkeel.conversation\",\"version\":2}",
            "version: is not 1",
        ),
        (
            "{\"format\":\"evenkeel.conversation\",\"version\":1}",
            "The document: missing field `conversation`",
        ),
    ] {
        let said = read(body.as_bytes()).unwrap_err().error.error;
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let long = |bytes: usize| json!("x".repeat(bytes));
    for (place, value, says) in [
        (
            "/conversation/title",
            json!(" "),
            "conversation.title: give 1 to 200",
        ),
        (
            "/conversation/title_source",
            json!("me"),
            "conversation.title_source: unknown name",
        ),
        (
            "/conversation/system_prompt",
            long(8001),
            "conversation.system_prompt: is longer",
        ),
        (
            "/conversation/updated_at",
            json!("-000001-01-01T00:00:00Z"),
            "conversation.updated_at: give a time",
        ),
        (
            "/conversation/created_at",
            json!("yesterday"),
            "conversation.created_at: ",
        ),
        (
            "/conversation/principal",
            json!("root"),
            "conversation.principal: unknown field",
        ),
        ("/messages", json!([]), "messages: there are 0"),
        (
            "/messages/0/id",
            json!(""),
            "messages[0].id: give 1 to 200 bytes",
        ),
        (
            "/messages/1/id",
            json!("q"),
            "messages[1].id: stands before already",
        ),
        (
            "/messages/1/parent_id",
            json!("nowhere"),
            "messages[1].parent_id: is no message that stands before",
        ),
        (
            "/messages/1/parent_id",
            json!("a"),
            "messages[1].parent_id: is no message that stands before",
        ),
        (
            "/messages/1/parent_id",
            Value::Null,
            "messages[1].parent_id: is missing",
        ),
        (
            "/messages/0/text",
            json!(" \n"),
            "messages[0].text: a question says something",
        ),
        (
            "/messages/0/text",
            long(1024 * 1024 + 1),
            "messages[0].text: is longer than 1 MiB",
        ),
        (
            "/messages/0/text",
            json!(5),
            "messages[0].text: invalid type",
        ),
        (
            "/messages/0/run_id",
            json!("r"),
            "messages[0].run_id: unknown field",
        ),
        (
            "/messages/0/created_at",
            json!("1969-12-31T23:59:59Z"),
            "messages[0].created_at: give a time",
        ),
        (
            "/messages/0/attachments",
            json!([{"name": "a", "media_type": "", "data": "!"}]),
            "messages[0].attachments[0] (a): its data is no base64",
        ),
        (
            "/messages/0/attachments",
            json!([{"name": "a", "media_type": "text/plain", "data": "fwAB/w=="}]),
            "messages[0].attachments[0] (a): is neither text nor an image",
        ),
        (
            "/messages/1/attachments",
            json!([{"name": "a", "media_type": "", "data": ""}]),
            "messages[1].attachments: an answer has none",
        ),
        (
            "/messages/1/status",
            json!("done"),
            "messages[1].status: unknown name",
        ),
        (
            "/messages/1/model_name",
            long(201),
            "messages[1].model_name: is longer",
        ),
        (
            "/messages/1/cost",
            json!(-1.0),
            "messages[1].cost: give 0 or more",
        ),
        (
            "/messages/1/usage",
            json!({"input_tokens": u64::MAX, "output_tokens": 1}),
            "messages[1].usage: has too many",
        ),
        (
            "/messages/1/attempts/0/state",
            json!("x"),
            "messages[1].attempts[0]: unknown name: `state`",
        ),
        (
            "/messages/1/attempts/0/duration_ms",
            json!(u64::MAX),
            "messages[1].attempts[0]: has too large a number",
        ),
        (
            "/messages/1/attempts/0/detail",
            long(10_001),
            "messages[1].attempts[0].detail: is longer",
        ),
        (
            "/messages/1/suggestions",
            json!(vec!["x"; 201]),
            "messages[1].suggestions: there are 201",
        ),
        (
            "/messages/1/seams",
            json!([{"from": "a", "to": "x".repeat(201), "mode": "continued", "at": 0}]),
            "messages[1].seams[0].to: is longer",
        ),
        (
            "/messages/1/error",
            json!({"error_type": "internal", "error": "x".repeat(10_001)}),
            "messages[1].error.error: is longer",
        ),
    ] {
        let said = refused_with(place, value);
        assert!(said.starts_with(says), "{place}: {said}");
    }
    let many: Vec<_> = (0..10_001)
        .map(|id| question(&id.to_string(), None))
        .collect();
    assert!(refused(&document(&many)).starts_with("messages: there are 10001"));
    let answers = [
        question("q", None),
        answer("a", Some("q")),
        answer("b", Some("a")),
    ];
    assert!(refused(&document(&answers)).starts_with("messages[2].parent_id: is an answer"));
    let mut twice = answer("a", Some("q"));
    let attempt = json!({
        "index": 3, "kind": "retry", "state": "failed", "model_name": "m", "provider": "p",
        "started_at": "2026-11-20T08:00:00Z", "simulated": false,
    });
    twice["attempts"] = json!([attempt, attempt]);
    let twice = document(&[question("q", None), twice]);
    assert!(refused(&twice).starts_with("messages[1].attempts[1].index: stands before already"));
}

#[test]
fn what_was_being_written_is_interrupted() {
    let mut writing = answer("a", Some("q"));
    writing["status"] = json!("streaming");
    writing["attempts"] = json!([{
        "index": 0, "kind": "primary", "state": "answering", "model_name": "m", "provider": "p",
        "started_at": "2026-11-20T08:00:00Z", "simulated": false,
    }]);
    let body = serde_json::to_vec(&document(&[question("q", None), writing])).unwrap();
    let import = check::check(read(&body).unwrap()).unwrap();
    let (message, _) = &import.messages[1];
    assert_eq!(message.status, MessageStatus::Interrupted);
    assert_eq!(message.error.as_ref().unwrap().kind, ErrorKind::Internal);
    assert_eq!(message.attempts[0].state, AttemptState::Cancelled);
}

#[test]
fn a_title_is_one_line_as_it_is_seen() {
    for (title, expected) in [
        ("Old\n \u{202e}ones\u{0}", "Old ones"),
        ("\u{200b}", "Untitled"),
    ] {
        let mut document = document(&[question("q", None)]);
        document["conversation"]["title"] = json!(title);
        let body = serde_json::to_vec(&document).unwrap();
        let import = check::check(read(&body).unwrap()).unwrap();
        assert_eq!(import.title, expected, "{title:?}");
    }
}
