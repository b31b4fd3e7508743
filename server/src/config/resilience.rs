//! The keys of `[resilience]`, the same for all, for a provider and for a model; the nearest wins. Those that hold for
//! the whole process are read here as well.

use std::time::Duration;

use evenkeel_engine::{
    Backoff, BudgetSettings, CircuitSettings, OnContentFilter, Routing, Settings,
};

use super::Problem;
use super::reader::Reader;

/// The settings of a section, with what it does not say taken from further away.
pub(crate) fn settings(section: &mut Reader<'_>, outer: &Settings) -> Settings {
    let mut settings = outer.clone();
    let Settings {
        connect_timeout,
        first_token_timeout,
        reasoning_first_token_timeout,
        idle_timeout,
        reasoning_idle_timeout,
        timeout,
        deadline,
        stream_deadline: _,
        backoff: _,
        hedge_after,
        max_retries,
        retries_before_fallback,
        max_attempts,
        max_retry_after,
        routing,
        on_content_filter,
        circuit: _,
    } = &mut settings;
    duration(section, "connect_timeout", connect_timeout);
    duration(section, "first_token_timeout", first_token_timeout);
    duration(
        section,
        "reasoning_first_token_timeout",
        reasoning_first_token_timeout,
    );
    duration(section, "idle_timeout", idle_timeout);
    duration(section, "reasoning_idle_timeout", reasoning_idle_timeout);
    duration(section, "timeout", timeout);
    duration(section, "deadline", deadline);
    duration(section, "max_retry_after", max_retry_after);
    count(section, "max_retries", max_retries, 0);
    count(
        section,
        "retries_before_fallback",
        retries_before_fallback,
        0,
    );
    count(section, "max_attempts", max_attempts, 1);
    if let Some(after) = section.duration_or_off("hedge_after") {
        *hedge_after = after;
    }
    let words = [
        ("ordered", Routing::Ordered),
        ("fastest", Routing::Fastest),
        ("cheapest", Routing::Cheapest),
    ];
    if let Some(word) = section.word("routing", &words) {
        *routing = word;
    }
    let words = [
        ("end", OnContentFilter::End),
        ("fallback", OnContentFilter::Fallback),
    ];
    if let Some(word) = section.word("on_content_filter", &words) {
        *on_content_filter = word;
    }
    backoff(section, &mut settings);
    stream_deadline(section, &mut settings);
    circuit(section, &mut settings.circuit);
    settings
}

/// The same for a server on the user's own machine, which may be loading the model and starts over if it is hung up on:
/// it gets as long as a model that reasons, unless its own section says otherwise.
pub(super) fn patient_settings(section: &mut Reader<'_>, outer: &Settings) -> Settings {
    let said = section.has("first_token_timeout");
    let read = settings(section, outer);
    if said { read } else { patient(&read) }
}

/// The same for one model of such a provider.
pub(super) fn inner_patient_settings(section: &mut Reader<'_>, outer: &Settings) -> Settings {
    if section.has("reasoning_first_token_timeout") {
        patient_settings(section, outer)
    } else {
        settings(section, outer)
    }
}

/// The settings of such a provider of which nothing else is said.
fn patient(settings: &Settings) -> Settings {
    Settings {
        first_token_timeout: settings.reasoning_first_token_timeout,
        ..settings.clone()
    }
}

fn duration(section: &mut Reader<'_>, key: &'static str, field: &mut Duration) {
    if let Some(read) = section.duration(key) {
        if read.value.is_zero() {
            section.complain(&read, "must be longer than nothing".into());
        }
        *field = read.value;
    }
}

fn count(section: &mut Reader<'_>, key: &'static str, field: &mut u32, least: u32) {
    if let Some(read) = section.number(key) {
        match u32::try_from(read.value)
            .ok()
            .filter(|number| *number >= least)
        {
            Some(number) => *field = number,
            None => section.complain(&read, format!("must be {least} or more")),
        }
    }
}

/// A share, from none of it to all of it.
fn share(section: &mut Reader<'_>, key: &'static str) -> Option<f64> {
    let read = section.decimal(key)?;
    if !(0.0..=1.0).contains(&read.value) {
        section.complain(&read, "must be a share, from 0 to 1".into());
    }
    Some(read.value)
}

fn backoff(section: &mut Reader<'_>, settings: &mut Settings) {
    let base = section.duration("retry_base_delay");
    let max = section.duration("retry_max_delay");
    let Some(read) = base.as_ref().or(max.as_ref()) else {
        return;
    };
    let longest = max
        .as_ref()
        .map_or(settings.backoff.longest(), |read| read.value);
    let shortest = base
        .as_ref()
        .map_or(settings.backoff.base(), |read| read.value);
    match Backoff::new(shortest, longest) {
        Some(backoff) => settings.backoff = backoff,
        None => section.complain(
            read,
            "retry_base_delay must not be longer than retry_max_delay".into(),
        ),
    }
}

fn stream_deadline(section: &mut Reader<'_>, settings: &mut Settings) {
    match section.duration("stream_deadline") {
        Some(read) if read.value < settings.deadline => {
            section.complain(&read, "must not be shorter than deadline".into());
        }
        Some(read) => settings.stream_deadline = read.value,
        // A longer deadline takes it along.
        None => settings.stream_deadline = settings.stream_deadline.max(settings.deadline),
    }
}

fn circuit(section: &mut Reader<'_>, circuit: &mut CircuitSettings) {
    count(section, "circuit_threshold", &mut circuit.threshold, 1);
    duration(section, "circuit_cooldown", &mut circuit.cooldown);
    duration(section, "circuit_max_cooldown", &mut circuit.max_cooldown);
    circuit.max_cooldown = circuit.max_cooldown.max(circuit.cooldown);
    if let Some(rate) = share(section, "circuit_failure_rate") {
        circuit.failure_rate = (rate > 0.0).then_some(rate);
    }
    count(
        section,
        "circuit_min_outcomes",
        &mut circuit.min_outcomes,
        1,
    );
    duration(section, "circuit_window", &mut circuit.window);
}

/// What holds for the whole process, from the section that stands at the top.
pub(crate) fn retry_budget(section: &mut Reader<'_>) -> BudgetSettings {
    let mut budget = BudgetSettings::default();
    if let Some(share) = share(section, "retry_budget") {
        budget.share = share;
    }
    if let Some(read) = section.decimal("retry_budget_per_second") {
        if read.value < 0.0 {
            section.complain(&read, "must be 0 or more".into());
        }
        budget.per_second = read.value;
    }
    budget
}

/// Refuses, in the section of a provider or a model, what holds for the whole process.
pub(crate) fn refuse_process_wide(section: &mut Reader<'_>) {
    let keys = [
        "retry_budget",
        "retry_budget_per_second",
        "default_fallbacks",
        "provider_order",
    ];
    let mend = "holds for all providers together: set it under [resilience]";
    refuse(section, &keys, mend);
}

/// Refuses, in the section of a model, what holds for all models of a provider: they share its connections.
pub(super) fn refuse_provider_wide(section: &mut Reader<'_>) {
    let mend = "holds for all models of a provider together: set it in the provider's own resilience, or under [resilience]";
    refuse(section, &["connect_timeout"], mend);
}

fn refuse(section: &mut Reader<'_>, keys: &[&'static str], mend: &str) {
    for key in keys {
        if let Some((path, origin)) = section.place(key) {
            section.add(Problem::error(&path, Some(origin), mend.into()));
        }
    }
}
