//! What is asked, in the one shape that every family can be built from: OpenAI's chat completion body.

mod files;
mod message;
mod read;
mod size;
mod texts;

use serde_json::{Map, Value, json};

pub use files::File;
pub(crate) use files::IMAGE;
pub(crate) use message::{Message, Part, Refusal, Role};
pub(crate) use read::{Shape, Tool, ToolChoice};

/// Who says a message of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever tells the model how to answer.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// A prompt: the body of a chat completion request, without model and streaming, which each attempt adds.
///
/// Beyond OpenAI's fields a message may hold what other families need back: `reasoning_content` with
/// `reasoning_signature` on an assistant's message (Anthropic's thinking), `signature` on a tool call (Gemini's), and
/// `cache_control` on a part or a tool (Anthropic's). The first three are sent to nobody else, save thoughts without a
/// signature to those that want them back. `is_error` on a tool's message is Anthropic's alone. What a caller of Anthropic's
/// form asks that has no equal in OpenAI's stands under `anthropic` in the body, and goes to Anthropic's family alone:
/// `thinking`, `top_k`, `output_config` and the like, as the caller gave them, and `betas`, which become a header.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    body: Map<String, Value>,
    tokens: u64,
    vision: bool,
    /// A message holds a signature, which OpenAI's family does not know.
    signed: bool,
    /// What only Anthropic's family understands; there where the request came in Anthropic's form.
    anthropic: Option<Map<String, Value>>,
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
        let messages = messages.into_iter();
        Self::with_files(messages.map(|(speaker, text)| (speaker, text, vec![])))
    }

    /// A conversation whose messages have files: texts become part of what is said, images are shown.
    pub fn with_files<'t>(
        messages: impl IntoIterator<Item = (Speaker, &'t str, Vec<File<'t>>)>,
    ) -> Self {
        let messages = messages.into_iter().map(|(speaker, text, files)| {
            let role = match speaker {
                Speaker::System => "system",
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            };
            json!({"role": role, "content": files::content(text, &files)})
        });
        Self::measured(Map::from_iter([(
            "messages".to_owned(),
            messages.collect(),
        )]))
    }

    /// The same, for an answer of at most so many tokens, those of its reasoning included.
    pub fn at_most(mut self, tokens: u32) -> Self {
        let limit = "max_completion_tokens".to_owned();
        self.body.insert(limit, tokens.into());
        self
    }

    /// A caller's own body: what it holds besides is passed on as it is to OpenAI's family, and left out for the others.
    ///
    /// # Errors
    ///
    /// Where there are no messages, or one has no role.
    pub fn from_openai(mut body: Map<String, Value>) -> Result<Self, PromptError> {
        let messages = body.get("messages").and_then(Value::as_array);
        let messages = messages
            .filter(|list| !list.is_empty())
            .ok_or(PromptError::NoMessages)?;
        let bad = messages
            .iter()
            .position(|message| Role::of(message).is_none());
        if let Some(place) = bad {
            return Err(PromptError::BadMessage(place));
        }
        for own in ["model", "stream", "stream_options"] {
            body.remove(own);
        }
        let anthropic = body.remove("anthropic");
        Ok(Self {
            anthropic: anthropic.and_then(|own| own.as_object().cloned()),
            ..Self::measured(body)
        })
    }

    /// The same, with this told to the model before everything else. Where the prompt begins with instructions of its own
    /// it goes before them, into the same message: some models take only one.
    pub fn told_first(mut self, text: &str) -> Self {
        if let Some(Value::Array(messages)) = self.body.get_mut("messages") {
            let own = messages
                .first_mut()
                .filter(|message| Role::of(message) == Some(Role::System))
                .and_then(|message| message.get_mut("content"));
            match own {
                Some(Value::String(own)) => *own = format!("{text}\n\n{own}"),
                Some(Value::Array(parts)) => {
                    parts.insert(0, json!({"type": "text", "text": format!("{text}\n\n")}));
                }
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                    messages.insert(0, json!({"role": "system", "content": text}));
                }
            }
        }
        Self {
            anthropic: self.anthropic,
            ..Self::measured(self.body)
        }
    }

    fn measured(body: Map<String, Value>) -> Self {
        let size = size::measure(&body);
        Self {
            body,
            tokens: size.tokens(),
            vision: size.images > 0,
            signed: size.signatures > 0,
            anthropic: None,
        }
    }

    /// About how many tokens it has: four bytes of text each, its tools counted too, and 1,000 for an image.
    pub fn estimated_tokens(&self) -> u64 {
        self.tokens
    }

    /// It shows images: only a model that sees can answer it.
    pub fn needs_vision(&self) -> bool {
        self.vision
    }

    /// It offers tools: only a model that can call them can answer it.
    pub fn needs_tools(&self) -> bool {
        let tools = self.field("tools").and_then(Value::as_array);
        tools.is_some_and(|tools| !tools.is_empty())
    }

    /// It wants JSON: half an answer cannot be continued by somebody else.
    pub fn wants_json(&self) -> bool {
        self.shape() != Shape::Text
    }

    /// All of it, for the family whose shape this is.
    pub(crate) fn body(&self) -> &Map<String, Value> {
        &self.body
    }

    /// A message holds a signature.
    pub(crate) fn is_signed(&self) -> bool {
        self.signed
    }

    /// What only Anthropic's family understands; none where the request did not come in Anthropic's form.
    pub(crate) fn anthropic(&self) -> Option<&Map<String, Value>> {
        self.anthropic.as_ref()
    }

    /// A field of the body that is there and not null.
    pub(crate) fn field(&self, key: &str) -> Option<&Value> {
        self.body.get(key).filter(|value| !value.is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(body: Value) -> Prompt {
        let Value::Object(body) = body else { panic!() };
        Prompt::from_openai(body).unwrap()
    }

    fn asking(more: &[(&str, Value)]) -> Prompt {
        let mut body = json!({"messages": [{"role": "user", "content": "hello"}]});
        for (key, value) in more {
            body[*key] = value.clone();
        }
        prompt(body)
    }

    #[test]
    fn what_it_needs_of_a_model() {
        let plain = asking(&[
            ("tools", json!([])),
            ("response_format", json!({"type": "text"})),
        ]);
        assert!(!plain.needs_vision() && !plain.needs_tools() && !plain.wants_json());

        let tool = json!([{"type": "function", "function": {"name": "f"}}]);
        assert!(asking(&[("tools", tool)]).needs_tools());
        for kind in ["json_object", "json_schema"] {
            let format = json!({"type": kind, "json_schema": {"name": "n", "schema": {}}});
            assert!(asking(&[("response_format", format)]).wants_json());
        }
        let image =
            json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]);
        let seen = prompt(json!({"messages": [{"role": "user", "content": image}]}));
        assert!(seen.needs_vision());
    }

    #[test]
    fn text_tools_and_images_are_counted() {
        assert_eq!(asking(&[]).estimated_tokens(), 2, "five bytes, rounded up");
        let picture = format!("data:image/png;base64,{}", "A".repeat(400_000));
        let image = json!({"type": "image_url", "image_url": {"url": picture}});
        let seen = prompt(
            json!({"messages": [{"role": "user", "content": [image, {"type": "text", "text": "what?"}]}]}),
        );
        assert_eq!(seen.estimated_tokens(), 1_002);
        let tool = json!([{"type": "function", "function": {"name": "f", "description": "x".repeat(400)}}]);
        let tokens = asking(&[("tools", tool)]).estimated_tokens();
        assert!((102..140).contains(&tokens), "{tokens}");
    }

    #[test]
    fn what_is_told_first_stands_before_the_prompts_own_instructions_in_one_message() {
        let told = |messages: Value| {
            let prompt = prompt(json!({"messages": messages, "anthropic": {"top_k": 3}}));
            let told = prompt.clone().told_first("Be brief.");
            assert_eq!(told.anthropic(), prompt.anthropic());
            assert!(told.estimated_tokens() > prompt.estimated_tokens());
            told.field("messages").unwrap().clone()
        };
        let question = json!({"role": "user", "content": "hello"});
        assert_eq!(
            told(json!([question])),
            json!([{"role": "system", "content": "Be brief."}, question])
        );
        for role in ["system", "developer"] {
            assert_eq!(
                told(json!([{"role": role, "content": "Be kind."}, question])),
                json!([{"role": role, "content": "Be brief.\n\nBe kind."}, question])
            );
            let part =
                json!({"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}});
            assert_eq!(
                told(json!([{"role": role, "content": [part]}, question]))[0]["content"],
                json!([{"type": "text", "text": "Be brief.\n\n"}, part])
            );
        }
    }

    #[test]
    fn a_body_that_is_no_prompt_is_refused_by_place() {
        for (body, expected) in [
            (json!({}), "messages: give a list"),
            (json!({"messages": []}), "messages: give a list"),
            (
                json!({"messages": [{"role": "user"}, {"role": "wizard"}]}),
                "messages[1]",
            ),
            (json!({"messages": ["hi"]}), "messages[0]"),
        ] {
            let Value::Object(body) = body else { panic!() };
            let error = Prompt::from_openai(body).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
