//! The chains: which models step in for which, checked as a whole.

use std::collections::BTreeSet;

use evenkeel_providers::DEMO_MODELS;

use super::Problem;
use super::assistants::AssistantConfig;
use super::models::{ModelConfig, is_demos};
use super::providers::ProviderConfig;
use super::reader::{At, Reader};

const ONE_PROVIDER: &str =
    "all of the chain is on one provider: it survives a bad model, but no outage";

/// Gives every model its chain: itself, its fallbacks, and those of everybody; duplicates drop out.
///
/// Every name must be a model's, and no chain may be longer than its turn has attempts. Returns those of everybody.
pub(super) fn link(
    root: &Reader<'_>,
    providers: &[ProviderConfig],
    models: &mut [ModelConfig],
    configured: Option<&[At<String>]>,
    provider_order: &[String],
) -> Vec<String> {
    let known = known(models);
    for at in configured
        .into_iter()
        .flatten()
        .filter(|at| !known.contains(&at.value))
    {
        root.complain(at, unknown(&known, &at.value));
    }
    let everybodys: Vec<String> = match configured {
        Some(names) => names.iter().map(|name| name.value.clone()).collect(),
        None => defaults(providers, provider_order),
    };
    for model in models.iter_mut() {
        check_names(root, model, &known);
        model.chain = vec![model.id.clone()];
        for name in model.fallbacks.iter().chain(&everybodys) {
            if !model.chain.contains(name) {
                model.chain.push(name.clone());
            }
        }
    }
    for model in models.iter() {
        let path = format!("models.{}.fallbacks", model.id);
        let origin = model.places.first().map(|(_, origin)| origin.clone());
        check_length(root, model);
        let own = |name: &String| {
            models
                .iter()
                .any(|other| other.id == *name && other.provider == model.provider)
        };
        let no_other = || providers.iter().filter(|it| it.enabled).count() < 2;
        let alone = if model.auto {
            no_other()
        } else {
            model.chain.len() > 1
        };
        if alone && model.chain.iter().all(own) {
            root.add(Problem::warning(&path, origin, ONE_PROVIDER.into()));
        }
    }
    for provider in providers.iter().filter(|provider| {
        provider.kind.endpoint().is_some()
            && !provider.kind.lists_its_models()
            && !models.iter().any(|model| model.provider == provider.id)
    }) {
        let path = format!("providers.{}", provider.id);
        let message = "has no model, and Azure does not list deployments: give it a default_model, or a [[models]] entry, with a deployment's name";
        root.add(Problem::warning(&path, None, message.into()));
    }
    everybodys
}

/// The same for the demo's, which step in for each other where nothing is said, and for nobody else.
pub(super) fn link_demos(
    root: &Reader<'_>,
    models: &[ModelConfig],
    demos: &mut [(ProviderConfig, ModelConfig)],
) {
    let known = known(models);
    let ids: Vec<_> = demos.iter().map(|(_, model)| model.id.clone()).collect();
    for (_, model) in demos {
        if model.said {
            check_names(root, model, &known);
        } else {
            let others = ids.iter().filter(|id| **id != model.id);
            let room = (model.resilience.max_attempts as usize).saturating_sub(1);
            model.fallbacks = others.take(room).cloned().collect();
        }
        model.chain = vec![model.id.clone()];
        for name in &model.fallbacks {
            if !model.chain.contains(name) {
                model.chain.push(name.clone());
            }
        }
        check_length(root, model);
    }
}

/// The same for assistants: the model of each, and who steps in for it, with its candidate before them or not.
pub(super) fn link_assistants(
    root: &Reader<'_>,
    models: &[ModelConfig],
    demos: &[(ProviderConfig, ModelConfig)],
    everybodys: &[String],
    assistants: &mut [AssistantConfig],
) {
    let known = known(models);
    let find = |id: &str| {
        let mut all = models.iter().chain(demos.iter().map(|(_, model)| model));
        all.find(|model| model.id == id)
    };
    for assistant in assistants {
        let places = &assistant.places;
        let named = places.model.iter().chain(&places.candidate);
        for at in named.chain(&places.fallbacks) {
            if !known.contains(&at.value) {
                root.complain(at, unknown(&known, &at.value));
            }
        }
        let Some(model) = find(&assistant.model) else {
            continue;
        };
        assistant.chain = match &assistant.fallbacks {
            None => model.chain.clone(),
            Some(own) => {
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
        };
        check_assistants_length(root, assistant, model, find);
        let providers = |name: &String| find(name).map(|member| &member.provider);
        let one = |name: &String| providers(name) == Some(&model.provider);
        if assistant.fallbacks.is_some()
            && assistant.chain.len() > 1
            && assistant.chain.iter().all(one)
        {
            let path = format!("assistants.{}.fallbacks", assistant.id);
            let origin = places.fallbacks.first().map(|at| at.origin.clone());
            root.add(Problem::warning(&path, origin, ONE_PROVIDER.into()));
        }
    }
}

/// No chain of an assistant may be longer than its turn has attempts: not that of its model, and not its candidate's.
fn check_assistants_length<'m>(
    root: &Reader<'_>,
    assistant: &AssistantConfig,
    model: &ModelConfig,
    find: impl Fn(&str) -> Option<&'m ModelConfig>,
) {
    let candidate = assistant.candidate.as_ref();
    let candidate = candidate.and_then(|candidate| find(&candidate.model));
    let more = |first: &ModelConfig| !assistant.chain.contains(&first.id);
    let own = assistant
        .fallbacks
        .is_some()
        .then_some((model, "fallbacks"));
    let tried = candidate.map(|candidate| (candidate, "candidate"));
    for (first, key) in own.into_iter().chain(tried) {
        let legs = assistant.chain.len() + usize::from(more(first));
        if let Some(message) = too_long(legs, first) {
            let path = format!("assistants.{}.{key}", assistant.id);
            let places = &assistant.places;
            let place = places.fallbacks.first().or(places.candidate.as_ref());
            let origin = place.map(|at| at.origin.clone());
            root.add(Problem::error(&path, origin, message));
            return;
        }
    }
}

fn known(models: &[ModelConfig]) -> BTreeSet<String> {
    let models = models.iter().map(|model| model.id.clone());
    let demos = DEMO_MODELS.iter().map(|demo| demo.id.to_owned());
    models.chain(demos).collect()
}

fn check_names(root: &Reader<'_>, model: &ModelConfig, known: &BTreeSet<String>) {
    for (name, (path, origin)) in model.fallbacks.iter().zip(&model.places) {
        if !known.contains(name) {
            let origin = Some(origin.clone());
            root.add(Problem::error(path, origin, unknown(known, name)));
        }
    }
}

fn check_length(root: &Reader<'_>, model: &ModelConfig) {
    if let Some(message) = too_long(model.chain.len(), model) {
        let path = format!("models.{}.fallbacks", model.id);
        let origin = model.places.first().map(|(_, origin)| origin.clone());
        root.add(Problem::error(&path, origin, message));
    }
}

/// Says that so many models are more than a turn has attempts that asks this one first.
fn too_long(legs: usize, first: &ModelConfig) -> Option<String> {
    let max_attempts = first.resilience.max_attempts;
    (legs > max_attempts as usize).then(|| {
        format!("makes a chain of {legs} models, longer than max_attempts = {max_attempts}")
    })
}

/// The default model of each provider that is switched on and named in the order.
pub(super) fn defaults(providers: &[ProviderConfig], order: &[String]) -> Vec<String> {
    order
        .iter()
        .filter_map(|name| providers.iter().find(|it| it.id == *name && it.enabled))
        .filter_map(|provider| provider.default_model.clone())
        .collect()
}

fn unknown(known: &BTreeSet<String>, name: &str) -> String {
    let likeness = |other: &String| strsim::jaro_winkler(name, other);
    let nearest = known
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = nearest
        .map(|nearest| format!("; did you mean `{nearest}`?"))
        .unwrap_or_default();
    format!("no such model{hint}")
}
