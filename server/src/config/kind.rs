//! The wire families, and where they are spoken.

use evenkeel_providers::Secret;
use url::Url;

/// A provider's wire family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// OpenAI's chat completions, wherever they are spoken.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
    /// Ollama's own.
    Ollama,
    /// The demo.
    Demo,
}

impl Family {
    pub(super) const ALL: [(&str, Self); 5] = [
        ("openai", Self::OpenAi),
        ("anthropic", Self::Anthropic),
        ("gemini", Self::Gemini),
        ("ollama", Self::Ollama),
        ("demo", Self::Demo),
    ];

    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Demo => "demo",
        }
    }
}

/// A provider's wire family, and where it is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// OpenAI's chat completions; the address is up to and including `/v1`, or its like.
    OpenAi(Endpoint),
    /// Anthropic's messages; the address is the root.
    Anthropic(Endpoint),
    /// Google's Gemini; the address is the root.
    Gemini(Endpoint),
    /// Ollama; the address is the root.
    Ollama(Endpoint),
    /// The demo.
    Demo,
}

/// An address and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As the family's own client libraries take it.
    pub base_url: Url,
    /// The credential.
    pub key: Option<Secret>,
}

impl ProviderKind {
    /// The wire family.
    pub const fn family(&self) -> Family {
        match self {
            Self::OpenAi(_) => Family::OpenAi,
            Self::Anthropic(_) => Family::Anthropic,
            Self::Gemini(_) => Family::Gemini,
            Self::Ollama(_) => Family::Ollama,
            Self::Demo => Family::Demo,
        }
    }

    /// The address, where there is one.
    pub const fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::OpenAi(endpoint)
            | Self::Anthropic(endpoint)
            | Self::Gemini(endpoint)
            | Self::Ollama(endpoint) => Some(endpoint),
            Self::Demo => None,
        }
    }

    /// The same without its key; none where it has none.
    pub fn without_key(&self) -> Option<Self> {
        let endpoint = self.endpoint()?;
        endpoint.key.as_ref()?;
        Some(kind(self.family(), endpoint.base_url.clone(), None))
    }

    /// What it lists are the models it can be asked for. Azure lists what could be deployed.
    pub fn lists_its_models(&self) -> bool {
        let host = self.endpoint().map(|endpoint| endpoint.base_url.host_str());
        host.is_some_and(|host| !host.is_some_and(|host| host.ends_with(".azure.com")))
    }
}

/// A kind of its parts.
pub(super) fn kind(family: Family, base_url: Url, key: Option<Secret>) -> ProviderKind {
    let endpoint = Endpoint { base_url, key };
    match family {
        Family::OpenAi => ProviderKind::OpenAi(endpoint),
        Family::Anthropic => ProviderKind::Anthropic(endpoint),
        Family::Gemini => ProviderKind::Gemini(endpoint),
        Family::Ollama => ProviderKind::Ollama(endpoint),
        Family::Demo => ProviderKind::Demo,
    }
}
