//! Reads a scenario's file, with the configuration's reader: the same manners, the same complaints.

use std::time::Duration;

use evenkeel_engine::Settings;

use super::distribution::Distribution;
use super::scenario::{Chain, Model, Outage, Provider, Scenario, Target};
use super::trouble::{Trouble, WORDS};
use crate::config::reader::{At, Reader};
use crate::config::{Problem, Problems, parse_document, resilience};

/// Reads a scenario's text.
///
/// # Errors
///
/// Every problem, with its key's path and line.
pub fn parse(text: &str) -> Result<Scenario, Problems> {
    parse_document(text, scenario).map(|(scenario, _)| scenario)
}

fn scenario(mut root: Reader<'_>) -> Scenario {
    let period = root.duration("period");
    let turns_per_second = positive(&mut root, "turns_per_second").unwrap_or(1.0);
    let prompt_tokens = tokens(&mut root, "prompt_tokens", 500.0);
    let answer_tokens = tokens(&mut root, "answer_tokens", 250.0);
    if let Some(period) = period.as_ref().filter(|period| period.value.is_zero()) {
        root.complain(period, "must be longer than nothing".into());
    }
    let period = period.map_or(Duration::from_secs(3_600), |period| period.value);

    let mut section = root.table("resilience");
    let everybodys = resilience::settings(&mut section, &Settings::default());
    let retry_budget = resilience::retry_budget(&mut section);
    section.finish();

    let (providers, settings) = providers(&mut root, &everybodys);
    let models = models(&mut root, &providers, &everybodys, &settings);
    let chains = chains(&mut root, &models);
    let outages = outages(&mut root, &providers, &models, period);
    root.finish();
    Scenario {
        period,
        turns_per_second,
        prompt_tokens,
        answer_tokens,
        retry_budget,
        providers,
        models,
        chains,
        outages,
    }
}

fn providers(root: &mut Reader<'_>, everybodys: &Settings) -> (Vec<Provider>, Vec<Settings>) {
    let (mut providers, mut settings) = (vec![], vec![]);
    for mut section in root.tables("providers") {
        let id = id(
            &mut section,
            providers.iter().map(|known: &Provider| known.id.as_str()),
        );
        let requests_per_minute = per_minute(&mut section);
        let mut inner = section.table("resilience");
        resilience::refuse_process_wide(&mut inner);
        settings.push(resilience::settings(&mut inner, everybodys));
        inner.finish();
        section.finish();
        providers.push(Provider {
            id,
            requests_per_minute,
        });
    }
    if providers.is_empty() {
        missing(
            root,
            "providers",
            "a world needs at least one: write [[providers]]",
        );
    }
    (providers, settings)
}

fn models(
    root: &mut Reader<'_>,
    providers: &[Provider],
    everybodys: &Settings,
    settings: &[Settings],
) -> Vec<Model> {
    let mut models: Vec<Model> = vec![];
    for mut section in root.tables("models") {
        let id = id(&mut section, models.iter().map(|known| known.id.as_str()));
        let provider = match section.text("provider") {
            Some(name) => {
                let known: Vec<_> = providers.iter().map(|it| it.id.as_str()).collect();
                place(&section, &name, &known, "provider").unwrap_or_default()
            }
            None => {
                missing(&section, "provider", "must name the model's provider");
                0
            }
        };
        let outer = settings.get(provider).unwrap_or(everybodys);
        let mut inner = section.table("resilience");
        resilience::refuse_process_wide(&mut inner);
        let settings = resilience::settings(&mut inner, outer);
        inner.finish();
        let model = Model {
            id,
            provider,
            settings,
            prefill: section.flag("prefill").unwrap_or_default(),
            reasoning: section.flag("reasoning").unwrap_or_default(),
            context_window: section.number("context_window").map(|read| read.value),
            input_cost: cost(&mut section, "input_cost"),
            output_cost: cost(&mut section, "output_cost"),
            first_token: seconds(&mut section, "first_token", 0.5),
            per_token: seconds(&mut section, "per_token", 0.02),
            error_after: seconds(&mut section, "error_after", 0.2),
            failures: failures(&mut section),
            requests_per_minute: per_minute(&mut section),
        };
        section.finish();
        models.push(model);
    }
    if models.is_empty() {
        missing(
            root,
            "models",
            "a world needs at least one: write [[models]]",
        );
    }
    models
}

/// The shares of requests that go wrong; together no more than all of them.
fn failures(section: &mut Reader<'_>) -> Vec<(Trouble, f64)> {
    let mut shares = section.table("failures");
    let mut failures = vec![];
    let mut all = 0.0;
    for (word, trouble) in WORDS {
        if let Some(read) = shares.decimal(word) {
            all += read.value;
            if !(0.0..=1.0).contains(&read.value) {
                shares.complain(&read, "must be a share, from 0 to 1".into());
            } else if all > 1.0 {
                shares.complain(&read, format!("makes {all} of all requests fail"));
            }
            failures.push((trouble, read.value));
        }
    }
    shares.finish();
    failures
}

fn chains(root: &mut Reader<'_>, models: &[Model]) -> Vec<Chain> {
    let known: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
    let mut chains = vec![];
    for mut section in root.tables("chains") {
        let names = section.texts("models").unwrap_or_default();
        let mut places = vec![];
        for name in &names {
            if let Some(place) = place(&section, name, &known, "model") {
                if places.contains(&place) {
                    section.complain(name, "is in this chain already".into());
                }
                places.push(place);
            }
        }
        let longest = places.first().and_then(|first| models.get(*first));
        let longest = longest.map_or(u32::MAX, |first| first.settings.max_attempts);
        if places.len() > longest as usize {
            let message = format!("is longer than max_attempts = {longest}");
            missing(&section, "models", &message);
        }
        if names.is_empty() {
            missing(&section, "models", "a chain needs at least one model");
        }
        let share = positive(&mut section, "share").unwrap_or(1.0);
        section.finish();
        chains.push(Chain {
            models: places,
            share,
        });
    }
    if chains.is_empty() {
        chains.push(Chain {
            models: (0..models.len()).collect(),
            share: 1.0,
        });
        let longest = models
            .first()
            .map_or(u32::MAX, |first| first.settings.max_attempts);
        if models.len() > longest as usize {
            let message =
                format!("all models make one chain, longer than max_attempts = {longest}");
            missing(root, "chains", &message);
        }
    }
    chains
}

fn outages(
    root: &mut Reader<'_>,
    providers: &[Provider],
    models: &[Model],
    period: Duration,
) -> Vec<Outage> {
    let provider_ids = providers.iter().map(|it| it.id.as_str());
    let known: Vec<_> = provider_ids
        .chain(models.iter().map(|it| it.id.as_str()))
        .collect();
    let mut words = WORDS.to_vec();
    words.push(("slow", Trouble::Slow));
    let mut outages = vec![];
    for mut section in root.tables("outages") {
        let target = section.text("target");
        if target.is_none() {
            missing(&section, "target", "must name a provider or a model");
        }
        let target = target.and_then(|name| place(&section, &name, &known, "provider or model"));
        let from = section
            .duration("from")
            .map_or(Duration::ZERO, |read| read.value);
        let to = section.duration("to");
        if let Some(to) = to
            .as_ref()
            .filter(|to| to.value <= from || to.value > period)
        {
            let message = format!("must be after `from`, and not after the period of {period:?}");
            section.complain(to, message);
        }
        let trouble = section.word("kind", &words);
        if trouble.is_none() && !section.has("kind") {
            missing(
                &section,
                "kind",
                "must say how requests fail: \"503\", \"timeout\" …",
            );
        }
        let share = section.decimal("share");
        if let Some(read) = share
            .as_ref()
            .filter(|read| !(0.0..=1.0).contains(&read.value))
        {
            section.complain(read, "must be a share, from 0 to 1".into());
        }
        let retry_after = section.duration("retry_after").map(|read| read.value);
        let factor = positive(&mut section, "factor").unwrap_or(10.0);
        section.finish();
        let target = target.unwrap_or_default();
        outages.push(Outage {
            target: match target.checked_sub(providers.len()) {
                None => Target::Provider(target),
                Some(model) => Target::Model(model),
            },
            from,
            to: to.map_or(period, |read| read.value),
            trouble: trouble.unwrap_or(Trouble::Timeout),
            share: share.map_or(1.0, |read| read.value),
            retry_after,
            factor,
        });
    }
    outages
}

/// The section's id, unlike those before it.
fn id<'k>(section: &mut Reader<'_>, mut known: impl Iterator<Item = &'k str>) -> String {
    let Some(id) = section.text("id") else {
        missing(section, "id", "must be given");
        return String::new();
    };
    if known.any(|other| other == id.value) {
        section.complain(&id, "is there already".into());
    }
    id.value
}

fn place(section: &Reader<'_>, name: &At<String>, known: &[&str], what: &str) -> Option<usize> {
    let found = known.iter().position(|id| *id == name.value);
    if found.is_none() {
        let likeness = |other: &&&str| strsim::jaro_winkler(&name.value, other);
        let nearest = known
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = nearest
            .map(|id| format!("; did you mean `{id}`?"))
            .unwrap_or_default();
        section.complain(name, format!("no such {what}{hint}"));
    }
    found
}

fn missing(section: &Reader<'_>, key: &str, message: &str) {
    let problem = Problem::error(&section.path(key), None, message.to_owned());
    section.add(problem);
}

fn positive(section: &mut Reader<'_>, key: &'static str) -> Option<f64> {
    let read = section.decimal(key)?;
    if read.value <= 0.0 {
        section.complain(&read, "must be more than 0".into());
    }
    Some(read.value)
}

fn per_minute(section: &mut Reader<'_>) -> Option<u64> {
    let read = section.number("requests_per_minute")?;
    if read.value == 0 {
        section.complain(&read, "must be 1 or more".into());
    }
    Some(read.value)
}

fn cost(section: &mut Reader<'_>, key: &'static str) -> f64 {
    let Some(read) = section.decimal(key) else {
        return 0.0;
    };
    if read.value < 0.0 {
        section.complain(&read, "must be 0 or more".into());
    }
    read.value
}

/// A time that may vary: `"600ms"`, `{ from = "200ms", to = "1s" }` or `{ p50 = "600ms", p95 = "2s" }`.
fn seconds(section: &mut Reader<'_>, key: &'static str, default: f64) -> Distribution {
    if !section.is_table(key) {
        let read = section.duration(key);
        return Distribution::Fixed(read.map_or(default, |read| read.value.as_secs_f64()));
    }
    varying(section, key, |table, key| {
        let read = table.duration(key)?;
        Some(At {
            value: read.value.as_secs_f64(),
            path: read.path,
            origin: read.origin,
        })
    })
}

/// The same for a number of tokens.
fn tokens(section: &mut Reader<'_>, key: &'static str, default: f64) -> Distribution {
    if !section.is_table(key) {
        return Distribution::Fixed(positive(section, key).unwrap_or(default));
    }
    varying(section, key, |table, key| {
        let read = table.decimal(key)?;
        if read.value <= 0.0 {
            table.complain(&read, "must be more than 0".into());
        }
        Some(read)
    })
}

fn varying(
    section: &mut Reader<'_>,
    key: &'static str,
    value: impl Fn(&mut Reader<'_>, &'static str) -> Option<At<f64>>,
) -> Distribution {
    let mut table = section.table(key);
    let [from, to, p50, p95] = ["from", "to", "p50", "p95"].map(|key| value(&mut table, key));
    let complete = match (&from, &to, &p50, &p95) {
        (Some(from), Some(to), None, None) if from.value <= to.value => {
            let (from, to) = (from.value, to.value);
            Some(Distribution::Uniform { from, to })
        }
        (None, None, Some(p50), Some(p95)) => Distribution::with_percentiles(p50.value, p95.value),
        _ => None,
    };
    table.finish();
    complete.unwrap_or_else(|| {
        let message = "needs `from` and `to`, or `p50` and `p95`, the smaller one first";
        missing(section, key, message);
        Distribution::Fixed(1.0)
    })
}

#[cfg(test)]
mod tests;
