//! The request: what the gateway itself acts on is checked here; everything else goes on to the provider as it is.

use evenkeel_providers::Prompt;
use serde_json::{Map, Value};

use crate::api::gateway::{Fields, Question, kind_of, place};
use crate::error::Refusal;

/// What is asked, and whether the stream is to end with the token counts.
pub(super) fn read(body: Map<String, Value>) -> Result<(Question, bool), Refusal> {
    let fields = Fields::body(&body);
    let model = fields.needed("model", fields.text("model")?, "give the id of a model")?;
    let model = model.to_owned();
    let stream = fields.flag("stream")?.unwrap_or(false);
    let include_usage = match fields.object("stream_options")? {
        Some(options) => Fields::of(options, "stream_options.").flag("include_usage")?,
        None => None,
    };
    supported(fields)?;
    for count in ["max_tokens", "max_completion_tokens"] {
        fields.count(count)?;
    }
    for number in [
        "temperature",
        "top_p",
        "presence_penalty",
        "frequency_penalty",
    ] {
        fields.number(number)?;
    }
    for (at, message) in fields.list("messages")?.iter().enumerate() {
        check(message, &place("messages", at))?;
    }
    for (at, tool) in fields.list("tools")?.iter().enumerate() {
        if !tool.is_object() {
            let mend = format!("give an object with a type; this is {}", kind_of(tool));
            return Err(Refusal::at(place("tools", at), &mend));
        }
    }
    let prompt = Prompt::from_openai(body).map_err(|error| {
        let said = error.to_string();
        let (place, mend) = said.split_once(": ").unwrap_or(("messages", &said));
        Refusal::at(place, mend)
    })?;
    let question = Question {
        model,
        prompt,
        stream,
    };
    Ok((question, include_usage.unwrap_or(false)))
}

/// Refuses what would be answered without what was asked for.
fn supported(fields: Fields<'_>) -> Result<(), Refusal> {
    if fields.count("n")?.is_some_and(|n| n != 1) {
        let mend = "only one choice is given; leave it out, or ask several times";
        return Err(Refusal::at("n", mend));
    }
    if fields.flag("logprobs")? == Some(true) {
        let mend = "they are not passed on; leave it out";
        return Err(Refusal::at("logprobs", mend));
    }
    let modalities = fields.list("modalities")?.iter();
    if modalities
        .filter_map(Value::as_str)
        .any(|word| word != "text")
    {
        let mend = "only text is passed on; leave it out";
        return Err(Refusal::at("modalities", mend));
    }
    Ok(())
}

/// A message's own shape; its role is the prompt's to check.
fn check(message: &Value, at: &str) -> Result<(), Refusal> {
    let Some(fields) = message.as_object() else {
        return Ok(());
    };
    match fields.get("content") {
        None | Some(Value::Null | Value::String(_)) => {}
        Some(Value::Array(parts)) => {
            let odd = |part: &Value| !part.is_object() && !part.is_string();
            if let Some(odd) = parts.iter().position(odd) {
                let at = place(&format!("{at}.content"), odd);
                return Err(Refusal::at(at, "give an object with a type"));
            }
        }
        Some(other) => {
            let mend = format!(
                "give a string or a list of parts; this is {}",
                kind_of(other)
            );
            return Err(Refusal::at(format!("{at}.content"), &mend));
        }
    }
    let dotted = format!("{at}.");
    let calls = Fields::of(fields, &dotted).list("tool_calls")?;
    if let Some(odd) = calls.iter().position(|call| !call.is_object()) {
        let at = place(&format!("{at}.tool_calls"), odd);
        return Err(Refusal::at(at, "give an object with id, type and function"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(change: Value) -> String {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let Value::Object(body) = body else { panic!() };
        match read(body) {
            Ok(_) => String::new(),
            Err(refusal) => refusal.error.error,
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        for (change, expected) in [
            (
                json!({"model": 7}),
                "model: give a string; this is a number",
            ),
            (json!({"model": null}), "model: give the id"),
            (json!({"stream": 1}), "stream: give true or false"),
            (
                json!({"stream_options": true}),
                "stream_options: give an object",
            ),
            (
                json!({"stream_options": {"include_usage": "y"}}),
                "stream_options.include_usage: ",
            ),
            (json!({"n": 2}), "n: only one choice"),
            (json!({"n": "2"}), "n: give a whole number"),
            (json!({"logprobs": true}), "logprobs: "),
            (json!({"modalities": ["text", "audio"]}), "modalities: "),
            (json!({"max_tokens": -1}), "max_tokens: give a whole number"),
            (
                json!({"max_completion_tokens": 1.5}),
                "max_completion_tokens: ",
            ),
            (
                json!({"temperature": "hot"}),
                "temperature: give a number; this is a string",
            ),
            (json!({"tools": ["f"]}), "tools[0]: "),
            (
                json!({"messages": "hi"}),
                "messages: give a list; this is a string",
            ),
            (
                json!({"messages": []}),
                "messages: give a list with at least one",
            ),
            (
                json!({"messages": ["hi"]}),
                "messages[0]: give an object with a role",
            ),
            (
                json!({"messages": [{"role": "user", "content": 7}]}),
                "messages[0].content: ",
            ),
            (
                json!({"messages": [{"role": "user", "content": [7]}]}),
                "messages[0].content[0]: ",
            ),
            (
                json!({"messages": [{"role": "assistant", "tool_calls": [1]}]}),
                "messages[0].tool_calls[0]: ",
            ),
        ] {
            let said = refused(change.clone());
            assert!(said.starts_with(expected), "{change}: {said:?}");
        }
    }

    #[test]
    fn nulls_say_as_much_as_leaving_out() {
        let nulls = json!({"stream": null, "n": null, "max_tokens": null, "tools": null, "stream_options": null, "temperature": null});
        assert_eq!(refused(nulls), "");
        assert_eq!(
            refused(json!({"n": 1, "logprobs": false, "modalities": ["text"]})),
            ""
        );
    }
}
