//! From configured providers to ones that can be asked. Each is set up by itself: one that cannot be does not answer, and
//! takes no other with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evenkeel_engine::{
    CircuitSettings, Circuits, LayeredCircuits, ModelId, Overlay, Owner, ProviderCircuits,
    ProviderId, UpstreamError,
};
use evenkeel_providers::{
    Caller, DEMO_MODELS, Discovered, Faults, Headroom, Network, Provider, Reply, Transport,
    TransportError, TransportErrorKind, Wire, demo_transport,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Request;
use url::Url;

use crate::config::{Config, Family, ProviderConfig, ProviderKind};

/// A provider.
#[derive(Clone)]
pub struct ProviderEntry {
    /// Its id.
    pub id: ProviderId,
    /// Its wire family's name.
    pub kind: &'static str,
    /// It may be asked.
    pub enabled: bool,
    /// It is one host that all of its models share, such as the user's own machine.
    pub local: bool,
    /// The longest that a call beside a turn may take.
    pub timeout: Duration,
    /// What it lists are the models it can be asked for.
    pub lists: bool,
    /// Where its key comes from, where it has one.
    pub key_source: Option<&'static str>,
    pub(super) provider: Provider,
    pub(super) real: Arc<ProviderCircuits>,
    registry: Arc<Circuits>,
    faults: Arc<Faults>,
    made_of: Option<(ProviderKind, Duration)>,
    circuit: CircuitSettings,
}

impl ProviderEntry {
    /// Asks it for its models, on behalf of nobody's turn.
    pub fn list(&self) -> BoxFuture<'static, Result<Vec<Discovered>, UpstreamError>> {
        let nobody = Caller::aside("discovery".into());
        self.provider.discover(&nobody)
    }

    /// The same provider, asked without a key; none where it has none.
    pub fn without_key(&self) -> Option<Self> {
        let (kind, connect_timeout) = self.made_of.as_ref()?;
        let kind = kind.without_key()?;
        let transport = Networks::default().with(&self.id, *connect_timeout);
        let wire = Wire::new(self.id.clone(), transport, self.faults.clone());
        Some(Self {
            provider: of(&kind, wire).ok()?,
            ..self.clone()
        })
    }

    /// What it still lets through for one of its models, as its last real response said.
    pub fn headroom(&self, model: &ModelId) -> Option<Headroom> {
        self.provider.headroom(model)
    }

    /// The real circuits: those that no simulated outage touches.
    pub fn real_circuits(&self) -> &Arc<ProviderCircuits> {
        &self.real
    }

    /// Its circuits follow its settings and its models.
    pub(super) fn settle(&self, models: &BTreeMap<ModelId, CircuitSettings>) {
        self.registry.settle(&self.real, self.circuit, models);
    }

    /// Its circuits, as this principal sees them: under the simulated outages that strike it.
    pub fn circuits(&self, principal: &str) -> LayeredCircuits {
        let overlays = [Overlay::from(principal), Overlay::everyone()];
        self.registry.seen_by(&self.real, &overlays, &[])
    }

    /// The circuits that a request of this principal to this model has to pass.
    pub(super) fn circuits_of(&self, model: &ModelId, principal: &str) -> LayeredCircuits {
        let aimed = self.faults.aimed(principal, &self.id, model);
        let overlays = [Overlay::from(principal), Overlay::everyone()];
        self.registry.seen_by(&self.real, &overlays, &aimed)
    }

    /// The same, for somebody who only looks.
    pub(super) fn shown_circuits_of(&self, model: &ModelId, principal: &str) -> LayeredCircuits {
        let aimed = self.faults.aimed(principal, &self.id, model);
        let overlays = [Overlay::from(principal), Overlay::everyone()];
        self.registry
            .shown_to(&self.real, &overlays, !aimed.is_empty())
    }
}

/// The provider of an entry of the configuration; its connections are those of `before`, where nothing has changed.
pub(super) fn connect(
    configured: &ProviderConfig,
    circuits: &Arc<Circuits>,
    faults: &Arc<Faults>,
    networks: &mut Networks,
    before: Option<&ProviderEntry>,
) -> Result<ProviderEntry, url::ParseError> {
    let id = ProviderId::from(configured.id.as_str());
    let settings = &configured.resilience;
    let made_of = (configured.kind.clone(), settings.connect_timeout);
    let reused = before.filter(|before| before.made_of.as_ref() == Some(&made_of));
    let provider = match reused {
        Some(entry) => entry.provider.clone(),
        None => {
            let transport = match configured.kind.endpoint() {
                Some(_) => networks.with(&id, settings.connect_timeout),
                None => demo_transport(DEMO_MODELS),
            };
            let wire = Wire::new(id.clone(), transport, faults.clone());
            of(&configured.kind, wire)?
        }
    };
    Ok(ProviderEntry {
        real: circuits.provider(&Owner::shared(), &id, settings.circuit),
        registry: circuits.clone(),
        faults: faults.clone(),
        kind: configured.kind.family().as_str(),
        enabled: configured.enabled,
        local: configured.kind.family() == Family::Ollama,
        timeout: settings.timeout,
        lists: configured.kind.lists_its_models(),
        key_source: configured.key_source,
        provider,
        made_of: Some(made_of),
        circuit: settings.circuit,
        id,
    })
}

fn of(kind: &ProviderKind, wire: Wire) -> Result<Provider, url::ParseError> {
    Ok(match kind {
        ProviderKind::OpenAi(at) => Provider::openai(wire, &at.base_url, at.key.clone()),
        ProviderKind::Anthropic(at) => Provider::anthropic(wire, &at.base_url, at.key.clone()),
        ProviderKind::Gemini(at) => Provider::gemini(wire, &at.base_url, at.key.clone()),
        ProviderKind::Ollama(at) => Provider::ollama(wire, &at.base_url, at.key.clone()),
        ProviderKind::Demo => demo(wire)?,
    })
}

/// The HTTP clients: one for all providers that wait as long for a connection, since each reads the machine's
/// certificates anew.
#[derive(Default)]
pub(super) struct Networks(HashMap<Duration, Arc<dyn Transport>>);

impl Networks {
    fn with(&mut self, id: &ProviderId, connect_timeout: Duration) -> Arc<dyn Transport> {
        let network = || match Network::new(connect_timeout) {
            Ok(network) => Arc::new(network) as Arc<dyn Transport>,
            Err(error) => {
                tracing::error!(provider = id.as_str(), %error, "provider_cannot_be_set_up");
                Arc::new(Unavailable(error.to_string()))
            }
        };
        self.0
            .entry(connect_timeout)
            .or_insert_with(network)
            .clone()
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
    circuits: &Arc<Circuits>,
    faults: &Arc<Faults>,
) -> Result<Vec<ProviderEntry>, url::ParseError> {
    let entry = |configured: &ProviderConfig| {
        let (id, settings) = (
            ProviderId::from(configured.id.as_str()),
            &configured.resilience,
        );
        let wire = Wire::new(id.clone(), demo_transport(DEMO_MODELS), faults.clone());
        Ok(ProviderEntry {
            real: circuits.provider(&Owner::shared(), &id, settings.circuit),
            registry: circuits.clone(),
            faults: faults.clone(),
            kind: Family::Demo.as_str(),
            enabled: configured.enabled,
            local: false,
            timeout: settings.timeout,
            lists: false,
            key_source: None,
            provider: demo(wire)?,
            made_of: None,
            circuit: settings.circuit,
            id,
        })
    };
    config
        .demos
        .iter()
        .map(|(provider, _)| entry(provider))
        .collect()
}

fn demo(wire: Wire) -> Result<Provider, url::ParseError> {
    // Never resolved: the transport is answered in this process.
    let address = Url::parse("http://demo.invalid/v1")?;
    Ok(Provider::openai(wire, &address, None))
}
