use proptest::prelude::*;

use super::*;

const CAUSE: Cause = Cause {
    reason: Reason::Timeout,
    simulated: false,
};
const FAILED: Outcome = Outcome::Failure(Weight::One(Duration::ZERO), CAUSE);

fn circuit() -> Circuit {
    Circuit::new(CircuitSettings::default())
}

fn state(circuit: &Circuit) -> CircuitState {
    circuit.view().state
}

fn fail(circuit: &mut Circuit, now: Instant) {
    let pass = circuit.admit(now).unwrap();
    circuit.record(pass, FAILED, now);
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_the_threshold_and_one_probe_closes_it() {
    let mut circuit = circuit();
    let now = Instant::now();
    fail(&mut circuit, now);
    fail(&mut circuit, now);
    assert_eq!(state(&circuit), CircuitState::Closed);
    fail(&mut circuit, now);
    assert_eq!(circuit.view().until, Some(now + Duration::from_secs(60)));
    assert!(circuit.admit(now + Duration::from_secs(59)).is_err());

    let later = now + Duration::from_secs(60);
    let probe = circuit.admit(later).unwrap();
    assert!(probe.probe);
    assert_eq!(state(&circuit), CircuitState::HalfOpen);
    assert!(circuit.admit(later).is_err(), "a second probe");
    circuit.record(probe, Outcome::Success, later);
    assert_eq!(state(&circuit), CircuitState::Closed);
}

#[test]
fn states_have_public_names() {
    let states = [
        CircuitState::Closed,
        CircuitState::HalfOpen,
        CircuitState::Open,
    ];
    let names = states.map(CircuitState::as_str);
    assert_eq!(names, ["closed", "half_open", "open"]);
}

#[tokio::test(start_paused = true)]
async fn only_what_opens_it_is_said_to_have_opened_it() {
    let mut circuit = circuit();
    let now = Instant::now();
    for opens in [false, false, true] {
        let pass = circuit.admit(now).unwrap();
        assert_eq!(circuit.record(pass, FAILED, now), opens);
    }
    let later = now + Duration::from_secs(60);
    let probe = circuit.admit(later).unwrap();
    assert!(!circuit.record(probe, Outcome::Success, later));
}

#[tokio::test(start_paused = true)]
async fn a_success_between_failures_starts_the_count_anew() {
    let mut circuit = Circuit::new(CircuitSettings {
        failure_rate: None,
        ..CircuitSettings::default()
    });
    let now = Instant::now();
    for _ in 0..5 {
        fail(&mut circuit, now);
        fail(&mut circuit, now);
        let pass = circuit.admit(now).unwrap();
        circuit.record(pass, Outcome::Success, now);
    }
    assert_eq!(state(&circuit), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn it_opens_where_half_of_the_last_ten_failed() {
    let mut circuit = circuit();
    let now = Instant::now();
    for _ in 0..5 {
        let pass = circuit.admit(now).unwrap();
        circuit.record(pass, Outcome::Success, now);
    }
    for at in [0, 1, 2, 3] {
        fail(&mut circuit, now);
        let pass = circuit.admit(now).unwrap();
        if at < 3 {
            circuit.record(pass, Outcome::Success, now);
        }
    }
    // Four of twelve failed, never two in a row: 5 successes, then F S F S F S F.
    assert_eq!(state(&circuit), CircuitState::Closed);
    let later = now + Duration::from_secs(40);
    for _ in 0..5 {
        let pass = circuit.admit(later).unwrap();
        circuit.record(pass, Outcome::Success, later);
        fail(&mut circuit, later);
    }
    assert_eq!(state(&circuit), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn who_has_nobody_else_may_probe_before_the_cooldown_is_over() {
    let mut circuit = circuit();
    let now = Instant::now();
    for _ in 0..3 {
        fail(&mut circuit, now);
    }
    assert!(circuit.is_last_resort(now));
    let probe = circuit.admit_early(now).unwrap();
    assert!(probe.probe);
    assert!(circuit.admit_early(now).is_err(), "a second probe");
    circuit.record(probe, FAILED, now);
    // The failed probe doubles the cooldown, as any other.
    assert_eq!(circuit.view().until, Some(now + Duration::from_secs(120)));
}

#[tokio::test(start_paused = true)]
async fn nobody_probes_a_spent_credential_or_inside_a_named_rest_or_against_an_administrator() {
    let now = Instant::now();
    let second = Duration::from_secs(1);
    let cases = [
        (Weight::Trip(Duration::ZERO), 59 * second),
        (Weight::Trip(90 * second), 89 * second),
        (Weight::Rest(20 * second), 19 * second),
    ];
    for (weight, never) in cases {
        let mut circuit = circuit();
        let pass = circuit.admit(now).unwrap();
        circuit.record(pass, Outcome::Failure(weight, CAUSE), now);
        assert!(!circuit.is_last_resort(now + never));
        assert!(circuit.admit_early(now + never).is_err());
        assert!(circuit.admit_early(now + never + second).is_ok());
    }
    let mut circuit = circuit();
    circuit.force(ForcedState::Open, now);
    assert!(!circuit.is_last_resort(now + 3_600 * second));
    assert!(circuit.admit_early(now + 3_600 * second).is_err());
}

#[tokio::test(start_paused = true)]
async fn failed_probes_double_the_cooldown_up_to_the_maximum() {
    let mut circuit = circuit();
    let mut now = Instant::now();
    for _ in 0..3 {
        fail(&mut circuit, now);
    }
    for seconds in [120, 240, 300, 300] {
        now = circuit.view().until.unwrap();
        fail(&mut circuit, now);
        assert_eq!(
            circuit.view().until,
            Some(now + Duration::from_secs(seconds))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_gives_its_place_back() {
    let mut circuit = circuit();
    let now = Instant::now();
    circuit.trip(CAUSE, now + Duration::from_secs(60), now);
    let later = now + Duration::from_secs(60);
    let probe = circuit.admit(later).unwrap();
    circuit.record(probe, Outcome::Neutral, later);
    assert_eq!(state(&circuit), CircuitState::HalfOpen);
    assert!(circuit.admit(later).unwrap().probe);
}

#[tokio::test(start_paused = true)]
async fn a_named_rest_is_kept_even_below_the_threshold() {
    let mut circuit = circuit();
    let now = Instant::now();
    let pass = circuit.admit(now).unwrap();
    let rest = Duration::from_secs(7);
    circuit.record(pass, Outcome::Failure(Weight::Rest(rest), CAUSE), now);
    assert!(circuit.admit(now + Duration::from_secs(6)).is_err());
    assert!(circuit.admit(now + rest).unwrap().probe);
}

#[tokio::test(start_paused = true)]
async fn a_straggler_changes_nothing() {
    let mut circuit = circuit();
    let now = Instant::now();
    let straggler = circuit.admit(now).unwrap();
    for _ in 0..3 {
        fail(&mut circuit, now);
    }
    circuit.record(straggler, Outcome::Success, now);
    assert_eq!(state(&circuit), CircuitState::Open);
    circuit.reset(now);
    assert_eq!(state(&circuit), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_forced_circuit_stays_as_it_is_until_reset() {
    let mut circuit = circuit();
    let now = Instant::now();
    circuit.force(ForcedState::Open, now);
    assert!(circuit.admit(now + Duration::from_secs(86_400)).is_err());
    circuit.force(ForcedState::Closed, now);
    for _ in 0..10 {
        fail(&mut circuit, now);
    }
    assert_eq!(state(&circuit), CircuitState::Closed);
    circuit.reset(now);
    assert!(!circuit.view().forced);
}

#[derive(Clone, Debug)]
enum Step {
    Admit,
    AdmitEarly,
    Record(usize, Outcome),
    Wait(u64),
    Reset,
    Force(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        Just(Outcome::Success),
        Just(Outcome::Neutral),
        Just(FAILED),
        (0_u64..200).prop_map(|s| Outcome::Failure(Weight::Trip(Duration::from_secs(s)), CAUSE)),
        (0_u64..4_000).prop_map(|s| Outcome::Failure(Weight::Rest(Duration::from_secs(s)), CAUSE)),
    ];
    let step = prop_oneof![
        6 => Just(Step::Admit),
        2 => Just(Step::AdmitEarly),
        6 => (0_usize..8, outcome).prop_map(|(which, outcome)| Step::Record(which, outcome)),
        3 => (0_u64..200).prop_map(Step::Wait),
        1 => Just(Step::Reset),
        1 => any::<bool>().prop_map(Step::Force),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    /// Whatever happens: at most one probe is out, an open circuit admits nobody before its time, and an outcome of
    /// an earlier generation never changes a later state.
    #[test]
    fn invariants(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _guard = runtime.enter();
        let mut now = Instant::now();
        let mut circuit = circuit();
        let mut out: Vec<Pass> = vec![];
        for step in steps {
            let before = circuit.view();
            match step {
                Step::Wait(seconds) => now += Duration::from_secs(seconds),
                Step::Reset => { circuit.reset(now); prop_assert_eq!(state(&circuit), CircuitState::Closed); }
                Step::Force(open) => circuit.force(if open { ForcedState::Open } else { ForcedState::Closed }, now),
                Step::Admit => {
                    prop_assert_eq!(circuit.admits(now), {
                        let admitted = circuit.admit(now);
                        let ok = admitted.is_ok();
                        out.extend(admitted);
                        ok
                    });
                    if before.state == CircuitState::Open && (before.forced || before.until.is_some_and(|until| now < until)) {
                        prop_assert_eq!(circuit.view(), before);
                    }
                }
                Step::AdmitEarly => {
                    let admitted = circuit.admit_early(now);
                    prop_assert!(admitted.is_err() || before.state != CircuitState::Open || !before.forced);
                    out.extend(admitted);
                }
                Step::Record(which, outcome) if which < out.len() => {
                    let pass = out.swap_remove(which);
                    let straggler = pass.generation != circuit.generation;
                    circuit.record(pass, outcome, now);
                    if straggler { prop_assert_eq!(circuit.view(), before); }
                }
                Step::Record(..) => {}
            }
            let probes = out.iter().filter(|p| p.probe && p.generation == circuit.generation).count();
            prop_assert!(probes <= 1);
            prop_assert_eq!(probes == 1, matches!(circuit.state, State::HalfOpen { probing: true, .. }));
        }
    }
}
