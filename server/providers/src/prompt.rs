//! What is asked, in the one shape that every family can be built from: OpenAI's chat completion body.

use evenkeel_engine::Ask;
use serde_json::{Map, Value, json};

/// Who says a message of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// A prompt: the body of a chat completion request, without model and streaming, which each attempt adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    body: Map<String, Value>,
    tokens: u64,
}

/// A body that is no prompt; says where and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// `messages` is missing, or no list.
    #[error("messages: give a list with at least one message")]
    NoMessages,
    /// A message that is none.
    #[error("messages[{0}]: give an object with a role (system, developer, user, assistant, tool)")]
    BadMessage(usize),
}

impl Prompt {
    /// A conversation, oldest message first.
    pub fn conversation<'t>(messages: impl IntoIterator<Item = (Speaker, &'t str)>) -> Self {
        let messages = messages.into_iter().map(|(speaker, text)| {
            let role = match speaker {
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            };
            json!({"role": role, "content": text})
        });
        let body = Map::from_iter([("messages".to_owned(), messages.collect())]);
        let tokens = estimate(&body);
        Self { body, tokens }
    }

    /// A caller's own body: what it holds besides is passed on as it is.
    ///
    /// # Errors
    ///
    /// Where there are no messages, or one has no role.
    pub fn from_openai(mut body: Map<String, Value>) -> Result<Self, PromptError> {
        let messages = body.get("messages").and_then(Value::as_array);
        let messages = messages
            .filter(|list| !list.is_empty())
            .ok_or(PromptError::NoMessages)?;
        let bad = messages.iter().position(|message| {
            let role = message
                .get("role")
                .and_then(Value::as_str)
                .unwrap_or_default();
            ![
                "system",
                "developer",
                "user",
                "assistant",
                "tool",
                "function",
            ]
            .contains(&role)
        });
        if let Some(place) = bad {
            return Err(PromptError::BadMessage(place));
        }
        for own in ["model", "stream", "stream_options"] {
            body.remove(own);
        }
        let tokens = estimate(&body);
        Ok(Self { body, tokens })
    }

    /// About how many tokens it has: four characters each.
    pub fn estimated_tokens(&self) -> u64 {
        self.tokens
    }

    /// The body of a streaming request to this model, which asks for token counts where they have to be asked for.
    pub(crate) fn openai_body(&self, model: &str, usage_option: bool, ask: &Ask) -> Vec<u8> {
        let mut body = self.body.clone();
        if let (Ask::Continue(partial), Some(Value::Array(messages))) =
            (ask, body.get_mut("messages"))
        {
            messages.push(json!({"role": "assistant", "content": &**partial}));
        }
        body.insert("model".to_owned(), model.into());
        body.insert("stream".to_owned(), true.into());
        if usage_option {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        Value::Object(body).to_string().into_bytes()
    }
}

fn estimate(body: &Map<String, Value>) -> u64 {
    fn characters(value: &Value) -> usize {
        match value {
            // An image is counted by its provider, not by the length of its encoding.
            Value::String(text) if text.starts_with("data:") => 4_000,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(characters).sum(),
            Value::Object(fields) => fields.values().map(characters).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
    }
    body.get("messages")
        .map_or(0, |messages| characters(messages) as u64 / 4)
}
