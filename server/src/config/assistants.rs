//! `[[assistants]]`: a name for instructions, the model that follows them, and one that is tried beside it.

use std::collections::BTreeSet;

use super::guards::GuardsConfig;
use super::models::ModelConfig;
use super::providers::{ProviderConfig, id};
use super::reader::{At, Reader};
use super::{Problem, guards};

/// An assistant, as configured.
#[derive(Clone, Debug)]
pub struct AssistantConfig {
    /// Its id.
    pub id: String,
    /// A name to show.
    pub name: String,
    /// What its models are told first.
    pub system_prompt: Option<String>,
    /// The model that answers for it.
    pub model: String,
    /// A model that some of its conversations try first.
    pub candidate: Option<CandidateConfig>,
    /// The candidate is asked at all.
    pub use_candidate: bool,
    /// Other models may step in.
    pub use_fallback: bool,
    /// The models that step in, as written; none where those of its model do.
    pub fallbacks: Option<Vec<String>>,
    /// Its model, and who steps in for it; of models that are chosen by likeness it says nothing.
    pub chain: Vec<String>,
    /// What is done to its turns for safety's sake.
    pub guards: GuardsConfig,
    pub(super) places: Places,
}

/// A model that some conversations try first.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateConfig {
    /// The model.
    pub model: String,
    /// How many of 100 conversations try it.
    pub percent: f64,
}

/// Where its models are named, for complaints.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) model: Option<At<String>>,
    pub(super) candidate: Option<At<String>>,
    pub(super) fallbacks: Vec<At<String>>,
}

pub(super) fn read_assistants(
    root: &mut Reader<'_>,
    providers: &[ProviderConfig],
    models: &[ModelConfig],
    over: &GuardsConfig,
) -> Vec<AssistantConfig> {
    let taken = providers.iter().map(|provider| &provider.id);
    let taken = taken.chain(models.iter().map(|model| &model.id));
    let mut ids: BTreeSet<String> = taken.cloned().collect();
    let mut assistants = vec![];
    for mut reader in root.tables("assistants") {
        if let Some(id) = id(&mut reader, &mut ids) {
            assistants.push(read_assistant(reader, id, over));
        }
    }
    assistants
}

fn read_assistant(mut reader: Reader<'_>, id: String, over: &GuardsConfig) -> AssistantConfig {
    let name = shown(reader.text("name"));
    let system_prompt = shown(reader.text("system_prompt"));
    let model = named(&mut reader, "model");
    let (candidate, place) = candidate(&mut reader).unzip();
    if let (Some(model), Some(place)) = (&model, &place)
        && model.value == place.value
    {
        reader.complain(place, "is the assistant's own model; name another".into());
    }
    let use_candidate = reader.flag("use_candidate").unwrap_or(true);
    let use_fallback = reader.flag("use_fallback").unwrap_or(true);
    let fallbacks = reader.texts("fallbacks");
    let guards = guards::read(reader.table("guards"), over);
    reader.finish();
    let names = |all: &[At<String>]| all.iter().map(|at| at.value.clone()).collect();
    AssistantConfig {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        system_prompt,
        model: model
            .as_ref()
            .map(|model| model.value.clone())
            .unwrap_or_default(),
        candidate,
        use_candidate,
        use_fallback,
        fallbacks: fallbacks.as_deref().map(names),
        chain: vec![],
        guards,
        places: Places {
            model,
            candidate: place,
            fallbacks: fallbacks.unwrap_or_default(),
        },
    }
}

fn candidate(reader: &mut Reader<'_>) -> Option<(CandidateConfig, At<String>)> {
    let said = reader.is_table("candidate");
    let mut candidate = reader.table("candidate");
    if !said {
        return None;
    }
    let model = named(&mut candidate, "model");
    if !candidate.has("percent") {
        missing(&candidate, "percent");
    }
    let percent = candidate.decimal("percent");
    let percent = percent.inspect(|at| {
        if !(0.0..=100.0).contains(&at.value) {
            candidate.complain(at, "must be from 0 to 100".into());
        }
    });
    candidate.finish();
    let model = model?;
    let read = CandidateConfig {
        model: model.value.clone(),
        percent: percent?.value,
    };
    Some((read, model))
}

/// A name that has to be there.
fn named(reader: &mut Reader<'_>, key: &'static str) -> Option<At<String>> {
    let said = reader.has(key);
    let name = reader.text(key);
    if !said {
        missing(reader, key);
    }
    name
}

fn missing(reader: &Reader<'_>, key: &str) {
    let message = "is missing".to_owned();
    reader.add(Problem::error(&reader.path(key), None, message));
}

/// Blank says nothing.
fn shown(text: Option<At<String>>) -> Option<String> {
    let text = text?.value.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
