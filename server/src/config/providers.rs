//! `[[providers]]` and `[[models]]`, and the chains between them.

use std::collections::BTreeSet;

use evenkeel_engine::Settings;
use evenkeel_providers::{DEMO_MODELS, Secret};
use url::Url;

use super::reader::Reader;
use super::tree::Origin;
use super::{Environment, Problem, resilience};

/// A provider, as configured.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its id.
    pub id: String,
    /// Its wire family and address.
    pub kind: ProviderKind,
    /// Its default model.
    pub default_model: Option<String>,
    /// It may be asked.
    pub enabled: bool,
    /// The engine's figures for it.
    pub resilience: Settings,
}

/// A provider's wire family.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// OpenAI's chat completions, wherever they are spoken.
    OpenAi {
        /// Up to and including `/v1`, or its like.
        base_url: Url,
        /// The credential.
        key: Option<Secret>,
    },
    /// The demo.
    Demo,
}

impl ProviderKind {
    /// The word in the configuration.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OpenAi { .. } => "openai",
            Self::Demo => "demo",
        }
    }
}

/// A model, as configured.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    /// Its id, as users see it.
    pub id: String,
    /// Its provider's id.
    pub provider: String,
    /// The provider's own name for it.
    pub name: String,
    /// The models that step in for it, as written.
    pub fallbacks: Vec<String>,
    /// The models of its turns: itself first.
    pub chain: Vec<String>,
    /// The tokens its context holds.
    pub context_window: Option<u64>,
    /// It thinks before it answers.
    pub reasoning: bool,
    /// US dollars per million tokens: of the prompt, of the answer.
    pub cost: Option<(f64, f64)>,
    /// The engine's figures for it.
    pub resilience: Settings,
    pub(super) places: Vec<(String, Origin)>,
}

/// Providers that are known by their id: address, the environment's variable for the key, and a model to begin with.
const PRESETS: [(&str, &str, &str, &str); 4] = [
    (
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        "openrouter/auto",
    ),
    (
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        "deepseek-chat",
    ),
    (
        "openai",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "gpt-4o-mini",
    ),
    (
        "mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        "mistral-small-latest",
    ),
];

pub(super) fn read_providers(
    root: &mut Reader<'_>,
    outer: &Settings,
    environment: &Environment,
) -> Vec<ProviderConfig> {
    let mut ids = BTreeSet::new();
    let mut providers = vec![];
    for mut reader in root.tables("providers") {
        let Some(id) = id(&mut reader, &mut ids) else {
            continue;
        };
        let preset = PRESETS.iter().find(|(name, ..)| *name == id);
        let kind = reader.text("kind");
        let base_url = reader.text("base_url").and_then(|text| {
            let url = Url::parse(&text.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            match url {
                None => reader.complain(&text, "must be an http:// or https:// URL".into()),
                Some(_) if text.value.contains('@') => reader.complain(&text, "must not hold a user or a password; give the key by api_key_env or api_key_file".into()),
                Some(_) => {}
            }
            url
        });
        let key = key(&mut reader, environment);
        let kind = match kind.as_ref().map(|kind| kind.value.as_str()) {
            Some("openai") => {
                let fallback = preset.map_or("https://api.openai.com/v1", |(_, url, ..)| url);
                let base_url = base_url.or_else(|| Url::parse(fallback).ok());
                base_url.map(|base_url| ProviderKind::OpenAi { base_url, key })
            }
            Some("demo") => Some(ProviderKind::Demo),
            Some("anthropic" | "gemini" | "ollama") => {
                let message = "this family is not in this version yet; use \"openai\" with a compatible address";
                if let Some(kind) = &kind {
                    reader.complain(kind, message.into());
                }
                None
            }
            Some(_) | None => {
                let message = "must be \"openai\" or \"demo\"".to_owned();
                let origin = kind.as_ref().map(|kind| kind.origin.clone());
                reader.add(Problem::error(&reader.path("kind"), origin, message));
                None
            }
        };
        let default_model = reader.text("default_model").map(|model| model.value);
        let enabled = reader.flag("enabled").unwrap_or(true);
        let mut nested = reader.table("resilience");
        let resilience = resilience::settings(&mut nested, outer);
        nested.finish();
        reader.finish();
        if let Some(kind) = kind {
            providers.push(ProviderConfig {
                id,
                kind,
                default_model,
                enabled,
                resilience,
            });
        }
    }
    providers
}

fn id(reader: &mut Reader<'_>, ids: &mut BTreeSet<String>) -> Option<String> {
    let Some(id) = reader.text("id") else {
        reader.add(Problem::error(
            &reader.path("id"),
            None,
            "is missing".into(),
        ));
        return None;
    };
    if id.value.trim().is_empty() {
        reader.complain(&id, "must not be empty".into());
    }
    if is_demos(&id.value) {
        reader.complain(
            &id,
            "is the demo's, which is always there; choose another".into(),
        );
    }
    if !ids.insert(id.value.clone()) {
        reader.complain(
            &id,
            "is used twice; ids are unique across providers and models".into(),
        );
    }
    Some(id.value)
}

/// The credential: from the variable, the file, or the text, of which only one may be given.
fn key(reader: &mut Reader<'_>, environment: &Environment) -> Option<Secret> {
    let (env, file, text) = (
        reader.text("api_key_env"),
        reader.text("api_key_file"),
        reader.text("api_key"),
    );
    let given = [&env, &file, &text]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    if let [_, second, ..] = given.as_slice() {
        reader.complain(
            second,
            "only one of api_key_env, api_key_file and api_key can be given".into(),
        );
    }
    let secret = if let Some(env) = &env {
        let found = environment.get(&env.value).cloned();
        if found.is_none() {
            let message =
                "the environment has no such variable; this provider will be asked without a key";
            reader.add(Problem::warning(
                &env.path,
                Some(env.origin.clone()),
                message.into(),
            ));
        }
        found
    } else if let Some(file) = &file {
        std::fs::read_to_string(&file.value)
            .inspect_err(|error| reader.complain(file, format!("cannot be read: {}", error.kind())))
            .ok()
    } else {
        text.map(|text| text.value)
    };
    secret
        .map(|secret| secret.trim().to_owned())
        .filter(|secret| !secret.is_empty())
        .map(Secret::new)
}

pub(super) fn read_models(
    root: &mut Reader<'_>,
    outer: &Settings,
    providers: &mut [ProviderConfig],
) -> Vec<ModelConfig> {
    let mut ids: BTreeSet<String> = providers
        .iter()
        .map(|provider| provider.id.clone())
        .collect();
    let mut models = vec![];
    for mut reader in root.tables("models") {
        let Some(id) = id(&mut reader, &mut ids) else {
            continue;
        };
        let provider = reader.text("provider");
        let known = provider
            .as_ref()
            .and_then(|name| providers.iter().find(|provider| provider.id == name.value));
        match (&provider, known) {
            (None, _) => reader.add(Problem::error(
                &reader.path("provider"),
                None,
                "is missing".into(),
            )),
            (Some(name), None) => {
                let names: Vec<_> = providers
                    .iter()
                    .map(|provider| provider.id.as_str())
                    .collect();
                reader.complain(
                    name,
                    format!("no such provider; there are: {}", names.join(", ")),
                );
            }
            (Some(_), Some(_)) => {}
        }
        let name = reader
            .text("name")
            .map_or_else(|| id.clone(), |name| name.value);
        let fallbacks = reader.texts("fallbacks").unwrap_or_default();
        let context_window = reader.number("context_window").map(|number| number.value);
        let reasoning = reader.flag("reasoning").unwrap_or_else(|| reasons(&name));
        let input = reader.decimal("input_cost").map(|cost| cost.value);
        let output = reader.decimal("output_cost").map(|cost| cost.value);
        let mut nested = reader.table("resilience");
        let nearest = known.map_or(outer, |provider| &provider.resilience);
        let resilience = resilience::settings(&mut nested, nearest);
        nested.finish();
        reader.later(&["prefill", "capabilities"]);
        reader.finish();
        models.push(ModelConfig {
            id,
            provider: provider.map(|provider| provider.value).unwrap_or_default(),
            name,
            places: fallbacks
                .iter()
                .map(|at| (at.path.clone(), at.origin.clone()))
                .collect(),
            fallbacks: fallbacks.into_iter().map(|at| at.value).collect(),
            chain: vec![],
            context_window,
            reasoning,
            cost: (input.is_some() || output.is_some())
                .then(|| (input.unwrap_or_default(), output.unwrap_or_default())),
            resilience,
        });
    }
    for provider in providers {
        let Some(name) = provider.default_model.clone() else {
            continue;
        };
        if models
            .iter()
            .any(|known| known.id == name && known.provider == provider.id)
        {
            continue;
        }
        let mut model = ModelConfig::bare(&name, &provider.id, &provider.resilience);
        if !ids.insert(name.clone()) || is_demos(&name) {
            // Another has the id: this one is told apart by its provider.
            model.id = format!("{}/{name}", provider.id);
            provider.default_model = Some(model.id.clone());
        }
        models.push(model);
    }
    models
}

/// Whether a model is known to think before it answers. A guess that can be overruled by `reasoning`.
fn reasons(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    [
        "o1",
        "o3",
        "o4",
        "gpt-5",
        "deepseek-reasoner",
        "deepseek-r1",
        "magistral",
        "qwq",
    ]
    .iter()
    .any(|family| name.starts_with(family))
        || name.contains("thinking")
}

fn is_demos(id: &str) -> bool {
    DEMO_MODELS
        .iter()
        .any(|demo| demo.id == id || demo.provider == id)
}

impl ModelConfig {
    /// A model of which nothing is known but its name.
    fn bare(name: &str, provider: &str, resilience: &Settings) -> Self {
        Self {
            id: name.to_owned(),
            provider: provider.to_owned(),
            name: name.to_owned(),
            fallbacks: vec![],
            chain: vec![],
            context_window: None,
            reasoning: reasons(name),
            cost: None,
            resilience: resilience.clone(),
            places: vec![],
        }
    }
}

/// Without any configured provider: those whose keys the environment holds.
pub(super) fn from_environment(
    environment: &Environment,
    outer: &Settings,
) -> (Vec<ProviderConfig>, Vec<ModelConfig>) {
    let mut providers = vec![];
    let mut models = vec![];
    for (id, base_url, variable, model) in PRESETS {
        let key = environment
            .get(variable)
            .filter(|key| !key.trim().is_empty());
        let (Some(key), Ok(base_url)) = (key, Url::parse(base_url)) else {
            continue;
        };
        providers.push(ProviderConfig {
            id: id.to_owned(),
            kind: ProviderKind::OpenAi {
                base_url,
                key: Some(Secret::new(key.trim().to_owned())),
            },
            default_model: Some(model.to_owned()),
            enabled: true,
            resilience: outer.clone(),
        });
        models.push(ModelConfig::bare(model, id, outer));
    }
    (providers, models)
}
