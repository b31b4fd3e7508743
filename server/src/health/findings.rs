//! What is wrong: each circuit that is not closed, since when, why, and who answers in its place.

use std::cmp::Reverse;

use evenkeel_engine::{CircuitState, CircuitView, LayeredCircuits, ModelId, ProviderId};
use evenkeel_protocol as wire;

use super::{Health, lock};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::translate;

impl Health {
    /// Each circuit that this viewer does not find closed, the worst first: real outages before simulated ones, providers
    /// before models, what is open before what is being probed, and what has been so for long before what is new.
    pub(super) fn findings(
        &self,
        catalog: &Catalog,
        viewer: &str,
        clock: &Clock,
    ) -> Vec<wire::Finding> {
        let mut findings = vec![];
        for provider in catalog.providers() {
            let circuits: LayeredCircuits = provider.circuits(viewer);
            let models: Vec<_> = catalog
                .models()
                .iter()
                .filter(|model| model.provider == provider.id)
                .map(|model| &model.id)
                .collect();
            let own = circuits.view();
            if own.state != CircuitState::Closed {
                findings.push(self.finding(viewer, &own, &provider.id, None, &models, clock));
            }
            for model in models {
                let view = circuits.model_view(model);
                let view = view.filter(|view| view.state != CircuitState::Closed);
                findings.extend(view.map(|view| {
                    self.finding(viewer, &view, &provider.id, Some(model), &[model], clock)
                }));
            }
        }
        findings.sort_by_key(|finding| {
            (
                finding.circuit.simulated,
                finding.model.is_some(),
                finding.circuit.state != wire::CircuitState::Open,
                finding.circuit.since,
                Reverse(finding.saved),
            )
        });
        findings
    }

    /// `models` are those whose failures it may be about.
    fn finding(
        &self,
        viewer: &str,
        view: &CircuitView,
        provider: &ProviderId,
        model: Option<&ModelId>,
        models: &[&ModelId],
        clock: &Clock,
    ) -> wire::Finding {
        let mut circuit = translate::circuit(view, clock);
        let (mut saved, mut saved_by) = (0, None);
        {
            let stints = lock(&self.stints);
            if let Some(stint) = stints.of(viewer, view.simulated, provider, model) {
                let (count, most) = stint.saved();
                (saved, saved_by) = (count, most.map(Into::into));
                // A probe that failed has opened it anew; it was not well in between.
                circuit.since = Some(stint.since);
            }
        }
        // The status that belongs to the circuit's reason, not to another failure.
        let failures = models.iter().filter_map(|id| {
            let model = self.known(id)?;
            let model = lock(&model);
            model.side(view.simulated)?.last_failure
        });
        let same = failures.filter(|(reason, ..)| Some(*reason) == circuit.reason);
        let last = same.max_by_key(|(.., at)| *at);
        wire::Finding {
            provider: provider.as_str().into(),
            model: model.map(|id| id.as_str().into()),
            circuit,
            status_code: last.and_then(|(_, status, _)| status),
            saved,
            saved_by,
        }
    }
}
