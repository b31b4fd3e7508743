use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn failing(share: f64) -> Readings {
    Readings {
        turns: 1000,
        failed: (share * 1000.0) as u64,
        ..Readings::default()
    }
}

/// Tells of each change as "rule state".
fn step(
    engine: &mut Engine,
    config: &AlertsConfig,
    readings: Readings,
    seconds: i64,
) -> Vec<String> {
    let changed = engine.step(config, &readings, at(seconds));
    let told = changed
        .iter()
        .map(|alert| format!("{} {:?}", alert.rule, alert.state));
    told.collect()
}

fn states(engine: &Engine, config: &AlertsConfig, seconds: i64) -> Vec<String> {
    let alerts = engine.alerts(config, at(seconds));
    let told = alerts
        .iter()
        .map(|alert| format!("{} {:?}", alert.rule, alert.state));
    told.collect()
}

#[test]
fn a_rate_fires_after_its_time_and_is_over_after_a_calm_minute() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    for seconds in (0..300).step_by(5) {
        assert!(step(&mut engine, &config, failing(0.07), seconds).is_empty());
    }
    assert_eq!(states(&engine, &config, 299), ["error_rate Pending"]);
    assert_eq!(
        step(&mut engine, &config, failing(0.07), 300),
        ["error_rate Firing"]
    );
    assert!(step(&mut engine, &config, failing(0.0), 305).is_empty());
    assert!(step(&mut engine, &config, failing(0.0), 360).is_empty());
    assert_eq!(states(&engine, &config, 360), ["error_rate Firing"]);
    assert_eq!(
        step(&mut engine, &config, failing(0.0), 365),
        ["error_rate Resolved"]
    );
    assert_eq!(states(&engine, &config, 400), ["error_rate Resolved"]);
    assert!(states(&engine, &config, 365 + 15 * 60).is_empty());
}

#[test]
fn what_swings_around_the_limit_is_told_of_once() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    let mut told = vec![];
    for seconds in (0..3600).step_by(5) {
        // Once it fires, just below the limit is not yet over; and far below it for less than a minute is not either.
        let share = match seconds {
            0..400 => 0.06,
            _ if seconds % 60 < 30 => 0.01,
            _ => 0.049,
        };
        told.extend(step(&mut engine, &config, failing(share), seconds));
    }
    assert_eq!(told, ["error_rate Firing"]);
}

#[test]
fn a_pending_alert_whose_condition_ends_begins_anew() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    step(&mut engine, &config, failing(0.07), 0);
    step(&mut engine, &config, failing(0.0), 290);
    assert!(states(&engine, &config, 290).is_empty());
    assert!(step(&mut engine, &config, failing(0.07), 300).is_empty());
    assert!(step(&mut engine, &config, failing(0.07), 599).is_empty());
    assert_eq!(
        step(&mut engine, &config, failing(0.07), 600),
        ["error_rate Firing"]
    );
}

#[test]
fn few_turns_are_no_rate() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    let all_fail = |turns| Readings {
        turns,
        failed: turns,
        fallbacks: turns,
        p95: Some(Duration::from_secs(60)),
        ..Readings::default()
    };
    step(&mut engine, &config, all_fail(19), 0);
    assert!(states(&engine, &config, 0).is_empty());
    step(&mut engine, &config, all_fail(20), 5);
    assert_eq!(states(&engine, &config, 5).len(), 5);
    // When the traffic ends, so do they.
    step(&mut engine, &config, all_fail(20), 305);
    step(&mut engine, &config, Readings::default(), 310);
    let over = step(&mut engine, &config, Readings::default(), 370);
    assert_eq!(over.len(), 5, "{over:?}");
}

#[test]
fn what_has_no_time_speaks_at_once() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    let readings = Readings {
        exhausted: 1,
        primary_circuit_open: true,
        every_circuit_open: true,
        fallbacks_of_15_minutes: 11,
        panics: 1,
        cost_of_the_hour: 1000.0,
        ..Readings::default()
    };
    let told = step(&mut engine, &config, readings, 0);
    assert_eq!(
        told,
        [
            "exhausted Firing",
            "panics Firing",
            "primary_circuit_open Firing",
            "primary_fallbacks Firing"
        ]
    );
    assert_eq!(
        states(&engine, &config, 0),
        [
            "exhausted Firing",
            "panics Firing",
            "primary_circuit_open Firing",
            "primary_fallbacks Firing",
            "every_circuit_open Pending",
        ]
    );
    let told = step(&mut engine, &config, readings, 300);
    assert_eq!(told, ["every_circuit_open Firing"]);
}

#[test]
fn ten_times_are_not_more_than_ten() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    let readings = Readings {
        fallbacks_of_15_minutes: 10,
        ..Readings::default()
    };
    assert!(step(&mut engine, &config, readings, 0).is_empty());
    assert!(states(&engine, &config, 0).is_empty());
}

#[test]
fn a_rule_that_is_switched_off_is_over() {
    let (mut engine, mut config) = (Engine::new(&[]), AlertsConfig::default());
    let panicked = Readings {
        panics: 1,
        ..Readings::default()
    };
    assert_eq!(step(&mut engine, &config, panicked, 0), ["panics Firing"]);
    let hold = Duration::ZERO;
    config.set(Rule::Panics, Bar { limit: None, hold });
    assert_eq!(step(&mut engine, &config, panicked, 5), ["panics Resolved"]);
    assert!(step(&mut engine, &config, panicked, 10).is_empty());
}

#[test]
fn a_restart_tells_nothing_twice() {
    let (mut engine, config) = (Engine::new(&[]), AlertsConfig::default());
    let panicked = Readings {
        panics: 1,
        ..Readings::default()
    };
    step(&mut engine, &config, panicked, 0);
    let mut engine = Engine::new(&engine.kept());
    assert!(step(&mut engine, &config, panicked, 10).is_empty());
    let shown = engine.alerts(&config, at(10));
    assert_eq!(
        (shown[0].state, shown[0].since),
        (AlertState::Firing, at(0))
    );
    // What was over before the restart stays over.
    step(&mut engine, &config, Readings::default(), 20);
    step(&mut engine, &config, Readings::default(), 80);
    let mut engine = Engine::new(&engine.kept());
    assert_eq!(states(&engine, &config, 90), ["panics Resolved"]);
    assert!(step(&mut engine, &config, Readings::default(), 90).is_empty());
}

fn any_readings() -> impl Strategy<Value = Readings> {
    let counts = (0..40_u64, 0..40_u64, 0..40_u64, 0..3_u64, 0..20_u64);
    let others = (
        0..30_u64,
        0.0..20.0_f64,
        any::<bool>(),
        any::<bool>(),
        0..2_u64,
    );
    (counts, others).prop_map(|(counts, others)| Readings {
        turns: counts.0,
        failed: counts.1.min(counts.0),
        fallbacks: counts.2.min(counts.0),
        exhausted: counts.3,
        fallbacks_of_15_minutes: counts.4,
        p95: Some(Duration::from_secs(others.0)),
        cost_of_the_hour: others.1,
        every_circuit_open: others.2,
        primary_circuit_open: others.3,
        panics: others.4,
    })
}

proptest! {
    /// Whatever comes, in whatever rhythm, and whenever the server is started anew.
    #[test]
    fn no_alert_fires_before_its_time_and_every_alert_ends(
        holds in prop::collection::vec(0..120_u64, RULES.len()),
        steps in prop::collection::vec((any_readings(), 0..90_i64, 1..8_usize, prop::bool::weighted(0.1)), 1..60),
    ) {
        let mut config = AlertsConfig::default();
        for (facts, hold) in RULES.iter().zip(&holds) {
            let limit = facts.limit.or(Some(5.0));
            config.set(facts.rule, Bar { limit, hold: Duration::from_secs(*hold) });
        }
        let mut engine = Engine::new(&[]);
        let mut now = 0;
        // Since when each rule's condition has held at every look, the oracle's own count.
        let mut held: [Option<i64>; RULES.len()] = [None; RULES.len()];
        let mut firing = [false; RULES.len()];
        for (readings, pause, times, restarted) in steps {
            if restarted {
                engine = Engine::new(&engine.kept());
                held = [None; RULES.len()];
            }
            for _ in 0..times {
                now += pause;
                let changed = engine.step(&config, &readings, at(now));
                for (place, (facts, bar)) in config.rules().enumerate() {
                    let value = measure(facts.rule, &readings, config.min_turns);
                    let exceeded = value.is_some_and(|value| value > bar.limit.unwrap());
                    held[place] = exceeded.then(|| held[place].unwrap_or(now));
                    let told: Vec<_> = changed.iter().filter(|alert| alert.rule == facts.key).collect();
                    prop_assert!(told.len() <= 1);
                    match told.first().map(|alert| alert.state) {
                        Some(AlertState::Firing) => {
                            prop_assert!(!firing[place], "{} fired twice", facts.key);
                            let since = held[place].expect("it holds when it begins to fire");
                            prop_assert!(now - since >= bar.hold.as_secs() as i64, "{} fired early", facts.key);
                            firing[place] = true;
                        }
                        Some(AlertState::Resolved) => {
                            prop_assert!(firing[place] && !exceeded, "{} was over and is not", facts.key);
                            firing[place] = false;
                        }
                        Some(AlertState::Pending) => prop_assert!(false, "pending is not told of"),
                        None => {
                            let due = held[place].is_some_and(|since| now - since >= bar.hold.as_secs() as i64);
                            prop_assert!(firing[place] || !due, "{} should fire", facts.key);
                        }
                    }
                }
            }
        }
        for _ in 0..3 {
            now += CALM.as_secs() as i64;
            for alert in engine.step(&config, &Readings::default(), at(now)) {
                prop_assert_eq!(alert.state, AlertState::Resolved);
            }
        }
        let alerts = engine.alerts(&config, at(now));
        prop_assert!(alerts.iter().all(|alert| alert.state == AlertState::Resolved), "{:?}", alerts);
    }
}
