//! One model of a provider, as the engine asks it: the same way for every family.

use std::sync::Arc;

use bytes::Bytes;
use evenkeel_engine::{Ask, ModelId, Observed, Opened, Upstream, UpstreamError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, Request, header};
use url::Url;

use crate::decode::simulated_chunks;
use crate::provider::Inner;
use crate::{Caller, Family, ModelFacts, Prompt, anthropic, error, gemini, ollama, openai};

pub(crate) struct FamilyUpstream {
    pub(crate) provider: Arc<Inner>,
    pub(crate) model: ModelId,
    pub(crate) name: Arc<str>,
    pub(crate) facts: ModelFacts,
    pub(crate) prompt: Arc<Prompt>,
    pub(crate) caller: Caller,
}

impl FamilyUpstream {
    fn request(&self, ask: &Ask) -> Result<Request<Bytes>, UpstreamError> {
        let (provider, prompt, name) = (&*self.provider, &*self.prompt, &*self.name);
        let (url, body) = match provider.family {
            Family::OpenAi => openai::request(&provider.root, provider.dialect, prompt, name, ask)?,
            Family::Anthropic => anthropic::request(&provider.root, prompt, name, ask)?,
            Family::Gemini => gemini::request(&provider.root, prompt, name, ask)?,
            Family::Ollama => ollama::request(&provider.root, prompt, name, self.facts, ask)?,
        };
        let mut request = build(provider, Method::POST, &url, body.into())?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let accepted = HeaderValue::from_static(match provider.family {
            Family::OpenAi | Family::Anthropic | Family::Gemini => "text/event-stream",
            Family::Ollama => "application/x-ndjson",
        });
        request.headers_mut().insert(header::ACCEPT, accepted);
        if provider.family == Family::Anthropic
            && let Some(betas) = anthropic::betas(prompt)
            // What no header can hold, none held.
            && let Ok(betas) = HeaderValue::from_str(&betas)
        {
            let name = HeaderName::from_static("anthropic-beta");
            request.headers_mut().insert(name, betas);
        }
        Ok(request)
    }
}

/// A request to a provider, with the headers that say who asks.
pub(crate) fn build(
    provider: &Inner,
    method: Method,
    url: &Url,
    body: Bytes,
) -> Result<Request<Bytes>, UpstreamError> {
    let mut request = Request::builder()
        .method(method)
        .uri(url.as_str())
        .body(body)
        .map_err(|error| unbuildable(&error))?;
    request.headers_mut().extend(provider.headers.clone());
    Ok(request)
}

/// A request that cannot be put into words.
pub(crate) fn unbuildable(error: &dyn std::error::Error) -> UpstreamError {
    UpstreamError {
        observed: Observed::Other(format!("the request cannot be built: {error}")),
        simulated: None,
    }
}

impl Upstream for FamilyUpstream {
    fn open(&self, ask: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        let request = self.request(&ask);
        let (provider, caller, model) = (
            self.provider.clone(),
            self.caller.clone(),
            self.model.clone(),
        );
        async move {
            let reply = provider.wire.send(&caller, Some(&model), request?).await?;
            provider.note_headroom(&model, &reply);
            if !reply.status.is_success() {
                return Err(error::read(reply).await);
            }
            let simulated = reply.simulated;
            Ok(Opened {
                simulated: simulated.clone(),
                chunks: simulated_chunks(provider.family, reply.body, simulated),
            })
        }
        .boxed()
    }
}
