//! A configured provider: a wire family, an address, a credential, and the wire to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_engine::{ModelId, Upstream, UpstreamError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use crate::address::root;
use crate::headroom::headroom;
use crate::upstream::FamilyUpstream;
use crate::{
    Caller, Discovered, Family, Headroom, Prompt, Reply, Secret, Wire, anthropic, discovery,
    gemini, openai,
};

/// A provider of one of the families; the demo's are OpenAI's.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

/// What the configuration says of a model, as far as requests to it depend on that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// The tokens that its context is to hold.
    pub context_window: Option<u64>,
    /// It thinks before it answers.
    pub reasoning: bool,
}

/// What every request to a provider shares.
pub(crate) struct Inner {
    pub(crate) family: Family,
    pub(crate) wire: Wire,
    /// What the family's paths are added to.
    pub(crate) root: Url,
    /// Who asks, and in which version.
    pub(crate) headers: HeaderMap,
    /// How this provider differs from its family.
    pub(crate) dialect: openai::Dialect,
    /// What it still lets through, as its last responses said.
    headroom: Mutex<HashMap<ModelId, Headroom>>,
}

impl Inner {
    /// Takes note of what a response says of the provider's limits, whatever else it says. What a fault had its hand in
    /// says nothing.
    pub(crate) fn note_headroom(&self, model: &ModelId, reply: &Reply) {
        if reply.simulated.is_some() {
            return;
        }
        if let Some(said) = headroom(&reply.headers, Timestamp::now(), Instant::now()) {
            self.headroom().insert(model.clone(), said);
        }
    }

    /// A panic elsewhere leaves the map whole.
    fn headroom(&self) -> MutexGuard<'_, HashMap<ModelId, Headroom>> {
        self.headroom.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Provider {
    /// OpenAI's family. `base_url` is what OpenAI's own client libraries take: up to and including `/v1`, or its like.
    /// Azure's `/openai/v1` is one of them; there the key goes into the header `api-key` as well.
    pub fn openai(wire: Wire, base_url: &Url, key: Option<Secret>) -> Self {
        let mut headers = bearer(key.as_ref());
        if openai::is_azure(base_url) {
            add(
                &mut headers,
                HeaderName::from_static("api-key"),
                key.as_ref(),
            );
        }
        let dialect = openai::Dialect::of(base_url);
        Self::new(Family::OpenAi, wire, root(base_url, ""), headers, dialect)
    }

    /// Anthropic's family. `base_url` is the root, to which `/v1/messages` is added.
    pub fn anthropic(wire: Wire, base_url: &Url, key: Option<Secret>) -> Self {
        let mut headers = HeaderMap::new();
        add(
            &mut headers,
            HeaderName::from_static("x-api-key"),
            key.as_ref(),
        );
        let version = HeaderValue::from_static(anthropic::VERSION);
        headers.insert(HeaderName::from_static("anthropic-version"), version);
        let root = root(base_url, "/v1");
        Self::new(
            Family::Anthropic,
            wire,
            root,
            headers,
            openai::Dialect::Plain,
        )
    }

    /// Gemini's family. `base_url` is the root, to which `/v1beta/models/…` is added.
    pub fn gemini(wire: Wire, base_url: &Url, key: Option<Secret>) -> Self {
        let mut headers = HeaderMap::new();
        add(
            &mut headers,
            HeaderName::from_static("x-goog-api-key"),
            key.as_ref(),
        );
        let root = root(base_url, "/v1beta");
        Self::new(Family::Gemini, wire, root, headers, openai::Dialect::Plain)
    }

    /// Ollama's family. `base_url` is the root, to which `/api/chat` is added; most need no key.
    pub fn ollama(wire: Wire, base_url: &Url, key: Option<Secret>) -> Self {
        let (root, headers) = (root(base_url, "/api"), bearer(key.as_ref()));
        Self::new(Family::Ollama, wire, root, headers, openai::Dialect::Plain)
    }

    fn new(
        family: Family,
        wire: Wire,
        root: Url,
        headers: HeaderMap,
        dialect: openai::Dialect,
    ) -> Self {
        Self(Arc::new(Inner {
            family,
            wire: wire.speaking(family),
            root,
            headers,
            dialect,
            headroom: Mutex::default(),
        }))
    }

    /// Its family.
    pub fn family(&self) -> Family {
        self.0.family
    }

    /// The way to ask one of its models. `id` is the model's id here, `name` the provider's own name for it.
    pub fn upstream(
        &self,
        id: ModelId,
        name: &str,
        prompt: Arc<Prompt>,
        caller: Caller,
    ) -> Arc<dyn Upstream> {
        self.upstream_knowing(ModelFacts::default(), id, name, prompt, caller)
    }

    /// The same, of a model of which something is known.
    pub fn upstream_knowing(
        &self,
        facts: ModelFacts,
        id: ModelId,
        name: &str,
        prompt: Arc<Prompt>,
        caller: Caller,
    ) -> Arc<dyn Upstream> {
        Arc::new(FamilyUpstream {
            provider: self.0.clone(),
            model: id,
            // The one family that has the model in the path rather than in the body.
            name: match self.0.family {
                Family::Gemini => gemini::short(name).into(),
                Family::OpenAi | Family::Anthropic | Family::Ollama => name.into(),
            },
            facts,
            prompt,
            caller,
        })
    }

    /// What it still lets through for this model, as its last real response said; none where it has said nothing.
    pub fn headroom(&self, model: &ModelId) -> Option<Headroom> {
        self.0.headroom().get(model).copied()
    }

    /// The models that the provider says it has. It waits as long as the provider lets it: the caller sets the limit.
    pub fn discover(
        &self,
        caller: &Caller,
    ) -> BoxFuture<'static, Result<Vec<Discovered>, UpstreamError>> {
        discovery::discover(self.0.clone(), caller.clone()).boxed()
    }
}

fn bearer(key: Option<&Secret>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let token = key.map(|key| Secret::new(format!("Bearer {}", key.reveal())));
    add(&mut headers, header::AUTHORIZATION, token.as_ref());
    headers
}

/// A key that no header can hold is left out; the provider will say that it is missing.
fn add(headers: &mut HeaderMap, name: HeaderName, key: Option<&Secret>) {
    let value = key.and_then(|key| HeaderValue::from_str(key.reveal()).ok());
    if let Some(mut value) = value {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEMO_MODELS, Faults, demo_transport};

    #[test]
    fn azure_gets_its_key_in_both_headers_and_nobody_prints_it() {
        let wire = || {
            let faults = Arc::new(Faults::new(Box::new(|_| {})));
            Wire::new("p".into(), demo_transport(DEMO_MODELS), faults)
        };
        for (base, expected) in [
            ("https://x.openai.azure.com/openai/v1/", Some("k")),
            ("https://api.openai.com/v1", None),
        ] {
            let key = Some(Secret::new("k".into()));
            let provider = Provider::openai(wire(), &base.parse().unwrap(), key);
            let headers = &provider.0.headers;
            let found = headers.get("api-key").map(|key| key.to_str().unwrap());
            assert_eq!(found, expected);
            assert_eq!(headers["authorization"], "Bearer k");
            assert!(headers.values().all(HeaderValue::is_sensitive));
        }
    }
}
