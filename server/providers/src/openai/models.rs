//! The list of models, in the words of those who say more than a name.

use serde_json::Value;
use url::Url;

use crate::Discovered;
use crate::address::below;
use crate::discovery::Page;
use crate::json::{count, field, lists, text};

pub(crate) fn list_url(root: &Url) -> Url {
    below(root, ["models"])
}

pub(crate) fn page(answer: &Value) -> Option<Page> {
    // Together sends the bare list.
    let list = answer.get("data").unwrap_or(answer).as_array()?;
    Some(Page {
        models: list.iter().filter_map(model).collect(),
        next: None,
    })
}

fn model(model: &Value) -> Option<Discovered> {
    let null = Value::Null;
    let part = |key| field(model, key).unwrap_or(&null);
    // OpenRouter, Groq, Mistral and vLLM, in this order.
    let windows = [
        "context_length",
        "context_window",
        "max_context_length",
        "max_model_len",
    ];
    let (architecture, capabilities) = (part("architecture"), part("capabilities"));
    let capable = |key| capabilities.get(key).and_then(Value::as_bool);
    let cost = |key| dollars(part("pricing").get(key)?);
    Some(Discovered {
        name: text(model, "id")?.to_owned(),
        context_window: windows.iter().find_map(|key| count(model, key)),
        vision: lists(architecture, "input_modalities", "image").or_else(|| capable("vision")),
        tools: lists(model, "supported_parameters", "tools")
            .or_else(|| capable("function_calling")),
        input_cost: cost("prompt"),
        output_cost: cost("completion"),
    })
}

/// OpenRouter's price of a token, as text; -1 where it depends.
fn dollars(price: &Value) -> Option<f64> {
    let price: f64 = match price.as_str() {
        Some(text) => text.parse().ok()?,
        None => price.as_f64()?,
    };
    // Prices have few digits; what binary fractions add to them is cut off.
    (price >= 0.0).then(|| (price * 1e12).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_each_says_of_its_models() {
        let answer = json!({"object": "list", "data": [
            {"id": "plain", "object": "model"},
            {"id": "vendor/routed", "context_length": 131072,
             "architecture": {"input_modalities": ["text", "image"]},
             "supported_parameters": ["max_tokens", "tools"],
             "pricing": {"prompt": "0.00000015", "completion": "0.0000006"}},
            {"id": "router/auto", "context_length": 2000000, "architecture": {"input_modalities": ["text"]},
             "supported_parameters": [], "pricing": {"prompt": "-1", "completion": "-1"}},
            {"id": "mistral", "max_context_length": 32768, "capabilities": {"vision": false, "function_calling": true}},
            {"id": "groq", "context_window": 8192},
            {"no": "id"},
        ]});
        let named = |name: &str| Discovered {
            name: name.to_owned(),
            ..Discovered::default()
        };
        let expected = [
            named("plain"),
            Discovered {
                context_window: Some(131_072),
                vision: Some(true),
                tools: Some(true),
                input_cost: Some(0.15),
                output_cost: Some(0.6),
                ..named("vendor/routed")
            },
            Discovered {
                context_window: Some(2_000_000),
                vision: Some(false),
                tools: Some(false),
                ..named("router/auto")
            },
            Discovered {
                context_window: Some(32_768),
                vision: Some(false),
                tools: Some(true),
                ..named("mistral")
            },
            Discovered {
                context_window: Some(8_192),
                ..named("groq")
            },
        ];
        assert_eq!(page(&answer).unwrap().models, expected);
        assert_eq!(
            page(&json!([{"id": "plain"}])).unwrap().models,
            [named("plain")]
        );
        assert!(page(&json!({"error": "no"})).is_none());
    }
}
