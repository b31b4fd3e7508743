//! `/v1` with an assistant as its model.

use serde_json::{Value, json};

use super::{candidate, serving};
use crate::support::{Behaviour, Server, Upstream};

/// The response's body, and its headers that say who answered.
async fn call(server: &Server, path: &str, body: &Value) -> (Value, [String; 2]) {
    let response = server.http.post(server.url(path)).json(body).send();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let headers = ["requested-model", "fallback"].map(|name| header(&format!("x-evenkeel-{name}")));
    (response.json().await.unwrap(), headers)
}

fn question(messages: Value) -> Value {
    json!({"model": "qa", "max_tokens": 100, "messages": messages})
}

#[tokio::test]
async fn both_forms_take_an_assistant_as_the_model() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::start([Behaviour::status(500, "oops")]).await;
    let more = candidate(100.0) + "\nsystem_prompt = \"Be brief.\"";
    let server = serving(&[&a, &b], &more).await;
    let hi = json!([{"role": "user", "content": "hi"}]);
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let (body, headers) = call(&server, path, &question(hi.clone())).await;
        assert_eq!(
            (&body["model"], headers),
            (&json!("a"), ["b", "true"].map(str::to_owned))
        );
        assert_eq!(
            a.last_prompt()[0],
            ("system".to_owned(), "Be brief.".to_owned())
        );
    }
    // The caller's own instructions come after the assistant's.
    let own =
        json!([{"role": "system", "content": "Speak French."}, {"role": "user", "content": "hi"}]);
    call(&server, "/v1/chat/completions", &question(own)).await;
    let told = a.last_prompt();
    assert_eq!(
        (told.len(), told[0].1.as_str()),
        (2, "Be brief.\n\nSpeak French.")
    );
    let mut anthropic = question(hi);
    anthropic["system"] = json!("Speak French.");
    call(&server, "/v1/messages", &anthropic).await;
    let told = a.last_prompt();
    assert_eq!(
        (told.len(), told[0].1.as_str()),
        (2, "Be brief.\n\nSpeak French.")
    );
    let (status, count) = server.post("/v1/messages/count_tokens", &anthropic).await;
    assert_eq!((status, &count["input_tokens"]), (200, &json!(7)));
}

#[tokio::test]
async fn each_call_throws_its_own_dice() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let server = serving(&[&a, &b], &candidate(50.0)).await;
    let body = question(json!([{"role": "user", "content": "hi"}]));
    for _ in 0..40 {
        call(&server, "/v1/chat/completions", &body).await;
    }
    let (own, tried) = (a.requests().len(), b.requests().len());
    assert_eq!(own + tried, 40);
    // All on one side would be less likely than one in a hundred thousand millions.
    assert!(own > 0 && tried > 0, "{own} and {tried}");
}

#[tokio::test]
async fn assistants_are_listed_after_the_models_in_both_forms() {
    let a = Upstream::answering(&["from a"]).await;
    let server = serving(&[&a], "").await;
    let (_, list) = server.get("/v1/models").await;
    let last = list["data"].as_array().unwrap().last().unwrap();
    assert_eq!(
        last,
        &json!({"id": "qa", "object": "model", "created": 0, "owned_by": "evenkeel"})
    );
    let (status, one) = server.get("/v1/models/qa").await;
    assert_eq!((status, &one), (200, last));
    let request = server.http.get(server.url("/v1/models"));
    let list = request.header("anthropic-version", "2023-06-01").send();
    let list: Value = list.await.unwrap().json().await.unwrap();
    assert_eq!(list["last_id"], "qa");
    let last = list["data"].as_array().unwrap().last().unwrap();
    assert_eq!(last["display_name"], "Questions and answers");
}
