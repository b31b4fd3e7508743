//! `[[providers]]`: what is written, with what is known of the well-known ones where nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use evenkeel_engine::Settings;
use evenkeel_providers::Secret;
use url::Url;

use super::kind::{Family, ProviderKind, kind};
use super::known::Known;
use super::models::is_demos;
use super::presets;
use super::reader::{At, Reader};
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
    /// Nobody has named it: it is there once it has answered.
    pub probed: bool,
    /// No model of it is written down: those that it lists are offered.
    pub offers_listed: bool,
    /// The engine's figures for it.
    pub resilience: Settings,
    /// Where its key comes from: `environment`, `file` or `live`; none where it has none.
    pub key_source: Option<&'static str>,
    /// The model to begin with, where none is written down.
    pub(super) first_model: Option<&'static str>,
}

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
        let family = family(&mut reader, &id);
        let base_url = base_url(&mut reader, family);
        let given = key(&mut reader, environment);
        let default_model = reader.text("default_model").map(|model| model.value);
        let enabled = reader.flag("enabled").unwrap_or(true);
        let mut nested = reader.table("resilience");
        resilience::refuse_process_wide(&mut nested);
        let resilience = match family {
            Some(Family::Ollama) => resilience::patient_settings(&mut nested, outer),
            Some(Family::OpenAi | Family::Anthropic | Family::Gemini | Family::Demo) | None => {
                resilience::settings(&mut nested, outer)
            }
        };
        nested.finish();
        let (kind, key_source, first_model) = match family {
            None => (None, None, None),
            Some(Family::Demo) => (Some(ProviderKind::Demo), None, None),
            Some(family) => {
                let known = Known::find(&id, family, base_url.is_some());
                let (key, source) = match given {
                    Given::Key(key, source) => (key, source),
                    Given::Nothing => (
                        known.key(&reader, environment, family, base_url.is_some()),
                        "environment",
                    ),
                };
                let source = key.is_some().then_some(source);
                // Another address is another service: which models it has is not known.
                let preset = known.preset().filter(|_| base_url.is_none());
                let first_model = preset.and_then(|preset| preset.default_model);
                let base_url = match base_url {
                    None => known.base_url(&reader, &id, environment),
                    Some(said) => said,
                };
                (
                    base_url.map(|url| kind(family, url, key)),
                    source,
                    first_model,
                )
            }
        };
        reader.finish();
        if let Some(kind) = kind {
            providers.push(ProviderConfig {
                id,
                kind,
                default_model,
                enabled,
                probed: false,
                offers_listed: false,
                resilience,
                key_source,
                first_model,
            });
        }
    }
    providers
}

/// The family: what is said, else that of the known id.
fn family(reader: &mut Reader<'_>, id: &str) -> Option<Family> {
    if reader.has("kind") {
        return reader.word("kind", &Family::ALL);
    }
    // Asked for, so that it is offered for a misspelt one.
    let _ = reader.text("kind");
    let known = presets::named(id).map(|preset| preset.family);
    if known.is_none() {
        let words = Family::ALL
            .map(|(word, _)| format!("\"{word}\""))
            .join(", ");
        let message = format!("is missing; give one of {words}");
        reader.add(Problem::error(&reader.path("kind"), None, message));
    }
    known
}

/// Paths that are added to an address, and so do not belong into it.
fn added(family: Family) -> &'static [&'static str] {
    match family {
        Family::OpenAi => &["/chat/completions"],
        Family::Anthropic => &["/v1/messages"],
        Family::Gemini => &["/models", "/v1"],
        Family::Ollama => &["/api/chat", "/v1"],
        Family::Demo => &[],
    }
}

/// The address that is written; the inner none is one that cannot be used.
fn base_url(reader: &mut Reader<'_>, family: Option<Family>) -> Option<Option<Url>> {
    let text = reader.text("base_url")?;
    let url = Url::parse(&text.value)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        reader.complain(&text, "must be an http:// or https:// URL".into());
        return Some(None);
    };
    if text.value.contains('@') {
        reader.complain(
            &text,
            "must not hold a user or a password; give the key by api_key_env or api_key_file"
                .into(),
        );
    }
    let path = url.path().trim_end_matches('/');
    let more = family.map_or(&[] as &[_], added);
    if let Some(ending) = more.iter().find(|ending| path.ends_with(**ending)) {
        let message = format!(
            "ends with {ending}, and more is added to it: give what stands before, unless that is meant"
        );
        reader.add(Problem::warning(
            &text.path,
            Some(text.origin.clone()),
            message,
        ));
    }
    Some(Some(url))
}

pub(super) fn secret(text: &str) -> Option<Secret> {
    let text = text.trim();
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}

pub(super) fn id(reader: &mut Reader<'_>, ids: &mut BTreeSet<String>) -> Option<String> {
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
            "is used twice; ids are unique across providers, models and assistants".into(),
        );
    }
    Some(id.value)
}

/// What is said of a credential.
enum Given {
    /// Something, and from where; it may not be there, which is complained of elsewhere.
    Key(Option<Secret>, &'static str),
    Nothing,
}

/// The credential: from the variable, the file, or the text, of which only one may be given.
fn key(reader: &mut Reader<'_>, environment: &Environment) -> Given {
    let (env, file, text) = (
        reader.text("api_key_env"),
        reader.text("api_key_file"),
        reader.text("api_key"),
    );
    let given: Vec<&At<String>> = [&env, &file, &text].into_iter().flatten().collect();
    if let [_, second, ..] = given.as_slice() {
        reader.complain(
            second,
            "only one of api_key_env, api_key_file and api_key can be given".into(),
        );
    }
    let source = match (&env, &text) {
        (Some(_), _) => "environment",
        (None, Some(text)) if text.origin == Origin::Live => "live",
        (None, Some(_) | None) => "file",
    };
    let found = if let Some(env) = &env {
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
        read_once(&file.value)
            .inspect_err(|error| reader.complain(file, format!("cannot be read: {}", error.kind())))
            .ok()
    } else if let Some(text) = text {
        Some(text.value)
    } else {
        return Given::Nothing;
    };
    Given::Key(found.and_then(|text| secret(&text)), source)
}

/// A key's file as it was when it was read first. The configuration is read anew with every live change, which must
/// neither fail because a file has gone meanwhile, nor take a key into use that nobody has changed here.
fn read_once(path: &str) -> std::io::Result<String> {
    static READ: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = read.get(path) {
        return Ok(text.clone());
    }
    let text = std::fs::read_to_string(path)?;
    read.insert(path.to_owned(), text.clone());
    Ok(text)
}
