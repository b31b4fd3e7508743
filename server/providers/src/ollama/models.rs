//! The list of models that are pulled.

use serde_json::Value;
use url::Url;

use crate::Discovered;
use crate::address::below;
use crate::discovery::Page;
use crate::json::{count, lists, text};

pub(crate) fn list_url(root: &Url) -> Url {
    below(root, ["api", "tags"])
}

pub(crate) fn page(answer: &Value) -> Option<Page> {
    let models = answer.get("models")?.as_array()?.iter();
    Some(Page {
        models: models.filter_map(model).collect(),
        next: None,
    })
}

fn model(model: &Value) -> Option<Discovered> {
    let name = text(model, "name").or(text(model, "model"))?;
    let details = model.get("details").unwrap_or(&Value::Null);
    Some(Discovered {
        name: name.to_owned(),
        context_window: count(details, "context_length"),
        vision: lists(model, "capabilities", "vision"),
        tools: lists(model, "capabilities", "tools"),
        ..Discovered::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_pulled_and_what_it_can() {
        let answer = json!({"models": [
            {"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 1, "details": {"family": "llama"}},
            {"name": "qwen3-vl:8b", "capabilities": ["completion", "vision", "tools"]},
        ]});
        let named = |name: &str| Discovered {
            name: name.to_owned(),
            ..Discovered::default()
        };
        let expected = [
            named("llama3.2:latest"),
            Discovered {
                vision: Some(true),
                tools: Some(true),
                ..named("qwen3-vl:8b")
            },
        ];
        assert_eq!(page(&answer).unwrap().models, expected);
        assert!(page(&json!({"data": []})).is_none());
    }
}
