//! What a provider is where little is said of it: from its id, its kind and the environment.

use evenkeel_engine::Settings;
use evenkeel_providers::Secret;
use url::Url;

use super::kind::{Family, kind};
use super::live::Extras;
use super::presets::{self, Preset};
use super::providers::{ProviderConfig, secret};
use super::reader::Reader;
use super::{Environment, Problem, ollama, resilience};

/// What is known of a provider.
pub(super) enum Known {
    /// It has the id of a known one.
    ById(&'static Preset),
    /// It has neither a known id nor an address: it is the family's own.
    ByFamily(&'static Preset),
    /// Its id is that of a known provider of another family, which this one's address cannot be guessed from.
    Other,
    /// It has an address of its own.
    Nothing,
}

impl Known {
    pub(super) fn find(id: &str, family: Family, has_address: bool) -> Self {
        match presets::named(id) {
            Some(preset) if preset.family == family => Self::ById(preset),
            _ if has_address => Self::Nothing,
            Some(_) => Self::Other,
            None => presets::of(family).map_or(Self::Nothing, Self::ByFamily),
        }
    }

    pub(super) fn preset(&self) -> Option<&'static Preset> {
        match self {
            Self::ById(preset) | Self::ByFamily(preset) => Some(preset),
            Self::Other | Self::Nothing => None,
        }
    }

    /// The key that the environment holds for it. One is never sent to an address whose provider does not bear the
    /// known id.
    pub(super) fn key(
        &self,
        reader: &Reader<'_>,
        environment: &Environment,
        family: Family,
        has_address: bool,
    ) -> Option<Secret> {
        let preset = self.preset()?;
        let key = held(preset, environment);
        if key.is_none() && !has_address && family != Family::Ollama {
            let variables = preset.variables.join(" or ");
            let message = format!(
                "is missing, and so is {variables} in the environment; give one of api_key_env, api_key_file and api_key: this provider will be asked without a key"
            );
            reader.add(Problem::warning(&reader.path("api_key_env"), None, message));
        }
        key
    }

    pub(super) fn base_url(
        &self,
        reader: &Reader<'_>,
        id: &str,
        environment: &Environment,
    ) -> Option<Url> {
        let missing = |message: &str| {
            let path = reader.path("base_url");
            reader.add(Problem::error(&path, None, message.to_owned()));
            None
        };
        match self.preset() {
            Some(preset) if preset.family == Family::Ollama => {
                let host = environment.get("OLLAMA_HOST").map_or("", String::as_str);
                ollama::address(host)
                    .or_else(|| missing("is missing, and OLLAMA_HOST is no host, host:port or URL"))
            }
            Some(Preset {
                base_url: Some(url),
                ..
            }) => Url::parse(url).ok(),
            Some(_) if id == presets::AZURE => missing(
                "is missing; on Azure every resource has its own, such as https://NAME.openai.azure.com/openai/v1",
            ),
            Some(_) | None => missing("is missing; nothing is known of this provider's address"),
        }
    }
}

/// The key that the environment holds under a preset's names.
fn held(preset: &Preset, environment: &Environment) -> Option<Secret> {
    preset
        .variables
        .iter()
        .filter_map(|variable| environment.get(*variable))
        .find_map(|key| secret(key))
}

/// Without any configured provider: those whose keys the environment holds, and an Ollama that may answer.
pub(super) fn from_environment(
    root: &Reader<'_>,
    environment: &Environment,
    outer: &Settings,
    live: &mut Extras,
) -> Vec<ProviderConfig> {
    let keyed = live.keyed();
    let mut provider = |preset: &Preset, base_url, key: Option<Secret>| {
        let mut said = root.apart(
            live.provider(preset.id),
            &format!("providers.{}", preset.id),
        );
        let given = said.text("api_key").and_then(|key| secret(&key.value));
        let key_source = match (&given, &key) {
            (Some(_), _) => Some("live"),
            (None, Some(_)) => Some("environment"),
            (None, None) => None,
        };
        let mut nested = said.table("resilience");
        resilience::refuse_process_wide(&mut nested);
        let resilience = if preset.family == Family::Ollama {
            resilience::patient_settings(&mut nested, outer)
        } else {
            resilience::settings(&mut nested, outer)
        };
        nested.finish();
        let provider = ProviderConfig {
            id: preset.id.to_owned(),
            kind: kind(preset.family, base_url, given.or(key)),
            default_model: said.text("default_model").map(|model| model.value),
            enabled: said.flag("enabled").unwrap_or(true),
            probed: preset.family == Family::Ollama,
            offers_listed: false,
            resilience,
            key_source,
            first_model: preset.default_model,
        };
        said.finish();
        provider
    };
    let mut providers = vec![];
    for preset in presets::all() {
        let key = held(preset, environment);
        if preset.family == Family::Ollama {
            let host = environment.get("OLLAMA_HOST").map_or("", String::as_str);
            match ollama::address(host) {
                Some(url) => providers.push(provider(preset, url, key)),
                None => root.add(Problem::warning(
                    "OLLAMA_HOST",
                    None,
                    "is no host, host:port or URL; no Ollama will be looked for".into(),
                )),
            }
        } else if preset.from_environment
            && (key.is_some() || keyed.contains(preset.id))
            && let Some(url) = preset.base_url.and_then(|url| Url::parse(url).ok())
        {
            providers.push(provider(preset, url, key));
        }
    }
    providers
}
