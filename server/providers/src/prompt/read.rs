//! What a prompt asks for, as the families that do not speak OpenAI's language read it, borrowed from the caller's body.

use serde_json::Value;

use super::{Message, Prompt, Refusal};
use crate::json::{field, text};

/// A tool that the model may call.
pub(crate) struct Tool<'p> {
    pub(crate) name: &'p str,
    pub(crate) description: Option<&'p str>,
    pub(crate) parameters: Option<&'p Value>,
    pub(crate) cache: Option<&'p Value>,
}

/// Which tool the model is to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolChoice<'p> {
    Auto,
    None,
    Required,
    This(&'p str),
}

/// The shape that the answer is to have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape<'p> {
    Text,
    Json,
    Schema(&'p Value),
}

impl Prompt {
    /// Its messages, oldest first.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let messages = self.body.get("messages").and_then(Value::as_array);
        let messages = messages.map_or(&[][..], Vec::as_slice).iter().enumerate();
        messages.filter_map(|(place, value)| Message::new(place, value))
    }

    /// Its tools.
    pub(crate) fn tools(&self) -> Result<Vec<Tool<'_>>, Refusal> {
        let tools = self.field("tools").and_then(Value::as_array);
        let tools = tools.map_or(&[][..], Vec::as_slice).iter().enumerate();
        let read = tools.map(|(at, tool)| {
            let function = tool.get("function").unwrap_or(&Value::Null);
            let mend = "give a function with a name; this model's provider knows no other tools";
            Ok(Tool {
                name: text(function, "name")
                    .ok_or_else(|| Refusal::new(format!("tools[{at}]"), mend))?,
                description: text(function, "description"),
                parameters: field(function, "parameters"),
                cache: field(tool, "cache_control"),
            })
        });
        read.collect()
    }

    /// Which tool is to be called, if anything was said of it.
    pub(crate) fn tool_choice(&self) -> Option<ToolChoice<'_>> {
        let choice = self.field("tool_choice")?;
        Some(match choice.as_str() {
            Some("none") => ToolChoice::None,
            Some("required" | "any") => ToolChoice::Required,
            Some(_) => ToolChoice::Auto,
            None => {
                let name = choice.get("function").and_then(|f| text(f, "name"));
                name.map_or(ToolChoice::Auto, ToolChoice::This)
            }
        })
    }

    /// The shape that the answer is to have.
    pub(crate) fn shape(&self) -> Shape<'_> {
        let Some(format) = self.field("response_format") else {
            return Shape::Text;
        };
        match text(format, "type") {
            Some("json_object") => Shape::Json,
            Some("json_schema") => {
                let schema = format
                    .get("json_schema")
                    .and_then(|json| field(json, "schema"));
                schema.map_or(Shape::Json, Shape::Schema)
            }
            Some(_) | None => Shape::Text,
        }
    }

    /// The most tokens that the answer may have.
    pub(crate) fn max_tokens(&self) -> Option<u64> {
        let limit = self.field("max_completion_tokens");
        limit.or_else(|| self.field("max_tokens"))?.as_u64()
    }

    /// A number of the body.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.field(key)?.as_f64()
    }

    /// The texts that end the answer.
    pub(crate) fn stops(&self) -> Vec<&str> {
        match self.field("stop") {
            Some(Value::String(stop)) => vec![stop],
            Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                vec![]
            }
        }
    }

    /// How much the model is to reason, in OpenAI's words.
    pub(crate) fn effort(&self) -> Option<&str> {
        let nested = || text(self.field("reasoning")?, "effort");
        let plain = self.field("reasoning_effort").and_then(Value::as_str);
        plain.or_else(nested)
    }

    /// The same of a caller who may speak Anthropic's words, for families that do not know them.
    pub(crate) fn effort_in_any_words(&self) -> Option<&str> {
        self.effort().or_else(|| {
            let own = self.anthropic()?;
            let thinking = own.get("thinking")?;
            let config = own.get("output_config");
            match text(thinking, "type")? {
                "enabled" => Some(match thinking.get("budget_tokens")?.as_u64()? {
                    0..=2_048 => "low",
                    2_049..=8_192 => "medium",
                    8_193.. => "high",
                }),
                "adaptive" => Some(config.and_then(|it| text(it, "effort")).unwrap_or("medium")),
                _ => None,
            }
        })
    }

    /// Who asks, as the caller names them.
    pub(crate) fn user(&self) -> Option<&str> {
        let nested = || text(self.field("metadata")?, "user_id");
        let plain = self.field("user").and_then(Value::as_str);
        plain.or_else(nested)
    }
}
