//! Health, alerts, and what administrators see beside them.

use super::{Json, Object, Read, Take, Wrong};
use crate::{
    Alert, AlertState, AnsweredBy, AssistantHealth, AttemptPage, AuditEntry, AuditPage, Bucket,
    Candidate, ChainEffect, DryRun, DryRunOutcome, DryRunRequest, Effect, Figures, Finding,
    Headroom, HealthReport, LoggedAttempt, ModelHealth, ModelSeries, ModelStatistics, Percentiles,
    ProviderHealth, ReasonCount, Series, Setting, SettingChange, SettingKind, SettingValue,
    Settings, SettingsChange, Severity, Statistics, Status, TestPlan, TestResult, TurnFigures,
};

names! {
    AlertState { "pending" => Pending, "firing" => Firing, "resolved" => Resolved }
    SettingKind {
        "duration" => Duration, "count" => Count, "share" => Share, "decimal" => Decimal, "switch" => Switch,
        "word" => Word, "models" => Models, "providers" => Providers, "text" => Text,
    }
    Severity { "critical" => Critical, "warning" => Warning }
    Status { "ok" => Ok, "degraded" => Degraded, "down" => Down }
}

structs! {
    AssistantHealth {
        id, name, status, model, candidate, use_candidate, use_fallback, chain, turns, candidate_turns,
    }
    AnsweredBy { model, count }
    DryRun { from, to, happened, replayed, changed, unknown }
    DryRunOutcome { turns, cost, attempts, answered_by }
    DryRunRequest { changes; from, to }
    Alert { rule, severity, state, summary, value, limit, since }
    AttemptPage { attempts, next }
    AuditEntry { id, at, by, action, scope, key, before, after, revision, revertible }
    AuditPage { entries, next }
    Candidate { model, percent }
    Bucket { start, answered, failed, simulated, first_token_ms, total_ms }
    ChainEffect { model, before, after }
    Effect { revision, running_turns, chains, warnings }
    Figures {
        answered, failed, cancelled, skipped, reasons, first_token, total, tokens_per_second, input_tokens,
        output_tokens, cost,
    }
    Finding { provider, model, circuit, status_code, saved, saved_by }
    Headroom { requests_left, requests_limit, tokens_left, tokens_limit, resets_at, seen_at }
    HealthReport {
        snapshot, status, findings, turns, simulated_turns, alerts, revision, providers; assistants
    }
    ModelHealth {
        id, circuit, attempts, failures, in_flight, last_failure, last_failure_at, last_success_at,
        listed, near_names, recent, simulated, headroom, latest,
    }
    ModelSeries { model, buckets }
    ModelStatistics { model, provider, asked_first, stepped_in, figures, failing_in_a_row }
    Percentiles { p50_ms, p95_ms, p99_ms }
    ProviderHealth { id, kind, enabled, key_source, circuit, recent, models }
    ReasonCount { reason, count }
    Series { step_s, models }
    Setting { key, label, help, kind, value, file, live, options }
    SettingChange { scope, key, value }
    Settings { revision, scope, settings }
    SettingsChange { revision, changes; preview }
    Statistics { from, to, requests, answered, fallbacks, exhausted, models }
    TestPlan { prompt, usage, cost }
    TestResult { attempt, text }
    TurnFigures { turns, answered, fallbacks, exhausted, total }
}

deserialize! { LoggedAttempt SettingValue }

impl Take for LoggedAttempt {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            attempt: Take::take(object)?,
            id: object.field("id")?,
            user: object.field("user")?,
            assistant: object.field("assistant")?,
            request_id: object.field("request_id")?,
            message_id: object.field("message_id")?,
            conversation_id: object.field("conversation_id")?,
        })
    }
}

impl Read for SettingValue {
    fn read(json: Json) -> Result<Self, Wrong> {
        Ok(match json {
            Json::Bool(on) => Self::Switch(on),
            Json::Text(text) => Self::Text(text),
            Json::List(_) => Self::List(Read::read(json)?),
            Json::Null | Json::Whole(_) | Json::Number(_) | Json::Object(_) => {
                Self::Number(Read::read(json)?)
            }
        })
    }
}
