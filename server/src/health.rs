//! How providers and models stand: one source for the panel, `/health` and the sockets that watch.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use evenkeel_engine::{AttemptRecord, AttemptState, ModelId};
use evenkeel_protocol as wire;
use tokio::sync::watch;

use crate::catalog::{Catalog, ModelEntry, ProviderEntry};
use crate::clock::Clock;
use crate::translate;

/// Counts per model since the start, and a signal for those who watch.
pub struct Health {
    models: Mutex<HashMap<ModelId, Counts>>,
    changed: watch::Sender<()>,
}

#[derive(Clone, Default)]
struct Counts {
    attempts: u64,
    failures: u64,
    in_flight: u64,
    last_failure: Option<(wire::ModelFailure, wire::Timestamp)>,
    last_success_at: Option<wire::Timestamp>,
}

impl Health {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self {
            models: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Says that something has changed that is not an attempt: a circuit.
    pub fn touch(&self) {
        self.changed.send_replace(());
    }

    /// Told of every change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Counts an attempt's change of state.
    pub fn attempt(&self, record: &AttemptRecord, clock: &Clock) {
        {
            let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = models.entry(record.model.clone()).or_default();
            match record.state {
                AttemptState::Started => {
                    counts.attempts += 1;
                    counts.in_flight += 1;
                }
                AttemptState::Answering | AttemptState::Skipped => {}
                AttemptState::Answered => {
                    counts.in_flight = counts.in_flight.saturating_sub(1);
                    counts.last_success_at = Some(clock.now());
                }
                AttemptState::Failed => {
                    counts.in_flight = counts.in_flight.saturating_sub(1);
                    counts.failures += 1;
                    counts.last_failure = record.reason.map(|reason| {
                        let failure = wire::ModelFailure {
                            model_name: record.model.as_str().into(),
                            status_code: record.status_code,
                            reason: translate::reason(reason),
                            detail: record.detail.clone(),
                        };
                        (failure, clock.now())
                    });
                }
                AttemptState::Cancelled => counts.in_flight = counts.in_flight.saturating_sub(1),
            }
        }
        self.touch();
    }

    /// Everything as it now stands.
    /// `viewer` is who sees it: simulated outages show to those whom they strike.
    pub fn report(&self, catalog: &Catalog, viewer: &str, clock: &Clock) -> wire::HealthReport {
        let providers = catalog.providers().iter();
        wire::HealthReport {
            snapshot: true,
            status: status(catalog, viewer),
            findings: vec![],
            turns: wire::TurnFigures::default(),
            simulated_turns: None,
            alerts: vec![],
            revision: 0,
            providers: providers
                .map(|provider| self.provider(provider, catalog, viewer, clock))
                .collect(),
        }
    }

    /// One provider.
    pub fn provider(
        &self,
        provider: &ProviderEntry,
        catalog: &Catalog,
        viewer: &str,
        clock: &Clock,
    ) -> wire::ProviderHealth {
        let models = catalog
            .models()
            .iter()
            .filter(|model| model.provider == provider.id);
        wire::ProviderHealth {
            id: provider.id.as_str().into(),
            kind: provider.kind.to_owned(),
            enabled: provider.enabled,
            key_source: provider.key_source.map(str::to_owned),
            recent: wire::Figures::default(),
            circuit: translate::circuit(&provider.circuits(viewer).view(), clock),
            models: models
                .filter_map(|model| self.model(model, catalog, viewer, clock))
                .collect(),
        }
    }

    /// One model.
    pub fn model(
        &self,
        model: &ModelEntry,
        catalog: &Catalog,
        viewer: &str,
        clock: &Clock,
    ) -> Option<wire::ModelHealth> {
        let provider = catalog.provider(model.provider.as_str())?;
        let counts = {
            let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
            models.get(&model.id).cloned().unwrap_or_default()
        };
        let (last_failure, last_failure_at) = counts.last_failure.unzip();
        Some(wire::ModelHealth {
            id: model.id.as_str().into(),
            circuit: translate::circuit(&provider.circuits(viewer).model_view(&model.id)?, clock),
            attempts: counts.attempts,
            failures: counts.failures,
            in_flight: counts.in_flight,
            last_failure,
            last_failure_at,
            last_success_at: counts.last_success_at,
            listed: model.listed,
            near_names: model.near.clone(),
            recent: wire::Figures::default(),
            simulated: None,
            headroom: None,
            latest: None,
        })
    }
}

/// The sum: down where no model would be let through, degraded where some circuit is not closed.
fn status(catalog: &Catalog, viewer: &str) -> wire::Status {
    let mut any_usable = false;
    let mut all_closed = true;
    for model in catalog.models() {
        let Some(provider) = catalog.provider(model.provider.as_str()) else {
            continue;
        };
        let circuits = provider.circuits(viewer);
        any_usable |= circuits.admits(&model.id);
        let closed = |view: evenkeel_engine::CircuitView| {
            view.state == evenkeel_engine::CircuitState::Closed
        };
        all_closed &= closed(circuits.view()) && circuits.model_view(&model.id).is_none_or(closed);
    }
    match (any_usable, all_closed) {
        (false, _) => wire::Status::Down,
        (true, true) => wire::Status::Ok,
        (true, false) => wire::Status::Degraded,
    }
}
