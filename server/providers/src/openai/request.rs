//! The request: the caller's own body, with what each attempt adds to it.

use evenkeel_engine::{Ask, UpstreamError};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};
use url::Url;

use crate::Prompt;
use crate::address::{below, hosted_at};
use crate::upstream::unbuildable;

/// How a provider of this family differs from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Plain,
    /// Counts tokens unasked, and refuses to be asked to; goes on from words that are marked as a prefix.
    Mistral,
    /// Goes on from words that are marked as a prefix, at an address of its own.
    DeepSeek,
}

impl Dialect {
    pub(crate) fn of(base: &Url) -> Self {
        if hosted_at(base, &["api.mistral.ai"]) {
            Self::Mistral
        } else if hosted_at(base, &["api.deepseek.com"]) {
            Self::DeepSeek
        } else {
            Self::Plain
        }
    }
}

/// Azure takes its key in a header of its own.
pub(crate) fn is_azure(base: &Url) -> bool {
    const HOSTS: &[&str] = &[
        ".openai.azure.com",
        ".cognitiveservices.azure.com",
        ".services.ai.azure.com",
    ];
    hosted_at(base, HOSTS)
}

pub(crate) fn request(
    root: &Url,
    dialect: Dialect,
    prompt: &Prompt,
    name: &str,
    ask: &Ask,
) -> Result<(Url, Vec<u8>), UpstreamError> {
    let partial = match ask {
        Ask::Whole => None,
        Ask::Continue(partial) => Some(&**partial),
    };
    let url = match (dialect, partial) {
        (Dialect::DeepSeek, Some(_)) => {
            let mut beta = root.clone();
            beta.set_path("/beta");
            below(&beta, ["chat", "completions"])
        }
        _ => below(root, ["chat", "completions"]),
    };
    let body = Body {
        prompt,
        name,
        dialect,
        partial,
    };
    let body = serde_json::to_vec(&body).map_err(|error| unbuildable(&error))?;
    Ok((url, body))
}

/// Written straight from the caller's body, which may hold many MiB of images.
struct Body<'p> {
    prompt: &'p Prompt,
    name: &'p str,
    dialect: Dialect,
    partial: Option<&'p str>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.name)?;
        map.serialize_entry("stream", &true)?;
        if self.dialect != Dialect::Mistral {
            map.serialize_entry("stream_options", &json!({"include_usage": true}))?;
        }
        for (key, value) in self.prompt.body() {
            let messages = value.as_array().filter(|_| key == "messages");
            match messages {
                Some(messages) => map.serialize_entry(key, &Messages(self, messages))?,
                None => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

struct Messages<'p>(&'p Body<'p>, &'p [Value]);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(body, messages) = self;
        let mut list = serializer.serialize_seq(None)?;
        for message in *messages {
            if body.prompt.is_signed() {
                list.serialize_element(&unsigned(message))?;
            } else {
                list.serialize_element(message)?;
            }
        }
        if let Some(partial) = body.partial {
            let mut last = json!({"role": "assistant", "content": partial});
            if body.dialect != Dialect::Plain {
                last["prefix"] = true.into();
            }
            list.serialize_element(&last)?;
        }
        list.end()
    }
}

/// The message without what only the provider that signed it understands.
fn unsigned(message: &Value) -> Value {
    let mut message = message.clone();
    if let Some(fields) = message.as_object_mut()
        && fields.remove("reasoning_signature").is_some()
    {
        fields.remove("reasoning_content");
    }
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
    for call in calls.into_iter().flatten() {
        if let Some(fields) = call.as_object_mut() {
            fields.remove("signature");
        }
    }
    message
}

#[cfg(test)]
mod tests {
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
            {"role": "assistant", "content": "b", "reasoning_content": "kept"},
        ]});
        let (_, body) = asked("https://api.openai.com/v1", body, &Ask::Whole);
        let call =
            json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        let expected = json!({"role": "assistant", "content": "a", "tool_calls": [call]});
        assert_eq!(body["messages"][1], expected);
        assert_eq!(body["messages"][2]["reasoning_content"], "kept");
    }

    #[test]
    fn azure_is_known_by_its_hosts() {
        for (base, expected) in [
            ("https://x.openai.azure.com/openai/v1", true),
            ("https://x.cognitiveservices.azure.com/openai/v1", true),
            ("https://x.services.ai.azure.com/openai/v1", true),
            ("https://openai.azure.com.evil.example/v1", false),
            ("https://api.openai.com/v1", false),
        ] {
            assert_eq!(is_azure(&base.parse().unwrap()), expected, "{base}");
        }
    }
}
