//! The tools that the model may call, and which of them it is to call.

use serde_json::{Map, Value, json};

use super::object::Object;
use crate::error::Refusal;

/// A tool of the caller's as OpenAI's function.
pub(super) fn tool(mut tool: Object) -> Result<Value, Refusal> {
    if let Some(kind) = tool.text("type")?.filter(|kind| kind != "custom") {
        let mend = format!(
            "{kind:?} is a tool of Anthropic's own, which other models do not have; give a tool with name and input_schema"
        );
        return Err(tool.refuse("type", &mend));
    }
    let name = tool.needed_text("name", "give the tool's name")?;
    let mut function = Map::from_iter([("name".to_owned(), Value::String(name))]);
    if let Some(description) = tool.text("description")? {
        function.insert("description".to_owned(), description.into());
    }
    let schema = tool.object("input_schema")?;
    let mend = "give the JSON Schema of the tool's input";
    let schema = schema.ok_or_else(|| tool.refuse("input_schema", mend))?;
    function.insert("parameters".to_owned(), Value::Object(schema.rest()));
    if let Some(strict) = tool.flag("strict")? {
        function.insert("strict".to_owned(), strict.into());
    }
    let mut tool_value = json!({"type": "function", "function": function});
    if let Some(cache) = tool.take("cache_control") {
        tool_value["cache_control"] = cache;
    }
    Ok(tool_value)
}

/// Which tool is to be called, in OpenAI's words, and whether only one at a time may be.
pub(super) fn choice(mut choice: Object) -> Result<(Value, Option<bool>), Refusal> {
    let mend = "give auto, any, tool or none";
    let which = match choice.kind(mend)?.as_str() {
        "auto" => json!("auto"),
        "any" => json!("required"),
        "none" => json!("none"),
        "tool" => {
            let name = choice.needed_text("name", "name the tool that is to be called")?;
            json!({"type": "function", "function": {"name": name}})
        }
        _ => return Err(choice.refuse("type", mend)),
    };
    let one = choice.flag("disable_parallel_tool_use")?;
    Ok((which, one.filter(|one| *one).map(|one| !one)))
}
