use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::advance;

use super::*;
use crate::{
    CircuitEffect, CircuitSettings, Circuits, Overlay, Owner, Reason, RetryRule, Scope, Transition,
};

struct Here {
    circuits: Circuits,
    real: Arc<ProviderCircuits>,
    model: ModelId,
}

fn here() -> Here {
    let circuits = Circuits::new(Arc::new(|_| {}));
    let real = circuits.provider(&Owner::shared(), &"p".into(), CircuitSettings::default());
    for model in ["m", "n", "o"] {
        real.add_model(&model.into(), CircuitSettings::default());
    }
    Here {
        circuits,
        real,
        model: "m".into(),
    }
}

impl Here {
    fn seen_by(&self, overlay: &str, fault_aimed: bool) -> LayeredCircuits {
        let overlays = [Overlay::from(overlay), Overlay::everyone()];
        let aimed: &[Overlay] = if fault_aimed { &overlays } else { &[] };
        self.circuits.seen_by(&self.real, &overlays, aimed)
    }

    fn fail(&self, circuits: &LayeredCircuits, simulated: Option<&str>) {
        let permit = circuits.admit(&self.model, Admission::Regular);
        permit.ok().unwrap().failed(&failure(simulated));
    }
}

fn failure(simulated: Option<&str>) -> Failure {
    Failure {
        reason: Reason::Timeout,
        status_code: None,
        detail: String::new(),
        scope: Scope::Model,
        retry: RetryRule::Never,
        circuit: CircuitEffect::Counts,
        simulated: simulated.map(Overlay::from),
    }
}

#[tokio::test(start_paused = true)]
async fn a_simulated_failure_opens_only_what_its_audience_sees() {
    let here = here();
    let tester = here.seen_by("tester", true);
    for _ in 0..3 {
        here.fail(&tester, Some("tester"));
    }
    let view = tester.model_view(&here.model).unwrap();
    assert_eq!((view.state, view.simulated), (CircuitState::Open, true));
    assert!(!tester.admits(&here.model));
    assert!(here.seen_by("somebody", false).admits(&here.model));
    let real = here.real.model_view(&here.model).unwrap();
    assert_eq!((real.state, real.since), (CircuitState::Closed, None));

    here.circuits.clear_overlay(&"tester".into());
    assert!(here.seen_by("tester", false).admits(&here.model));
}

#[tokio::test(start_paused = true)]
async fn a_fault_for_everyone_is_seen_by_everyone() {
    let here = here();
    for _ in 0..3 {
        here.fail(&here.seen_by("tester", true), Some(""));
    }
    assert!(!here.seen_by("somebody", false).admits(&here.model));
    here.circuits.clear_overlay(&Overlay::everyone());
    assert!(here.seen_by("somebody", false).admits(&here.model));
}

#[tokio::test(start_paused = true)]
async fn where_a_fault_may_strike_the_real_probe_is_not_taken() {
    let here = here();
    let somebody = here.seen_by("somebody", false);
    for _ in 0..3 {
        here.fail(&somebody, None);
    }
    advance(Duration::from_secs(60)).await;
    let tester = here.seen_by("tester", true);
    assert!(!tester.admits(&here.model));
    let refusal = tester.admit(&here.model, Admission::Regular).err().unwrap();
    assert_eq!(refusal.circuit.state, CircuitState::Open);
    assert!(
        somebody
            .admit(&here.model, Admission::Regular)
            .ok()
            .unwrap()
            .is_probe()
    );
}

#[tokio::test(start_paused = true)]
async fn a_real_failure_leaves_the_overlay_as_it_is_and_a_success_closes_it() {
    let here = here();
    let tester = here.seen_by("tester", true);
    for _ in 0..3 {
        here.fail(&tester, Some("tester"));
    }
    advance(Duration::from_secs(60)).await;
    let probe = tester.admit(&here.model, Admission::Regular).ok().unwrap();
    assert!(probe.is_probe());
    probe.failed(&failure(None));
    assert_eq!(
        tester.model_view(&here.model).unwrap().state,
        CircuitState::HalfOpen
    );
    let probe = tester.admit(&here.model, Admission::Regular).ok().unwrap();
    probe.succeeded(false);
    assert_eq!(
        tester.model_view(&here.model).unwrap().state,
        CircuitState::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn a_simulated_404_is_remembered_by_its_audience_alone() {
    let here = here();
    let tester = here.seen_by("tester", true);
    tester.note_missing(&here.model, &failure(Some("tester")));
    assert!(tester.missing(&here.model).unwrap().simulated);
    assert_eq!(here.seen_by("somebody", false).missing(&here.model), None);
    advance(Duration::from_secs(600)).await;
    assert_eq!(tester.missing(&here.model), None);
}

#[tokio::test(start_paused = true)]
async fn a_reset_reaches_every_layer() {
    let here = here();
    let tester = here.seen_by("tester", true);
    for _ in 0..3 {
        here.fail(&tester, Some("tester"));
    }
    tester.reset(Some(&here.model));
    assert!(tester.admits(&here.model));
}

#[tokio::test(start_paused = true)]
async fn an_overlay_has_the_figures_of_what_it_lies_over() {
    let circuits = Circuits::new(Arc::new(|_| {}));
    let settings = CircuitSettings {
        threshold: 1,
        ..CircuitSettings::default()
    };
    let real = circuits.provider(&Owner::shared(), &"p".into(), settings);
    real.add_model(&"m".into(), settings);
    let here = Here {
        circuits,
        real,
        model: "m".into(),
    };
    let tester = here.seen_by("tester", true);
    here.fail(&tester, Some("tester"));
    assert!(!tester.admits(&here.model));
}

#[tokio::test(start_paused = true)]
async fn each_change_of_a_circuit_is_told_once_and_nothing_else_is() {
    let told = Arc::new(Mutex::new(vec![]));
    let listener = told.clone();
    let circuits = Circuits::new(Arc::new(move |transition: &Transition| {
        let change = (transition.model.is_some(), transition.view.state);
        listener.lock().unwrap().push(change);
    }));
    let settings = CircuitSettings::default();
    let real = circuits.provider(&Owner::shared(), &"p".into(), settings);
    real.add_model(&"m".into(), settings);
    let here = Here {
        circuits,
        real,
        model: "m".into(),
    };
    let seen = here.seen_by("somebody", false);
    let admit = || seen.admit(&here.model, Admission::Regular).ok().unwrap();
    admit().succeeded(false);
    for _ in 0..2 {
        here.fail(&seen, None);
    }
    assert_eq!(*told.lock().unwrap(), []);
    here.fail(&seen, None);
    let (provider, model) = (false, true);
    let opened = [(provider, CircuitState::Open), (model, CircuitState::Open)];
    assert_eq!(*told.lock().unwrap(), opened);
    told.lock().unwrap().clear();
    advance(Duration::from_secs(60)).await;
    admit().succeeded(false);
    let mut changes = std::mem::take(&mut *told.lock().unwrap());
    changes.sort_by_key(|(model, _)| *model);
    let ways = [CircuitState::HalfOpen, CircuitState::Closed];
    assert_eq!(
        changes,
        [provider, model]
            .map(|which| ways.map(|state| (which, state)))
            .concat()
    );
}

#[tokio::test(start_paused = true)]
async fn what_one_layer_refuses_changes_no_other() {
    let here = here();
    let tester = here.seen_by("tester", true);
    for _ in 0..3 {
        here.fail(&tester, Some("tester"));
    }
    for _ in 0..3 {
        let real = here.real.admit(&here.model, Admission::Regular);
        real.ok().unwrap().failed(&failure(None));
    }
    advance(Duration::from_secs(30)).await;
    let probe = here.real.admit(&here.model, Admission::LastResort);
    let probe = probe.ok().unwrap();
    let seen = here.seen_by("tester", false);
    assert!(seen.admit(&here.model, Admission::LastResort).is_err());
    drop(probe);
    assert!(
        !seen.admits(&here.model),
        "the simulated cooldown still runs"
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_apart_begins_with_closed_circuits_and_teaches_nobody() {
    let told = Arc::new(Mutex::new(0));
    let counted = told.clone();
    let circuits = Circuits::new(Arc::new(move |_| *counted.lock().unwrap() += 1));
    let real = circuits.provider(&Owner::shared(), &"p".into(), CircuitSettings::default());
    let model = ModelId::from("m");
    real.add_model(&model, CircuitSettings::default());
    for second in 1..=10 {
        real.first_token(&model, Duration::from_secs(second));
    }
    real.force(Some(&model), ForcedState::Open);
    let before = *told.lock().unwrap();

    let apart = real.apart(&"replay".into());
    let fail = |simulated| {
        let permit = apart.admit(&model, Admission::Regular);
        permit.ok().unwrap().failed(&failure(simulated));
    };
    for _ in 0..2 {
        fail(Some("replay"));
        fail(None);
    }
    assert!(apart.admits(&model));
    fail(Some("replay"));
    let view = apart.model_view(&model).unwrap();
    assert_eq!((view.state, view.simulated), (CircuitState::Open, true));
    assert_eq!(
        apart.real().first_token_p95(&model),
        real.first_token_p95(&model)
    );
    assert!(real.model_view(&model).unwrap().forced);
    assert_eq!(*told.lock().unwrap(), before, "nobody is told");
}
