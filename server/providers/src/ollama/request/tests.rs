//! What Ollama is asked.

use serde_json::json;

use super::*;

fn asked(name: &str, body: Value, ask: &Ask) -> Value {
    asked_knowing(ModelFacts::default(), name, body, ask)
}

fn asked_knowing(facts: ModelFacts, name: &str, body: Value, ask: &Ask) -> Value {
    let Value::Object(body) = body else { panic!() };
    let prompt = Prompt::from_openai(body).unwrap();
    let root = "http://127.0.0.1:11434".parse().unwrap();
    let (url, body) = request(&root, &prompt, name, facts, ask).unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:11434/api/chat");
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_conversation_with_tools() {
    let tools =
        json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let facts = ModelFacts {
        reasoning: true,
        context_window: Some(32_768),
    };
    let body = asked_knowing(
        facts,
        "qwen3",
        json!({
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "what"}, {"type": "text", "text": "now?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "signature": "s", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            ],
            "tools": tools, "tool_choice": "auto",
            "max_tokens": 50, "temperature": 0.7, "top_p": 0.5, "stop": ["END"], "seed": 7, "user": "u1",
            "frequency_penalty": 0.1, "presence_penalty": 0.2,
            "response_format": {"type": "json_object"}, "reasoning_effort": "high",
        }),
        &Ask::Continue("It is".into()),
    );
    let expected = json!({
        "model": "qwen3", "stream": true,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "what\nnow?", "images": ["AAAA"]},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": {"x": 1}}}]},
            {"role": "tool", "content": "sunny", "tool_name": "f", "tool_call_id": "c1"},
            {"role": "assistant", "content": "It is"},
        ],
        "tools": tools, "format": "json", "think": true,
        "options": {"num_ctx": 32768, "frequency_penalty": 0.1, "presence_penalty": 0.2, "num_predict": 50, "temperature": 0.7, "top_p": 0.5, "stop": ["END"], "seed": 7},
    });
    assert_eq!(body, expected);
}

#[test]
fn a_plain_question_and_one_without_the_tools() {
    let hello = json!([{"role": "user", "content": "hi"}]);
    let plain = json!({"model": "m", "stream": true, "messages": hello});
    assert_eq!(asked("m", json!({"messages": hello}), &Ask::Whole), plain);
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let body = json!({"messages": hello, "tools": tools, "tool_choice": "none"});
    assert_eq!(asked("m", body, &Ask::Whole), plain);
}

#[test]
fn a_schema_and_levels_of_reasoning() {
    let schema = json!({"type": "array"});
    let body = json!({"messages": [{"role": "user", "content": "hi"}], "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}});
    let body = asked("gpt-oss:20b", body, &Ask::Whole);
    assert_eq!((&body["format"], &body["think"]), (&schema, &json!("low")));
}

#[test]
fn only_a_model_that_thinks_is_asked_to() {
    let thinks = ModelFacts {
        reasoning: true,
        ..ModelFacts::default()
    };
    for (facts, name, effort, expected) in [
        (ModelFacts::default(), "llama3.2", "high", None),
        (
            ModelFacts::default(),
            "llama3.2",
            "none",
            Some(json!(false)),
        ),
        (
            ModelFacts::default(),
            "gpt-oss:20b",
            "high",
            Some(json!("high")),
        ),
        (thinks, "qwen3", "high", Some(json!(true))),
    ] {
        let hello = json!([{"role": "user", "content": "hi"}]);
        let body = json!({"messages": hello, "reasoning_effort": effort});
        let body = asked_knowing(facts, name, body, &Ask::Whole);
        assert_eq!(body.get("think"), expected.as_ref(), "{name} {effort}");
    }
}
