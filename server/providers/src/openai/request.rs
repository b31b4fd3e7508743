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
    let foreign = prompt.anthropic().is_some();
    let body = Body {
        prompt,
        name,
        dialect,
        partial,
        unmarked: foreign && !hosted_at(root, &["openrouter.ai"]),
        limit: if foreign && (is_azure(root) || hosted_at(root, &["api.openai.com"])) {
            "max_completion_tokens"
        } else {
            "max_tokens"
        },
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
    /// The marks for Anthropic's cache are left out: the caller did not choose this provider, and most refuse them.
    unmarked: bool,
    /// What `max_tokens` is called where the caller did not choose the word: OpenAI's newer models know only the newer.
    limit: &'static str,
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
            match (key.as_str(), value) {
                ("messages", Value::Array(messages)) => {
                    map.serialize_entry(key, &Messages(self, messages))?;
                }
                ("tools", tools) if self.unmarked => {
                    let mut tools = tools.clone();
                    unmark(&mut tools);
                    map.serialize_entry(key, &tools)?;
                }
                ("max_tokens", limit) => map.serialize_entry(self.limit, limit)?,
                (_, value) => map.serialize_entry(key, value)?,
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
            if body.prompt.is_signed() || (body.unmarked && is_marked(message)) {
                let mut message = unsigned(message);
                if body.unmarked {
                    unmark_message(&mut message);
                }
                list.serialize_element(&message)?;
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

fn parts(message: &mut Value) -> Option<&mut Vec<Value>> {
    message.get_mut("content")?.as_array_mut()
}

fn is_marked(message: &Value) -> bool {
    let parts = message.get("content").and_then(Value::as_array);
    let mut parts = parts.into_iter().flatten();
    parts.any(|part| part.get("cache_control").is_some())
}

fn unmark(list: &mut Value) {
    for item in list.as_array_mut().into_iter().flatten() {
        if let Some(fields) = item.as_object_mut() {
            fields.remove("cache_control");
        }
    }
}

/// Words that were a list for the sake of a mark are one text again: not every provider takes lists.
fn unmark_message(message: &mut Value) {
    if !is_marked(message) {
        return;
    }
    if let Some(content) = message.get_mut("content") {
        unmark(content);
    }
    let Some(parts) = parts(message) else { return };
    let texts = parts.iter().map(|part| {
        let text = part.get("type").and_then(Value::as_str) == Some("text");
        part.get("text")?.as_str().filter(|_| text)
    });
    if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
        message["content"] = texts.join("\n").into();
    }
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
