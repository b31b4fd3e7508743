//! What a change would touch, and what others have changed meanwhile, in words.

use evenkeel_protocol::{AuditEntry, ChainEffect, Effect, ModelId};
use leptos::prelude::*;

use crate::components::LocalTime;
use crate::wording;

/// So many chains are told one by one.
const TOLD: usize = 8;

/// What a change would touch.
pub(super) fn shown(effect: &Effect) -> AnyView {
    let running = match effect.running_turns {
        0 => "No turn is running.".to_owned(),
        1 => "1 turn is running; it keeps what it began with.".to_owned(),
        turns => format!("{turns} turns are running; they keep what they began with."),
    };
    let warnings: Vec<_> = effect
        .warnings
        .iter()
        .map(|warning| view! { <li class="warning">{warning.clone()}</li> })
        .collect();
    let chains: Vec<_> = effect.chains.iter().take(TOLD).map(chain).collect();
    let more = effect.chains.len().saturating_sub(TOLD);
    let more =
        (more > 0).then(|| view! { <p class="text-muted">{format!("and {more} more chains")}</p> });
    let heading = match effect.chains.len() {
        0 => "No chain changes.".to_owned(),
        1 => "One chain changes:".to_owned(),
        count => format!("{count} chains change:"),
    };
    view! {
        <p>{running}</p>
        <p>{heading}</p>
        <ul class="chains">{chains}</ul>
        {more}
        {(!warnings.is_empty()).then(|| view! { <ul>{warnings}</ul> })}
    }
    .into_any()
}

fn chain(effect: &ChainEffect) -> AnyView {
    let said = |models: &[ModelId]| match models {
        [] => "nobody".to_owned(),
        models => models
            .iter()
            .map(ModelId::as_str)
            .collect::<Vec<_>>()
            .join(" → "),
    };
    view! {
        <li data-testid="chain-effect" data-model=effect.model.to_string()>
            <strong>{effect.model.to_string()}</strong>
            <span class="before">{said(&effect.before)}</span>
            <span><span class="sr-only">"becomes "</span>{said(&effect.after)}</span>
        </li>
    }
    .into_any()
}

/// What others have changed meanwhile.
pub(super) fn meanwhile(changes: &[AuditEntry]) -> Option<AnyView> {
    let said = changes.iter().map(|entry| {
        view! { <li>{change(entry)} " at " <LocalTime at=entry.at /></li> }
    });
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| view! { <ul data-testid="meanwhile">{said}</ul> }.into_any())
}

/// A change in a sentence: "ada changed resilience.timeout of provider openai from 45s to 60s".
pub(super) fn change(entry: &AuditEntry) -> String {
    let (by, key) = (&entry.by, &entry.key);
    let scope = wording::scope(&entry.scope);
    match entry.action.as_str() {
        "setting" => {
            let before = wording::value(entry.before.as_ref(), None);
            let after = match &entry.after {
                None => "what the file says".to_owned(),
                after => wording::value(after.as_ref(), None),
            };
            format!("{by} changed {key} of {scope} from {before} to {after}")
        }
        "key" => format!("{by} changed the key of {scope} ({key})"),
        "circuit" => format!("{by} steered the circuit of {scope}: {key}"),
        "test" => format!("{by} tested {scope}"),
        action => format!("{by}: {action} {key} of {scope}"),
    }
}
