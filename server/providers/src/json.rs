//! JSON values, read without trusting their shape.

use std::collections::VecDeque;

use evenkeel_engine::Chunk;
use serde_json::Value;

/// Takes a field out of an object; null where there is none.
pub(crate) fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

/// A field that is there and not null.
pub(crate) fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).filter(|value| !value.is_null())
}

/// A text that says something.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// A text of its own.
pub(crate) fn owned(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            String::new()
        }
    }
}

/// Adds what a field says, if it says something.
pub(crate) fn say(
    value: &mut Value,
    key: &str,
    chunk: fn(String) -> Chunk,
    chunks: &mut VecDeque<Chunk>,
) {
    let said = owned(take(value, key));
    if !said.is_empty() {
        chunks.push_back(chunk(said));
    }
}

/// A count, however it is written.
pub(crate) fn count(value: &Value, key: &str) -> Option<u64> {
    let value = value.get(key)?;
    let float = || value.as_f64().filter(|number| *number >= 0.0);
    value
        .as_u64()
        .or_else(|| float().map(|number| number as u64))
}

/// The elements of a list; none where it is none.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The elements of a list, taken out.
pub(crate) fn take_list(value: &mut Value, key: &str) -> Vec<Value> {
    match take(value, key) {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![]
        }
    }
}

/// A tool call's arguments as JSON text: providers send the text, or the object itself.
pub(crate) fn arguments(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            value.to_string()
        }
    }
}

/// Whether a list of words has this one.
pub(crate) fn lists(value: &Value, key: &str, word: &str) -> Option<bool> {
    let words = value.get(key)?.as_array()?;
    Some(words.iter().any(|item| item == word))
}
