//! The list of models, page by page.

use serde_json::Value;
use url::Url;

use crate::Discovered;
use crate::address::below;
use crate::discovery::Page;
use crate::json::{count, text};

pub(crate) fn list_url(root: &Url, after: Option<&str>) -> Url {
    let mut url = below(root, ["v1", "models"]);
    url.query_pairs_mut().append_pair("limit", "1000");
    if let Some(after) = after {
        url.query_pairs_mut().append_pair("after_id", after);
    }
    url
}

pub(crate) fn page(answer: &Value) -> Option<Page> {
    let models = answer.get("data")?.as_array()?.iter();
    let more = answer.get("has_more") == Some(&Value::Bool(true));
    let last = text(answer, "last_id").filter(|_| more);
    Some(Page {
        models: models.filter_map(model).collect(),
        next: last.map(str::to_owned),
    })
}

fn model(model: &Value) -> Option<Discovered> {
    let capabilities = model.get("capabilities");
    let supported = |key| capabilities?.get(key)?.get("supported")?.as_bool();
    Some(Discovered {
        name: text(model, "id")?.to_owned(),
        context_window: count(model, "max_input_tokens").filter(|tokens| *tokens > 0),
        vision: supported("image_input"),
        ..Discovered::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_and_where_the_next_begins() {
        let mut answer = json!({"data": [
            {"type": "model", "id": "claude-a", "display_name": "A", "created_at": "2026-01-01T00:00:00Z"},
            {"type": "model", "id": "claude-b", "max_input_tokens": 200000, "capabilities": {"image_input": {"supported": true}}},
        ], "has_more": true, "first_id": "claude-a", "last_id": "claude-b"});
        let found = page(&answer).unwrap();
        let names: Vec<_> = found.models.iter().map(|model| &*model.name).collect();
        assert_eq!(names, ["claude-a", "claude-b"]);
        assert_eq!(
            (found.models[0].context_window, found.models[0].vision),
            (None, None)
        );
        assert_eq!(
            (found.models[1].context_window, found.models[1].vision),
            (Some(200_000), Some(true))
        );
        assert_eq!(found.next.as_deref(), Some("claude-b"));
        answer["has_more"] = json!(false);
        assert_eq!(page(&answer).unwrap().next, None);
        let root = "https://a.example".parse().unwrap();
        assert_eq!(
            list_url(&root, Some("b&c")).as_str(),
            "https://a.example/v1/models?limit=1000&after_id=b%26c"
        );
    }
}
