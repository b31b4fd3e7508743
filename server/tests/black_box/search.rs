//! `/api/search`.

use serde_json::{Value, json};

use crate::support::socket::send;
use crate::support::{Server, Socket, Upstream};

/// An excerpt with its hits in brackets.
fn marked(hit: &Value) -> String {
    let pieces = hit["excerpt"].as_array().unwrap().iter();
    let mark = |piece: &Value| {
        let text = piece["text"].as_str().unwrap();
        match piece["hit"].as_bool().unwrap() {
            true => format!("[{text}]"),
            false => text.to_owned(),
        }
    };
    pieces.map(mark).collect()
}

#[tokio::test]
async fn words_are_found_in_titles_questions_and_answers() {
    let a = Upstream::answering(&["Rayleigh ", "scattering, of course."]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let first = socket.ask(send("q1", "Why is the sky blue?", "a")).await;
    let mut hidden = send("q2", "Why is the sky blue?", "a");
    hidden["temporary"] = json!(true);
    socket.ask(hidden).await;
    let search = async |words: &str| {
        let (status, found) = server.get(&format!("/api/search?q={words}")).await;
        assert_eq!(status, 200, "{found}");
        found["results"].as_array().unwrap().clone()
    };
    let by_answer = search("rayleigh+scat").await;
    assert_eq!(by_answer.len(), 1);
    assert_eq!(
        by_answer[0]["conversation"]["id"],
        first[0]["conversation_id"]
    );
    assert_eq!(by_answer[0]["message_id"], first[0]["answer_id"]);
    assert_eq!(marked(&by_answer[0]), "[Rayleigh] [scattering], of course.");
    let by_title = search("SKY").await;
    assert_eq!(by_title.len(), 1);
    assert_eq!(by_title[0]["message_id"], Value::Null);
    assert_eq!(marked(&by_title[0]), "Why is the [sky] blue?");
    assert_eq!(search("%22").await, Vec::<Value>::new());
    assert_eq!(search("sky+NOT+blue").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_search_for_nothing_is_refused_with_the_mend() {
    let server = Server::start("").await;
    let long = format!("?q={}", "x".repeat(1001));
    for query in ["", "?q=", "?q=+%20", "?q=a&q=b", &long] {
        let (status, problem) = server.get(&format!("/api/search{query}")).await;
        assert_eq!(status, 400, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with("q: "));
    }
}
