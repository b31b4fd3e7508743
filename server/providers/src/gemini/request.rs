//! The request: a chat completion in Gemini's words.

use evenkeel_engine::{Ask, UpstreamError};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::contents::{Content, Conversation};
use crate::Prompt;
use crate::address::below;
use crate::prompt::{Shape, Tool, ToolChoice};
use crate::upstream::unbuildable;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'p>>,
    contents: Vec<Content<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tools<'p>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<Value>,
    generation_config: Generation<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'p> {
    function_declarations: Vec<Declaration<'p>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'p> {
    name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'p str>,
    /// Plain JSON Schema; the older `parameters` refuses most of its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'p Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'p Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    /// Plain JSON Schema, as above; the older `responseSchema` refuses most of its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'p Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Value>,
}

/// The model's name without `models/`, which may stand before it.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}

/// `name` is the short one; another kind of model keeps its kind (`tunedModels/x`).
pub(crate) fn request(
    root: &Url,
    prompt: &Prompt,
    name: &str,
    ask: &Ask,
) -> Result<(Url, Vec<u8>), UpstreamError> {
    let partial = ask.partial();
    let (kind, model) = name.split_once('/').unwrap_or(("models", name));
    let method = format!("{model}:streamGenerateContent");
    let mut url = below(root, ["v1beta", kind, &method]);
    url.set_query(Some("alt=sse"));

    let third = third_generation(name);
    let Conversation { system, contents } = Conversation::of(prompt, partial, third)?;
    let declarations: Vec<_> = prompt.tools()?.into_iter().map(declaration).collect();
    let (response_mime_type, response_json_schema) = match prompt.shape() {
        Shape::Text => (None, None),
        Shape::Json => (Some("application/json"), None),
        Shape::Schema(schema) => (Some("application/json"), Some(schema)),
    };
    let body = Body {
        system_instruction: system,
        contents,
        tool_config: (!declarations.is_empty())
            .then(|| tool_config(prompt))
            .flatten(),
        tools: (!declarations.is_empty()).then_some([Tools {
            function_declarations: declarations,
        }]),
        generation_config: Generation {
            temperature: prompt.number("temperature"),
            top_p: prompt.number("top_p"),
            max_output_tokens: prompt.max_tokens(),
            stop_sequences: prompt.stops(),
            seed: prompt.field("seed").filter(|seed| seed.is_i64()),
            response_mime_type,
            response_json_schema,
            thinking_config: prompt
                .effort_in_any_words()
                .and_then(|effort| thinking(name, third, effort)),
        },
    };
    let body = serde_json::to_vec(&body).map_err(|error| unbuildable(&error))?;
    Ok((url, body))
}

/// From Gemini 3 on, reasoning has levels, and calls need their proof.
fn third_generation(name: &str) -> bool {
    let version = name.strip_prefix("gemini-").unwrap_or_default();
    let major = version.split(['-', '.']).next().unwrap_or_default();
    major.parse::<u32>().is_ok_and(|major| major >= 3)
}

/// Models from before 2.5, and Gemma, refuse to be told how to reason.
fn reasons(name: &str) -> bool {
    let older = ["gemini-1", "gemini-2.0", "gemma"];
    !older.iter().any(|older| name.starts_with(older))
}

fn thinking(name: &str, third: bool, effort: &str) -> Option<Value> {
    if third {
        // Its larger models know two levels.
        let level = match effort {
            "none" | "minimal" | "low" => "low",
            "medium" if name.contains("flash") => "medium",
            _ => "high",
        };
        return Some(json!({"thinkingLevel": level, "includeThoughts": true}));
    }
    let budget = match effort {
        // The larger models cannot do without, and this is the least they take.
        "none" if name.contains("pro") => 128,
        "none" => 0,
        "minimal" | "low" => 1_024,
        "medium" => 8_192,
        _ => 24_576,
    };
    reasons(name).then(|| match effort {
        "none" => json!({"thinkingBudget": budget}),
        _ => json!({"thinkingBudget": budget, "includeThoughts": true}),
    })
}

fn declaration(tool: Tool<'_>) -> Declaration<'_> {
    Declaration {
        name: tool.name,
        description: tool.description,
        parameters_json_schema: tool.parameters,
    }
}

fn tool_config(prompt: &Prompt) -> Option<Value> {
    let config = match prompt.tool_choice()? {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::This(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    Some(json!({"functionCallingConfig": config}))
}

#[cfg(test)]
mod tests;
