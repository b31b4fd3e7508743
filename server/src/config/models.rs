//! `[[models]]`, and the models that providers have without one.

use std::collections::BTreeSet;

use evenkeel_engine::{Capabilities, Settings};
use evenkeel_providers::DEMO_MODELS;

use super::kind::Family;
use super::live::Extras;
use super::presets::reasons;
use super::providers::{ProviderConfig, id};
use super::reader::Reader;
use super::tree::{Node, Origin, Table, Value};
use super::{Problem, resilience};

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
    /// They are chosen by likeness.
    pub auto: bool,
    /// The models of its turns: itself first. What is chosen by likeness is not in it.
    pub chain: Vec<String>,
    /// The tokens its context holds.
    pub context_window: Option<u64>,
    /// It goes on from a partial answer.
    pub prefill: bool,
    /// It thinks before it answers.
    pub reasoning: bool,
    /// What it can do beside text; none where nothing is said, and then it counts as able.
    pub capabilities: Option<Capabilities>,
    /// US dollars per million tokens: of the prompt, of the answer.
    pub cost: Option<(f64, f64)>,
    /// The engine's figures for it.
    pub resilience: Settings,
    /// Nobody has written it down: it is here because a live change speaks of it.
    pub discovered: bool,
    pub(super) places: Vec<(String, Origin)>,
    /// Its fallbacks are said, be it that there are none.
    pub(super) said: bool,
}

pub(super) fn read_models(
    root: &mut Reader<'_>,
    outer: &Settings,
    providers: &mut [ProviderConfig],
    live: &mut Extras,
) -> Vec<ModelConfig> {
    let mut ids: BTreeSet<String> = providers
        .iter()
        .map(|provider| provider.id.clone())
        .collect();
    let mut models = vec![];
    for mut reader in root.tables("models") {
        if let Some(id) = id(&mut reader, &mut ids) {
            models.push(read_model(reader, id, outer, providers));
        }
    }
    for provider in providers.iter_mut() {
        let written = models.iter().any(|known| known.provider == provider.id);
        provider.probed &= !written;
        let default = provider.default_model.is_some();
        if !written && (!default || live.has_only_a_live_default(&provider.id)) {
            provider.offers_listed = provider.kind.lists_its_models();
        }
        if !written && !default {
            provider.default_model = provider.first_model.map(str::to_owned);
        }
        if let Some(mut model) = default_model(provider, &mut ids, &models) {
            if let Some(said) = live.model(&model.id) {
                let (id, name) = (model.id, model.name);
                model = unwritten(root, said, id, &name, outer, provider);
            }
            models.push(model);
        }
    }
    for (id, (provider, name)) in std::mem::take(&mut live.named) {
        let provider = providers.iter().find(|it| it.id == provider);
        if let Some(provider) = provider
            && ids.insert(id.clone())
        {
            let said = live.model(&id).unwrap_or_default();
            let model = unwritten(root, said, id, &name, outer, provider);
            models.push(ModelConfig {
                discovered: true,
                ..model
            });
        }
    }
    models
}

/// A model that has no entry, of which something is said live.
fn unwritten(
    root: &Reader<'_>,
    mut said: Table,
    id: String,
    name: &str,
    outer: &Settings,
    provider: &ProviderConfig,
) -> ModelConfig {
    for (key, text) in [("provider", provider.id.as_str()), ("name", name)] {
        let node = Node {
            value: Value::Text(text.to_owned()),
            origin: Origin::Live,
        };
        said.insert(key.to_owned(), node);
    }
    let reader = root.apart(said, &format!("models.{id}"));
    read_model(reader, id, outer, std::slice::from_ref(provider))
}

fn read_model(
    mut reader: Reader<'_>,
    id: String,
    outer: &Settings,
    providers: &[ProviderConfig],
) -> ModelConfig {
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
                .filter(|provider| !provider.probed)
                .map(|provider| provider.id.as_str())
                .collect();
            let there = match names.as_slice() {
                [] => "no [[providers]] entry is given".to_owned(),
                names => format!("there are: {}", names.join(", ")),
            };
            reader.complain(name, format!("no such provider; {there}"));
        }
        (Some(_), Some(_)) => {}
    }
    let name = reader
        .text("name")
        .map_or_else(|| id.clone(), |name| name.value);
    let said = reader.has("fallbacks");
    let auto = reader.is_word("fallbacks", "auto");
    let fallbacks = if auto {
        vec![]
    } else {
        let expected = "a list of texts, or \"auto\"";
        reader.list("fallbacks", expected).unwrap_or_default()
    };
    let context_window = reader.number("context_window").map(|number| number.value);
    let prefill = reader.flag("prefill").unwrap_or(false);
    let reasoning = reader.flag("reasoning").unwrap_or_else(|| reasons(&name));
    let capabilities = capabilities(&mut reader);
    let input = cost(&mut reader, "input_cost");
    let output = cost(&mut reader, "output_cost");
    let mut nested = reader.table("resilience");
    resilience::refuse_process_wide(&mut nested);
    resilience::refuse_provider_wide(&mut nested);
    let resilience = match known {
        Some(known) if known.kind.family() == Family::Ollama => {
            resilience::inner_patient_settings(&mut nested, &known.resilience)
        }
        Some(known) => resilience::settings(&mut nested, &known.resilience),
        None => resilience::settings(&mut nested, outer),
    };
    nested.finish();
    reader.finish();
    ModelConfig {
        id,
        provider: provider.map(|provider| provider.value).unwrap_or_default(),
        name,
        places: fallbacks
            .iter()
            .map(|at| (at.path.clone(), at.origin.clone()))
            .collect(),
        fallbacks: fallbacks.into_iter().map(|at| at.value).collect(),
        auto,
        chain: vec![],
        context_window,
        prefill,
        reasoning,
        capabilities,
        cost: (input.is_some() || output.is_some())
            .then(|| (input.unwrap_or_default(), output.unwrap_or_default())),
        resilience,
        discovered: false,
        said,
    }
}

fn capabilities(reader: &mut Reader<'_>) -> Option<Capabilities> {
    let words = reader.texts("capabilities")?;
    let mut capabilities = Capabilities::default();
    for word in &words {
        match word.value.as_str() {
            "vision" => capabilities.vision = true,
            "tools" => capabilities.tools = true,
            _ => reader.complain(word, "must be one of \"vision\", \"tools\"".into()),
        }
    }
    Some(capabilities)
}

fn cost(reader: &mut Reader<'_>, key: &'static str) -> Option<f64> {
    let read = reader.decimal(key)?;
    if read.value < 0.0 {
        reader.complain(&read, "must be 0 or more".into());
    }
    Some(read.value)
}

/// A provider's default model, where no `[[models]]` entry is it.
fn default_model(
    provider: &mut ProviderConfig,
    ids: &mut BTreeSet<String>,
    models: &[ModelConfig],
) -> Option<ModelConfig> {
    let name = provider.default_model.clone()?;
    let written = |known: &ModelConfig| known.id == name && known.provider == provider.id;
    if models.iter().any(written) {
        return None;
    }
    let mut model = ModelConfig::bare(&name, &provider.id, &provider.resilience);
    if !ids.insert(name.clone()) || is_demos(&name) {
        // Another has the id: this one is told apart by its provider.
        model.id = format!("{}/{name}", provider.id);
        ids.insert(model.id.clone());
        provider.default_model = Some(model.id.clone());
    }
    Some(model)
}

/// Whether an id is one of the demo's.
pub(crate) fn is_demos(id: &str) -> bool {
    DEMO_MODELS
        .iter()
        .any(|demo| demo.id == id || demo.provider == id)
}

impl ModelConfig {
    /// A model of which nothing is known but its name.
    pub fn bare(name: &str, provider: &str, resilience: &Settings) -> Self {
        Self {
            id: name.to_owned(),
            provider: provider.to_owned(),
            name: name.to_owned(),
            fallbacks: vec![],
            auto: false,
            chain: vec![],
            context_window: None,
            prefill: false,
            reasoning: reasons(name),
            capabilities: None,
            cost: None,
            resilience: resilience.clone(),
            discovered: false,
            places: vec![],
            said: false,
        }
    }
}
