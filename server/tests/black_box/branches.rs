//! Several answers to one question, and several versions of one question, over `/ws`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::socket::{assert_gapless, send, text};
use crate::support::{Behaviour, Server, Socket, Upstream};

/// `regenerate` with this id.
fn regenerate(id: &str, message: &Value) -> Value {
    json!({"type": "regenerate", "request_id": id, "message_id": message})
}

/// A prompt as it is expected: who says what.
fn says(prompt: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(who, what): &(&str, &str)| ((*who).to_owned(), (*what).to_owned());
    prompt.iter().map(owned).collect()
}

async fn messages(server: &Server, accepted: &Value) -> Vec<Value> {
    let id = accepted["conversation_id"].as_str().unwrap();
    let (_, body) = server.get(&format!("/api/conversations/{id}")).await;
    body["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn another_answer_stands_beside_the_first_and_the_prompt_is_its_ancestors() {
    let a = Upstream::start([
        Behaviour::Answer(&["one"]),
        Behaviour::Answer(&["two"]),
        Behaviour::Answer(&["three"]),
    ])
    .await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "count", "a")).await;
    let (question, answer) = (&first[0]["message_id"], &first[0]["answer_id"]);

    let second = socket.ask(regenerate("q2", answer)).await;
    assert_gapless(&second, 1);
    let accepted = &second[0];
    assert_eq!(
        (
            &accepted["type"],
            &accepted["request_id"],
            &accepted["message_id"]
        ),
        (&json!("accepted"), &json!("q2"), question)
    );
    assert_ne!(&accepted["answer_id"], answer);
    let done = &second.last().unwrap()["message"];
    assert_eq!(
        (&done["id"], &done["parent_id"], &done["text"]),
        (&accepted["answer_id"], question, &json!("two"))
    );
    assert_eq!(a.last_prompt(), says(&[("user", "count")]));
    let kept = messages(&server, accepted).await;
    let parents: Vec<_> = kept.iter().map(|message| &message["parent_id"]).collect();
    assert_eq!(parents, [&Value::Null, question, question]);

    // The same request once more is the same answer, and asks nobody.
    let again = socket.ask(regenerate("q2", question)).await;
    assert_eq!(&again[0], accepted);
    assert_eq!(&again.last().unwrap()["message"], done);
    assert_eq!(a.requests().len(), 2);

    // What is said after the first answer knows nothing of the second.
    let mut further = send("q3", "go on", "a");
    further["conversation_id"] = accepted["conversation_id"].clone();
    further["parent_id"] = answer.clone();
    socket.ask(further).await;
    assert_eq!(
        a.last_prompt(),
        says(&[("user", "count"), ("assistant", "one"), ("user", "go on")])
    );
}

#[tokio::test]
async fn another_answer_may_come_from_another_model_and_else_from_the_last() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = Server::with_upstreams(&[&a, &b], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "hi", "a")).await;
    let mut other = regenerate("q2", &first[0]["message_id"]);
    other["model"] = json!("b");
    let other = socket.ask(other).await;
    assert_eq!(other.last().unwrap()["message"]["model_name"], "b");
    let same = socket.ask(regenerate("q3", &first[0]["message_id"])).await;
    let requested = &same.last().unwrap()["message"]["requested_model"];
    assert_eq!(requested, "b", "the conversation's last model");
}

#[tokio::test]
async fn what_cannot_be_answered_again_is_refused_in_words() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "hi", "a")).await;
    let mut unknown_model = regenerate("q3", &first[0]["message_id"]);
    unknown_model["model"] = json!("nobody");
    for (frame, says) in [
        (regenerate("q2", &json!("nowhere")), "no such message"),
        (unknown_model, "model: "),
        (regenerate("", &first[0]["message_id"]), "request_id: "),
    ] {
        let refused = socket.ask(frame.clone()).await.pop().unwrap();
        assert_eq!(refused["error_type"], "invalid_request");
        assert_eq!(refused["request_id"], frame["request_id"]);
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(a.requests().len(), 1);
    assert_eq!(messages(&server, &first[0]).await.len(), 2);
}

#[tokio::test]
async fn two_answers_to_one_question_are_written_at_once() {
    let every = Duration::from_millis(10);
    let a = Upstream::start([
        Behaviour::Count { to: 60, every },
        Behaviour::Count { to: 30, every },
    ])
    .await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let mut other_tab = Socket::open(&server).await;
    socket.say(send("q1", "count", "a")).await;
    let first = socket.hear_until(&["delta"]).await;
    let conversation = &first[0]["conversation_id"];
    other_tab
        .say(json!({"type": "subscribe", "conversation_id": conversation}))
        .await;
    socket.say(regenerate("q2", &first[0]["message_id"])).await;
    let mut heard = first.clone();
    let mut elsewhere = vec![];
    for _ in 0..2 {
        heard.extend(socket.hear_until(&["done"]).await);
        elsewhere.extend(other_tab.hear_until(&["done"]).await);
    }
    for frames in [heard, elsewhere] {
        for (request, to) in [("q1", 60), ("q2", 30)] {
            let accepted = frames.iter().find(|frame| frame["request_id"] == request);
            let run = &accepted.unwrap()["run_id"];
            let frames: Vec<_> = frames
                .iter()
                .filter(|frame| &frame["run_id"] == run)
                .cloned()
                .collect();
            assert_gapless(&frames, 1);
            let expected: String = (1..=to).map(|number| format!("{number} ")).collect();
            assert_eq!(text(&frames), expected);
        }
    }
    assert_eq!(messages(&server, &first[0]).await.len(), 3);
}

#[tokio::test]
async fn an_edited_question_stands_beside_the_one_it_is_another_version_of() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "first", "a")).await;
    let within = |id: &str, text: &str, edited: &Value| {
        let mut frame = send(id, text, "a");
        frame["conversation_id"] = first[0]["conversation_id"].clone();
        frame["edited_id"] = edited.clone();
        frame
    };
    let second = socket.ask(within("q2", "second", &Value::Null)).await;
    let edited = socket
        .ask(within("q3", "2nd", &second[0]["message_id"]))
        .await;
    assert_eq!(
        a.last_prompt(),
        says(&[("user", "first"), ("assistant", "fine"), ("user", "2nd")])
    );
    let beginning = socket
        .ask(within("q4", "1st", &first[0]["message_id"]))
        .await;
    assert_eq!(a.last_prompt(), says(&[("user", "1st")]));
    let kept = messages(&server, &first[0]).await;
    let parent = |frames: &[Value]| {
        let id = &frames[0]["message_id"];
        let message = kept.iter().find(|message| &message["id"] == id).unwrap();
        message["parent_id"].clone()
    };
    assert_eq!(parent(&edited), first[0]["answer_id"]);
    assert_eq!(parent(&beginning), Value::Null);

    let mut both = within("q5", "x", &first[0]["message_id"]);
    both["parent_id"] = first[0]["answer_id"].clone();
    let mut new = within("q6", "x", &first[0]["message_id"]);
    new["conversation_id"] = Value::Null;
    for (frame, says) in [
        (both, "parent_id: leave it out"),
        (new, "edited_id: a new conversation"),
        (
            within("q7", "x", &first[0]["answer_id"]),
            "edited_id: name a question",
        ),
        (
            within("q8", "x", &json!("nowhere")),
            "edited_id: name a question",
        ),
    ] {
        let refused = socket.ask(frame).await.pop().unwrap();
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn what_a_conversation_tells_its_models_goes_first() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let mut first = send("q1", "hi", "a");
    first["system_prompt"] = json!(" Answer in rhyme. ");
    let first = socket.ask(first).await;
    let rhyme = ("system", "Answer in rhyme.");
    assert_eq!(a.last_prompt(), says(&[rhyme, ("user", "hi")]));
    // Only a new conversation takes it from a message; later it is changed by itself.
    let mut second = send("q2", "more", "a");
    second["conversation_id"] = first[0]["conversation_id"].clone();
    second["system_prompt"] = json!("Never mind.");
    socket.ask(second.clone()).await;
    assert_eq!(a.last_prompt()[0], says(&[rhyme])[0]);
    let id = first[0]["conversation_id"].as_str().unwrap();
    let path = format!("/api/conversations/{id}");
    let taken = json!({"system_prompt": null});
    let (status, changed) = server.call("PATCH", &path, Some(&taken)).await;
    assert_eq!((status, &changed["system_prompt"]), (200, &Value::Null));
    second["request_id"] = json!("q3");
    socket.ask(second).await;
    assert_eq!(a.last_prompt()[0], says(&[("user", "hi")])[0]);

    let mut long = send("q4", "hi", "a");
    long["system_prompt"] = json!("x".repeat(8001));
    let refused = socket.ask(long).await.pop().unwrap();
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("system_prompt: ")
    );
}
