//! The list of models, page by page.

use serde_json::Value;
use url::Url;

use super::request::short;
use crate::Discovered;
use crate::address::below;
use crate::discovery::Page;
use crate::json::{count, lists, text};

pub(crate) fn list_url(root: &Url, after: Option<&str>) -> Url {
    let mut url = below(root, ["v1beta", "models"]);
    url.query_pairs_mut().append_pair("pageSize", "1000");
    if let Some(after) = after {
        url.query_pairs_mut().append_pair("pageToken", after);
    }
    url
}

pub(crate) fn page(answer: &Value) -> Option<Page> {
    let models = answer.get("models")?.as_array()?.iter();
    Some(Page {
        models: models.filter_map(model).collect(),
        next: text(answer, "nextPageToken").map(str::to_owned),
    })
}

fn model(model: &Value) -> Option<Discovered> {
    // Others embed, or draw.
    let answers = lists(model, "supportedGenerationMethods", "generateContent");
    answers.filter(|answers| *answers)?;
    Some(Discovered {
        name: short(text(model, "name")?).to_owned(),
        context_window: count(model, "inputTokenLimit").filter(|tokens| *tokens > 0),
        ..Discovered::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn those_that_answer_and_where_the_next_page_begins() {
        let answer = json!({"models": [
            {"name": "models/gemini-x", "inputTokenLimit": 1048576, "supportedGenerationMethods": ["generateContent", "countTokens"]},
            {"name": "models/embedding-x", "inputTokenLimit": 2048, "supportedGenerationMethods": ["embedContent"]},
        ], "nextPageToken": "t/1"});
        let found = page(&answer).unwrap();
        let expected = Discovered {
            name: "gemini-x".to_owned(),
            context_window: Some(1_048_576),
            ..Discovered::default()
        };
        assert_eq!(found.models, [expected]);
        let root = "https://a.example".parse().unwrap();
        assert_eq!(
            list_url(&root, found.next.as_deref()).as_str(),
            "https://a.example/v1beta/models?pageSize=1000&pageToken=t%2F1"
        );
    }
}
