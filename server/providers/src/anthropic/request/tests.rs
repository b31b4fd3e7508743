//! What Anthropic is asked.

use serde_json::{Value, json};

use super::*;

fn try_asked(name: &str, body: Value, ask: &Ask) -> Result<Value, UpstreamError> {
    let Value::Object(body) = body else { panic!() };
    let prompt = Prompt::from_openai(body).unwrap();
    let root = "https://api.anthropic.com".parse().unwrap();
    let (url, body) = request(&root, &prompt, name, ask)?;
    assert_eq!(url.as_str(), "https://api.anthropic.com/v1/messages");
    Ok(serde_json::from_slice(&body).unwrap())
}

fn asked(name: &str, body: Value) -> Value {
    try_asked(name, body, &Ask::Whole).unwrap()
}

fn hello(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

const SONNET: &str = "claude-sonnet-4-5";

#[test]
fn a_plain_question() {
    let expected = json!({
        "model": SONNET, "max_tokens": 8192, "stream": true,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    });
    let more = json!({"seed": 7, "logit_bias": {}, "n": 1, "service_tier": "auto"});
    assert_eq!(
        asked(SONNET, hello(more)),
        expected,
        "what it does not know is left out"
    );
}

#[test]
fn a_conversation_with_tools() {
    let body = asked(
        SONNET,
        json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": [{"type": "text", "text": "Use tools.", "cache_control": {"type": "ephemeral"}}]},
                {"role": "user", "content": "one"},
                {"role": "user", "content": [
                    {"type": "text", "text": "two"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}},
                ]},
                {"role": "assistant", "content": "", "reasoning_content": "hm", "reasoning_signature": "sig", "tool_calls": [
                    {"id": "functions.f:0", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                    {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}},
                ]},
                {"role": "tool", "tool_call_id": "functions.f:0", "content": "1"},
                {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "2"}]},
                {"role": "user", "content": "go on"},
            ],
            "tools": [
                {"type": "function", "function": {"name": "f", "description": "does f", "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}}}},
                {"type": "function", "function": {"name": "g"}},
            ],
            "tool_choice": "required",
            "parallel_tool_calls": false,
            "max_completion_tokens": 100, "max_tokens": 50, "temperature": 1.7, "top_p": 0.5,
            "stop": ["END", "\n"], "user": "u1",
        }),
    );
    let text = |text: &str| json!({"type": "text", "text": text});
    let expected = json!({
        "model": SONNET, "max_tokens": 100, "stream": true,
        "system": [text("Be brief."), {"type": "text", "text": "Use tools.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [
                text("one"), text("two"),
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "tool_use", "id": "functions_f_0", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "call_2", "name": "g", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "functions_f_0", "content": [text("1")]},
                {"type": "tool_result", "tool_use_id": "call_2", "content": [text("2")]},
                text("go on"),
            ]},
        ],
        "tools": [
            {"name": "f", "description": "does f", "input_schema": {"type": "object", "properties": {"x": {"type": "integer"}}}},
            {"name": "g", "input_schema": {"type": "object"}},
        ],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "temperature": 1.0, "stop_sequences": ["END"], "metadata": {"user_id": "u1"},
    });
    assert_eq!(body, expected);
}

#[test]
fn which_tool_is_called() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    for (choice, expected) in [
        (json!("auto"), json!({"type": "auto"})),
        (json!("none"), json!({"type": "none"})),
        (json!("required"), json!({"type": "any"})),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            json!({"type": "tool", "name": "f"}),
        ),
    ] {
        let body = asked(
            SONNET,
            hello(json!({"tools": tools, "tool_choice": choice})),
        );
        assert_eq!(body["tool_choice"], expected);
    }
    let body = asked(SONNET, hello(json!({"tool_choice": "auto"})));
    assert_eq!(body.get("tool_choice"), None, "no tools, no choice");
}

#[test]
fn reasoning_as_each_generation_takes_it() {
    let more =
        json!({"reasoning_effort": "high", "temperature": 0.3, "top_p": 0.9, "max_tokens": 1000});
    let thinking = |name: &str| {
        let body = asked(name, hello(more.clone()));
        assert_eq!(
            (body.get("temperature"), body.get("top_p")).0.is_some(),
            name.contains("3-5"),
            "{name}"
        );
        (
            body["thinking"].clone(),
            body["output_config"].clone(),
            body["max_tokens"].clone(),
        )
    };
    assert_eq!(
        thinking("claude-3-5-haiku-latest"),
        (Value::Null, Value::Null, json!(1000))
    );
    assert_eq!(
        thinking("claude-haiku-4-5"),
        (
            json!({"type": "enabled", "budget_tokens": 16384}),
            Value::Null,
            json!(17384)
        )
    );
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    for name in ["claude-opus-4-6", "claude-opus-4-8"] {
        assert_eq!(
            thinking(name),
            (adaptive.clone(), json!({"effort": "high"}), json!(1000))
        );
    }
    let untuned = asked("claude-opus-4-7", hello(json!({"temperature": 0.3})));
    assert_eq!(untuned.get("temperature"), None);
}

#[test]
fn an_answer_is_continued_from_its_own_words() {
    let body = json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Well "}], "reasoning_effort": "low"});
    let body = try_asked(SONNET, body, &Ask::Continue("half an".into())).unwrap();
    let expected = json!({"role": "assistant", "content": [{"type": "text", "text": "Well "}, {"type": "text", "text": "half an"}]});
    assert_eq!(body["messages"][1], expected);
    assert_eq!(body.get("thinking"), None);
}

#[test]
fn json_is_asked_for_in_words() {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "array"}}});
    let body = asked(SONNET, hello(json!({"response_format": format})));
    let said = body["system"][0]["text"].as_str().unwrap();
    assert!(said.ends_with(r#"{"type":"array"}"#), "{said}");
}

#[test]
fn instructions_alone_are_a_question_and_the_last_words_are_trimmed() {
    let body = asked(
        SONNET,
        json!({"messages": [{"role": "system", "content": "Tell a joke."}]}),
    );
    assert_eq!(body.get("system"), None);
    assert_eq!(body["messages"][0]["role"], "user");
    let body = asked(
        SONNET,
        json!({"messages": [{"role": "user", "content": "hi"}, {"role": "user", "content": " "}, {"role": "assistant", "content": "So \n"}]}),
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "So"}]},
        ])
    );
}

#[test]
fn what_cannot_be_asked_is_refused_by_its_place() {
    let user = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for (body, place) in [
        (
            user(json!({"type": "image_url", "image_url": {"url": "file:///b.png"}})),
            "messages[0].content[0].image_url",
        ),
        (
            user(json!({"type": "input_audio", "input_audio": {"format": "wav", "data": "AA"}})),
            "messages[0].content",
        ),
        (
            user(json!({"type": "hologram"})),
            "messages[0].content[0].type",
        ),
        (
            hello(json!({"tools": [{"type": "custom", "custom": {"name": "x"}}]})),
            "tools[0]",
        ),
        (
            json!({"messages": [{"role": "tool", "content": "1"}]}),
            "messages[0].tool_call_id",
        ),
    ] {
        let error = try_asked(SONNET, body, &Ask::Whole).unwrap_err();
        let evenkeel_engine::Observed::Status {
            status: 400,
            message,
            ..
        } = error.observed
        else {
            panic!("{error:?}")
        };
        assert!(message.starts_with(&format!("{place}: ")), "{message}");
    }
}

#[test]
fn whoever_speaks_its_words_is_passed_on() {
    let own = json!({
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 40, "betas": ["x"],
        "output_config": {"effort": "low"}, "metadata": {"user_id": "u"}, "service_tier": "auto",
        "model": "another", "stream": false,
    });
    let of = |name: &str| asked(name, hello(json!({"max_tokens": 4000, "anthropic": own})));
    let budget = of(SONNET);
    let expected = json!({
        "model": SONNET, "max_tokens": 4000, "stream": true,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "metadata": {"user_id": "u"}, "service_tier": "auto",
    });
    assert_eq!(
        budget, expected,
        "the limit is the caller's own, and a model that reasons is not tuned"
    );
    let untuned = of("claude-opus-4-7");
    assert_eq!(untuned["thinking"]["type"], "adaptive");
    assert_eq!(untuned["output_config"], json!({"effort": "low"}));
    let plain = of("claude-3-5-haiku-latest");
    assert_eq!((plain.get("thinking"), &plain["top_k"]), (None, &json!(40)));
}

#[test]
fn each_generation_is_told_to_reason_in_its_own_words() {
    let of = |name: &str, limit: u64| {
        let own = json!({"thinking": {"type": "adaptive"}});
        asked(name, hello(json!({"max_tokens": limit, "anthropic": own})))["thinking"].take()
    };
    assert_eq!(
        of(SONNET, 4000),
        json!({"type": "enabled", "budget_tokens": 2000})
    );
    assert_eq!(of(SONNET, 2000), Value::Null, "too little to reason in");
    assert_eq!(of("claude-sonnet-4-6", 100), json!({"type": "adaptive"}));
}

#[test]
fn an_image_that_stands_elsewhere_is_fetched_by_anthropic() {
    let url = "https://a.example/b.png";
    let image = json!({"type": "image_url", "image_url": {"url": url}});
    let body = asked(
        SONNET,
        json!({"messages": [{"role": "user", "content": [image]}]}),
    );
    assert_eq!(
        body["messages"][0]["content"],
        json!([{"type": "image", "source": {"type": "url", "url": url}}])
    );
}

/// A loop of tools whose last answer is there.
fn looping(signed: bool, more: Value) -> Value {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let mut said = json!({"role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": [call]});
    if signed {
        said["reasoning_signature"] = "sig".into();
    }
    let mut body = hello(more);
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(said);
    messages.push(json!({"role": "tool", "tool_call_id": "c", "content": "1"}));
    body
}

#[test]
fn a_loop_of_tools_without_a_signed_thought_goes_on_without_thinking() {
    let effort = json!({"reasoning_effort": "low", "max_tokens": 100});
    let own = json!({"anthropic": {"thinking": {"type": "enabled", "budget_tokens": 2000}}, "max_tokens": 4000});
    for (name, more, signed, thinks, limit) in [
        (SONNET, &effort, false, false, 100),
        (SONNET, &effort, true, true, 1124),
        (SONNET, &own, false, false, 4000),
        (SONNET, &own, true, true, 4000),
        ("claude-opus-4-6", &effort, false, true, 100),
    ] {
        let body = asked(name, looping(signed, more.clone()));
        assert_eq!(body.get("thinking").is_some(), thinks, "{name} {more}");
        assert_eq!(body["max_tokens"], limit, "{name} {more}");
    }
    let mut ended = looping(false, effort);
    let messages = ended["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": "1"}));
    messages.push(json!({"role": "user", "content": "and now?"}));
    assert!(asked(SONNET, ended).get("thinking").is_some(), "it is over");
}

#[test]
fn a_call_that_must_be_made_is_made_without_thinking() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    for name in [SONNET, "claude-opus-4-6"] {
        let body = asked(
            name,
            hello(
                json!({"tools": tools, "tool_choice": "required", "reasoning_effort": "high", "max_tokens": u64::MAX}),
            ),
        );
        assert_eq!(body["tool_choice"], json!({"type": "any"}));
        assert_eq!(body.get("thinking"), None, "{name}");
    }
    let largest = json!({"reasoning_effort": "high", "max_tokens": u64::MAX});
    assert_eq!(asked(SONNET, hello(largest))["max_tokens"], u64::MAX);
}

#[test]
fn a_call_that_failed_is_marked() {
    let mut body = looping(true, json!({}));
    body["messages"][2]["is_error"] = true.into();
    let expected = json!([{"type": "tool_result", "tool_use_id": "c", "is_error": true,
        "content": [{"type": "text", "text": "1"}]}]);
    assert_eq!(asked(SONNET, body)["messages"][2]["content"], expected);
}
