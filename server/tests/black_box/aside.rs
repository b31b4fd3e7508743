//! What is asked beside the turns: titles and suggestions, of whom, and what comes of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::{KEY, config};
use crate::support::{Behaviour, Server, Socket, Upstream};

/// A conversation with one answer by this model: its id, and the answer's.
async fn conversation(server: &Server, model: &str, question: &str) -> (String, String) {
    let (status, body) = server
        .chat("new", json!({"message": question, "model": model}))
        .await;
    assert_eq!(status, 200, "{body}");
    let id = |field: &str| body["message"][field].as_str().unwrap().to_owned();
    (id("conversation_id"), id("id"))
}

async fn title(server: &Server, conversation: &str) -> (u16, Value) {
    let path = format!("/api/conversations/{conversation}/title");
    server.post(&path, &json!({})).await
}

async fn suggestions(server: &Server, message: &str) -> (u16, Value) {
    let path = format!("/api/messages/{message}/suggestions");
    server.post(&path, &json!({})).await
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn priced(upstreams: &[&Upstream], costs: &[(&str, f64)]) -> String {
    costs
        .iter()
        .fold(config(upstreams, ""), |text, (model, cost)| {
            let name = format!("name = \"{model}-upstream\"");
            text.replace(&name, &format!("{name}\noutput_cost = {cost:?}"))
        })
}

#[tokio::test]
async fn the_cheapest_model_gives_the_title_and_every_tab_hears_of_it() {
    let a = Upstream::answering(&["Because of ", "the keel."]).await;
    let b = Upstream::answering(&["\"Ships ", "at sea.\"\n\nA fitting title."]).await;
    let c = Upstream::answering(&["from c"]).await;
    let config = priced(&[&a, &b, &c], &[("a", 3.0), ("b", 1.0)]);
    let server = Server::start(&config).await;
    let (id, _) = conversation(&server, "a", "Why do ships stay upright?").await;
    let mut tab = Socket::open(&server).await;
    tab.say(json!({"type": "watch", "topics": ["conversations"]}))
        .await;
    tab.hear().await;

    let turns = "evenkeel_turns_total{outcome=\"answered\"}";
    assert_eq!(server.metric(turns).await, 1.0);
    let (status, given) = title(&server, &id).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&given["title"], &given["title_source"]),
        (&json!("Ships at sea"), &json!("model"))
    );
    let heard = tab.hear().await;
    assert_eq!(heard["conversation"]["title"], "Ships at sea");
    assert_eq!(
        (a.requests().len(), b.requests().len(), c.requests().len()),
        (1, 1, 0)
    );
    let asked = body(&b.requests()[0]);
    let words = asked["messages"][0]["content"].as_str().unwrap();
    assert!(
        words.contains("User: Why do ships stay upright?\n\nAssistant: Because of the keel."),
        "{words}"
    );
    assert!(asked["max_completion_tokens"].is_u64());
    // No turn, and an attempt all the same.
    assert_eq!(server.metric(turns).await, 1.0);
    let attempts = "evenkeel_attempts_total{kind=\"primary\",model=\"b\",outcome=\"answered\",provider=\"b-provider\",reason=\"\"}";
    assert_eq!(server.metric(attempts).await, 1.0);
    assert!(
        server
            .metric("evenkeel_cost_dollars_total{model=\"b\"}")
            .await
            > 0.0
    );
    // What has a title is not asked for again.
    let (_, again) = title(&server, &id).await;
    assert_eq!(again["title"], "Ships at sea");
    assert_eq!(b.requests().len(), 1);
}

#[tokio::test]
async fn a_title_that_a_person_gave_stays_and_where_nobody_answers_the_plain_one() {
    let a = Upstream::start([Behaviour::Answer(&["fine"]), Behaviour::status(500, "down")]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let (id, answer) = conversation(&server, "a", "Why?").await;
    let (status, kept) = title(&server, &id).await;
    assert_eq!(
        (status, &kept["title"], &kept["title_source"]),
        (200, &json!("Why?"), &json!("plain"))
    );
    let (status, none) = suggestions(&server, &answer).await;
    assert_eq!((status, &none["suggestions"]), (200, &json!([])));
    // One try each: nobody waits for a title.
    assert_eq!(a.requests().len(), 3);

    let path = format!("/api/conversations/{id}");
    let renamed = server.http.patch(server.url(&path));
    let renamed = renamed
        .json(&json!({"title": "Mine"}))
        .send()
        .await
        .unwrap();
    assert_eq!(renamed.status(), 200);
    let (_, kept) = title(&server, &id).await;
    assert_eq!(
        (&kept["title"], &kept["title_source"]),
        (&json!("Mine"), &json!("person"))
    );
    assert_eq!(a.requests().len(), 3);
}

#[tokio::test]
async fn suggestions_are_made_once_and_stay_with_the_answer() {
    let a = Upstream::start([
        Behaviour::Answer(&["fine"]),
        Behaviour::Answer(&["1. Why?\n2. How", " much?\n3. Who?\n4. When?"]),
    ])
    .await;
    let server = Server::with_upstreams(&[&a], "").await;
    let (id, answer) = conversation(&server, "a", "Tell me").await;
    // Two tabs ask at once.
    let (one, other) = tokio::join!(suggestions(&server, &answer), suggestions(&server, &answer));
    let expected = json!(["Why?", "How much?", "Who?"]);
    for (status, made) in [one, other, suggestions(&server, &answer).await] {
        assert_eq!((status, &made["suggestions"]), (200, &expected));
    }
    assert_eq!(a.requests().len(), 2);
    let (_, kept) = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(kept["messages"][1]["suggestions"], expected);
    // Only answers have any.
    let question = kept["messages"][0]["id"].as_str().unwrap();
    assert_eq!(suggestions(&server, question).await.0, 400);
    assert_eq!(suggestions(&server, "nothing").await.0, 404);
    assert_eq!(title(&server, "nothing").await.0, 404);
}

#[tokio::test]
async fn a_model_that_is_not_well_is_not_asked_and_a_silent_one_not_waited_for_long() {
    let a = Upstream::start([Behaviour::Answer(&["fine"]), Behaviour::Silence]).await;
    let b = Upstream::start([Behaviour::status(401, "no")]).await;
    let text = priced(&[&a, &b], &[("b", 1.0)]);
    let server = Server::start(&text).await;
    let (id, _) = conversation(&server, "a", "Why?").await;
    // The cheaper one's key is refused, which opens its circuit at once.
    let (status, _) = server
        .chat("new", json!({"message": "hello", "model": "b"}))
        .await;
    assert_eq!(status, 502);
    let started = tokio::time::Instant::now();
    let (status, kept) = title(&server, &id).await;
    assert_eq!((status, &kept["title"]), (200, &json!("Why?")));
    let waited = started.elapsed();
    assert!(waited < Duration::from_secs(12), "{waited:?}");
    assert_eq!((a.requests().len(), b.requests().len()), (2, 1));
    a.all_closed().await;
}

#[tokio::test]
async fn switched_off_nobody_is_asked() {
    let a = Upstream::answering(&["fine"]).await;
    let text = format!(
        "{}\n[chat]\ntitles = false\nsuggestions = false\n",
        config(&[&a], "")
    );
    let server = Server::start(&text).await;
    let (id, answer) = conversation(&server, "a", "Why?").await;
    assert_eq!(title(&server, &id).await.1["title"], "Why?");
    let (status, none) = suggestions(&server, &answer).await;
    assert_eq!((status, &none["suggestions"]), (200, &json!([])));
    assert_eq!(a.requests().len(), 1);
    assert!(a.requests()[0].contains(KEY));
}

#[tokio::test]
async fn a_fault_is_met_and_not_used_up() {
    let a = Upstream::answering(&["fine"]).await;
    let server = Server::with_upstreams(&[&a], "max_retries = 0").await;
    let (id, _) = conversation(&server, "a", "Why?").await;
    let fault = json!({"target": {"model": "a"}, "audience": "me", "kind": "http_status", "status": 503,
        "first_n": 1, "ttl_s": 60});
    let (status, _) = server.post("/api/debug/faults", &fault).await;
    assert_eq!(status, 201);
    assert_eq!(title(&server, &id).await.1["title_source"], "plain");
    // It was meant for the next turn, and that still meets it.
    let turn = json!({"message": "hello", "model": "a"});
    let (status, _) = server.chat("new", turn.clone()).await;
    assert_eq!(status, 502);
    let (status, _) = server.chat("new", turn).await;
    assert_eq!(status, 200);
    assert_eq!(a.requests().len(), 2);
}

#[tokio::test]
async fn the_demo_gives_a_title_and_questions_that_it_can_answer() {
    let server = Server::start("").await;
    let (id, answer) = conversation(&server, "demo-swift", "what is Evenkeel?").await;
    let (_, given) = title(&server, &id).await;
    assert_eq!(
        (&given["title"], &given["title_source"]),
        (&json!("What is Evenkeel"), &json!("model"))
    );
    let (_, made) = suggestions(&server, &answer).await;
    assert_eq!(
        made["suggestions"],
        json!([
            "Can you show me a markdown sample?",
            "Can you count to 20?",
            "What can you do?"
        ])
    );
}
