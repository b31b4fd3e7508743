//! What the panel, `/health` and the sockets are told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenkeel_engine::{CircuitState, CircuitView};
use evenkeel_protocol as wire;

use super::model::{Model, milliseconds};
use super::sum::Sum;
use super::{Attempts, Health, Turns, lock};
use crate::catalog::{Catalog, ModelEntry, ProviderEntry};
use crate::clock::Clock;
use crate::translate;

/// What a watcher knows already.
#[derive(Default)]
pub struct Viewed(Option<wire::HealthReport>);

impl Viewed {
    /// Of a report that is whole, what the watcher does not know; none where that is nothing.
    pub fn news(&mut self, report: wire::HealthReport) -> Option<wire::HealthReport> {
        let mut news = report.clone();
        let known = self.0.replace(report)?;
        if !news
            .providers
            .iter()
            .map(ids)
            .eq(known.providers.iter().map(ids))
            || !news
                .assistants
                .iter()
                .map(|assistant| &assistant.id)
                .eq(known.assistants.iter().map(|assistant| &assistant.id))
        {
            // What is gone can only be told by all that is there.
            return Some(news);
        }
        news.snapshot = false;
        for (provider, known) in news.providers.iter_mut().zip(&known.providers) {
            let mut known = known.models.iter();
            provider.models.retain(|model| known.next() != Some(model));
        }
        let mut known_providers = known.providers.iter();
        news.providers.retain(|provider| {
            let own = |provider: &wire::ProviderHealth| wire::ProviderHealth {
                models: vec![],
                ..provider.clone()
            };
            let known = known_providers.next();
            !provider.models.is_empty() || known.map(own) != Some(own(provider))
        });
        let mut known_assistants = known.assistants.iter();
        news.assistants
            .retain(|assistant| known_assistants.next() != Some(assistant));
        let head = |report: &wire::HealthReport| wire::HealthReport {
            snapshot: false,
            providers: vec![],
            assistants: vec![],
            ..report.clone()
        };
        let parts = !news.providers.is_empty() || !news.assistants.is_empty();
        (parts || head(&news) != head(&known)).then_some(news)
    }

    /// The watcher is told everything.
    pub fn whole(&mut self, report: &wire::HealthReport) {
        self.0 = Some(report.clone());
    }
}

/// Who is in a report.
fn ids(provider: &wire::ProviderHealth) -> (&wire::ProviderId, Vec<&wire::ModelId>) {
    let models = provider.models.iter().map(|model| &model.id);
    (&provider.id, models.collect())
}

impl Health {
    /// Everything as it now stands.
    /// `viewer` is who sees it: simulated outages show to those whom they strike.
    pub fn report(&self, catalog: &Catalog, viewer: &str, clock: &Clock) -> wire::HealthReport {
        let (turns, simulated_turns) = self.turn_figures();
        wire::HealthReport {
            assistants: self.assistants(catalog, viewer, clock),
            snapshot: true,
            status: status(catalog, viewer),
            findings: self.findings(catalog, viewer, clock),
            turns,
            simulated_turns,
            alerts: self.alerts().to_vec(),
            revision: self.revision.load(std::sync::atomic::Ordering::Relaxed),
            providers: catalog
                .providers()
                .iter()
                .map(|provider| self.provider(provider, catalog, viewer, clock))
                .collect(),
        }
    }

    fn turn_figures(&self) -> (wire::TurnFigures, Option<wire::TurnFigures>) {
        let now = milliseconds(self.clock.now());
        let mut turns = lock(&self.turns);
        turns.real.pass(now);
        turns.simulated.pass(now);
        let simulated = turns.simulated.window();
        let any = *simulated != Turns::default();
        (
            turns.real.window().figures(),
            any.then(|| simulated.figures()),
        )
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
        let circuits = provider.circuits(viewer);
        let mut recent = Attempts::default();
        let models = models.filter_map(|model| {
            let view = circuits.model_view(&model.id)?;
            Some(self.shown(model, provider, &view, clock, &mut recent))
        });
        let models = models.collect();
        wire::ProviderHealth {
            id: provider.id.as_str().into(),
            kind: provider.kind.to_owned(),
            enabled: provider.enabled,
            key_source: provider.key_source.map(str::to_owned),
            circuit: translate::circuit(&circuits.view(), clock),
            recent: recent.figures(),
            models,
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
        let view = provider.circuits(viewer).model_view(&model.id)?;
        Some(self.shown(model, provider, &view, clock, &mut Attempts::default()))
    }

    /// A model; its real attempts are added to `sum`.
    fn shown(
        &self,
        entry: &ModelEntry,
        provider: &ProviderEntry,
        view: &CircuitView,
        clock: &Clock,
        sum: &mut Attempts,
    ) -> wire::ModelHealth {
        let known = self.known(&entry.id);
        let idle = Mutex::default();
        let mut model = lock(known.as_deref().unwrap_or(&idle));
        model.pass(self.clock.now());
        let real = model.real.track.window();
        sum.add(real);
        let simulated = model.simulated.as_ref().map(|side| side.track.window());
        let simulated = simulated.filter(|cell| **cell != Attempts::default());
        let (last_failure, last_failure_at) = model.last_failure.clone().unzip();
        wire::ModelHealth {
            id: entry.id.as_str().into(),
            circuit: translate::circuit(view, clock),
            attempts: model.attempts,
            failures: model.failures,
            in_flight: model.in_flight,
            last_failure,
            last_failure_at,
            last_success_at: model.last_success_at,
            listed: entry.listed,
            near_names: entry.near.clone(),
            recent: real.figures(),
            simulated: simulated.map(Attempts::figures),
            headroom: provider
                .headroom(&entry.id)
                .map(|it| translate::headroom(&it, clock)),
            latest: model.latest(),
        }
    }

    /// How the last 15 minutes went, by 5 seconds.
    ///
    /// `wanted` says whose: everybody's, where it is empty.
    pub fn steps(&self, catalog: &Catalog, wanted: &[String]) -> wire::Series {
        self.series(catalog, wanted, 5, Model::steps)
    }

    /// How the last day went, by minutes.
    pub fn minutes(&self, catalog: &Catalog, wanted: &[String]) -> wire::Series {
        self.series(catalog, wanted, 60, Model::minutes)
    }

    fn series(
        &self,
        catalog: &Catalog,
        wanted: &[String],
        step_s: u32,
        buckets: impl Fn(&Model) -> Vec<wire::Bucket>,
    ) -> wire::Series {
        let now = self.clock.now();
        let of = |model: &Arc<Mutex<Model>>| {
            let mut model = lock(model);
            model.pass(now);
            buckets(&model)
        };
        let is_wanted = |id: &evenkeel_engine::ModelId| {
            wanted.is_empty() || wanted.iter().any(|one| one == id.as_str())
        };
        let all = catalog.models().iter();
        let models = all
            .filter(|entry| is_wanted(&entry.id))
            .map(|entry| wire::ModelSeries {
                model: entry.id.as_str().into(),
                buckets: self.known(&entry.id).map_or_else(Vec::new, |it| of(&it)),
            });
        wire::Series {
            step_s,
            models: models.collect(),
        }
    }

    /// The real turns that ended in the last so long, which may be a day.
    pub fn turns_over(&self, span: Duration) -> TurnSums {
        let now = milliseconds(self.clock.now());
        let mut turns = lock(&self.turns);
        turns.real.pass(now);
        let sum = turns.real.over(span.as_millis() as u64, now);
        TurnSums {
            figures: sum.figures(),
            failed: sum.failed,
        }
    }

    /// US dollars that the real attempts of the last so long have cost.
    pub fn cost_over(&self, span: Duration) -> f64 {
        self.attempts_over(span).figures().cost
    }

    /// What came of the real attempts of the last so long, of all models together.
    fn attempts_over(&self, span: Duration) -> Attempts {
        let now = self.clock.now();
        let mut sum = Attempts::default();
        for (_, model) in self.all() {
            let mut model = lock(&model);
            model.pass(now);
            let track = &model.real.track;
            sum.add(&track.over(span.as_millis() as u64, milliseconds(now)));
        }
        sum
    }
}

/// What came of the turns of a span of time, with those that the panel does not count.
pub struct TurnSums {
    /// As the panel has them.
    pub figures: wire::TurnFigures,
    /// Those that ended without an answer, and not because all models failed.
    pub failed: u64,
}

/// The sum: down where no model would be let through, degraded where some circuit is not closed.
fn status(catalog: &Catalog, viewer: &str) -> wire::Status {
    let mut any_usable = false;
    let mut all_closed = true;
    for provider in catalog.providers() {
        let circuits = provider.circuits(viewer);
        let closed = |view: CircuitView| view.state == CircuitState::Closed;
        let own = catalog
            .models()
            .iter()
            .filter(|model| model.provider == provider.id);
        for model in own {
            any_usable |= circuits.admits(&model.id);
            all_closed &=
                closed(circuits.view()) && circuits.model_view(&model.id).is_none_or(closed);
        }
    }
    match (any_usable, all_closed) {
        (false, _) => wire::Status::Down,
        (true, true) => wire::Status::Ok,
        (true, false) => wire::Status::Degraded,
    }
}
