//! A message of the caller's as one provider takes it: without what it refuses, and under its names.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::dialect::Dialect;

/// The fields of Mistral's messages.
const MISTRALS: [&str; 6] = [
    "role",
    "content",
    "prefix",
    "tool_calls",
    "tool_call_id",
    "name",
];

/// What a provider takes.
pub(super) struct Wanted {
    pub(super) dialect: Dialect,
    /// There are signatures, which only the provider that signed understands.
    pub(super) signed: bool,
    /// The marks for Anthropic's cache are left out.
    pub(super) unmarked: bool,
}

impl Wanted {
    /// The message, copied only where it has to be changed: it may hold many MiB of images.
    pub(super) fn of<'m>(&self, message: &'m Value) -> Cow<'m, Value> {
        let marked = self.unmarked && is_marked(message);
        if !marked && !self.signed && !message.as_object().is_some_and(|it| self.changes(it)) {
            return Cow::Borrowed(message);
        }
        let mut message = message.clone();
        if let Some(fields) = message.as_object_mut() {
            self.change(fields);
        }
        if marked {
            unmark_message(&mut message);
        }
        Cow::Owned(message)
    }

    fn changes(&self, message: &Map<String, Value>) -> bool {
        let role = message.get("role").and_then(Value::as_str);
        let developer = role == Some("developer") && !self.dialect.knows_developers();
        let thoughts = !self.dialect.wants_thoughts() && message.contains_key("reasoning_content");
        let mistral = self.dialect == Dialect::Mistral
            && (message.contains_key("tool_calls")
                || message.contains_key("tool_call_id")
                || message.keys().any(|key| !mistrals(key, role)));
        developer || thoughts || mistral || message.contains_key("is_error")
    }

    fn change(&self, message: &mut Map<String, Value>) {
        let signed = message.remove("reasoning_signature").is_some();
        if signed || !self.dialect.wants_thoughts() {
            message.remove("reasoning_content");
        }
        message.remove("is_error");
        let mistral = self.dialect == Dialect::Mistral;
        let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
        for call in calls.into_iter().flatten() {
            if let Some(fields) = call.as_object_mut() {
                fields.remove("signature");
                if mistral && let Some(id) = fields.get_mut("id") {
                    shorten(id);
                }
            }
        }
        if let Some(role) = message.get_mut("role")
            && role == "developer"
            && !self.dialect.knows_developers()
        {
            *role = "system".into();
        }
        if mistral {
            if let Some(id) = message.get_mut("tool_call_id") {
                shorten(id);
            }
            let role = message
                .get("role")
                .and_then(Value::as_str)
                .map(str::to_owned);
            message.retain(|key, _| mistrals(key, role.as_deref()));
        }
    }
}

/// Mistral takes this field; a name only where a tool has it.
fn mistrals(key: &str, role: Option<&str>) -> bool {
    MISTRALS.contains(&key) && (key != "name" || role == Some("tool"))
}

/// Mistral's ids have nine letters or digits, and it refuses others. The same id becomes the same everywhere.
fn shorten(id: &mut Value) {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some(long) = id.as_str() else { return };
    if long.len() == 9 && long.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return;
    }
    let mut hasher = DefaultHasher::new();
    long.hash(&mut hasher);
    let mut rest = hasher.finish();
    let letters = (0..9).map(|_| {
        let letter = LETTERS[(rest % 62) as usize];
        rest /= 62;
        char::from(letter)
    });
    *id = letters.collect::<String>().into();
}

fn parts(message: &mut Value) -> Option<&mut Vec<Value>> {
    message.get_mut("content")?.as_array_mut()
}

fn is_marked(message: &Value) -> bool {
    let parts = message.get("content").and_then(Value::as_array);
    let mut parts = parts.into_iter().flatten();
    parts.any(|part| part.get("cache_control").is_some())
}

pub(super) fn unmark(list: &mut Value) {
    for item in list.as_array_mut().into_iter().flatten() {
        if let Some(fields) = item.as_object_mut() {
            fields.remove("cache_control");
        }
    }
}

/// Words that were a list for the sake of a mark are one text again: not every provider takes lists.
fn unmark_message(message: &mut Value) {
    if !is_marked(message) {
        return;
    }
    if let Some(content) = message.get_mut("content") {
        unmark(content);
    }
    let Some(parts) = parts(message) else { return };
    let texts = parts.iter().map(|part| {
        let text = part.get("type").and_then(Value::as_str) == Some("text");
        part.get("text")?.as_str().filter(|_| text)
    });
    if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
        message["content"] = texts.join("\n").into();
    }
}
