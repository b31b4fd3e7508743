//! The conversation: Anthropic's messages as OpenAI's.

use serde_json::{Map, Value, json};

use super::blocks::{blocks, content, parts};
use super::object::Object;
use crate::error::Refusal;

/// Adds the system prompt.
pub(super) fn system(system: Option<Value>, said: &mut Vec<Value>) -> Result<(), Refusal> {
    if system.is_none() {
        return Ok(());
    }
    let mut texts = vec![];
    for block in blocks(system, "system")? {
        parts(block, &mut texts)?;
    }
    said.push(json!({"role": "system", "content": content(texts, "\n\n")}));
    Ok(())
}

/// Adds one message; it may become several.
pub(super) fn message(mut message: Object, said: &mut Vec<Value>) -> Result<(), Refusal> {
    let mend = "give user or assistant";
    let role = message.needed_text("role", mend)?;
    let blocks = blocks(message.take("content"), &message.place("content"))?;
    match role.as_str() {
        "user" => user(blocks, said),
        "assistant" => assistant(blocks, said),
        "system" => {
            let mut texts = vec![];
            for block in blocks {
                parts(block, &mut texts)?;
            }
            said.push(json!({"role": "system", "content": content(texts, "\n\n")}));
            Ok(())
        }
        _ => Err(message.refuse("role", mend)),
    }
}

/// Results of tools are messages of their own, and come first: they belong to the calls before them.
fn user(blocks: Vec<Object>, said: &mut Vec<Value>) -> Result<(), Refusal> {
    let mut own = vec![];
    for mut block in blocks {
        if block.peek("type") == Some("tool_result") {
            let (message, shown) = result(&mut block)?;
            said.push(message);
            own.extend(shown);
        } else {
            parts(block, &mut own)?;
        }
    }
    if !own.is_empty() {
        said.push(json!({"role": "user", "content": content(own, "\n")}));
    }
    Ok(())
}

/// The result as a tool's message, and what it shows besides words, which only a user's message can hold.
fn result(block: &mut Object) -> Result<(Value, Vec<Value>), Refusal> {
    let mend = "name the call that this is the result of";
    let id = block.needed_text("tool_use_id", mend)?;
    let failed = block.flag("is_error")? == Some(true);
    let cache = block.take("cache_control");
    let (mut all, mut texts, mut shown) = (vec![], vec![], vec![]);
    if let Some(given) = block.take("content") {
        for block in blocks(Some(given), &block.place("content"))? {
            parts(block, &mut all)?;
        }
    }
    for part in all {
        if part["type"] == "text" {
            texts.push(part);
        } else {
            shown.push(part);
        }
    }
    if failed {
        // OpenAI's form has no mark for it.
        texts.insert(0, json!({"type": "text", "text": "The tool failed:"}));
    }
    if !shown.is_empty() {
        let note = format!("Shown by the tool call {id}:");
        shown.insert(0, json!({"type": "text", "text": note}));
    }
    if let (Some(cache), Some(last)) = (cache, texts.last_mut()) {
        last["cache_control"] = cache;
    }
    let content = content(texts, "\n");
    let message = json!({"role": "tool", "tool_call_id": id, "content": content});
    Ok((message, shown))
}

/// An assistant's message that is being put together: at most one thought, then words, then calls.
#[derive(Default)]
struct Segment {
    thought: Option<(String, String)>,
    texts: Vec<Value>,
    calls: Vec<Value>,
}

impl Segment {
    fn is_empty(&self) -> bool {
        self.thought.is_none() && self.texts.is_empty() && self.calls.is_empty()
    }

    fn close(self, said: &mut Vec<Value>) {
        if self.is_empty() {
            return;
        }
        let mut message = Map::from_iter([("role".to_owned(), json!("assistant"))]);
        let silent = self.texts.is_empty() && !self.calls.is_empty();
        let content = if silent {
            Value::Null
        } else {
            content(self.texts, "")
        };
        message.insert("content".to_owned(), content);
        if let Some((thought, signature)) = self.thought {
            message.insert("reasoning_content".to_owned(), thought.into());
            message.insert("reasoning_signature".to_owned(), signature.into());
        }
        if !self.calls.is_empty() {
            message.insert("tool_calls".to_owned(), self.calls.into());
        }
        said.push(Value::Object(message));
    }
}

/// A thought begins a message of its own, so that each keeps its proof; after a call there can be none, since its result
/// must follow.
fn assistant(blocks: Vec<Object>, said: &mut Vec<Value>) -> Result<(), Refusal> {
    let mut segment = Segment::default();
    for mut block in blocks {
        match block.peek("type") {
            Some("thinking") => {
                let thought = block.text("thinking")?.unwrap_or_default();
                let signature = block.text("signature")?.filter(|proof| !proof.is_empty());
                // Without a proof no provider takes it back.
                if let (Some(signature), true) = (signature, segment.calls.is_empty()) {
                    std::mem::take(&mut segment).close(said);
                    segment.thought = Some((thought, signature));
                }
            }
            // Only the model that wrote it can read it, and answers that go through here hold none.
            Some("redacted_thinking") => {}
            Some("tool_use") => segment.calls.push(call(&mut block)?),
            _ => parts(block, &mut segment.texts)?,
        }
    }
    segment.close(said);
    Ok(())
}

fn call(block: &mut Object) -> Result<Value, Refusal> {
    let id = block.needed_text("id", "give the call's id")?;
    let name = block.needed_text("name", "give the tool's name")?;
    let input = block.take("input").unwrap_or_else(|| json!({}));
    let function = json!({"name": name, "arguments": input.to_string()});
    let mut call = json!({"id": id, "type": "function", "function": function});
    if let Some(signature) = block.text("signature")? {
        call["signature"] = signature.into();
    }
    Ok(call)
}
