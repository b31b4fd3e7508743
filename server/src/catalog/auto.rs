//! `fallbacks = "auto"`: which models step in for one, by likeness.
//!
//! Those of its family come first, then those that can do the same; within each, other providers' before its own, since
//! an outage takes the whole provider. Which of them are healthy is asked in each turn, by their circuits.

use std::collections::BTreeMap;

use evenkeel_engine::ModelId;

use super::ModelEntry;
use super::likeness::{canonical, family, likeness};
use evenkeel_providers::Discovered;

/// No provider stands in a chain by likeness more often than this: what takes one of its models may take all.
const PER_PROVIDER: usize = 2;

/// A model that could step in.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub provider: String,
    pub name: String,
    /// None for one that is only listed.
    pub id: Option<ModelId>,
    family: String,
    canonical: String,
    vision: Option<bool>,
    tools: Option<bool>,
    context_window: Option<u64>,
    reasoning: Option<bool>,
    output_cost: Option<f64>,
    /// Its provider's default.
    first: bool,
}

impl Candidate {
    /// A member of the catalog.
    pub fn of(model: &ModelEntry, first: bool) -> Self {
        Self {
            provider: model.provider.as_str().to_owned(),
            name: model.name.clone(),
            id: Some(model.id.clone()),
            family: family(&model.name),
            canonical: canonical(&model.name),
            vision: model.vision,
            tools: model.tools,
            context_window: model.context_window,
            reasoning: Some(model.reasoning),
            output_cost: model.cost.map(|(_, output)| output),
            first,
        }
    }

    /// One that its provider lists.
    pub fn listed(provider: &str, listed: &Discovered) -> Self {
        Self {
            provider: provider.to_owned(),
            name: listed.name.clone(),
            id: None,
            family: family(&listed.name),
            canonical: canonical(&listed.name),
            vision: listed.vision,
            tools: listed.tools,
            context_window: listed.context_window,
            reasoning: None,
            output_cost: listed.output_cost,
            first: false,
        }
    }

    /// What of the first one's abilities it is known to lack.
    fn lacks(&self, first: &Self) -> usize {
        let lacks = |wanted: Option<bool>, has: Option<bool>| {
            usize::from(wanted == Some(true) && has == Some(false))
        };
        let small = match (first.context_window, self.context_window) {
            (Some(wanted), Some(has)) => usize::from(has < wanted),
            (None, _) | (_, None) => 0,
        };
        lacks(first.vision, self.vision) + lacks(first.tools, self.tools) + small
    }

    /// How far apart their prices are, in tenths of a factor of e; not at all where one is unknown.
    fn price_gap(&self, first: &Self) -> u64 {
        match (self.output_cost, first.output_cost) {
            (Some(own), Some(other)) if own > 0.0 && other > 0.0 => {
                ((own / other).ln().abs() * 10.0) as u64
            }
            (Some(_) | None, Some(_) | None) => 0,
        }
    }
}

/// Those that may step in for `first`, the best first.
pub(super) fn order<'c>(first: &Candidate, candidates: &'c [Candidate]) -> Vec<&'c Candidate> {
    let others = || {
        candidates.iter().filter(|other| {
            let itself = other.id.is_some() && other.id == first.id;
            let twin = other.provider == first.provider && other.name == first.name;
            !itself && !twin
        })
    };
    let mut relatives: Vec<_> = others()
        .filter(|other| other.family == first.family)
        .collect();
    relatives.sort_by_cached_key(|other| {
        let unlike = 1.0 - likeness(&other.canonical, &first.canonical);
        let reasoning = other
            .reasoning
            .is_some_and(|it| first.reasoning != Some(it));
        (
            other.lacks(first),
            (unlike * 1000.0) as u64,
            reasoning,
            other.id.is_none(),
            other.name.clone(),
            other.provider.clone(),
        )
    });
    let mut strangers: Vec<_> = others()
        .filter(|other| other.family != first.family)
        .collect();
    strangers.sort_by_cached_key(|other| {
        let reasoning = other
            .reasoning
            .is_some_and(|it| first.reasoning != Some(it));
        (
            other.lacks(first),
            reasoning,
            !other.first,
            other.id.is_none(),
            other.price_gap(first),
            other.name.clone(),
            other.provider.clone(),
        )
    });
    let own = |other: &&&Candidate| other.provider == first.provider;
    let mut chosen = vec![];
    let mut counts = BTreeMap::new();
    for group in [relatives, strangers] {
        let (own, elsewhere): (Vec<_>, Vec<_>) = group.iter().partition(own);
        for group in [elsewhere, own] {
            spread(&group, &mut counts, &mut chosen);
        }
    }
    chosen
}

/// Takes of each provider the best first, and only then of any the second.
fn spread<'c>(
    group: &[&'c Candidate],
    counts: &mut BTreeMap<&'c str, usize>,
    chosen: &mut Vec<&'c Candidate>,
) {
    for round in 0..PER_PROVIDER {
        for candidate in group {
            let count = counts.entry(candidate.provider.as_str()).or_default();
            let taken = chosen.iter().any(|other| std::ptr::eq(*other, *candidate));
            if *count <= round && !taken {
                *count += 1;
                chosen.push(candidate);
            }
        }
    }
}
