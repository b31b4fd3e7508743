//! The keys of `[resilience]`, the same for all, for a provider and for a model; the nearest wins.

use evenkeel_engine::{Backoff, OnContentFilter, Settings};

use super::reader::Reader;

/// The settings of a section, with what it does not say taken from further away.
pub(super) fn settings(section: &mut Reader<'_>, outer: &Settings) -> Settings {
    let mut settings = outer.clone();
    let mut duration = |key, field: &mut std::time::Duration| {
        if let Some(read) = section.duration(key) {
            if read.value.is_zero() {
                section.complain(&read, "must be longer than nothing".into());
            }
            *field = read.value;
        }
    };
    duration("connect_timeout", &mut settings.connect_timeout);
    duration("first_token_timeout", &mut settings.first_token_timeout);
    duration("idle_timeout", &mut settings.idle_timeout);
    duration("timeout", &mut settings.timeout);
    duration("deadline", &mut settings.deadline);
    duration("max_retry_after", &mut settings.max_retry_after);
    duration("circuit_cooldown", &mut settings.circuit.cooldown);
    duration("circuit_max_cooldown", &mut settings.circuit.max_cooldown);
    settings.circuit.max_cooldown = settings.circuit.max_cooldown.max(settings.circuit.cooldown);
    settings.stream_deadline = settings.stream_deadline.max(settings.deadline);

    let mut count = |key, field: &mut u32, least: u32| {
        if let Some(read) = section.number(key) {
            match u32::try_from(read.value)
                .ok()
                .filter(|number| *number >= least)
            {
                Some(number) => *field = number,
                None => section.complain(&read, format!("must be {least} or more")),
            }
        }
    };
    count("max_retries", &mut settings.max_retries, 0);
    count(
        "retries_before_fallback",
        &mut settings.retries_before_fallback,
        0,
    );
    count("max_attempts", &mut settings.max_attempts, 1);
    count("circuit_threshold", &mut settings.circuit.threshold, 1);

    let base = section.duration("retry_base_delay");
    let max = section.duration("retry_max_delay");
    if base.is_some() || max.is_some() {
        let longest = max
            .as_ref()
            .map_or(settings.backoff.longest(), |read| read.value);
        let shortest = base
            .as_ref()
            .map_or(settings.backoff.base(), |read| read.value);
        match Backoff::new(shortest, longest) {
            Some(backoff) => settings.backoff = backoff,
            None => {
                if let Some(read) = base.as_ref().or(max.as_ref()) {
                    section.complain(
                        read,
                        "retry_base_delay must not be longer than retry_max_delay".into(),
                    );
                }
            }
        }
    }
    let words = [
        ("end", OnContentFilter::End),
        ("fallback", OnContentFilter::Fallback),
    ];
    if let Some(word) = section.word("on_content_filter", &words) {
        settings.on_content_filter = word;
    }
    section.later(&[
        "retry_budget",
        "circuit_failure_rate",
        "circuit_min_outcomes",
        "circuit_window",
        "hedge_after",
    ]);
    settings
}
