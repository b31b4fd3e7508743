//! What must always hold, put to the test: the real engine over scripted models under the paused clock, with everything
//! that can be random drawn from one seed. Many turns run at once in a world that they share.
//!
//! `EVENKEEL_TURNS` says how many turns, `EVENKEEL_SEED` from which seed on. A failure names the world's seed; with that
//! and one turn the same world runs again, and alone.

#![expect(
    clippy::panic,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod checks;
mod cover;
mod coverage;
mod dice;
mod figures;
mod ledger;
mod outlook;
mod script;
mod shadow;
mod turns;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::coverage::Coverage;
use crate::world::World;

/// Turns of one world: enough for circuits to open and to recover.
const TURNS_OF_A_WORLD: u64 = 250;

/// Fewer turns than this cannot be expected to take every path.
const ENOUGH_FOR_COVERAGE: u64 = 100_000;

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| {
        let digits = text.replace('_', "");
        digits
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no whole number: {text}"))
    })
}

fn runtime(paused: bool) -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(paused)
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
}

fn live(seed: u64) -> (Vec<String>, Coverage) {
    runtime(true).block_on(async { World::new(seed).run(TURNS_OF_A_WORLD).await })
}

/// A world takes milliseconds. One that takes this long has a turn that never ends.
const STUCK: Duration = Duration::from_secs(120);

/// The seeds of the worlds under way, and since when.
type UnderWay = Mutex<BTreeMap<u64, Instant>>;

/// Runs the worlds one after the other until the last has been begun, or one was wrong.
fn worker(
    first: u64,
    worlds: u64,
    begun: &AtomicU64,
    wrong: &Mutex<Option<(u64, Vec<String>)>>,
    under_way: &UnderWay,
) -> Coverage {
    let mut coverage = Coverage::default();
    loop {
        let world = begun.fetch_add(1, Ordering::Relaxed);
        if world >= worlds {
            return coverage;
        }
        let seed = first.wrapping_add(world);
        if let Ok(mut under_way) = under_way.lock() {
            under_way.insert(seed, Instant::now());
        }
        let lived = std::panic::catch_unwind(|| live(seed));
        if let Ok(mut under_way) = under_way.lock() {
            under_way.remove(&seed);
        }
        let (complaints, reached) = match lived {
            Ok(lived) => lived,
            Err(_) => (
                vec!["the world has panicked".to_owned()],
                Coverage::default(),
            ),
        };
        coverage.merge(reached);
        if !complaints.is_empty() {
            begun.store(worlds, Ordering::Relaxed);
            // At once: another world may never end.
            eprintln!("EVENKEEL_SEED={seed}: {}", complaints.join("\n"));
            if let Ok(mut wrong) = wrong.lock() {
                *wrong = Some((seed, complaints));
            }
            return coverage;
        }
    }
}

/// Says now and then how far it is, until all worlds have ended, and ends the run where one of them never would.
fn show_progress(turns: u64, worlds: u64, begun: &AtomicU64, under_way: &UnderWay) {
    runtime(false).block_on(async {
        let started = Instant::now();
        let mut said = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let oldest = under_way.lock().ok().and_then(|under_way| {
                let oldest = under_way.iter().min_by_key(|(_, since)| **since);
                oldest.map(|(seed, since)| (*seed, since.elapsed()))
            });
            if let Some((seed, _)) = oldest.filter(|(_, age)| *age > STUCK) {
                eprintln!("a turn never ends: EVENKEEL_SEED={seed} EVENKEEL_TURNS=1");
                // Its thread cannot be ended otherwise.
                std::process::exit(1);
            }
            if begun.load(Ordering::Relaxed) >= worlds && oldest.is_none() {
                return;
            }
            let seconds = started.elapsed().as_secs();
            let done = begun.load(Ordering::Relaxed).min(worlds) * TURNS_OF_A_WORLD;
            if seconds >= said + 10 {
                said = seconds;
                eprintln!(
                    "{done} of {turns} turns, {} a second",
                    done / seconds.max(1)
                );
            }
        }
    });
}

#[test]
fn a_seed_says_all_that_happens_in_its_world() {
    for seed in 0..20 {
        let [first, second] = [live(seed), live(seed)].map(|(_, coverage)| coverage.to_string());
        assert_eq!(first, second, "the world of {seed}");
    }
}

#[test]
fn whatever_happens_the_invariants_hold() {
    let turns = number_from("EVENKEEL_TURNS").unwrap_or(ENOUGH_FOR_COVERAGE);
    let first = number_from("EVENKEEL_SEED").unwrap_or_else(|| rand::rng().random());
    let worlds = turns.div_ceil(TURNS_OF_A_WORLD).max(1);
    eprintln!("{turns} turns from EVENKEEL_SEED={first}");
    let (begun, wrong, under_way) = (AtomicU64::new(0), Mutex::new(None), UnderWay::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let coverage = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| worker(first, worlds, &begun, &wrong, &under_way)))
            .collect();
        show_progress(turns, worlds, &begun, &under_way);
        let mut coverage = Coverage::default();
        for worker in workers {
            coverage.merge(worker.join().unwrap_or_default());
        }
        coverage
    });
    if let Some((seed, complaints)) = wrong.into_inner().unwrap_or_default() {
        let count = complaints.len();
        let shown = complaints
            .iter()
            .take(3)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n\n");
        panic!(
            "{count} complaints; the first:\n{shown}\n\nThe same again: EVENKEEL_SEED={seed} EVENKEEL_TURNS=1"
        );
    }
    eprintln!("{coverage}");
    if turns >= ENOUGH_FOR_COVERAGE {
        let gaps = coverage.gaps(turns);
        assert!(
            gaps.is_empty(),
            "paths taken too seldom, from EVENKEEL_SEED={first}:\n{}",
            gaps.join("\n")
        );
    }
}
