//! The chains of assistants: the model of each, and who steps in for it.

use super::{ONE_PROVIDER, known, too_long, unknown};
use crate::config::Problem;
use crate::config::assistants::AssistantConfig;
use crate::config::models::{ModelConfig, is_demos};
use crate::config::providers::ProviderConfig;
use crate::config::reader::Reader;

/// The models that are configured, and the demo's.
struct Models<'m> {
    models: &'m [ModelConfig],
    demos: &'m [(ProviderConfig, ModelConfig)],
}

impl<'m> Models<'m> {
    fn find(&self, id: &str) -> Option<&'m ModelConfig> {
        let demos = self.demos.iter().map(|(_, model)| model);
        self.models.iter().chain(demos).find(|model| model.id == id)
    }
}

/// Gives every assistant its chain, where the models have theirs. Its names must be models', and no chain may be longer
/// than its turn has attempts, with the candidate before it or not.
pub(in crate::config) fn link_assistants(
    root: &Reader<'_>,
    models: &[ModelConfig],
    demos: &[(ProviderConfig, ModelConfig)],
    everybodys: &[String],
    assistants: &mut [AssistantConfig],
) {
    let known = known(models);
    let models = Models { models, demos };
    for assistant in assistants {
        let places = &assistant.places;
        let named = places.model.iter().chain(&places.candidate);
        for at in named.chain(&places.fallbacks) {
            if !known.contains(&at.value) {
                root.complain(at, unknown(&known, &at.value));
            }
        }
        if let Some(model) = models.find(&assistant.model) {
            assistant.chain = chain(assistant, model, everybodys);
            check_length(root, assistant, model, &models);
            warn_of_one_provider(root, assistant, &models);
        }
    }
}

fn chain(assistant: &AssistantConfig, model: &ModelConfig, everybodys: &[String]) -> Vec<String> {
    let Some(own) = &assistant.fallbacks else {
        return model.chain.clone();
    };
    // Nobody steps in for the demo who is not named.
    let others = if is_demos(&model.id) { &[] } else { everybodys };
    let mut chain = vec![model.id.clone()];
    for name in own.iter().chain(others) {
        if !chain.contains(name) {
            chain.push(name.clone());
        }
    }
    chain
}

fn check_length(
    root: &Reader<'_>,
    assistant: &AssistantConfig,
    model: &ModelConfig,
    models: &Models<'_>,
) {
    let chain = &assistant.chain;
    let candidate = assistant.candidate.as_ref();
    let candidate = candidate.and_then(|candidate| models.find(&candidate.model));
    // The model's own chain is checked where it is made.
    let own = assistant.fallbacks.as_ref().map(|_| model);
    let mut firsts = own.into_iter().chain(candidate);
    let message = firsts.find_map(|first| {
        let more = usize::from(!chain.contains(&first.id));
        too_long(chain.len() + more, first)
    });
    if let Some(message) = message {
        let places = &assistant.places;
        let (key, place) = match &assistant.fallbacks {
            Some(_) => ("fallbacks", places.fallbacks.first()),
            None => ("candidate", places.candidate.as_ref()),
        };
        let path = format!("assistants.{}.{key}", assistant.id);
        let origin = place.map(|at| at.origin.clone());
        root.add(Problem::error(&path, origin, message));
    }
}

/// What it has from its model is warned of there.
fn warn_of_one_provider(root: &Reader<'_>, assistant: &AssistantConfig, models: &Models<'_>) {
    let provider = |id: &str| models.find(id).map(|model| model.provider.as_str());
    let own = provider(&assistant.model);
    let chain = &assistant.chain;
    let alone = chain.len() > 1 && chain.iter().all(|id| provider(id) == own);
    if assistant.fallbacks.is_some() && alone {
        let path = format!("assistants.{}.fallbacks", assistant.id);
        let origin = assistant.places.fallbacks.first();
        let origin = origin.map(|at| at.origin.clone());
        root.add(Problem::warning(&path, origin, ONE_PROVIDER.into()));
    }
}
