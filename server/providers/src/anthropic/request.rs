//! The request: a chat completion in Anthropic's words.
//!
//! A wish for JSON has no equivalent that every model takes, so it becomes a sentence of the system prompt, with the
//! schema where there is one; nothing enforces it. `seed` has none at all.

use std::collections::BTreeMap;

use evenkeel_engine::{Ask, UpstreamError};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::generation::Generation;
use super::own::Own;
use super::turns::{Block, Conversation, Turn};
use crate::Prompt;
use crate::address::below;
use crate::prompt::{Shape, Tool, ToolChoice};
use crate::upstream::unbuildable;

/// Anthropic wants a limit, and refuses one that is above the model's own.
fn default_limit(generation: Generation) -> u64 {
    match generation {
        Generation::Plain => 4_096,
        Generation::Budget | Generation::Adaptive | Generation::Untuned => 8_192,
    }
}

#[derive(Serialize)]
struct Body<'p> {
    model: &'p str,
    max_tokens: u64,
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'p>>,
    messages: Vec<Turn<'p>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolBlock<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'p Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    #[serde(flatten)]
    rest: BTreeMap<&'p str, &'p Value>,
}

#[derive(Serialize)]
struct ToolBlock<'p> {
    name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'p str>,
    input_schema: Schema<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'p Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Schema<'p> {
    Given(&'p Value),
    /// A tool without parameters.
    None {
        #[serde(rename = "type")]
        kind: &'static str,
    },
}

pub(crate) fn request(
    root: &Url,
    prompt: &Prompt,
    name: &str,
    ask: &Ask,
) -> Result<(Url, Vec<u8>), UpstreamError> {
    let partial = ask.partial();
    let conversation = Conversation::of(prompt, partial)?;
    let unproven = conversation.goes_on_without_thought();
    let Conversation { mut system, turns } = conversation;
    let tools: Vec<_> = prompt.tools()?.into_iter().map(tool).collect();
    let generation = Generation::of(name);
    let max_tokens = prompt
        .max_tokens()
        .unwrap_or_else(|| default_limit(generation));
    let own = Own::of(prompt, generation, max_tokens);
    if !own.shapes() {
        system.extend(shape(prompt.shape()));
    }
    let forced = !tools.is_empty()
        && matches!(
            prompt.tool_choice(),
            Some(ToolChoice::Required | ToolChoice::This(_))
        );
    // A model that goes on from words of its own does not reason again, and one that must call a tool may not.
    let reasons = partial.is_none() && !forced;
    let effort = prompt.effort().filter(|_| reasons);
    let reasoning = effort.and_then(|effort| Reasoning::of(generation, effort));
    // Within a budget a loop of tools that began without a signed thought goes on without one.
    let reasoning = reasoning.filter(|reasoning| !unproven || reasoning.budget() == 0);
    let thinking = own.thinking.filter(|_| reasons);
    let thinking = thinking.filter(|thinking| !unproven || thinking["type"] != "enabled");
    let thinking = thinking.or_else(|| reasoning.as_ref().map(Reasoning::thinking));
    // A model that reasons is not tuned, and of the two only one is taken.
    let tuned = generation != Generation::Untuned && thinking.is_none();
    let number = |key| prompt.number(key).filter(|_| tuned);
    let temperature = number("temperature").map(|temperature| temperature.clamp(0.0, 1.0));
    let top_p = number("top_p").filter(|_| temperature.is_none());
    let body = Body {
        model: name,
        // The budget for reasoning is part of the limit; the answer keeps its own.
        max_tokens: max_tokens.saturating_add(reasoning.as_ref().map_or(0, Reasoning::budget)),
        stream: true,
        system,
        messages: turns,
        tool_choice: (!tools.is_empty()).then(|| tool_choice(prompt)).flatten(),
        tools,
        temperature,
        top_p,
        top_k: own.top_k.filter(|_| tuned),
        stop_sequences: stops(prompt),
        thinking,
        output_config: own
            .output_config
            .cloned()
            .or_else(|| reasoning.as_ref().and_then(Reasoning::config)),
        metadata: own
            .metadata
            .cloned()
            .or_else(|| prompt.user().map(|user_id| json!({"user_id": user_id}))),
        rest: own.rest,
    };
    let body = serde_json::to_vec(&body).map_err(|error| unbuildable(&error))?;
    Ok((below(root, ["v1", "messages"]), body))
}

/// How the model is to reason.
enum Reasoning {
    Budget(u64),
    Effort(&'static str),
}

impl Reasoning {
    fn of(generation: Generation, effort: &str) -> Option<Self> {
        let (budget, effort) = match effort {
            "none" => return None,
            "minimal" | "low" => (1_024, "low"),
            "high" => (16_384, "high"),
            "xhigh" | "max" => (32_768, "max"),
            _ => (4_096, "medium"),
        };
        match generation {
            Generation::Plain => None,
            Generation::Budget => Some(Self::Budget(budget)),
            Generation::Adaptive | Generation::Untuned => Some(Self::Effort(effort)),
        }
    }

    fn budget(&self) -> u64 {
        match self {
            Self::Budget(tokens) => *tokens,
            Self::Effort(_) => 0,
        }
    }

    fn thinking(&self) -> Value {
        match self {
            Self::Budget(tokens) => json!({"type": "enabled", "budget_tokens": tokens}),
            // Newer models keep their reasoning to themselves unless they are asked for it.
            Self::Effort(_) => json!({"type": "adaptive", "display": "summarized"}),
        }
    }

    fn config(&self) -> Option<Value> {
        match self {
            Self::Budget(_) => None,
            Self::Effort(effort) => Some(json!({"effort": effort})),
        }
    }
}

fn shape(shape: Shape<'_>) -> Option<Block<'static>> {
    let text = match shape {
        Shape::Text => return None,
        Shape::Json => "Answer with one JSON object and nothing else.".to_owned(),
        Shape::Schema(schema) => {
            format!("Answer with JSON that fits this JSON Schema, and with nothing else:\n{schema}")
        }
    };
    Some(Block::Text {
        text: text.into(),
        cache_control: None,
    })
}

fn tool(tool: Tool<'_>) -> ToolBlock<'_> {
    ToolBlock {
        name: tool.name,
        description: tool.description,
        input_schema: tool
            .parameters
            .map_or(Schema::None { kind: "object" }, Schema::Given),
        cache_control: tool.cache,
    }
}

fn tool_choice(prompt: &Prompt) -> Option<Value> {
    let one = prompt.field("parallel_tool_calls") == Some(&Value::Bool(false));
    let mut choice = match prompt.tool_choice() {
        None if !one => return None,
        None | Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::This(name)) => json!({"type": "tool", "name": name}),
    };
    if one {
        choice["disable_parallel_tool_use"] = true.into();
    }
    Some(choice)
}

/// Stop sequences of white space alone are refused.
fn stops(prompt: &Prompt) -> Vec<&str> {
    let mut stops = prompt.stops();
    stops.retain(|stop| !stop.trim().is_empty());
    stops
}

#[cfg(test)]
mod tests;
