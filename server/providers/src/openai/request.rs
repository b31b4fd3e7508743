//! The request: the caller's own body, with what each attempt adds to it.

use evenkeel_engine::{Ask, UpstreamError};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};
use url::Url;

use super::dialect::Dialect;
use super::message::{Wanted, unmark};
use crate::Prompt;
use crate::address::below;
use crate::upstream::unbuildable;

pub(crate) fn request(
    root: &Url,
    dialect: Dialect,
    prompt: &Prompt,
    name: &str,
    ask: &Ask,
) -> Result<(Url, Vec<u8>), UpstreamError> {
    let partial = ask.partial();
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
        unmarked: dialect == Dialect::Mistral || (foreign && dialect != Dialect::OpenRouter),
        foreign,
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
    /// The caller did not choose OpenAI's words: what has a newer name is told by it.
    foreign: bool,
}

impl Body<'_> {
    /// What a field of the caller's is called here, if it is sent.
    fn key<'k>(&self, key: &'k str) -> Option<&'k str> {
        let newer = self.prompt.field("max_completion_tokens").is_some();
        match key {
            "max_tokens" if self.foreign && self.dialect == Dialect::OpenAi => {
                Some("max_completion_tokens")
            }
            "max_tokens" if self.dialect.knows_the_older_limit() && newer => None,
            "max_completion_tokens" if self.dialect.knows_the_older_limit() => {
                newer.then_some("max_tokens")
            }
            "seed" if self.dialect == Dialect::Mistral => Some("random_seed"),
            key => self.dialect.takes(key).then_some(key),
        }
    }
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
            let Some(key) = self.key(key) else { continue };
            match (key, value) {
                ("messages", Value::Array(messages)) => {
                    map.serialize_entry(key, &Messages(self, messages))?;
                }
                ("tools", tools) if self.unmarked => {
                    let mut tools = tools.clone();
                    unmark(&mut tools);
                    map.serialize_entry(key, &tools)?;
                }
                (key, value) => map.serialize_entry(key, value)?,
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
        let wanted = Wanted {
            dialect: body.dialect,
            signed: body.prompt.is_signed(),
            unmarked: body.unmarked,
        };
        for message in *messages {
            list.serialize_element(&*wanted.of(message))?;
        }
        if let Some(partial) = body.partial {
            let mut last = json!({"role": "assistant", "content": partial});
            if matches!(body.dialect, Dialect::Mistral | Dialect::DeepSeek) {
                last["prefix"] = true.into();
            }
            list.serialize_element(&last)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests;
