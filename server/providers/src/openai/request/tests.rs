//! What OpenAI's family is asked.

use std::borrow::Cow;

use serde_json::Map;

use super::*;

fn asked(base: &str, body: Value, ask: &Ask) -> (String, Value) {
    let Value::Object(body) = body else { panic!() };
    let prompt = Prompt::from_openai(body).unwrap();
    let base: Url = base.parse().unwrap();
    let (url, body) = request(&base, Dialect::of(&base), &prompt, "m", ask).unwrap();
    (url.into(), serde_json::from_slice(&body).unwrap())
}

fn hello() -> Value {
    json!({"messages": [{"role": "user", "content": "hi"}], "logit_bias": {"1": 2}, "model": "x", "stream": false})
}

#[test]
fn the_callers_body_goes_on_as_it_is() {
    let (url, body) = asked("https://api.openai.com/v1", hello(), &Ask::Whole);
    assert_eq!(url, "https://api.openai.com/v1/chat/completions");
    let expected = json!({
        "model": "m", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "hi"}], "logit_bias": {"1": 2},
    });
    assert_eq!(body, expected);
}

#[test]
fn an_answer_is_continued_in_each_dialect() {
    let ask = Ask::Continue("half an".into());
    let last = |prefix: bool| {
        let mut last = Map::from_iter([
            ("role".to_owned(), json!("assistant")),
            ("content".to_owned(), json!("half an")),
        ]);
        if prefix {
            last.insert("prefix".to_owned(), json!(true));
        }
        Value::Object(last)
    };
    for (base, expected, prefix, usage) in [
        (
            "https://openrouter.ai/api/v1",
            "https://openrouter.ai/api/v1/chat/completions",
            false,
            true,
        ),
        (
            "https://api.mistral.ai/v1",
            "https://api.mistral.ai/v1/chat/completions",
            true,
            false,
        ),
        (
            "https://api.deepseek.com/v1",
            "https://api.deepseek.com/beta/chat/completions",
            true,
            true,
        ),
    ] {
        let (url, body) = asked(base, hello(), &ask);
        assert_eq!(url, expected);
        assert_eq!(body["messages"][1], last(prefix), "{base}");
        assert_eq!(body.get("stream_options").is_some(), usage, "{base}");
    }
}

#[test]
fn signatures_stay_with_who_understands_them() {
    let body = json!({"messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "a", "reasoning_content": "r", "reasoning_signature": "s",
         "tool_calls": [{"id": "c", "signature": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
    ]});
    let (_, body) = asked("https://api.openai.com/v1", body, &Ask::Whole);
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let expected = json!({"role": "assistant", "content": "a", "tool_calls": [call]});
    assert_eq!(body["messages"][1], expected);
}

#[test]
fn what_came_in_anthropics_form_is_put_in_each_providers_words() {
    let text = |text: &str| json!({"type": "text", "text": text, "cache_control": {}});
    let image = json!({"type": "image_url", "image_url": {"url": "data:,"}});
    let body = json!({
        "messages": [{"role": "system", "content": [text("a"), text("b")]}, {"role": "user", "content": [image, text("c")]}],
        "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": {}}],
        "max_tokens": 5, "anthropic": {},
    });
    let plain = json!([
        {"role": "system", "content": "a\nb"},
        {"role": "user", "content": [image, {"type": "text", "text": "c"}]},
    ]);
    for (base, limit) in [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://api.mistral.ai/v1", "max_tokens"),
        ("http://127.0.0.1:1/v1", "max_tokens"),
    ] {
        let (_, asked) = asked(base, body.clone(), &Ask::Whole);
        assert_eq!(asked["messages"], plain);
        assert_eq!(
            asked["tools"],
            json!([{"type": "function", "function": {"name": "f"}}])
        );
        assert_eq!(asked[limit], 5);
        assert!(asked.get("anthropic").is_none());
    }
    // OpenRouter passes the marks on to whoever understands them.
    let (_, kept) = asked("https://openrouter.ai/api/v1", body.clone(), &Ask::Whole);
    assert_eq!(kept["messages"], body["messages"]);
    // Whoever asks in OpenAI's form chooses words and marks.
    let mut chosen = body;
    chosen.as_object_mut().unwrap().remove("anthropic");
    let (_, asked) = asked("https://api.openai.com/v1", chosen.clone(), &Ask::Whole);
    assert_eq!(
        (&asked["messages"], &asked["max_tokens"]),
        (&chosen["messages"], &json!(5))
    );
}

/// A conversation in which everything stands that only some providers take.
fn particular() -> Value {
    let call = json!({"id": "call_abcdefghijkl", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    json!({
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": "hi", "name": "me"},
            {"role": "assistant", "content": null, "reasoning_content": "r", "refusal": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_abcdefghijkl", "name": "f", "content": "1"},
        ],
        "max_completion_tokens": 9, "max_tokens": 5, "seed": 7, "store": true, "user": "u", "temperature": 0.5,
    })
}

#[test]
fn each_provider_gets_the_words_it_takes() {
    for (base, developers, thoughts, limits) in [
        ("https://api.openai.com/v1", true, false, (9, 5)),
        ("https://x.openai.azure.com/openai/v1", true, false, (9, 5)),
        ("https://openrouter.ai/api/v1", true, true, (9, 5)),
        ("https://api.deepseek.com/v1", false, true, (0, 9)),
        ("https://api.moonshot.ai/v1", false, true, (9, 5)),
        ("https://api.groq.com/openai/v1", false, false, (9, 5)),
        ("http://127.0.0.1:1/v1", false, false, (9, 5)),
    ] {
        let (_, body) = asked(base, particular(), &Ask::Whole);
        let role = if developers { "developer" } else { "system" };
        assert_eq!(body["messages"][0]["role"], role, "{base}");
        let said = body["messages"][2].get("reasoning_content").is_some();
        assert_eq!(said, thoughts, "{base}");
        let limit = |key: &str| body[key].as_u64().unwrap_or_default();
        assert_eq!(
            (limit("max_completion_tokens"), limit("max_tokens")),
            limits,
            "{base}"
        );
        assert_eq!(body["store"], true, "{base}: its own words are passed on");
        assert_eq!(body["messages"][3], particular()["messages"][3], "{base}");
    }
}

#[test]
fn mistral_gets_nothing_that_it_refuses() {
    let (_, mut body) = asked("https://api.mistral.ai/v1", particular(), &Ask::Whole);
    let id = body["messages"][3]["tool_call_id"].take();
    let short = id.as_str().unwrap();
    assert!(short.len() == 9 && short.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(
        body["messages"][2]["tool_calls"][0]["id"].take(),
        id,
        "a call and its result keep each other"
    );
    let expected = json!({
        "model": "m", "stream": true, "max_tokens": 9, "random_seed": 7, "temperature": 0.5,
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": null, "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": null, "name": "f", "content": "1"},
        ],
    });
    assert_eq!(body, expected);
    let own = json!({"messages": [{"role": "tool", "tool_call_id": "aB3dE6gH9", "content": "1"}]});
    let (_, body) = asked("https://api.mistral.ai/v1", own.clone(), &Ask::Whole);
    assert_eq!(body["messages"], own["messages"]);
}

#[test]
fn a_message_that_stays_as_it_is_is_not_copied() {
    let body = particular();
    let wanted = Wanted {
        dialect: Dialect::Plain,
        signed: false,
        unmarked: false,
    };
    let copied = |at: usize| matches!(wanted.of(&body["messages"][at]), Cow::Owned(_));
    assert_eq!([0, 1, 2, 3].map(copied), [true, false, true, false]);
}

#[test]
fn the_mark_of_a_failed_call_is_anthropics_alone() {
    let mut body = particular();
    body["messages"][3]["is_error"] = true.into();
    let (_, asked) = asked("https://api.openai.com/v1", body, &Ask::Whole);
    assert_eq!(asked["messages"][3], particular()["messages"][3]);
}
