//! `evenkeel simulate` on the worlds that come with it.

use std::process::{Command, Output};

use serde_json::Value;

const WORLDS: [&str; 2] = ["one-bad-hour.toml", "provider-outage.toml"];

fn run(scenario: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["simulate", "--scenario", scenario])
        .args(more)
        .env_clear()
        .output()
        .unwrap()
}

fn simulate(world: &str, turns: u64, seed: u64) -> (Value, Vec<u8>) {
    let scenario = format!("{}/worlds/{world}", env!("CARGO_MANIFEST_DIR"));
    let (turns, seed) = (turns.to_string(), seed.to_string());
    let output = run(&scenario, &["--turns", &turns, "--seed", &seed, "--json"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (
        serde_json::from_slice(&output.stdout).unwrap(),
        output.stdout,
    )
}

fn sum(object: &Value) -> u64 {
    let values = object.as_object().unwrap().values();
    values.map(|value| value.as_u64().unwrap()).sum()
}

#[test]
fn both_worlds_add_up_and_the_same_seed_says_the_same() {
    for world in WORLDS {
        let (report, bytes) = simulate(world, 3_000, 7);
        assert_eq!(report["turns"], 3_000);
        let served = report["served"]["turns"].as_u64().unwrap();
        assert_eq!(sum(&report["served"]["by_model"]), served);
        let others = ["content_filtered", "deadline_exceeded"];
        let others: u64 = others.iter().map(|key| report[key].as_u64().unwrap()).sum();
        let lost = sum(&report["exhausted"]) + sum(&report["interrupted"]);
        assert_eq!(served + lost + others, 3_000, "{world}");
        assert_eq!(
            sum(&report["attempts"]["by_kind"]),
            report["attempts"]["sent"]
        );
        let [p50, p95, p99] =
            ["p50", "p95", "p99"].map(|key| report["first_token_seconds"][key].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{world}");
        assert!(report["cost_dollars"]["total"].as_f64().unwrap() > 0.0);
        assert_eq!(simulate(world, 3_000, 7).1, bytes, "{world}");
        assert_ne!(simulate(world, 3_000, 8).1, bytes, "{world}");
    }
}

/// All turns of a period: the first few thousand would end before the outage begins.
#[test]
fn a_fallback_elsewhere_is_what_an_outage_is_survived_by() {
    let (bad_hour, _) = simulate(WORLDS[0], 54_000, 1);
    assert!(bad_hour["served"]["share"].as_f64().unwrap() > 0.998);
    assert!(bad_hour["served"]["by_a_fallback"].as_u64().unwrap() > 10_000);
    let (outage, bytes) = simulate(WORLDS[1], 57_600, 1);
    // In an outage many turns wait for the same probe: the order in which they go on must not be a matter of luck.
    assert_eq!(simulate(WORLDS[1], 57_600, 1).1, bytes);
    let share = outage["served"]["share"].as_f64().unwrap();
    assert!((0.75..0.95).contains(&share), "{share}");
    assert!(outage["exhausted"]["connection_failed"].as_u64().unwrap() > 0);
}

#[test]
fn the_table_says_the_same_to_people() {
    let scenario = format!("{}/worlds/{}", env!("CARGO_MANIFEST_DIR"), WORLDS[0]);
    let output = run(&scenario, &["--turns", "500"]);
    let (said, told) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    for row in [
        "served ",
        "  by large ",
        "to the first token ",
        "time lost ",
        "attempts per turn ",
        "cost ",
    ] {
        assert!(
            said.lines().any(|line| line.starts_with(row)),
            "{row}: {said}"
        );
    }
    assert!(told.contains("million a minute"), "{told}");
}

#[test]
fn a_world_that_cannot_be_is_refused_with_its_keys() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("world.toml");
    std::fs::write(
        &file,
        "period = \"1h\"\nturns_per_secnd = 3\n[[providers]]\nid = \"p\"\n",
    )
    .unwrap();
    for (scenario, expected) in [
        (
            file.to_str().unwrap(),
            "turns_per_secnd (line 2): unknown key; did you mean `turns_per_second`?",
        ),
        ("nowhere.toml", "nowhere.toml: cannot be read"),
    ] {
        let output = run(scenario, &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && said.contains(expected),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
}
