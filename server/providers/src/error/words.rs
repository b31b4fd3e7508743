//! The words of an error, without what was asked: validators repeat the caller's own input beside what is wrong with it,
//! and errors reach logs and other people's eyes.

use serde_json::Value;

use crate::json::{field, text};

/// Under these keys stand words, or a list of objects with words.
const WORDS: [&str; 6] = ["msg", "message", "detail", "details", "error", "errors"];

/// Behind these a validator quotes what it was given.
const QUOTED: [&str; 2] = ["input", "ctx"];

/// What an error's value says: a text, or of lists and objects what is wrong and where.
pub(super) fn told(value: &Value) -> String {
    match value {
        Value::String(words) => unquoted(words).to_owned(),
        Value::Array(items) => {
            let items = items.iter().map(told).filter(|words| !words.is_empty());
            items.collect::<Vec<_>>().join("; ")
        }
        Value::Object(_) => {
            let words = WORDS.iter().find_map(|key| field(value, key)).map(told);
            let words = words.filter(|words| !words.is_empty());
            let kind = || text(value, "type").unwrap_or_default().to_owned();
            match (place(value), words.unwrap_or_else(kind)) {
                (Some(place), words) if words.is_empty() => place,
                (Some(place), words) => format!("{place}: {words}"),
                (None, words) => words,
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// Where it is wrong: `body.messages.0.content`.
fn place(value: &Value) -> Option<String> {
    let steps = value.get("loc")?.as_array()?.iter();
    let steps = steps.filter_map(|step| match step {
        Value::String(name) => Some(name.clone()),
        Value::Number(index) => Some(index.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    let place = steps.collect::<Vec<_>>().join(".");
    (!place.is_empty()).then_some(place)
}

/// The words up to where they begin to quote what was asked, in JSON's, Python's or pydantic's writing.
pub(super) fn unquoted(words: &str) -> &str {
    let named = QUOTED.iter().flat_map(|key| {
        let places = words.match_indices(key);
        places.filter_map(|(at, key)| {
            let quote = words[..at].chars().next_back()?;
            let behind = words[at + key.len()..].trim_start_matches('\\');
            let behind = behind.strip_prefix(quote)?.trim_start();
            let quotes = matches!(quote, '\'' | '"') && behind.starts_with(':');
            let head = words[..at].trim_end_matches(quote);
            quotes.then(|| head.trim_end_matches('\\').len())
        })
    });
    let written = words.find("input_value=");
    let end = named.chain(written).min().unwrap_or(words.len());
    words[..end].trim_end_matches([' ', ',', '{', '[', '('])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_asked_is_not_repeated() {
        let wrong = json!({"type": "extra_forbidden", "loc": ["body", "messages", 0, "name"],
            "msg": "Extra inputs are not permitted", "input": "PATIENT-JOHN", "ctx": {"given": "PATIENT-JOHN"}});
        let expected = "body.messages.0.name: Extra inputs are not permitted";
        for (said, expected) in [
            (json!({"detail": [wrong]}), expected),
            (json!([wrong]), expected),
            (
                json!({"type": "missing", "input": "PATIENT-JOHN"}),
                "missing",
            ),
            (json!({"given": "PATIENT-JOHN"}), ""),
            (
                json!(
                    "[{'type': 'missing', 'msg': 'Field required', 'input': {'content': 'PATIENT-JOHN'}}]"
                ),
                "[{'type': 'missing', 'msg': 'Field required'",
            ),
            (
                json!(r#"{"detail":[{"msg":"no","input" : "PATIENT-JOHN"}]}"#),
                r#"{"detail":[{"msg":"no""#,
            ),
            (
                json!(r#"{\"msg\":\"no\",\"input\":\"PATIENT-JOHN\"}"#),
                r#"{\"msg\":\"no\""#,
            ),
            (
                json!("role: Field required [type=missing, input_value={'a': 'PATIENT-JOHN'}]"),
                "role: Field required [type=missing",
            ),
        ] {
            assert_eq!(told(&said), expected, "{said}");
        }
    }

    #[test]
    fn words_that_quote_nothing_are_kept_whole() {
        for words in [
            "the input: too long",
            "'input' is a required property",
            "Grüße: input \"ctx\"",
            "",
        ] {
            assert_eq!(unquoted(words), words);
        }
    }
}
