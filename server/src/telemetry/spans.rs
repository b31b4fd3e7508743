//! The spans of a turn and of its attempts. Each carries the request's id; the attempts' are named and filled as
//! OpenTelemetry's conventions for generative AI ask. A provider is told nothing of them: whose trace a question belongs
//! to is none of its business.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use evenkeel_engine::{AttemptRecord, AttemptState};
use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::meters;
use crate::catalog::Catalog;
use crate::recorder::Whose;
use crate::translate;

/// Spans that stand in the logs, too.
pub(super) const SHOWN: &str = "evenkeel::trace";

/// The attempts' spans, which are only exported.
pub(super) const ATTEMPT: &str = "evenkeel::trace::attempt";

/// Spans of other crates are nobody's business.
pub(super) fn is_ours(target: &str) -> bool {
    target == SHOWN || target == ATTEMPT
}

/// The spans of one turn; it ends when this is dropped.
pub struct TurnSpans {
    turn: Span,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: HashMap<u32, Span>,
    /// Requests that were sent.
    sent: i64,
    /// The model that has answered, under its provider's name for it.
    answered_by: Option<String>,
    /// Why the last attempt failed.
    failed: Option<&'static str>,
    simulated: bool,
}

impl TurnSpans {
    /// A turn that begins within the present span.
    pub fn begin(whose: &Whose) -> Self {
        let (request_id, principal) = (&*whose.request_id, &*whose.principal);
        let turn = tracing::info_span!(target: SHOWN, "turn", request_id, principal);
        if let Some(assistant) = &whose.assistant {
            turn.set_attribute("evenkeel.assistant", assistant.to_string());
        }
        Self {
            turn,
            state: Mutex::default(),
        }
    }

    /// Does something within the turn's span.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        self.turn.in_scope(work)
    }

    /// An attempt has begun or changed.
    pub fn attempt(&self, record: &AttemptRecord, whose: &Whose, catalog: &Catalog) {
        let mut state = self.lock();
        state.simulated |= record.simulated;
        match record.state {
            AttemptState::Started => {
                state.sent += 1;
                let span = self.open(record, whose, catalog);
                if !span.is_disabled() {
                    state.running.insert(record.index, span);
                }
            }
            AttemptState::Answering => {}
            AttemptState::Skipped => {
                let reason = record.reason.map_or("", |reason| reason.as_str());
                state.failed = Some(reason);
                let of = vec![
                    KeyValue::new("evenkeel.model", record.model.as_str().to_owned()),
                    KeyValue::new("error.type", reason),
                ];
                self.turn.add_event("attempt skipped", of);
            }
            AttemptState::Answered | AttemptState::Failed | AttemptState::Cancelled => {
                state.failed = record.reason.map(|reason| reason.as_str());
                if record.state == AttemptState::Answered {
                    state.answered_by = Some(model_name(record, catalog));
                }
                if let Some(span) = state.running.remove(&record.index) {
                    close(&span, record, catalog);
                }
                meters::ended(record, || names(record, catalog));
            }
        }
    }

    fn open(&self, record: &AttemptRecord, whose: &Whose, catalog: &Catalog) -> Span {
        let (request_id, parent) = (&*whose.request_id, &self.turn);
        let name = format!("chat {}", model_name(record, catalog));
        let span = tracing::info_span!(
            target: ATTEMPT,
            parent: parent,
            "attempt",
            otel.name = name.as_str(),
            otel.kind = "client",
            request_id,
        );
        if span.is_disabled() {
            return span;
        }
        for name in names(record, catalog) {
            span.set_attribute(name.key, name.value);
        }
        let kind = translate::kind(record.kind).as_str();
        if let Some(assistant) = &whose.assistant {
            span.set_attribute("evenkeel.assistant", assistant.to_string());
        }
        span.set_attribute("evenkeel.attempt.index", i64::from(record.index));
        span.set_attribute("evenkeel.attempt.kind", kind);
        span.set_attribute("evenkeel.model", record.model.as_str().to_owned());
        span.set_attribute("evenkeel.provider", record.provider.as_str().to_owned());
        span
    }

    /// A panic elsewhere leaves what is in it whole enough: a span may be missing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TurnSpans {
    fn drop(&mut self) {
        if self.turn.is_disabled() {
            return;
        }
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let turn = &self.turn;
        turn.set_attribute("evenkeel.attempts", state.sent);
        turn.set_attribute("evenkeel.simulated", state.simulated);
        match (state.answered_by.take(), state.failed) {
            (Some(model), _) => turn.set_attribute("gen_ai.response.model", model),
            (None, Some(reason)) => {
                turn.set_attribute("error.type", reason);
                turn.set_status(Status::error("no model could answer"));
            }
            // It was stopped.
            (None, None) => {}
        }
    }
}

/// What the conventions ask of each span and each measure.
fn names(record: &AttemptRecord, catalog: &Catalog) -> Vec<KeyValue> {
    let id = record.provider.as_str();
    let kind = catalog.provider(id).map_or("", |provider| provider.kind);
    let mut names = vec![
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", provider_name(id, kind).to_owned()),
        KeyValue::new("gen_ai.request.model", model_name(record, catalog)),
    ];
    if record.simulated {
        names.push(KeyValue::new("evenkeel.simulated", true));
    }
    names
}

fn model_name(record: &AttemptRecord, catalog: &Catalog) -> String {
    let id = record.model.as_str();
    let known = catalog.model(id);
    known.map_or_else(|| id.to_owned(), |model| model.name.clone())
}

/// The conventions' own word, where they have one: by the provider's id, else by the form it is spoken to in.
fn provider_name<'n>(id: &'n str, kind: &'n str) -> &'n str {
    match (id, kind) {
        ("openai" | "anthropic" | "deepseek" | "groq" | "perplexity" | "cohere", _) => id,
        ("mistral", _) => "mistral_ai",
        ("xai", _) => "x_ai",
        ("azure", _) => "azure.ai.openai",
        (_, "gemini") => "gcp.gemini",
        (_, "") => id,
        (_, kind) => kind,
    }
}

fn close(span: &Span, record: &AttemptRecord, catalog: &Catalog) {
    if let Some(status) = record.status_code {
        span.set_attribute("http.response.status_code", i64::from(status));
    }
    if let Some(first) = record.first_token {
        let seconds = first.as_secs_f64();
        span.set_attribute("evenkeel.time_to_first_token_s", seconds);
    }
    if let Some(usage) = record.usage {
        let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        span.set_attribute("gen_ai.usage.input_tokens", count(usage.input_tokens));
        span.set_attribute("gen_ai.usage.output_tokens", count(usage.output_tokens));
    }
    if record.simulated {
        span.set_attribute("evenkeel.simulated", true);
    }
    match record.state {
        AttemptState::Answered => {
            span.set_attribute("gen_ai.response.model", model_name(record, catalog));
        }
        AttemptState::Failed => {
            let reason = record.reason.map_or("unknown", |reason| reason.as_str());
            span.set_attribute("error.type", reason);
            span.set_status(Status::error(reason));
        }
        AttemptState::Cancelled => span.set_attribute("evenkeel.attempt.cancelled", true),
        AttemptState::Started | AttemptState::Answering | AttemptState::Skipped => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conventions_names_of_providers() {
        for (id, kind, expected) in [
            ("openai", "openai", "openai"),
            ("mistral", "openai", "mistral_ai"),
            ("my-gemini", "gemini", "gcp.gemini"),
            ("corner-shop", "openai", "openai"),
            ("home", "ollama", "ollama"),
            ("gone", "", "gone"),
        ] {
            assert_eq!(provider_name(id, kind), expected, "{id}");
        }
    }
}
