//! The chains: which models step in for which, checked as a whole.

mod assistants;

use std::collections::BTreeSet;

use evenkeel_providers::DEMO_MODELS;

pub(super) use self::assistants::link_assistants;
use super::Problem;
use super::models::ModelConfig;
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
