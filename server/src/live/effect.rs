//! The blast radius: what a change does, said before it is made.

use std::collections::BTreeSet;

use evenkeel_engine::{ForcedState, ModelId};
use evenkeel_protocol::{ChainEffect, Effect, SettingValue};

use super::describe::text;
use super::settings::World;
use crate::catalog::{Catalog, ProviderEntry, Usable};
use crate::config::{Changes, Config, Place, Scope};
use crate::shared::Shared;

/// Who waits longer than this has gone, as a rule.
const LONG_S: f64 = 120.0;

/// So many names stand in a sentence.
const NAMED: usize = 3;

/// What an administrator does to a circuit by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Holds it open.
    Open,
    /// Holds it closed.
    Close,
    /// Closes it, with nothing remembered.
    Reset,
}

/// One state of the server: as it is, or as it would be.
#[derive(Clone, Copy)]
pub(super) struct State<'a> {
    pub config: &'a Config,
    pub catalog: &'a Catalog,
    pub changes: &'a Changes,
}

/// What changed settings do.
pub(super) fn of(
    shared: &Shared,
    by: &str,
    before: State<'_>,
    after: State<'_>,
    places: &[&Place],
) -> Effect {
    let mut effect = between(shared, by, before.catalog, after.catalog);
    let world = World {
        config: after.config,
        file: shared.live.file(),
        catalog: after.catalog,
        changes: after.changes,
    };
    for (scope, key) in places {
        let Some(setting) = world.setting(scope, key) else {
            continue;
        };
        let seconds = setting.value.as_ref().and_then(seconds).unwrap_or_default();
        if key.ends_with("timeout") && seconds > LONG_S {
            effect.warnings.push(format!(
                "{} of {seconds} s is long to wait for: above {LONG_S} s people leave. Another provider may be the better answer.",
                setting.label
            ));
        }
        if key.starts_with("guards.") && setting.value == text("off") {
            effect.warnings.push(format!(
                "{} is off then: what this guard keeps from happening can happen.",
                setting.label
            ));
        }
        if key == "resilience.provider_order" {
            let names = match &setting.value {
                Some(SettingValue::List(names)) => names.as_slice(),
                Some(SettingValue::Switch(_) | SettingValue::Number(_) | SettingValue::Text(_))
                | None => &[],
            };
            let unknown = names.iter().filter(|name| !setting.options.contains(name));
            let unknown: Vec<_> = unknown.map(String::as_str).collect();
            if !unknown.is_empty() {
                effect.warnings.push(format!(
                    "No such provider, so it has no place in the order: {}.",
                    some(&unknown)
                ));
            }
        }
    }
    let assistants: BTreeSet<_> = places.iter().map(|(scope, _)| assistant(scope)).collect();
    for id in assistants.iter().flatten() {
        effect
            .warnings
            .extend(rollout(before.catalog, after.catalog, id));
    }
    if let (Some(Some(id)), 1) = (assistants.first(), assistants.len()) {
        effect.running_turns = shared.running_turns_of(id);
    }
    let defaults = [
        before.catalog.default_model(),
        after.catalog.default_model(),
    ];
    if let [old, new] = defaults
        && old != new
    {
        effect.warnings.push(format!(
            "Where nobody names a model, {new} is asked and no longer {old}."
        ));
    }
    effect
}

/// The assistant that a setting is one of.
fn assistant(scope: &Scope) -> Option<&str> {
    match scope {
        Scope::Assistant(id) => Some(id),
        Scope::Global | Scope::Provider(_) | Scope::Model(_) => None,
    }
}

/// Says how many conversations of an assistant change sides.
fn rollout(before: &Catalog, after: &Catalog, id: &str) -> Option<String> {
    let (old, new) = (before.assistant(id)?, after.assistant(id)?);
    let (was, is) = (old.percent_tried(), new.percent_tried());
    let (candidate, _) = new.candidate.as_ref()?;
    (was != is).then(|| {
        format!("{is} % of the conversations of {id} ask {candidate} first, and no longer {was} %.")
    })
}

/// What becomes of the chains, whatever the reason.
fn between(shared: &Shared, by: &str, before: &Catalog, after: &Catalog) -> Effect {
    let (old, new) = (before.usable(by), after.usable(by));
    let mut chains = changed(&old, &new);
    // Where both kinds of an assistant's turns change alike, once is enough.
    chains.dedup();
    let mut warnings = vec![];
    if !old.is_empty() && new.iter().all(|it| it.models.is_empty()) {
        warnings.push("Nothing can answer any question then.".to_owned());
    } else {
        let dead = chains
            .iter()
            .filter(|(_, was, usable)| !was.is_empty() && usable.is_empty());
        let mut dead: Vec<_> = dead.map(|(asked, ..)| *asked).collect();
        dead.dedup();
        if !dead.is_empty() {
            warnings.push(format!(
                "Nothing can answer then for who asks {}.",
                some(&dead)
            ));
        }
    }
    warnings.extend(alone(before, after, &chains));
    let ids = |ids: &[ModelId]| ids.iter().map(|id| id.as_str().into()).collect();
    Effect {
        revision: shared.live.revision(),
        running_turns: shared.running_turns(),
        chains: chains
            .iter()
            .map(|(asked, was, usable)| ChainEffect {
                model: (*asked).into(),
                before: ids(was),
                after: ids(usable),
            })
            .collect(),
        warnings,
    }
}

/// What becomes of a chain: what is asked for, who could answer, and who can.
type ChainChange<'u> = (&'u str, Vec<ModelId>, Vec<ModelId>);

/// The chains that are others afterwards.
fn changed<'u>(old: &'u [Usable], new: &'u [Usable]) -> Vec<ChainChange<'u>> {
    let same =
        |one: &Usable, other: &Usable| (&one.asked, one.tries) == (&other.asked, other.tries);
    let mut chains = vec![];
    for now in new {
        let known = old.iter().find(|was| same(was, now));
        let was = known.map(|was| was.models.clone()).unwrap_or_default();
        if was != now.models {
            chains.push((now.asked.as_str(), was, now.models.clone()));
        }
    }
    for was in old {
        if !was.models.is_empty() && !new.iter().any(|now| same(was, now)) {
            chains.push((was.asked.as_str(), was.models.clone(), vec![]));
        }
    }
    chains
}

/// The chains that had more than one provider, or are new, and have only one.
fn alone(before: &Catalog, after: &Catalog, chains: &[ChainChange<'_>]) -> Option<String> {
    let providers = |catalog: &Catalog, usable: &[ModelId]| -> BTreeSet<String> {
        let models = usable.iter().filter_map(|id| catalog.model(id.as_str()));
        models
            .map(|model| model.provider.as_str().to_owned())
            .collect()
    };
    let mut left = BTreeSet::new();
    let mut models = vec![];
    for (asked, was, usable) in chains {
        let now = providers(after, usable);
        if now.len() == 1 && (usable.len() > 1 || providers(before, was).len() > 1) {
            left.extend(now);
            models.push(*asked);
        }
    }
    models.dedup();
    if models.is_empty() {
        return None;
    }
    let left: Vec<_> = left.iter().map(String::as_str).collect();
    Some(format!(
        "All models that are left for {} share one provider ({}): an outage there takes all of them.",
        some(&models),
        some(&left)
    ))
}

/// What an administrator's hand on a circuit does: a model's, or its provider's where none is named.
pub fn circuit_effect(
    shared: &Shared,
    by: &str,
    provider: &ProviderEntry,
    model: Option<&ModelId>,
    hand: Hand,
) -> Effect {
    let catalog = shared.catalog();
    let circuits = provider.real_circuits().imagined();
    match hand {
        Hand::Open => circuits.force(model, ForcedState::Open),
        Hand::Close => circuits.force(model, ForcedState::Closed),
        Hand::Reset => circuits.reset(model),
    }
    let imagined = catalog.imagining(&provider.id, circuits);
    let mut effect = between(shared, by, &catalog, &imagined);
    if hand != Hand::Open {
        effect
            .warnings
            .extend(still_failing(shared, by, &catalog, provider, model));
    }
    effect.warnings.extend(match hand {
        Hand::Open => Some("It stays open until it is reset: no probe will close it.".to_owned()),
        Hand::Close => Some(
            "Held closed it lets everything through, whatever fails, until it is reset.".to_owned(),
        ),
        Hand::Reset => None,
    });
    effect
}

/// Says of what is to be closed what failed when it was last asked.
fn still_failing(
    shared: &Shared,
    by: &str,
    catalog: &Catalog,
    provider: &ProviderEntry,
    model: Option<&ModelId>,
) -> Option<String> {
    let models = catalog
        .models()
        .iter()
        .filter(|it| it.provider == provider.id);
    let meant = models.filter(|it| model.is_none_or(|model| *model == it.id));
    let health = meant.filter_map(|it| shared.health.model(it, catalog, by, &shared.clock));
    let mut failing: Vec<_> = health
        .filter(|health| {
            health.last_failure_at.is_some() && health.last_failure_at >= health.last_success_at
        })
        .collect();
    failing.sort_by_key(|health| health.last_failure_at);
    let last = failing.last()?;
    let reason = last.last_failure.as_ref()?.reason.as_str();
    let at = last.last_failure_at?;
    let ids: Vec<_> = failing.iter().map(|health| health.id.as_str()).collect();
    Some(format!(
        "This closes a circuit of a provider that still fails: {} has not answered since its last failure ({reason}, {at}). Test it first.",
        some(&ids)
    ))
}

fn some(names: &[&str]) -> String {
    let said = names
        .get(..names.len().min(NAMED))
        .unwrap_or_default()
        .join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
}

/// A time as it is shown.
fn seconds(value: &SettingValue) -> Option<f64> {
    let SettingValue::Text(text) = value else {
        return None;
    };
    let milliseconds = text.strip_suffix("ms").map(|number| (number, 1e-3));
    let (number, unit) = milliseconds.or_else(|| Some((text.strip_suffix('s')?, 1.0)))?;
    Some(number.parse::<f64>().ok()? * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_three_and_counts_the_rest() {
        assert_eq!(some(&["a"]), "a");
        assert_eq!(some(&["a", "b", "c"]), "a, b, c");
        assert_eq!(some(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn a_shown_time_is_read_again() {
        let text = |text: &str| SettingValue::Text(text.to_owned());
        assert_eq!(seconds(&text("45s")), Some(45.0));
        assert_eq!(seconds(&text("1500ms")), Some(1.5));
        assert_eq!(seconds(&text("off")), None);
    }
}
