//! How large a prompt is, in one walk over it.

use serde_json::{Map, Value};

/// About what a provider counts for an image, whatever its encoding's length.
const TOKENS_PER_IMAGE: u64 = 1_000;

#[derive(Default)]
pub(super) struct Size {
    bytes: u64,
    pub(super) images: u64,
    pub(super) signatures: u64,
}

impl Size {
    pub(super) fn tokens(&self) -> u64 {
        self.bytes.div_ceil(4) + self.images * TOKENS_PER_IMAGE
    }

    /// Texts alone: what a model reads of a message.
    fn texts(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.bytes += text.len() as u64,
            Value::Array(items) => items.iter().for_each(|item| self.texts(item)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match key.as_str() {
                        "role" | "type" | "id" | "tool_call_id" | "cache_control" => {}
                        "image_url" => self.images += 1,
                        "reasoning_signature" | "signature" => self.signatures += 1,
                        // A document is counted like an image: its encoding's length says nothing either.
                        "file" | "input_audio" => self.bytes += 4 * TOKENS_PER_IMAGE,
                        _ => self.texts(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// All of it, names and punctuation included: what a model reads of a schema.
    fn json(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.bytes += text.len() as u64 + 2,
            Value::Array(items) => {
                self.bytes += 2 + items.len() as u64;
                items.iter().for_each(|item| self.json(item));
            }
            Value::Object(fields) => {
                self.bytes += 2;
                for (key, value) in fields {
                    self.bytes += key.len() as u64 + 4;
                    self.json(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.bytes += 4,
        }
    }
}

pub(super) fn measure(body: &Map<String, Value>) -> Size {
    let mut size = Size::default();
    if let Some(messages) = body.get("messages") {
        size.texts(messages);
    }
    for schema in ["tools", "response_format"] {
        if let Some(value) = body.get(schema) {
            size.json(value);
        }
    }
    size
}
