//! Which models a provider has, as far as it says.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use evenkeel_engine::{Observed, UpstreamError};
use http::Method;
use serde_json::Value;
use url::Url;

use crate::provider::Inner;
use crate::upstream::build;
use crate::{Caller, Family, anthropic, error, gemini, ollama, openai};

/// More of a list is not read.
const LIST_LIMIT: usize = 8 * 1024 * 1024;

/// More pages than any provider has.
const PAGE_LIMIT: usize = 50;

/// A model that a provider says it has. What it does not say is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovered {
    /// The provider's own name for it, as a request names it.
    pub name: String,
    /// The most tokens that a prompt may have.
    pub context_window: Option<u64>,
    /// It sees images.
    pub vision: Option<bool>,
    /// It calls tools.
    pub tools: Option<bool>,
    /// US dollars per million tokens of the prompt.
    pub input_cost: Option<f64>,
    /// US dollars per million tokens of the answer.
    pub output_cost: Option<f64>,
}

impl Discovered {
    /// Whether a request that names a model so gets this one: Google's names may have `models/` before them, and to
    /// Ollama a name without a tag is the one with `:latest`.
    pub fn is_named(&self, name: &str) -> bool {
        let name = name.strip_prefix("models/").unwrap_or(name);
        self.name == name || self.name.strip_suffix(":latest") == Some(name)
    }
}

/// A part of a provider's list.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) models: Vec<Discovered>,
    /// Where the next part begins, if there is one.
    pub(crate) next: Option<String>,
}

pub(crate) async fn discover(
    provider: Arc<Inner>,
    caller: Caller,
) -> Result<Vec<Discovered>, UpstreamError> {
    let mut models: Vec<Discovered> = vec![];
    let mut known = HashSet::new();
    let mut next = None;
    for _ in 0..PAGE_LIMIT {
        let url = match provider.family {
            Family::OpenAi => openai::list_url(&provider.root),
            Family::Anthropic => anthropic::list_url(&provider.root, next.as_deref()),
            Family::Gemini => gemini::list_url(&provider.root, next.as_deref()),
            Family::Ollama => ollama::list_url(&provider.root),
        };
        let answer = fetch(&provider, &caller, &url).await?;
        let page = match provider.family {
            Family::OpenAi => openai::page(&answer),
            Family::Anthropic => anthropic::page(&answer),
            Family::Gemini => gemini::page(&answer),
            Family::Ollama => ollama::page(&answer),
        };
        let page = page.ok_or_else(|| UpstreamError {
            observed: Observed::Malformed("the answer holds no list of models".to_owned()),
            simulated: None,
        })?;
        // Mistral lists a model once for each of its aliases.
        let new = |model: &Discovered| known.insert(model.name.clone());
        models.extend(page.models.into_iter().filter(new));
        match page.next {
            Some(place) if next.as_ref() != Some(&place) => next = Some(place),
            Some(_) | None => break,
        }
    }
    Ok(models)
}

async fn fetch(provider: &Inner, caller: &Caller, url: &Url) -> Result<Value, UpstreamError> {
    let request = build(provider, Method::GET, url, Bytes::new())?;
    let reply = provider.wire.send(caller, None, request).await?;
    if !reply.status.is_success() {
        return Err(error::read(reply).await);
    }
    let simulated = reply.simulated;
    let body = error::collect(reply.body, LIST_LIMIT).await?;
    serde_json::from_slice(&body).map_err(|_| {
        let said = if body.len() >= LIST_LIMIT {
            "the list of models is larger than 8 MiB"
        } else {
            "the list of models is no JSON: check base_url"
        };
        UpstreamError {
            observed: Observed::Malformed(said.to_owned()),
            simulated,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_more_than_one_name() {
        for (listed, asked, expected) in [
            ("gpt-x", "gpt-x", true),
            ("gemini-x", "models/gemini-x", true),
            ("llama:latest", "llama", true),
            ("llama:latest", "llama:latest", true),
            ("llama:8b", "llama", false),
            ("gpt-x-mini", "gpt-x", false),
        ] {
            let model = Discovered {
                name: listed.to_owned(),
                ..Discovered::default()
            };
            assert_eq!(model.is_named(asked), expected, "{listed} {asked}");
        }
    }
}
