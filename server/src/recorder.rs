//! Watches a turn's attempts: for the log, the metrics and the health model, and for whoever shows them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_engine::{AttemptKind, AttemptRecord, AttemptState, ModelId, Observer, Reason};
use evenkeel_protocol::Attempt;
use tokio::time::Instant;

use crate::catalog::Catalog;
use crate::shared::Shared;
use crate::telemetry::TurnSpans;
use crate::translate;

/// Whose turn it is, for the log.
#[derive(Clone, Debug)]
pub struct Whose {
    /// The principal's id.
    pub principal: Arc<str>,
    /// The request's id, the client's or the server's.
    pub request_id: Arc<str>,
    /// The assistant that is asked for.
    pub assistant: Option<Arc<str>>,
}

/// An observer of one turn.
pub struct Recorder<S: Fn(Attempt) + Send + Sync> {
    shared: Arc<Shared>,
    whose: Whose,
    started: Instant,
    path: Mutex<Path>,
    spans: TurnSpans,
    show: S,
}

/// The turn's way along its chain.
#[derive(Default)]
struct Path {
    /// The first leg, and why it did not answer.
    first: Option<(ModelId, Reason)>,
    /// The last leg that was asked, else the first that was spared, and why it did not answer.
    last: Option<(ModelId, Reason)>,
    fell_back: bool,
    /// A fault of the debug pane had its hand in what failed until now.
    simulated: bool,
}

impl<S: Fn(Attempt) + Send + Sync> Recorder<S> {
    /// Watches a turn that begins now; `show` gets every change of every attempt.
    pub fn new(shared: Arc<Shared>, whose: Whose, show: S) -> Self {
        Self {
            shared,
            spans: TurnSpans::begin(&whose),
            whose,
            started: Instant::now(),
            path: Mutex::default(),
            show,
        }
    }

    /// Logs and counts the step from the last model to this one.
    fn fallback(&self, record: &AttemptRecord) {
        let mut path = self.lock();
        let Some((from, reason)) = path.last.clone() else {
            return;
        };
        let Some((primary, why)) = path.first.clone() else {
            return;
        };
        if from == record.model {
            // The same model once more, as a last resort, is no step.
            return;
        }
        let (to, reason, request_id) = (
            record.model.as_str(),
            reason.as_str(),
            &*self.whose.request_id,
        );
        if !std::mem::replace(&mut path.fell_back, true) {
            let (primary_model, reason) = (primary.as_str(), why.as_str());
            tracing::warn!(
                primary_model,
                reason,
                request_id,
                "primary_model_failed_trying_fallbacks"
            );
        }
        let traffic = self.shared.metrics.of(path.simulated);
        traffic
            .fallbacks
            .with_label_values(&[from.as_str(), to, reason])
            .inc();
        let from = from.as_str();
        tracing::warn!(
            request_id,
            fallback_model = to,
            from,
            reason,
            "trying_fallback_model"
        );
    }

    fn ended(&self, record: &AttemptRecord, cost: Option<f64>) {
        let (provider, model) = (record.provider.as_str(), record.model.as_str());
        let (kind, status) = (
            translate::kind(record.kind).as_str(),
            translate::attempt_state(record.state).as_str(),
        );
        let reason = record.reason.map_or("", Reason::as_str);
        let metrics = self.shared.metrics.of(record.simulated);
        metrics
            .attempts
            .with_label_values(&[provider, model, kind, status, reason])
            .inc();
        if record.reason == Some(Reason::ModelNotFound) && record.state == AttemptState::Failed {
            metrics.model_not_found.with_label_values(&[model]).inc();
            if !record.simulated {
                self.shared.discovery.model_not_found(&record.provider);
            }
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
        if let Some(usage) = record.usage {
            let tokens = |direction| metrics.tokens.with_label_values(&[model, direction]);
            tokens("input").inc_by(usage.input_tokens);
            tokens("output").inc_by(usage.output_tokens);
        }
        if let Some(cost) = cost {
            metrics.cost.with_label_values(&[model]).inc_by(cost);
        }
        let latency_ms = record
            .duration
            .map_or(0, |duration| duration.as_millis() as u64);
        let (user, request_id) = (&*self.whose.principal, &*self.whose.request_id);
        let assistant = self.whose.assistant.as_deref();
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
                assistant,
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
                assistant,
                request_id,
                simulated,
                "llm_attempt"
            );
        }
        if let (Some(reason), None) = (record.reason, record.retry_in) {
            let failed = (record.model.clone(), reason);
            let mut path = self.lock();
            path.simulated |= record.simulated;
            path.first.get_or_insert_with(|| failed.clone());
            // A leg that was spared is no step: the next one steps in for the last that was asked.
            if record.state == AttemptState::Failed || path.last.is_none() {
                path.last = Some(failed);
            }
        }
    }

    fn fell_back(&self) -> bool {
        self.lock().fell_back
    }

    /// A panic elsewhere leaves the path whole: each change is one assignment.
    fn lock(&self) -> MutexGuard<'_, Path> {
        self.path.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Fn(Attempt) + Send + Sync> Observer for Recorder<S> {
    fn attempt(&self, record: &AttemptRecord) {
        let catalog = self.shared.catalog();
        self.spans.attempt(record, &self.whose, &catalog);
        self.spans.within(|| self.changed(record, &catalog));
    }
}

impl<S: Fn(Attempt) + Send + Sync> Recorder<S> {
    fn changed(&self, record: &AttemptRecord, catalog: &Catalog) {
        let mut shown = translate::attempt(record, &self.shared.clock);
        shown.cost = record.usage.and_then(|usage| {
            catalog
                .model(record.model.as_str())?
                .price(usage.input_tokens, usage.output_tokens)
        });
        match record.state {
            AttemptState::Started if record.kind != AttemptKind::Retry => self.fallback(record),
            AttemptState::Started => {}
            // Held back: it may be refused yet.
            AttemptState::Answering if record.detail.is_some() => {}
            AttemptState::Answering if self.fell_back() => {
                let lost = record.started.saturating_duration_since(self.started);
                let simulated = self.lock().simulated;
                let overhead = &self.shared.metrics.of(simulated).fallback_overhead;
                overhead
                    .with_label_values(&[] as &[&str])
                    .observe(lost.as_secs_f64());
                let (fallback_model, request_id) = (record.model.as_str(), &*self.whose.request_id);
                tracing::info!(fallback_model, request_id, "fallback_model_succeeded");
            }
            AttemptState::Answering => {}
            AttemptState::Answered
            | AttemptState::Failed
            | AttemptState::Skipped
            | AttemptState::Cancelled => self.ended(record, shown.cost),
        }
        self.shared.health.attempt(&shown);
        (self.show)(shown);
    }
}
