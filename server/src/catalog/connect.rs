//! From configured providers to ones that can be asked. Each is set up by itself: one that cannot be does not answer, and
//! takes no other with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evenkeel_engine::{Circuits, Owner, ProviderCircuits, ProviderId, UpstreamError};
use evenkeel_providers::{
    DEMO_MODELS, Faults, Network, Provider, Reply, Transport, TransportError, TransportErrorKind,
    Wire, demo_transport,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Request;
use url::Url;

use super::lister::{Discovered, Lister};
use crate::config::{Config, Family, ProviderConfig, ProviderKind};

/// A provider.
#[derive(Clone)]
pub struct ProviderEntry {
    /// Its id.
    pub id: ProviderId,
    /// Its wire family's name.
    pub kind: &'static str,
    /// Its circuits.
    pub circuits: Arc<ProviderCircuits>,
    /// It may be asked.
    pub enabled: bool,
    /// It runs on the user's own machine: where one model of it is silent, another would be.
    pub local: bool,
    /// The longest that a call beside a turn may take.
    pub timeout: Duration,
    /// What it lists are the models it can be asked for.
    pub lists: bool,
    pub(super) provider: Provider,
    lister: Option<Lister>,
    made_of: Option<(ProviderKind, Duration)>,
}

impl ProviderEntry {
    /// Asks it for its models, on behalf of nobody's turn.
    pub fn list(&self) -> BoxFuture<'static, Result<Vec<Discovered>, UpstreamError>> {
        match self.lister.clone() {
            Some(lister) => lister.list("discovery".into()).boxed(),
            None => async { Ok(vec![]) }.boxed(),
        }
    }
}

/// The provider of an entry of the configuration; its connections are those of `before`, where nothing has changed.
pub(super) fn connect(
    configured: &ProviderConfig,
    circuits: &Circuits,
    faults: &Arc<Faults>,
    before: Option<&ProviderEntry>,
) -> Result<ProviderEntry, url::ParseError> {
    let id = ProviderId::from(configured.id.as_str());
    let settings = &configured.resilience;
    let made_of = (configured.kind.clone(), settings.connect_timeout);
    let reused = before.filter(|before| before.made_of.as_ref() == Some(&made_of));
    let (provider, lister) = match reused {
        Some(entry) => (entry.provider.clone(), entry.lister.clone()),
        None => {
            let transport = match configured.kind.endpoint() {
                Some(_) => network(&id, settings.connect_timeout),
                None => demo_transport(DEMO_MODELS),
            };
            let wire = Wire::new(id.clone(), transport, faults.clone());
            (
                of(&configured.kind, wire.clone())?,
                lister(&configured.kind, wire),
            )
        }
    };
    Ok(ProviderEntry {
        circuits: circuits.provider(&Owner::shared(), &id, settings.circuit),
        kind: configured.kind.family().as_str(),
        enabled: configured.enabled,
        local: configured.kind.family() == Family::Ollama,
        timeout: settings.timeout,
        lists: configured.kind.lists_its_models(),
        provider,
        lister,
        made_of: Some(made_of),
        id,
    })
}

fn of(kind: &ProviderKind, wire: Wire) -> Result<Provider, url::ParseError> {
    Ok(match kind {
        ProviderKind::OpenAi(at)
        | ProviderKind::Anthropic(at)
        | ProviderKind::Gemini(at)
        | ProviderKind::Ollama(at) => Provider::openai(wire, &at.base_url, at.key.clone()),
        ProviderKind::Demo => demo(wire)?,
    })
}

fn lister(kind: &ProviderKind, wire: Wire) -> Option<Lister> {
    let at = kind.endpoint()?.clone();
    Some(Lister { wire, at })
}

fn network(id: &ProviderId, connect_timeout: Duration) -> Arc<dyn Transport> {
    match Network::new(connect_timeout) {
        Ok(network) => Arc::new(network),
        Err(error) => {
            tracing::error!(provider = id.as_str(), %error, "provider_cannot_be_set_up");
            Arc::new(Unavailable(error.to_string()))
        }
    }
}

/// Where no client can be set up: every request fails as a refused connection does, and the chain goes on.
struct Unavailable(String);

impl Transport for Unavailable {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'static, Result<Reply, TransportError>> {
        let message = format!("the HTTP client cannot be set up: {}", self.0);
        let error = TransportError {
            kind: TransportErrorKind::Failed,
            message,
            simulated: None,
        };
        async { Err(error) }.boxed()
    }
}

/// The demo's providers, one for each of its models.
pub(super) fn demos(
    config: &Config,
    circuits: &Circuits,
    faults: &Arc<Faults>,
) -> Result<Vec<ProviderEntry>, url::ParseError> {
    let entry = |id: ProviderId| {
        let wire = Wire::new(id.clone(), demo_transport(DEMO_MODELS), faults.clone());
        Ok(ProviderEntry {
            circuits: circuits.provider(&Owner::shared(), &id, config.resilience.circuit),
            kind: Family::Demo.as_str(),
            enabled: true,
            local: false,
            timeout: config.resilience.timeout,
            lists: false,
            provider: demo(wire)?,
            lister: None,
            made_of: None,
            id,
        })
    };
    let ids = DEMO_MODELS.iter().map(|model| model.provider.into());
    ids.map(entry).collect()
}

fn demo(wire: Wire) -> Result<Provider, url::ParseError> {
    // Never resolved: the transport is answered in this process.
    let address = Url::parse("http://demo.invalid/v1")?;
    Ok(Provider::openai(wire, &address, None))
}
