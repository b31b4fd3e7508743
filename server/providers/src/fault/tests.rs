//! When faults strike, whom, and until when.

use super::*;

fn order() -> FaultOrder {
    FaultOrder {
        target: Target::default(),
        audience: Audience::Only("me".into()),
        kind: FaultKind::ConnectionRefused,
        probability: 1.0,
        first_n: None,
        seed: 7,
        ttl: Duration::from_secs(60),
        note: None,
    }
}

fn struck(faults: &Faults, principal: &str, provider: &str, model: &str) -> bool {
    faults
        .strike(
            &Caller::of_turn(principal.into()),
            &provider.into(),
            Some(&model.into()),
        )
        .is_some()
}

fn struck_aside(faults: &Faults, provider: &str) -> bool {
    let me = Caller::of_turn("me".into());
    faults.strike(&me, &provider.into(), None).is_some()
}

fn struck_beside_a_turn(faults: &Faults, model: &str) -> bool {
    let me = Caller::aside("me".into());
    faults
        .strike(&me, &"p".into(), Some(&model.into()))
        .is_some()
}

#[test]
fn what_is_asked_beside_a_turn_suffers_a_fault_and_uses_nothing_up() {
    let (faults, _) = faults();
    faults.arm(
        "me",
        FaultOrder {
            first_n: Some(1),
            ..order()
        },
    );
    for _ in 0..3 {
        assert!(struck_beside_a_turn(&faults, "m"));
    }
    assert!(struck(&faults, "me", "p", "m"));
    assert!(!struck_beside_a_turn(&faults, "m"));
    assert!(!struck(&faults, "me", "p", "m"));
}

fn faults() -> (Arc<Faults>, Arc<Mutex<Vec<&'static str>>>) {
    let log = Arc::new(Mutex::new(vec![]));
    let told = log.clone();
    let faults = Faults::new(Box::new(move |event| {
        told.lock().unwrap().push(match event {
            FaultEvent::Armed(_) => "armed",
            FaultEvent::Struck(_) => "struck",
            FaultEvent::Expired(_) => "expired",
            FaultEvent::Halted(_) => "halted",
        });
    }));
    (Arc::new(faults), log)
}

#[tokio::test(start_paused = true)]
async fn it_strikes_its_audience_and_its_target_alone() {
    let (faults, _) = faults();
    faults.arm(
        "me",
        FaultOrder {
            target: Target {
                provider: Some("p".into()),
                model: None,
            },
            ..order()
        },
    );
    assert!(struck(&faults, "me", "p", "m"));
    assert!(!struck(&faults, "you", "p", "m"));
    assert!(!struck(&faults, "me", "q", "m"));
    faults.halt(|_| true);
    faults.arm(
        "me",
        FaultOrder {
            audience: Audience::Everyone,
            target: Target {
                provider: None,
                model: Some("m".into()),
            },
            ..order()
        },
    );
    assert!(struck(&faults, "you", "q", "m"));
    assert!(!struck(&faults, "you", "q", "n"));
}

#[tokio::test(start_paused = true)]
async fn a_request_for_no_model_meets_the_providers_faults_and_uses_none_up() {
    let (faults, _) = faults();
    let against = |provider: Option<&str>, model: Option<&str>| FaultOrder {
        target: Target {
            provider: provider.map(Into::into),
            model: model.map(Into::into),
        },
        first_n: Some(1),
        ..order()
    };
    faults.arm("me", against(Some("p"), Some("m")));
    faults.arm("me", against(None, Some("m")));
    assert!(!struck_aside(&faults, "p"));
    faults.arm("me", against(Some("p"), None));
    assert!(struck_aside(&faults, "p") && struck_aside(&faults, "p"));
    assert!(!struck_aside(&faults, "q"));
    let hits: Vec<_> = (0..4).map(|_| struck(&faults, "me", "p", "m")).collect();
    assert_eq!(hits, [true, true, true, false], "each had its one left");
    assert!(!struck_aside(&faults, "p"));
}

#[tokio::test(start_paused = true)]
async fn it_ends_by_itself_and_says_so() {
    let (faults, log) = faults();
    let runner = tokio::spawn({
        let faults = faults.clone();
        async move { faults.expire().await }
    });
    tokio::task::yield_now().await;
    faults.arm("me", order());
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(struck(&faults, "me", "p", "m"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!struck(&faults, "me", "p", "m"));
    assert!(faults.list().is_empty());
    assert_eq!(*log.lock().unwrap(), ["armed", "struck", "expired"]);
    runner.abort();
}

#[tokio::test(start_paused = true)]
async fn first_n_and_probability_are_counted_per_match_and_repeat_with_the_seed() {
    let (faults, _) = faults();
    faults.arm(
        "me",
        FaultOrder {
            first_n: Some(2),
            ..order()
        },
    );
    let hits: Vec<_> = (0..4).map(|_| struck(&faults, "me", "p", "m")).collect();
    assert_eq!(hits, [true, true, false, false]);
    faults.halt(|_| true);
    let mut runs = (0..2).map(|_| {
        faults.arm(
            "me",
            FaultOrder {
                probability: 0.5,
                ..order()
            },
        );
        let hits: Vec<_> = (0..200).map(|_| struck(&faults, "me", "p", "m")).collect();
        faults.halt(|_| true);
        hits
    });
    let (first, second) = (runs.next().unwrap(), runs.next().unwrap());
    assert_eq!(first, second);
    let share = first.iter().filter(|hit| **hit).count();
    assert!((60..140).contains(&share), "{share}");
}

/// What strikes the next requests.
fn kinds(faults: &Faults, requests: usize) -> Vec<FaultKind> {
    let me = Caller::of_turn("me".into());
    let strike = || faults.strike(&me, &"p".into(), Some(&"m".into()));
    (0..requests).filter_map(|_| Some(strike()?.0)).collect()
}

#[tokio::test(start_paused = true)]
async fn jitter_stays_within_its_bounds_and_repeats_with_the_seed() {
    let (faults, _) = faults();
    let (delay, jitter) = (Duration::from_secs(1), Duration::from_millis(400));
    let mut runs = [7, 7, 8].into_iter().map(|seed| {
        faults.arm(
            "me",
            FaultOrder {
                kind: FaultKind::Latency { delay, jitter },
                seed,
                ..order()
            },
        );
        // What is asked beside a turn moves no dice.
        struck_beside_a_turn(&faults, "m");
        let run = kinds(&faults, 50);
        faults.halt(|_| true);
        run
    });
    let (first, again, other) = (runs.next(), runs.next(), runs.next());
    assert!(first == again && first != other);
    let mut delays = vec![];
    for kind in first.unwrap() {
        let FaultKind::Latency { delay, .. } = kind else {
            panic!("{kind:?}")
        };
        delays.push(delay.as_millis());
    }
    let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(
        (600..800).contains(least) && (1200..=1400).contains(most),
        "{delays:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_changes_a_stream_leaves_lists_alone() {
    let (faults, _) = faults();
    let after_tokens = 1;
    for (kind, strikes) in [
        (FaultKind::ConnectionReset, true),
        (FaultKind::NoResponse, true),
        (FaultKind::StreamStall { after_tokens }, false),
        (FaultKind::EmptyAnswer, false),
        (FaultKind::Drip { tokens_per_s: 1.0 }, false),
    ] {
        faults.arm(
            "me",
            FaultOrder {
                kind: kind.clone(),
                ..order()
            },
        );
        assert_eq!(struck_aside(&faults, "p"), strikes, "{kind:?}");
        assert_eq!(kinds(&faults, 1), [kind]);
        faults.halt(|_| true);
    }
}
