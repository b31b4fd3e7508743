//! What a turn asks for that names nothing, and another answer to an old question.

use serde_json::{Value, json};

use super::{ask, candidate, configured, id, serving};
use crate::support::{Socket, Upstream};

async fn again(socket: &mut Socket, request: &str, message: &Value, model: Option<&str>) -> Value {
    let frame =
        json!({"type": "regenerate", "request_id": request, "message_id": message, "model": model});
    let frames = socket.ask(frame).await;
    assert_eq!(frames.last().unwrap()["type"], "done", "{frames:?}");
    frames.last().unwrap()["message"].clone()
}

#[tokio::test]
async fn a_conversation_goes_on_with_what_it_asked_for_last() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], "system_prompt = \"Be brief.\"").await;
    let first = ask(&server, "new").await;
    let next = async |asked: Value| {
        let (status, body) = server.chat(id(&first), asked).await;
        assert_eq!(status, 200, "{body}");
        let message = &body["message"];
        let (assistant, model) = (&message["assistant"], &message["requested_model"]);
        (assistant.clone(), model.clone())
    };
    let qa = (json!("qa"), json!("a"));
    assert_eq!(next(json!({"message": "go on"})).await, qa);
    assert_eq!(a.last_prompt()[0].1, "Be brief.");
    let plain = (Value::Null, json!("b"));
    assert_eq!(next(json!({"message": "x", "model": "b"})).await, plain);
    assert_eq!(next(json!({"message": "x"})).await, plain);
    assert_eq!(b.last_prompt()[0], ("user".to_owned(), "hi".to_owned()));
    assert_eq!(next(json!({"message": "x", "assistant": "qa"})).await, qa);
    assert_eq!(next(json!({"message": "x"})).await, qa);
}

#[tokio::test]
async fn an_assistant_that_is_no_more_is_passed_over() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let text = configured(&[&a, &b], &candidate(100.0));
    let server = serving(&[&a, &b], &candidate(100.0)).await;
    let first = ask(&server, "new").await;
    assert_eq!(first["requested_model"], "b");
    let (without, _) = text.split_once("[[assistants]]").unwrap();
    let server = server.restart_with(without).await;
    let (_, body) = server.chat(id(&first), json!({"message": "go on"})).await;
    let message = &body["message"];
    assert_eq!(
        (message.get("assistant"), &message["requested_model"]),
        (None, &json!("b"))
    );
    let mut socket = Socket::open(&server).await;
    let other = again(&mut socket, "1", &first["id"], None).await;
    assert_eq!(other.get("assistant"), None);
}

#[tokio::test]
async fn another_answer_asks_the_same_assistant_or_the_named_model_with_its_instructions() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], "system_prompt = \"Be brief.\"").await;
    let first = ask(&server, "new").await;
    // What the conversation asks for later changes nothing of that.
    let (_, later) = server
        .chat(id(&first), json!({"message": "x", "model": "b"}))
        .await;
    let mut socket = Socket::open(&server).await;
    let other = again(&mut socket, "1", &first["id"], None).await;
    assert_eq!(
        (&other["assistant"], &other["requested_model"]),
        (&json!("qa"), &json!("a"))
    );
    assert_eq!(other["parent_id"], first["parent_id"]);
    let named = again(&mut socket, "2", &first["id"], Some("b")).await;
    assert_eq!(
        (&named["assistant"], &named["requested_model"]),
        (&json!("qa"), &json!("b"))
    );
    assert_eq!(b.last_prompt()[0].1, "Be brief.");
    // An answer of no assistant gets no assistant.
    let plain = again(&mut socket, "3", &later["message"]["id"], Some("a")).await;
    assert_eq!(plain.get("assistant"), None);
    assert_eq!(a.last_prompt()[0], ("user".to_owned(), "hi".to_owned()));
}

#[tokio::test]
async fn a_replay_asks_the_models_that_the_turn_asked_and_tells_them_the_same() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let more = candidate(100.0) + "\nsystem_prompt = \"Be brief.\"";
    let server = serving(&[&a, &b], &more).await;
    let first = ask(&server, "new").await;
    let body = json!({"message_id": first["id"], "fault": {"kind": "connection_refused", "target": {"model": "b"}}});
    let response = server
        .http
        .post(server.url("/api/debug/replay"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let said = response.text().await.unwrap();
    let begun = said.lines().next().unwrap();
    let begun: Value = serde_json::from_str(begun).unwrap();
    assert_eq!(
        (&begun["requested_model"], &begun["chain"]),
        (&json!("b"), &json!(["b", "a"])),
        "{said}"
    );
    assert_eq!(a.last_prompt()[0].1, "Be brief.");
}
