//! The request: Anthropic's fields as OpenAI's, and under `anthropic` those that have no equal there.

use axum::http::HeaderMap;
use evenkeel_providers::Prompt;
use serde_json::{Map, Value, json};

use super::object::Object;
use super::{tools, turns};
use crate::api::gateway::{Fields, Question};
use crate::error::Refusal;

/// OpenAI refuses longer names of users.
const USER_LIMIT: usize = 64;

/// Whether the request must say how long the answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Needed,
    Optional,
}

/// A request in the one shape that every provider is asked in.
struct Canonical {
    model: String,
    stream: bool,
    prompt: Map<String, Value>,
}

/// What is asked.
pub(super) fn read(
    body: Map<String, Value>,
    headers: &HeaderMap,
    limit: Limit,
) -> Result<Question, Refusal> {
    let Canonical {
        model,
        stream,
        prompt,
    } = canonical(body, headers, limit)?;
    let prompt =
        Prompt::from_openai(prompt).map_err(|error| Refusal::invalid(&error.to_string()))?;
    Ok(Question {
        model,
        prompt,
        stream,
    })
}

fn canonical(
    body: Map<String, Value>,
    headers: &HeaderMap,
    limit: Limit,
) -> Result<Canonical, Refusal> {
    let fields = Fields::body(&body);
    let model = fields.needed("model", fields.text("model")?, "give the id of a model")?;
    let model = model.to_owned();
    let max_tokens = fields.count("max_tokens")?;
    if limit == Limit::Needed {
        let mend = "say how many tokens the answer may have";
        fields.needed("max_tokens", max_tokens, mend)?;
    }
    for number in ["temperature", "top_p"] {
        fields.number(number)?;
    }
    fields.count("top_k")?;
    thinks(fields)?;
    if !fields.list("mcp_servers")?.is_empty() {
        let mend = "servers of tools are asked by Anthropic alone; leave them out, or offer their tools yourself";
        return Err(Refusal::at("mcp_servers", mend));
    }

    let mut body = Object::body(body);
    let stream = body.flag("stream")?.unwrap_or(false);
    let mut prompt = Map::new();
    let mut said = vec![];
    turns::system(body.take("system"), &mut said)?;
    let messages = body.list("messages")?.unwrap_or_default();
    if messages.is_empty() {
        return Err(body.refuse("messages", "give a list with at least one message"));
    }
    for message in Object::all(messages, "messages")? {
        turns::message(message, &mut said)?;
    }
    if said.is_empty() {
        return Err(body.refuse("messages", "say something in one of them"));
    }
    prompt.insert("messages".to_owned(), said.into());
    offer(&mut body, &mut prompt)?;
    body.take("model");
    for same in ["max_tokens", "temperature", "top_p"] {
        if let Some(value) = body.take(same) {
            prompt.insert(same.to_owned(), value);
        }
    }
    if let Some(stops) = body
        .list("stop_sequences")?
        .filter(|stops| !stops.is_empty())
    {
        prompt.insert("stop".to_owned(), stops.into());
    }
    let mut own = body.rest();
    own.retain(|_, value| !value.is_null());
    name_the_user(&own, &mut prompt);
    want_json(&own, &mut prompt);
    betas(headers, &mut own);
    // Also where it is empty: it says that the request came in Anthropic's form.
    prompt.insert("anthropic".to_owned(), own.into());
    Ok(Canonical {
        model,
        stream,
        prompt,
    })
}

fn thinks(fields: Fields<'_>) -> Result<(), Refusal> {
    let Some(thinking) = fields.object("thinking")? else {
        return Ok(());
    };
    let thinking = Fields::of(thinking, "thinking.");
    let mend = "give enabled with budget_tokens, adaptive, or disabled";
    match thinking.needed("type", thinking.text("type")?, mend)? {
        "enabled" => {
            let budget = thinking.count("budget_tokens")?;
            thinking.needed("budget_tokens", budget, "give a number of tokens")?;
            Ok(())
        }
        "adaptive" | "disabled" => Ok(()),
        _ => Err(Refusal::at("thinking.type", mend)),
    }
}

/// The tools. Without any there is nothing to choose from, and some providers refuse a choice then.
fn offer(body: &mut Object, prompt: &mut Map<String, Value>) -> Result<(), Refusal> {
    let offered = body.list("tools")?.unwrap_or_default();
    let offered = Object::all(offered, "tools")?.into_iter().map(tools::tool);
    let offered: Vec<_> = offered.collect::<Result<_, _>>()?;
    let choice = body.object("tool_choice")?.map(tools::choice).transpose()?;
    if offered.is_empty() {
        return Ok(());
    }
    prompt.insert("tools".to_owned(), offered.into());
    if let Some((choice, parallel)) = choice {
        prompt.insert("tool_choice".to_owned(), choice);
        if let Some(parallel) = parallel {
            prompt.insert("parallel_tool_calls".to_owned(), parallel.into());
        }
    }
    Ok(())
}

fn name_the_user(own: &Map<String, Value>, prompt: &mut Map<String, Value>) {
    let user = own
        .get("metadata")
        .and_then(|metadata| metadata.get("user_id"));
    let user = user.and_then(Value::as_str);
    if let Some(user) = user.filter(|user| user.len() <= USER_LIMIT) {
        prompt.insert("user".to_owned(), user.into());
    }
}

/// A schema for the answer is known to other providers, too.
fn want_json(own: &Map<String, Value>, prompt: &mut Map<String, Value>) {
    let nested = own
        .get("output_config")
        .and_then(|config| config.get("format"));
    let format = nested.or_else(|| own.get("output_format"));
    let schema = format.filter(|format| format["type"] == "json_schema");
    if let Some(schema) = schema.and_then(|format| format.get("schema")) {
        let named = json!({"name": "answer", "schema": schema, "strict": true});
        let format = json!({"type": "json_schema", "json_schema": named});
        prompt.insert("response_format".to_owned(), format);
    }
}

/// What the caller has switched on by header is part of what is asked.
fn betas(headers: &HeaderMap, own: &mut Map<String, Value>) {
    let lines = headers.get_all("anthropic-beta").iter();
    let betas: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|beta| !beta.is_empty())
        .collect();
    if !betas.is_empty() {
        own.insert("betas".to_owned(), betas.into());
    }
}

#[cfg(test)]
mod tests;
