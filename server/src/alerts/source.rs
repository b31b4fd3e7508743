//! Where the readings come from.

use std::collections::VecDeque;
use std::time::Duration;

use evenkeel_engine::{CircuitState, CircuitView};
use evenkeel_protocol::Timestamp;
use jiff::SignedDuration;

use super::readings::Readings;
use crate::catalog::Catalog;
use crate::shared::Shared;

const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const FIFTEEN_MINUTES: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Panics are counted since the start; of these, when the count rose.
#[derive(Default)]
pub(super) struct Source {
    panics: u64,
    rises: VecDeque<(Timestamp, u64)>,
}

impl Source {
    /// What is measured now.
    pub(super) fn read(&mut self, shared: &Shared, now: Timestamp) -> Readings {
        let (catalog, health) = (shared.catalog(), &shared.health);
        let sums = health.turns_over(FIVE_MINUTES);
        let recent = sums.figures;
        let total = recent.total.map(|total| total.p95_ms);
        Readings {
            turns: recent.turns,
            failed: recent.exhausted + sums.failed,
            fallbacks: recent.fallbacks,
            exhausted: recent.exhausted,
            p95: total.map(Duration::from_millis),
            fallbacks_of_15_minutes: health.turns_over(FIFTEEN_MINUTES).figures.fallbacks,
            cost_of_the_hour: health.cost_over(HOUR),
            every_circuit_open: every_circuit_open(&catalog),
            primary_circuit_open: primary_circuit_open(&catalog),
            panics: self.panics(shared.metrics.panics.get(), now),
        }
    }

    /// How many of them were in the last five minutes.
    fn panics(&mut self, count: u64, now: Timestamp) -> u64 {
        let more = count.saturating_sub(self.panics);
        self.panics = count;
        if more > 0 {
            self.rises.push_back((now, more));
        }
        let recent = SignedDuration::from_mins(5);
        self.rises
            .retain(|(at, _)| now.duration_since(*at) < recent);
        self.rises.iter().map(|(_, more)| more).sum()
    }
}

/// Half-open is open still: one probe is let through, and nobody else.
fn is_open(view: CircuitView) -> bool {
    view.state != CircuitState::Closed
}

fn model_is_open(catalog: &Catalog, model: &crate::catalog::ModelEntry) -> bool {
    let provider = catalog.provider(model.provider.as_str());
    provider.is_some_and(|provider| {
        let circuits = provider.real_circuits();
        is_open(circuits.view()) || circuits.model_view(&model.id).is_some_and(is_open)
    })
}

/// Nothing would be let through, simulated outages left out. The demo steps in for nobody, so that it only counts where
/// nothing else is there.
pub fn every_circuit_open(catalog: &Catalog) -> bool {
    let usable = |real: bool| {
        let models = catalog.models().iter().filter(move |model| {
            let provider = catalog.provider(model.provider.as_str());
            provider.is_some_and(|provider| provider.enabled && (provider.kind != "demo") == real)
        });
        models.collect::<Vec<_>>()
    };
    let real = usable(true);
    let models = if real.is_empty() { usable(false) } else { real };
    !models.is_empty() && models.iter().all(|model| model_is_open(catalog, model))
}

/// The model that is asked by default would not be let through, simulated outages left out.
pub fn primary_circuit_open(catalog: &Catalog) -> bool {
    let primary = catalog.model(catalog.default_model().as_str());
    primary.is_some_and(|model| model_is_open(catalog, model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_counts_for_five_minutes() {
        let mut source = Source::default();
        let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        for (seconds, count, recent) in [
            (0, 0, 0),
            (5, 1, 1),
            (10, 1, 1),
            (100, 3, 3),
            (304, 3, 3),
            (305, 3, 2),
            (400, 3, 0),
        ] {
            assert_eq!(source.panics(count, at(seconds)), recent, "{seconds}");
        }
    }
}
