//! The request: a chat completion in Ollama's words. `tool_choice` has no equivalent, save that `none` takes the tools
//! away.

use std::borrow::Cow;
use std::collections::HashMap;

use evenkeel_engine::{Ask, UpstreamError};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use crate::address::below;
use crate::prompt::{Message as Said, Part, Refusal, Role, Shape, ToolChoice};
use crate::upstream::unbuildable;
use crate::{ModelFacts, Prompt};

#[derive(Serialize)]
struct Body<'p> {
    model: &'p str,
    stream: bool,
    messages: Vec<Message<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'p Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Cow<'p, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
}

#[derive(Serialize)]
struct Message<'p> {
    role: &'static str,
    content: Cow<'p, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'p str>,
}

#[derive(Serialize)]
struct ToolCall<'p> {
    id: &'p str,
    function: Function<'p>,
}

#[derive(Serialize)]
struct Function<'p> {
    name: &'p str,
    arguments: Map<String, Value>,
}

pub(crate) fn request(
    root: &Url,
    prompt: &Prompt,
    name: &str,
    facts: ModelFacts,
    ask: &Ask,
) -> Result<(Url, Vec<u8>), UpstreamError> {
    let mut names = HashMap::new();
    let said = prompt.messages().map(|said| message(&said, &mut names));
    let mut messages = said.collect::<Result<Vec<_>, _>>()?;
    if let Some(partial) = ask.partial() {
        messages.push(plain("assistant", partial.into()));
    }
    // Read for their mistakes alone: Ollama takes OpenAI's form of them.
    prompt.tools()?;
    let wanted = prompt.tool_choice() != Some(ToolChoice::None);
    let body = Body {
        model: name,
        stream: true,
        messages,
        tools: prompt
            .field("tools")
            .filter(|_| wanted && prompt.needs_tools()),
        format: match prompt.shape() {
            Shape::Text => None,
            Shape::Json => Some(Cow::Owned("json".into())),
            Shape::Schema(schema) => Some(Cow::Borrowed(schema)),
        },
        think: prompt
            .effort_in_any_words()
            .and_then(|effort| think(name, facts.reasoning, effort)),
        options: options(prompt, facts.context_window),
    };
    let body = serde_json::to_vec(&body).map_err(|error| unbuildable(&error))?;
    Ok((below(root, ["api", "chat"]), body))
}

/// `names` has the name of each call until here: results are found by it.
fn message<'p>(
    said: &Said<'p>,
    names: &mut HashMap<&'p str, &'p str>,
) -> Result<Message<'p>, Refusal> {
    let role = match said.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut message = plain(role, said.plain()?);
    for part in said.parts()? {
        match part {
            Part::Text { .. } => {}
            Part::Data { kind, data, .. } if kind.starts_with("image/") => {
                message.images.push(data)
            }
            Part::Address { at, .. } => return Err(said.refuse_address(at)),
            Part::Data { kind, .. } => {
                let place = format!("messages[{}].content", said.place);
                let mend = format!("{kind} cannot be shown to this model; give images");
                return Err(Refusal::new(place, &mend));
            }
        }
    }
    if said.role == Role::Tool {
        message.tool_call_id = said.call_id();
        let known = said.call_id().and_then(|id| names.get(id).copied());
        message.tool_name = known.or(said.name());
    }
    for call in said.calls() {
        names.insert(call.id, call.name);
        message.tool_calls.push(ToolCall {
            id: call.id,
            function: Function {
                arguments: call.object(),
                name: call.name,
            },
        });
    }
    Ok(message)
}

fn plain<'p>(role: &'static str, content: Cow<'p, str>) -> Message<'p> {
    Message {
        role,
        content,
        images: vec![],
        tool_calls: vec![],
        tool_name: None,
        tool_call_id: None,
    }
}

/// A model that cannot think refuses to be asked to. Only gpt-oss knows levels; the others reason or do not.
fn think(name: &str, reasons: bool, effort: &str) -> Option<Value> {
    let level = match effort {
        "none" => return Some(false.into()),
        "minimal" | "low" => "low",
        "medium" => "medium",
        _ => "high",
    };
    if name.contains("gpt-oss") {
        Some(level.into())
    } else {
        reasons.then(|| true.into())
    }
}

/// The numbers that Ollama knows by OpenAI's names.
const SAME: [&str; 5] = [
    "temperature",
    "top_p",
    "seed",
    "frequency_penalty",
    "presence_penalty",
];

/// `window`: what it is not told to hold, Ollama cuts off without a word, and it holds little unasked.
fn options(prompt: &Prompt, window: Option<u64>) -> Map<String, Value> {
    let mut options = Map::new();
    if let Some(window) = window {
        options.insert("num_ctx".to_owned(), window.into());
    }
    for key in SAME {
        if let Some(number) = prompt.field(key).filter(|value| value.is_number()) {
            options.insert(key.to_owned(), number.clone());
        }
    }
    if let Some(limit) = prompt.max_tokens() {
        options.insert("num_predict".to_owned(), limit.into());
    }
    let stops = prompt.stops();
    if !stops.is_empty() {
        options.insert("stop".to_owned(), stops.into());
    }
    options
}

#[cfg(test)]
mod tests;
