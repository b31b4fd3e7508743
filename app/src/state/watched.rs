//! What administrators and testers watch: it begins with a snapshot and goes on with changes.

use std::sync::Arc;

use evenkeel_protocol::{Fault, FaultChange, HealthReport, ProviderHealth};

use super::read_json;
use crate::Watching;

/// Health and faults, as far as they are watched.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// How providers and models stand, once it is known.
    pub health: Option<Arc<HealthReport>>,
    /// The armed faults, oldest first.
    pub faults: Arc<Vec<Fault>>,
}

impl From<&Watching> for Watched {
    fn from(boot: &Watching) -> Self {
        let faults: Option<Vec<Fault>> = boot.faults.as_deref().and_then(read_json);
        Self {
            health: boot.health.as_deref().and_then(read_json).map(Arc::new),
            faults: Arc::new(faults.unwrap_or_default()),
        }
    }
}

impl Watched {
    /// Applies a health frame.
    pub fn health(&mut self, report: HealthReport) {
        match &mut self.health {
            Some(known) if !report.snapshot => {
                let known = Arc::make_mut(known);
                let HealthReport {
                    snapshot: _,
                    status,
                    findings,
                    turns,
                    simulated_turns,
                    alerts,
                    revision,
                    providers,
                    assistants,
                } = report;
                (known.status, known.findings, known.alerts) = (status, findings, alerts);
                (known.turns, known.simulated_turns) = (turns, simulated_turns);
                known.revision = revision;
                for provider in providers {
                    let place = known.providers.iter().position(|one| one.id == provider.id);
                    match place.and_then(|place| known.providers.get_mut(place)) {
                        Some(known) => update(known, provider),
                        None => known.providers.push(provider),
                    }
                }
                for assistant in assistants {
                    let place = known
                        .assistants
                        .iter()
                        .position(|one| one.id == assistant.id);
                    match place.and_then(|place| known.assistants.get_mut(place)) {
                        Some(known) => *known = assistant,
                        None => known.assistants.push(assistant),
                    }
                }
            }
            Some(_) | None => self.health = Some(Arc::new(report)),
        }
    }

    /// Applies a change of the armed faults.
    pub fn fault(&mut self, change: FaultChange) {
        let list = Arc::make_mut(&mut self.faults);
        match change {
            FaultChange::Snapshot { faults } => *list = faults,
            FaultChange::Armed { fault } => {
                match list.iter_mut().find(|known| known.id == fault.id) {
                    Some(known) => *known = fault,
                    None => list.push(fault),
                }
            }
            FaultChange::Ended { fault_id } => list.retain(|known| known.id != fault_id),
        }
    }
}

/// A provider as it now is: it comes with those of its models that have changed.
fn update(known: &mut ProviderHealth, mut news: ProviderHealth) {
    let mut models = std::mem::take(&mut known.models);
    for model in std::mem::take(&mut news.models) {
        match models.iter_mut().find(|known| known.id == model.id) {
            Some(known) => *known = model,
            None => models.push(model),
        }
    }
    *known = ProviderHealth { models, ..news };
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{AssistantHealth, CircuitState, ModelHealth};

    use super::*;

    fn provider(id: &str, state: CircuitState) -> ProviderHealth {
        let json = format!(
            r#"{{"id":"{id}","kind":"demo","enabled":true,"key_source":null,"models":[],
            "circuit":{{"state":"{}","forced":false,"since":null,"next_probe_at":null,"reason":null,"simulated":false}},
            "recent":{{"answered":0,"failed":0,"cancelled":0,"skipped":0,"reasons":[],"input_tokens":0,"output_tokens":0,"cost":0}}}}"#,
            state.as_str()
        );
        read_json(&json).unwrap()
    }

    fn report(snapshot: bool, providers: Vec<ProviderHealth>) -> HealthReport {
        HealthReport {
            assistants: vec![],
            snapshot,
            status: evenkeel_protocol::Status::Ok,
            findings: vec![],
            turns: Default::default(),
            simulated_turns: None,
            alerts: vec![],
            revision: 0,
            providers,
        }
    }

    fn assistant(id: &str, use_candidate: bool) -> AssistantHealth {
        AssistantHealth {
            id: id.to_owned(),
            name: id.to_owned(),
            status: evenkeel_protocol::Status::Ok,
            model: "a".into(),
            candidate: None,
            use_candidate,
            use_fallback: true,
            chain: vec![],
            turns: Default::default(),
            candidate_turns: Default::default(),
        }
    }

    #[test]
    fn a_later_report_changes_the_assistants_that_it_names() {
        let with = |snapshot, assistants| HealthReport {
            assistants,
            ..report(snapshot, vec![])
        };
        let mut watched = Watched::default();
        watched.health(with(true, vec![assistant("a", true), assistant("b", true)]));
        watched.health(with(false, vec![assistant("b", false)]));
        watched.health(with(false, vec![]));
        let health = watched.health.unwrap();
        assert_eq!(
            health.assistants,
            [assistant("a", true), assistant("b", false)]
        );
    }

    fn with_models(models: &[(&str, u64)]) -> ProviderHealth {
        let model = |(id, attempts): &(&str, u64)| {
            let closed = provider("", CircuitState::Closed);
            ModelHealth {
                id: (*id).into(),
                circuit: closed.circuit,
                attempts: *attempts,
                failures: 0,
                in_flight: 0,
                last_failure: None,
                last_failure_at: None,
                last_success_at: None,
                listed: None,
                near_names: vec![],
                recent: closed.recent,
                simulated: None,
                headroom: None,
                latest: None,
            }
        };
        ProviderHealth {
            models: models.iter().map(model).collect(),
            ..provider("p", CircuitState::Closed)
        }
    }

    #[test]
    fn a_provider_that_changed_comes_with_those_of_its_models_that_did() {
        let mut watched = Watched::default();
        watched.health(report(true, vec![with_models(&[("a", 1), ("b", 2)])]));
        watched.health(report(false, vec![with_models(&[("b", 3)])]));
        let health = watched.health.unwrap();
        assert_eq!(health.providers, [with_models(&[("a", 1), ("b", 3)])]);
    }

    #[test]
    fn a_later_report_changes_the_providers_that_it_names() {
        let mut watched = Watched::default();
        let (closed, open) = (CircuitState::Closed, CircuitState::Open);
        watched.health(report(
            true,
            vec![provider("p", closed), provider("q", closed)],
        ));
        watched.health(report(false, vec![provider("q", open)]));
        let health = watched.health.unwrap();
        let states: Vec<_> = health
            .providers
            .iter()
            .map(|one| one.circuit.state)
            .collect();
        assert_eq!(states, [closed, open]);
    }
}
