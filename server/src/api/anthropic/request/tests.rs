use axum::http::HeaderValue;

use super::*;

fn asked(change: Value) -> Result<Canonical, Refusal> {
    let mut body =
        json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    let Value::Object(body) = body else { panic!() };
    canonical(body, &HeaderMap::new(), Limit::Needed)
}

/// What a request asks, in the one shape.
fn prompt(change: Value) -> Value {
    let asked = asked(change).map_err(|refusal| refusal.error.error);
    Value::Object(asked.unwrap().prompt)
}

fn said(messages: Value) -> Value {
    prompt(json!({"messages": messages}))["messages"].take()
}

#[test]
fn the_fields_that_everybody_has() {
    let body = prompt(json!({
        "system": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}],
        "stop_sequences": ["END"], "temperature": 0.5, "top_p": 0.9, "stream": true,
        "metadata": {"user_id": "u1"},
    }));
    let expected = json!({
        "messages": [{"role": "system", "content": "Be\n\nbrief."}, {"role": "user", "content": "hi"}],
        "max_tokens": 5, "stop": ["END"], "temperature": 0.5, "top_p": 0.9, "user": "u1",
        "anthropic": {"metadata": {"user_id": "u1"}},
    });
    assert_eq!(body, expected);
}

#[test]
fn a_request_without_extras_is_known_to_have_come_in_anthropics_form() {
    assert_eq!(prompt(json!({}))["anthropic"], json!({}));
}

#[test]
fn what_only_anthropic_understands_goes_along_for_it() {
    let thinking = json!({"type": "enabled", "budget_tokens": 2048});
    let long = "u".repeat(65);
    let mut body = json!({
        "model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}],
        "thinking": thinking, "top_k": 40, "service_tier": null, "metadata": {"user_id": long},
    });
    let mut headers = HeaderMap::new();
    headers.append("anthropic-beta", HeaderValue::from_static("one, two"));
    headers.append("anthropic-beta", HeaderValue::from_static("three"));
    let body = std::mem::take(body.as_object_mut().unwrap());
    let asked = canonical(body, &headers, Limit::Needed);
    let prompt = asked.map_err(|refusal| refusal.error.error).unwrap().prompt;
    let expected = json!({"thinking": thinking, "top_k": 40, "metadata": {"user_id": long}, "betas": ["one", "two", "three"]});
    assert_eq!(prompt["anthropic"], expected);
    assert!(!prompt.contains_key("user"), "OpenAI takes 64 characters");
}

#[test]
fn a_conversation_with_tools() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    let messages = said(json!([
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}, "signature": "g"},
            {"type": "tool_use", "id": "t2", "name": "map", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "rain"},
            {"type": "tool_result", "tool_use_id": "t2", "is_error": true, "content": [{"type": "text", "text": "none"}, image]},
            {"type": "text", "text": "and now?"},
        ]},
    ]));
    let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let mut first = call("t1", "weather", "{\"city\":\"Bern\"}");
    first["signature"] = json!("g");
    let text = |text: &str| json!({"type": "text", "text": text});
    let shown = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let expected = json!([
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": "Let me see.", "reasoning_content": "hm", "reasoning_signature": "s",
         "tool_calls": [first, call("t2", "map", "{}")]},
        {"role": "tool", "tool_call_id": "t1", "content": "rain"},
        {"role": "tool", "tool_call_id": "t2", "content": "The tool failed:\nnone"},
        {"role": "user", "content": [text("Shown by the tool call t2:"), shown, text("and now?")]},
    ]);
    assert_eq!(messages, expected);
}

#[test]
fn each_thought_keeps_its_proof() {
    let thought =
        |text: &str, proof: &str| json!({"type": "thinking", "thinking": text, "signature": proof});
    let text = |text: &str| json!({"type": "text", "text": text});
    let messages = said(json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [thought("a", "1"), text("x"), text("y"), thought("b", "2"), thought("c", ""),
            {"type": "redacted_thinking", "data": "?"}, text("z")]},
    ]));
    let expected = json!([
        {"role": "assistant", "content": "xy", "reasoning_content": "a", "reasoning_signature": "1"},
        {"role": "assistant", "content": "z", "reasoning_content": "b", "reasoning_signature": "2"},
    ]);
    assert_eq!(
        messages.as_array().unwrap()[1..],
        expected.as_array().unwrap()[..]
    );
}

#[test]
fn documents_and_marks_for_the_cache() {
    let cache = json!({"type": "ephemeral"});
    let messages = said(json!([{"role": "user", "content": [
        {"type": "document", "title": "a.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}},
        {"type": "document", "title": "Notes", "source": {"type": "text", "media_type": "text/plain", "data": "one"}},
        {"type": "image", "source": {"type": "url", "url": "https://x.invalid/a.png"}},
        {"type": "text", "text": "what?", "cache_control": cache},
    ]}]));
    let text = |text: &str| json!({"type": "text", "text": text});
    let file = json!({"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="});
    let expected = json!([
        {"type": "file", "file": file},
        text("Notes"),
        text("one"),
        {"type": "image_url", "image_url": {"url": "https://x.invalid/a.png"}},
        {"type": "text", "text": "what?", "cache_control": cache},
    ]);
    assert_eq!(messages[0]["content"], expected);
}

#[test]
fn tools_and_the_choice_of_them() {
    let tool = json!({"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}});
    let ours = json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}, "cache_control": {"type": "ephemeral"}}]);
    for (choice, expected) in [
        (json!({"type": "auto"}), json!("auto")),
        (json!({"type": "any"}), json!("required")),
        (json!({"type": "none"}), json!("none")),
        (
            json!({"type": "tool", "name": "f"}),
            json!({"type": "function", "function": {"name": "f"}}),
        ),
    ] {
        let body = prompt(json!({"tools": [tool], "tool_choice": choice}));
        assert_eq!((&body["tools"], &body["tool_choice"]), (&ours, &expected));
    }
    let one = json!({"type": "auto", "disable_parallel_tool_use": true});
    let body = prompt(json!({"tools": [tool], "tool_choice": one}));
    assert_eq!(body["parallel_tool_calls"], false);
    // Without tools there is nothing to choose from.
    let body = prompt(json!({"tools": [], "tool_choice": one}));
    assert!(body.get("tool_choice").is_none() && body.get("tools").is_none());
}

#[test]
fn a_schema_for_the_answer_is_one_for_everybody() {
    let schema = json!({"type": "object"});
    let config = json!({"format": {"type": "json_schema", "schema": schema}});
    let body = prompt(json!({"output_config": config}));
    assert_eq!(body["response_format"]["json_schema"]["schema"], schema);
    let body = body.as_object().unwrap().clone();
    assert!(Prompt::from_openai(body).unwrap().wants_json());
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let block = |block: Value| user(json!([{"type": "text", "text": "a"}, block]));
    for (change, expected) in [
        (
            json!({"model": 7}),
            "model: give a string; this is a number",
        ),
        (json!({"max_tokens": null}), "max_tokens: say how many"),
        (json!({"max_tokens": 0}), "max_tokens: give a whole number"),
        (json!({"stream": "yes"}), "stream: give true or false"),
        (json!({"top_k": 1.5}), "top_k: "),
        (json!({"messages": []}), "messages: give a list"),
        (
            json!({"messages": {}}),
            "messages: give a list; this is an object",
        ),
        (json!({"messages": ["hi"]}), "messages[0]: give an object"),
        (
            json!({"messages": [{"role": "king", "content": "x"}]}),
            "messages[0].role: ",
        ),
        (
            json!({"messages": [{"role": "user"}]}),
            "messages[0].content: ",
        ),
        (
            json!({"messages": [{"role": "user", "content": []}]}),
            "messages: say something",
        ),
        (
            user(json!(7)),
            "messages[0].content: give a string or a list of blocks; this is a number",
        ),
        (block(json!("x")), "messages[0].content[1]: give an object"),
        (block(json!({"text": "x"})), "messages[0].content[1].type: "),
        (
            block(json!({"type": "text"})),
            "messages[0].content[1].text: ",
        ),
        (
            block(json!({"type": "server_tool_use"})),
            "messages[0].content[1].type: \"server_tool_use\" cannot be passed on",
        ),
        (
            block(json!({"type": "image"})),
            "messages[0].content[1].source: ",
        ),
        (
            block(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
            "messages[0].content[1].source.type: ",
        ),
        (
            block(json!({"type": "image", "source": {"type": "base64", "data": "AA"}})),
            "messages[0].content[1].source.media_type: ",
        ),
        (
            block(json!({"type": "document", "source": {"type": "url", "url": "x"}})),
            "messages[0].content[1].source.type: ",
        ),
        (
            block(json!({"type": "document", "citations": {"enabled": true}, "source": {}})),
            "messages[0].content[1].citations.enabled: ",
        ),
        (
            block(json!({"type": "tool_result"})),
            "messages[0].content[1].tool_use_id: ",
        ),
        (
            json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
            "tools[0].type: \"web_search_20250305\" is a tool of Anthropic's own",
        ),
        (json!({"tools": [{"name": "f"}]}), "tools[0].input_schema: "),
        (
            json!({"tool_choice": {"type": "maybe"}}),
            "tool_choice.type: ",
        ),
        (
            json!({"thinking": {"type": "enabled"}}),
            "thinking.budget_tokens: ",
        ),
        (json!({"thinking": {"type": "hard"}}), "thinking.type: "),
        (json!({"mcp_servers": [{}]}), "mcp_servers: "),
        (
            json!({"system": 7}),
            "system: give a string or a list of blocks",
        ),
    ] {
        let refused = asked(change.clone())
            .err()
            .map(|refusal| refusal.error.error);
        let said = refused.unwrap_or_default();
        assert!(said.starts_with(expected), "{change}: {said:?}");
    }
}
