//! The texts of a prompt, for who has to read or change all that is said in it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Prompt;

/// What somebody says, or what stands in a tool call.
enum Place<'v> {
    Said(&'v mut String),
    /// JSON in a text: only the texts in it may change, or it would be none any more.
    Arguments(&'v mut String),
}

/// What stands beside the messages and is somebody's words, or says who they are.
const BESIDE: [&str; 3] = ["user", "metadata", "prediction"];

impl Prompt {
    /// What its messages say, tool calls and their results included. Reasoning is not among it: that is the model's own,
    /// and some of it is signed.
    pub fn texts(&self) -> Vec<&str> {
        let messages = self.field("messages").and_then(Value::as_array);
        messages.into_iter().flatten().flat_map(texts_of).collect()
    }

    /// What its user and its tools say.
    pub fn foreign_texts(&self) -> Vec<&str> {
        let messages = self.field("messages").and_then(Value::as_array);
        let messages = messages.into_iter().flatten();
        messages
            .filter(|message| {
                let role = message.get("role").and_then(Value::as_str);
                matches!(role, Some("user" | "tool"))
            })
            .flat_map(texts_of)
            .collect()
    }

    /// The same prompt with each of its texts changed, and with those that stand beside its messages: who asks, what the
    /// caller keeps with the request, the answer that it expects. A message's name that would change is left out, as
    /// providers take few characters there.
    pub fn with_texts(mut self, mut change: impl FnMut(&str) -> Cow<'_, str>) -> Self {
        let own = self.anthropic.iter_mut().flat_map(Map::iter_mut);
        for (_, value) in own
            .chain(&mut self.body)
            .filter(|(key, _)| BESIDE.contains(&key.as_str()))
        {
            within(value, &mut change);
        }
        for message in self
            .body
            .get_mut("messages")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let name = message.get("name").and_then(Value::as_str);
            if name.is_some_and(|name| change(name) != name)
                && let Some(message) = message.as_object_mut()
            {
                message.remove("name");
            }
        }
        if let Some(Value::Array(messages)) = self.body.get_mut("messages") {
            for place in messages.iter_mut().flat_map(places_of) {
                match place {
                    Place::Said(text) => {
                        if let Cow::Owned(changed) = change(text) {
                            *text = changed;
                        }
                    }
                    Place::Arguments(text) => match serde_json::from_str::<Value>(text) {
                        Ok(mut json) => {
                            if within(&mut json, &mut change) {
                                *text = json.to_string();
                            }
                        }
                        Err(_) => {
                            if let Cow::Owned(changed) = change(text) {
                                *text = changed;
                            }
                        }
                    },
                }
            }
        }
        Self {
            anthropic: self.anthropic,
            ..Self::measured(self.body)
        }
    }
}

fn texts_of(message: &Value) -> Vec<&str> {
    let content = message.get("content");
    let whole = content.and_then(Value::as_str);
    let parts = content.and_then(Value::as_array).into_iter().flatten();
    let parts = parts.flat_map(|part| [part.get("text"), part.get("refusal")]);
    let parts = parts.flatten().filter_map(Value::as_str);
    let calls = message.get("tool_calls").and_then(Value::as_array);
    let calls = calls.into_iter().flatten();
    let arguments = calls.filter_map(|call| call.get("function")?.get("arguments")?.as_str());
    whole.into_iter().chain(parts).chain(arguments).collect()
}

fn places_of(message: &mut Value) -> Vec<Place<'_>> {
    let mut places = vec![];
    let Value::Object(message) = message else {
        return places;
    };
    for (key, value) in message {
        match (key.as_str(), value) {
            ("content", Value::String(text)) => places.push(Place::Said(text)),
            ("content", Value::Array(parts)) => {
                let parts = parts.iter_mut().filter_map(Value::as_object_mut).flatten();
                for (key, value) in parts {
                    if let ("text" | "refusal", Value::String(text)) = (key.as_str(), value) {
                        places.push(Place::Said(text));
                    }
                }
            }
            ("tool_calls", Value::Array(calls)) => {
                for call in calls {
                    let function = call.get_mut("function");
                    let arguments = function.and_then(|function| function.get_mut("arguments"));
                    if let Some(Value::String(text)) = arguments {
                        places.push(Place::Arguments(text));
                    }
                }
            }
            (_, _) => {}
        }
    }
    places
}

/// Changes the texts of a JSON value; says whether any has changed.
fn within(json: &mut Value, change: &mut impl FnMut(&str) -> Cow<'_, str>) -> bool {
    match json {
        Value::String(text) => {
            let changed = change(text).into_owned();
            let other = changed != *text;
            *text = changed;
            other
        }
        Value::Array(items) => {
            let changed = items.iter_mut().map(|item| within(item, change));
            changed.filter(|changed| *changed).count() > 0
        }
        Value::Object(fields) => {
            let changed = fields.values_mut().map(|item| within(item, change));
            changed.filter(|changed| *changed).count() > 0
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_that_is_said_is_changed_and_nothing_else() {
        let body = json!({
            "messages": [
                {"role": "system", "content": "a system"},
                {"role": "user", "content": [
                    {"type": "text", "text": "a part"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,a"}},
                ]},
                {"role": "assistant", "content": null, "reasoning_content": "a thought", "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "a", "arguments": "{\"to\":\"a b\",\"n\":[1,\"a\"]}"}},
                    {"id": "b", "type": "function", "function": {"name": "b", "arguments": "{\"a"}},
                ]},
                {"role": "tool", "tool_call_id": "a", "content": "a result"},
                {"role": "user", "name": "dan", "content": "no"},
                {"role": "user", "name": "bo", "content": [{"type": "refusal", "refusal": "a refusal"}]},
            ],
            "user": "a",
            "metadata": {"user_id": "a"},
            "prediction": {"type": "content", "content": [{"type": "text", "text": "a guess"}]},
            "model": "a",
            "anthropic": {"top_k": 3, "metadata": {"user_id": "a"}, "thinking": {"type": "a"}},
        });
        let Value::Object(object) = body.clone() else {
            panic!()
        };
        let prompt = Prompt::from_openai(object).unwrap();
        assert_eq!(
            prompt.texts(),
            [
                "a system",
                "a part",
                "{\"to\":\"a b\",\"n\":[1,\"a\"]}",
                "{\"a",
                "a result",
                "no",
                "a refusal"
            ]
        );
        let foreign = ["a part", "a result", "no", "a refusal"];
        assert_eq!(prompt.foreign_texts(), foreign);
        let same = prompt.clone().with_texts(|text| Cow::Borrowed(text));
        assert_eq!(same, prompt);
        let changed = prompt.with_texts(|text| text.replace('a', "x").into());
        let own = json!({"top_k": 3, "metadata": {"user_id": "x"}, "thinking": {"type": "a"}});
        assert_eq!(changed.anthropic(), own.as_object());
        let messages = changed.field("messages").unwrap();
        assert_eq!(messages[0]["content"], "x system");
        assert_eq!(messages[1]["content"][0]["text"], "x pxrt");
        assert_eq!(messages[1]["content"][1], body["messages"][1]["content"][1]);
        assert_eq!(messages[2]["reasoning_content"], "a thought");
        let arguments = |at: usize| messages[2]["tool_calls"][at]["function"]["arguments"].clone();
        assert_eq!(arguments(0), "{\"n\":[1,\"x\"],\"to\":\"x b\"}");
        assert_eq!(arguments(1), "{\"x");
        assert_eq!(messages[3]["content"], "x result");
        assert_eq!(
            (messages[4].get("name"), &messages[5]["name"]),
            (None, &json!("bo"))
        );
        assert_eq!(messages[5]["content"][0]["refusal"], "x refusxl");
        assert_eq!(changed.field("user").unwrap(), "x");
        assert_eq!(changed.field("metadata").unwrap()["user_id"], "x");
        assert_eq!(
            changed.field("prediction").unwrap()["content"][0]["text"],
            "x guess"
        );
    }
}
