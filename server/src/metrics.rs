//! The metrics of `/metrics`. Label values come from the catalog alone, and go with the models that it no longer has,
//! so that their number is bounded; every family is there from the start. What a fault of the debug pane had its hand in
//! stands in the same families, marked with the label `simulated="true"`.

use std::collections::{HashMap, HashSet};

use evenkeel_engine::{CircuitState, Reason, RetryBudget};
use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::proto::MetricFamily;
use prometheus::{
    CounterVec, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::alerts;
use crate::catalog::Catalog;
use crate::guards::{grounding, injection, pii};

/// Every metric of the process.
pub struct Metrics {
    registry: Registry,
    real: Traffic,
    simulated: Traffic,
    /// Attempts that could not be kept.
    pub lost: IntCounter,
    /// Open sockets.
    pub sockets: IntGauge,
    /// Armed faults.
    pub faults: IntGauge,
    /// Panics that were caught.
    pub panics: IntCounter,
    /// What guards have found.
    pub guards: IntCounterVec,
    retry_budget: Gauge,
    circuits: GaugeVec,
    every_circuit_open: IntGauge,
    primary_circuit_open: IntGauge,
}

/// What there is of real traffic, and of simulated.
pub struct Traffic {
    registry: Registry,
    /// Turns, by how they ended.
    pub turns: IntCounterVec,
    /// Attempts, by how they ended.
    pub attempts: IntCounterVec,
    /// Steps from one model to another.
    pub fallbacks: IntCounterVec,
    /// Turns that another model than the one asked for answered.
    pub fallback_turns: IntCounter,
    /// From the question to the end of the answer.
    pub turn_duration: Histogram,
    /// Turns that no model could answer.
    pub exhausted: IntCounter,
    /// Attempts at models that their providers do not know.
    pub model_not_found: IntCounterVec,
    /// From an attempt's start to its end.
    pub attempt_duration: HistogramVec,
    /// From an attempt's start to its first token.
    pub first_token: HistogramVec,
    /// From a turn's start to the start of the fallback that answered.
    pub fallback_overhead: HistogramVec,
    /// Tokens.
    pub tokens: IntCounterVec,
    /// US dollars.
    pub cost: CounterVec,
    /// Changes of circuits.
    pub transitions: IntCounterVec,
}

const DURATIONS: [f64; 12] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0, 120.0, 300.0,
];

/// Makes metrics and registers each.
struct Maker(Registry);

impl Maker {
    fn registered<C: Collector + Clone + 'static>(
        &self,
        made: prometheus::Result<C>,
    ) -> prometheus::Result<C> {
        let made = made?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.registered(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.registered(IntCounter::new(name, help))
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.registered(IntGauge::new(name, help))
    }

    fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(DURATIONS.to_vec());
        self.registered(HistogramVec::new(options, labels))
    }
}

impl Traffic {
    fn new(registry: Registry) -> prometheus::Result<Self> {
        let make = Maker(registry);
        Ok(Self {
            turns: make.counters("evenkeel_turns_total", "Turns, by outcome.", &["outcome"])?,
            attempts: make.counters(
                "evenkeel_attempts_total",
                "Attempts, by outcome.",
                &["provider", "model", "kind", "outcome", "reason"],
            )?,
            fallbacks: make.counters(
                "evenkeel_fallbacks_total",
                "Fallbacks from one model to another.",
                &["from", "to", "reason"],
            )?,
            exhausted: make.counter(
                "evenkeel_fallback_exhausted_total",
                "Turns that no model could answer.",
            )?,
            fallback_turns: make.counter(
                "evenkeel_fallback_turns_total",
                "Turns that another model than the one asked for answered.",
            )?,
            turn_duration: make.registered(Histogram::with_opts(
                HistogramOpts::new(
                    "evenkeel_turn_duration_seconds",
                    "From the question to the end of the answer, of turns that were answered.",
                )
                .buckets(DURATIONS.to_vec()),
            ))?,
            model_not_found: make.counters(
                "evenkeel_model_not_found_total",
                "Attempts at unknown models.",
                &["model"],
            )?,
            attempt_duration: make.histograms(
                "evenkeel_attempt_duration_seconds",
                "Duration of attempts.",
                &["provider", "model"],
            )?,
            first_token: make.histograms(
                "evenkeel_time_to_first_token_seconds",
                "Time to the first token.",
                &["model"],
            )?,
            fallback_overhead: make.histograms(
                "evenkeel_fallback_overhead_seconds",
                "Time lost before the fallback that answered.",
                &[],
            )?,
            tokens: make.counters("evenkeel_tokens_total", "Tokens.", &["model", "direction"])?,
            cost: make.registered(CounterVec::new(
                Opts::new(
                    "evenkeel_cost_dollars_total",
                    "US dollars, by the configured prices.",
                ),
                &["model"],
            ))?,
            transitions: make.counters(
                "evenkeel_circuit_transitions_total",
                "Changes of circuits.",
                &["to"],
            )?,
            registry: make.0,
        })
    }

    /// Forgets the models that are not among these.
    fn forget(&self, known: &HashSet<&str>) {
        for counters in [
            &self.attempts,
            &self.fallbacks,
            &self.model_not_found,
            &self.tokens,
        ] {
            keep(counters, known);
        }
        keep(&self.attempt_duration, known);
        keep(&self.first_token, known);
        keep(&self.cost, known);
    }
}

impl Metrics {
    /// All of them, with the catalog's labels at zero.
    ///
    /// # Errors
    ///
    /// Where two have the same name; a fault of this program.
    pub fn new(catalog: &Catalog) -> Result<Self, prometheus::Error> {
        let make = Maker(Registry::new());
        let mark = HashMap::from([("simulated".to_owned(), "true".to_owned())]);
        let metrics = Self {
            real: Traffic::new(Registry::new())?,
            simulated: Traffic::new(Registry::new_custom(None, Some(mark))?)?,
            lost: make.counter(
                "evenkeel_attempts_lost_total",
                "Attempts that could not be kept.",
            )?,
            sockets: make.gauge(
                "evenkeel_websocket_connections",
                "Open WebSocket connections.",
            )?,
            faults: make.gauge("evenkeel_faults_active", "Armed faults.")?,
            panics: make.counter("evenkeel_panics_total", "Panics that were caught.")?,
            guards: make.counters(
                "evenkeel_guard_triggered_total",
                "What guards have found, by kind of data or rule.",
                &["guard", "kind"],
            )?,
            circuits: make.registered(GaugeVec::new(
                Opts::new(
                    "evenkeel_circuit_state",
                    "0 closed, 1 half-open, 2 open; without a model: the provider's own.",
                ),
                &["provider", "model"],
            ))?,
            every_circuit_open: make.gauge(
                "evenkeel_every_circuit_open",
                "1 where no model would be let through, simulated outages left out.",
            )?,
            primary_circuit_open: make.gauge(
                "evenkeel_primary_circuit_open",
                "1 where the model that is asked by default would not be, simulated outages left out.",
            )?,
            retry_budget: make.registered(Gauge::new(
                "evenkeel_retry_budget_remaining",
                "Retries and hedges that are left now.",
            ))?,
            registry: make.0,
        };
        metrics.touch(catalog);
        Ok(metrics)
    }

    /// What there is of real traffic, or of simulated.
    pub fn of(&self, simulated: bool) -> &Traffic {
        if simulated {
            &self.simulated
        } else {
            &self.real
        }
    }

    /// Brings the labels that are known beforehand into being.
    fn touch(&self, catalog: &Catalog) {
        let real = &self.real;
        for outcome in crate::turn::OUTCOMES {
            real.turns.with_label_values(&[outcome]);
        }
        for to in [
            CircuitState::Closed,
            CircuitState::HalfOpen,
            CircuitState::Open,
        ] {
            real.transitions.with_label_values(&[to.as_str()]);
        }
        for kind in pii::Kind::ALL {
            self.guards.with_label_values(&["pii", kind.as_str()]);
        }
        for rule in injection::Rule::ALL {
            self.guards.with_label_values(&["injection", rule.as_str()]);
        }
        self.guards
            .with_label_values(&["grounding", grounding::REFUSED]);
        real.fallback_overhead.with_label_values(&[] as &[&str]);
        for model in catalog.models() {
            let (id, provider) = (model.id.as_str(), model.provider.as_str());
            real.attempts
                .with_label_values(&[provider, id, "primary", "answered", ""]);
            real.model_not_found.with_label_values(&[id]);
            real.attempt_duration.with_label_values(&[provider, id]);
            real.first_token.with_label_values(&[id]);
            real.cost.with_label_values(&[id]);
            for direction in ["input", "output"] {
                real.tokens.with_label_values(&[id, direction]);
            }
            if let Some(next) = model.chain.get(1) {
                for reason in Reason::ALL {
                    real.fallbacks
                        .with_label_values(&[id, next.as_str(), reason.as_str()]);
                }
            }
        }
    }

    /// Forgets the models that this catalog no longer has: what providers list changes for as long as the server runs.
    pub fn forget(&self, catalog: &Catalog) {
        let known = catalog.models().iter().map(|model| model.id.as_str());
        let known: HashSet<&str> = known.collect();
        self.real.forget(&known);
        self.simulated.forget(&known);
        keep(&self.circuits, &known);
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    ///
    /// Where a metric cannot be written as text; a fault of this program.
    pub fn render(
        &self,
        catalog: &Catalog,
        budget: &RetryBudget,
        viewer: &str,
    ) -> Result<String, prometheus::Error> {
        let value = |state| match state {
            CircuitState::Closed => 0.0,
            CircuitState::HalfOpen => 1.0,
            CircuitState::Open => 2.0,
        };
        self.retry_budget.set(budget.remaining());
        let every = alerts::every_circuit_open(catalog);
        self.every_circuit_open.set(i64::from(every));
        let primary = alerts::primary_circuit_open(catalog);
        self.primary_circuit_open.set(i64::from(primary));
        for provider in catalog.providers() {
            let labels = [provider.id.as_str(), ""];
            self.circuits
                .with_label_values(&labels)
                .set(value(provider.circuits(viewer).view().state));
        }
        for model in catalog.models() {
            let circuits = catalog
                .provider(model.provider.as_str())
                .map(|entry| entry.circuits(viewer));
            if let Some(view) = circuits.and_then(|circuits| circuits.model_view(&model.id)) {
                let labels = [model.provider.as_str(), model.id.as_str()];
                self.circuits
                    .with_label_values(&labels)
                    .set(value(view.state));
            }
        }
        let mut text = vec![];
        TextEncoder::new().encode(&self.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Every family once, in order: what is simulated stands behind what is real.
    pub fn gather(&self) -> Vec<MetricFamily> {
        let mut families = self.registry.gather();
        families.extend(self.real.registry.gather());
        for mut simulated in self.simulated.registry.gather() {
            match families.iter_mut().find(|it| it.name() == simulated.name()) {
                Some(family) => family.mut_metric().append(&mut simulated.take_metric()),
                None => families.push(simulated),
            }
        }
        families.sort_by(|one, two| one.name().cmp(two.name()));
        families
    }
}

/// Drops the series of all other models. Where a label of a model is empty, the series is of none.
fn keep<B: MetricVecBuilder>(series: &MetricVec<B>, models: &HashSet<&str>) {
    for family in series.collect() {
        for metric in family.get_metric() {
            let labels = metric.get_label().iter();
            let labels: HashMap<_, _> = labels.map(|pair| (pair.name(), pair.value())).collect();
            let of = ["model", "from", "to"].map(|name| labels.get(name).copied());
            let mut of = of.into_iter().flatten().filter(|model| !model.is_empty());
            if of.any(|model| !models.contains(model)) {
                // Whoever was quicker has dropped it already.
                let _ = series.remove(&labels);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::shared::Shared;

    #[tokio::test]
    async fn models_that_are_gone_leave_no_series() {
        let folder = tempfile::TempDir::new().unwrap();
        let shared = Shared::for_tests(&folder).await;
        let (metrics, catalog) = (&shared.metrics, shared.catalog());
        let known = catalog.models()[0].id.as_str();
        for id in [known, "gone"] {
            let attempt = ["p", id, "primary", "answered", "here"];
            metrics.of(false).attempts.with_label_values(&attempt).inc();
            let durations = metrics
                .of(false)
                .attempt_duration
                .with_label_values(&["p", id]);
            durations.observe(1.0);
            metrics
                .of(false)
                .first_token
                .with_label_values(&[id])
                .observe(1.0);
            metrics.of(false).cost.with_label_values(&[id]).inc();
            metrics
                .of(false)
                .tokens
                .with_label_values(&[id, "input"])
                .inc();
            metrics
                .of(false)
                .model_not_found
                .with_label_values(&[id])
                .inc();
            metrics.circuits.with_label_values(&["p", id]).set(1.0);
            metrics.circuits.with_label_values(&["p", ""]).set(1.0);
            let fallback = [known, id, "stalled"];
            metrics
                .of(false)
                .fallbacks
                .with_label_values(&fallback)
                .inc();
        }
        let told = || metrics.render(&catalog, &shared.budget, "local").unwrap();
        assert_eq!(told().matches("\"gone\"").count(), 6 + 2 * 15);
        shared.rebuild(&crate::catalog::Listings::new()).unwrap();
        let told = told();
        assert!(!told.contains("\"gone\""), "{told}");
        for kept in [
            format!(
                "kind=\"primary\",model=\"{known}\",outcome=\"answered\",provider=\"p\",reason=\"here\"}} 1"
            ),
            "evenkeel_circuit_state{model=\"\",provider=\"p\"} 1".to_owned(),
        ] {
            assert!(told.contains(&kept), "{kept}: {told}");
        }
    }
}
