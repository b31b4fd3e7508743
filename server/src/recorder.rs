//! Watches a turn's attempts: for the log, the metrics and the health model, and for whoever shows them.

use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_engine::{AttemptKind, AttemptRecord, AttemptState, ModelId, Observer, Reason};
use evenkeel_protocol::Attempt;
use tokio::time::Instant;

use crate::shared::Shared;
use crate::translate;

/// Whose turn it is, for the log.
#[derive(Clone, Debug)]
pub struct Whose {
    /// The principal's id.
    pub principal: Arc<str>,
    /// The request's id, the client's or the server's.
    pub request_id: Arc<str>,
}

/// An observer of one turn.
pub struct Recorder<S: Fn(Attempt) + Send + Sync> {
    shared: Arc<Shared>,
    whose: Whose,
    started: Instant,
    /// The leg before the current one, and why it did not answer.
    last: Mutex<Option<(ModelId, Reason)>>,
    show: S,
}

impl<S: Fn(Attempt) + Send + Sync> Recorder<S> {
    /// Watches a turn that begins now; `show` gets every change of every attempt.
    pub fn new(shared: Arc<Shared>, whose: Whose, show: S) -> Self {
        Self {
            shared,
            whose,
            started: Instant::now(),
            last: Mutex::new(None),
            show,
        }
    }

    /// Logs and counts the step from the last model to this one.
    fn fallback(&self, record: &AttemptRecord) {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some((from, reason)) = last.filter(|(from, _)| *from != record.model) else {
            return;
        };
        let (to, request_id) = (record.model.as_str(), &*self.whose.request_id);
        if record.index == 0 {
            return;
        }
        let labels = [from.as_str(), to, reason.as_str()];
        self.shared
            .metrics
            .fallbacks
            .with_label_values(&labels)
            .inc();
        tracing::warn!(
            request_id,
            fallback_model = to,
            from = from.as_str(),
            reason = reason.as_str(),
            "trying_fallback_model"
        );
    }

    fn ended(&self, record: &AttemptRecord) {
        let (provider, model) = (record.provider.as_str(), record.model.as_str());
        let (kind, status) = (
            translate::kind(record.kind).as_str(),
            translate::attempt_state(record.state).as_str(),
        );
        let reason = record.reason.map_or("", Reason::as_str);
        let metrics = &self.shared.metrics;
        metrics
            .attempts
            .with_label_values(&[provider, model, kind, status, reason])
            .inc();
        if record.reason == Some(Reason::ModelNotFound) && record.state == AttemptState::Failed {
            metrics.model_not_found.with_label_values(&[model]).inc();
        }
        if record.state != AttemptState::Skipped {
            if let Some(duration) = record.duration {
                let seconds = duration.as_secs_f64();
                metrics
                    .attempt_duration
                    .with_label_values(&[provider, model])
                    .observe(seconds);
            }
            if let Some(first) = record.first_token {
                metrics
                    .first_token
                    .with_label_values(&[model])
                    .observe(first.as_secs_f64());
            }
        }
        let latency_ms = record
            .duration
            .map_or(0, |duration| duration.as_millis() as u64);
        let (user, request_id) = (&*self.whose.principal, &*self.whose.request_id);
        let (code, detail, simulated) = (
            record.status_code,
            record.detail.as_deref(),
            record.simulated,
        );
        if record.state == AttemptState::Failed {
            tracing::warn!(
                provider,
                model,
                kind,
                status,
                reason,
                code,
                detail,
                latency_ms,
                user,
                request_id,
                simulated,
                "llm_attempt"
            );
        } else {
            tracing::info!(
                provider,
                model,
                kind,
                status,
                reason,
                latency_ms,
                user,
                request_id,
                simulated,
                "llm_attempt"
            );
        }
        if let Some(reason) = record.reason {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_none() && record.retry_in.is_none() {
                tracing::warn!(
                    primary_model = model,
                    reason = reason.as_str(),
                    request_id,
                    "primary_model_failed_trying_fallbacks"
                );
            }
            if record.retry_in.is_none() {
                *last = Some((record.model.clone(), reason));
            }
        }
    }
}

impl<S: Fn(Attempt) + Send + Sync> Observer for Recorder<S> {
    fn attempt(&self, record: &AttemptRecord) {
        match record.state {
            AttemptState::Started if record.kind != AttemptKind::Retry => self.fallback(record),
            AttemptState::Started => {}
            AttemptState::Answering => {
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.is_some() {
                    let lost = record.started.saturating_duration_since(self.started);
                    let overhead = &self.shared.metrics.fallback_overhead;
                    overhead
                        .with_label_values(&[] as &[&str])
                        .observe(lost.as_secs_f64());
                    tracing::info!(
                        fallback_model = record.model.as_str(),
                        request_id = &*self.whose.request_id,
                        "fallback_model_succeeded"
                    );
                }
            }
            AttemptState::Answered
            | AttemptState::Failed
            | AttemptState::Skipped
            | AttemptState::Cancelled => self.ended(record),
        }
        self.shared.health.attempt(record, &self.shared.clock);
        (self.show)(translate::attempt(record, &self.shared.clock));
    }
}
