//! What Gemini is asked.

use evenkeel_engine::Observed;

use super::*;

fn try_asked(name: &str, body: Value, ask: &Ask) -> Result<(String, Value), UpstreamError> {
    let Value::Object(body) = body else { panic!() };
    let prompt = Prompt::from_openai(body).unwrap();
    let root = "https://g.example".parse().unwrap();
    let (url, body) = request(&root, &prompt, short(name), ask)?;
    Ok((url.into(), serde_json::from_slice(&body).unwrap()))
}

fn asked(name: &str, body: Value) -> Value {
    try_asked(name, body, &Ask::Whole).unwrap().1
}

fn hello(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[test]
fn the_model_is_in_the_path() {
    for (name, expected) in [
        ("gemini-2.5-pro", "models/gemini-2.5-pro"),
        ("models/gemini-2.5-pro", "models/gemini-2.5-pro"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("odd name/../x?y", "odd%20name/..%2Fx%3Fy"),
    ] {
        let (url, _) = try_asked(name, hello(json!({})), &Ask::Whole).unwrap();
        let expected = format!("https://g.example/v1beta/{expected}:streamGenerateContent?alt=sse");
        assert_eq!(url, expected);
    }
}

#[test]
fn a_conversation_with_tools() {
    let body = asked(
        "gemini-2.5-pro",
        json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "one"},
                {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "signature": "sig", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "{\"t\": 21}"},
                {"role": "tool", "tool_call_id": "c2", "content": "sunny"},
                {"role": "assistant", "content": ""},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "description": "does f", "parameters": {"type": "object"}}}, {"type": "function", "function": {"name": "g"}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "max_tokens": 50, "temperature": 1.7, "top_p": 0.5, "stop": "END", "seed": 7, "user": "u1", "logit_bias": {},
        }),
    );
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "one"}, {"text": "two"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "c1", "name": "f", "args": {"x": 1}}, "thoughtSignature": "sig"},
                {"functionCall": {"id": "c2", "name": "g", "args": {}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "f", "response": {"t": 21}}},
                {"functionResponse": {"id": "c2", "name": "g", "response": {"result": "sunny"}}},
            ]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "description": "does f", "parametersJsonSchema": {"type": "object"}}, {"name": "g"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"temperature": 1.7, "topP": 0.5, "maxOutputTokens": 50, "stopSequences": ["END"], "seed": 7},
    });
    assert_eq!(body, expected);
}

#[test]
fn a_call_of_another_model_gets_the_mark_that_newer_models_want() {
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let body = json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [call("a"), call("b")]}]});
    let parts = |name: &str| asked(name, body.clone())["contents"][1]["parts"].clone();
    for (name, marked) in [
        ("gemini-3-pro-preview", true),
        ("gemini-3.1-flash", true),
        ("gemini-2.5-pro", false),
        ("gemma-3-27b-it", false),
    ] {
        let parts = parts(name);
        assert_eq!(parts[0].get("thoughtSignature").is_some(), marked, "{name}");
        assert_eq!(parts[1].get("thoughtSignature"), None);
    }
}

#[test]
fn json_and_reasoning() {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "array"}}});
    let config = |name: &str, more: Value| asked(name, hello(more))["generationConfig"].clone();
    assert_eq!(
        config("gemini-2.5-pro", json!({"response_format": format})),
        json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "array"}})
    );
    assert_eq!(
        config(
            "gemini-2.5-pro",
            json!({"response_format": {"type": "json_object"}})
        ),
        json!({"responseMimeType": "application/json"})
    );
    for (name, effort, expected) in [
        ("gemini-2.5-flash", "none", json!({"thinkingBudget": 0})),
        ("gemini-2.5-pro", "none", json!({"thinkingBudget": 128})),
        (
            "gemini-2.5-flash",
            "medium",
            json!({"thinkingBudget": 8192, "includeThoughts": true}),
        ),
        (
            "gemini-3-pro-preview",
            "medium",
            json!({"thinkingLevel": "high", "includeThoughts": true}),
        ),
        (
            "gemini-3-flash",
            "medium",
            json!({"thinkingLevel": "medium", "includeThoughts": true}),
        ),
    ] {
        let found = config(name, json!({"reasoning_effort": effort}));
        assert_eq!(
            found,
            json!({"thinkingConfig": expected}),
            "{name} {effort}"
        );
    }
    for name in ["gemini-2.0-flash", "gemini-1.5-pro", "gemma-3-27b-it"] {
        for effort in ["none", "high"] {
            let found = config(name, json!({"reasoning_effort": effort}));
            assert_eq!(found, json!({}), "{name} {effort}");
        }
    }
    // A caller who speaks Anthropic's words is understood.
    let own = json!({"thinking": {"type": "enabled", "budget_tokens": 4000}});
    let found = config("gemini-2.5-flash", json!({"anthropic": own}));
    assert_eq!(found["thinkingConfig"]["thinkingBudget"], 8192);
}

#[test]
fn an_answer_is_continued_from_the_models_own_words() {
    let (_, body) = try_asked(
        "gemini-2.5-pro",
        hello(json!({})),
        &Ask::Continue("half an".into()),
    )
    .unwrap();
    assert_eq!(
        body["contents"][1],
        json!({"role": "model", "parts": [{"text": "half an"}]})
    );
}

#[test]
fn a_result_of_no_call_is_refused() {
    let body = json!({"messages": [{"role": "user", "content": "hi"}, {"role": "tool", "tool_call_id": "x", "content": "1"}]});
    let error = try_asked("gemini-2.5-pro", body, &Ask::Whole).unwrap_err();
    let Observed::Status {
        status: 400,
        message,
        ..
    } = error.observed
    else {
        panic!()
    };
    assert!(
        message.starts_with("messages[1].tool_call_id: "),
        "{message}"
    );
}

#[test]
fn what_a_tool_shows_stands_behind_its_answer() {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let body = |url: &str| {
        json!({"messages": [
            {"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "seen"}, image(url)]},
        ]})
    };
    let shown = asked("gemini-2.5-pro", body("data:image/png;base64,AAAA"));
    let expected = json!([
        {"functionResponse": {"id": "c", "name": "f", "response": {"result": "seen"}}},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
    ]);
    assert_eq!(shown["contents"][2]["parts"], expected);
    let elsewhere = try_asked("gemini-2.5-pro", body("https://a.example/b"), &Ask::Whole);
    let Observed::Status { message, .. } = elsewhere.unwrap_err().observed else {
        panic!()
    };
    assert!(
        message.starts_with("messages[2].content[1].image_url: "),
        "{message}"
    );
}
