//! What is shipped for Prometheus and Grafana says the same as this program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::config::{LimitKind, RULES};
use crate::shared::Shared;

fn shipped(file: &str) -> String {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
    std::fs::read_to_string(packaging.join(file)).unwrap()
}

/// The rules of the file, each by its built-in rule's key; a line of a comment is none.
fn prometheus_rules() -> BTreeMap<String, String> {
    let text = shipped("prometheus/evenkeel.rules.yml");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let text = lines.collect::<Vec<_>>().join("\n");
    let rules = text.split("- alert: Evenkeel").skip(1);
    let named = rules.map(|rule| {
        let key = rule.split("rule: ").nth(1).unwrap().lines().next().unwrap();
        (key.to_owned(), rule.to_owned())
    });
    named.collect()
}

#[test]
fn prometheus_alerts_at_the_same_limits() {
    let mut shipped = prometheus_rules();
    for facts in RULES {
        let Some(limit) = facts.limit else {
            assert!(!shipped.contains_key(facts.key), "{} is off", facts.key);
            continue;
        };
        let rule = shipped.remove(facts.key).unwrap();
        let name: String = facts
            .key
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect();
        assert!(rule.starts_with(&format!("{name}\n")), "{name}: {rule}");
        let severity = format!("severity: {}", super::message::severity(facts.severity));
        assert!(rule.contains(&severity), "{rule}");
        let exceeded = Regex::new(&format!(r"> {limit}\s")).unwrap();
        assert!(exceeded.is_match(&rule), "{limit}: {rule}");
        let hold = rule
            .lines()
            .find_map(|line| line.trim().strip_prefix("for: "));
        let expected = (facts.for_s > 0).then(|| format!("{}m", facts.for_s / 60));
        assert_eq!(hold, expected.as_deref(), "{rule}");
        let calm = format!("keep_firing_for: {}m", super::engine::CALM.as_secs() / 60);
        assert!(rule.contains(&calm), "{rule}");
        let is_rate = matches!(facts.kind, LimitKind::Share | LimitKind::Time);
        let least = crate::config::AlertsConfig::default().min_turns;
        assert_eq!(rule.contains(&format!(">= {least}\n")), is_rate, "{rule}");
    }
    assert!(shipped.is_empty(), "no such rule: {:?}", shipped.keys());
}

#[test]
fn each_shipped_rule_is_tested_both_ways() {
    let tests = shipped("prometheus/evenkeel.test.yml");
    for rule in prometheus_rules().values() {
        let name = rule.lines().next().unwrap();
        let asked: Vec<_> = tests
            .split(&format!("alertname: Evenkeel{name}\n"))
            .skip(1)
            .map(|after| after.trim_start().starts_with("exp_alerts: []"))
            .collect();
        assert!(
            asked.contains(&true) && asked.contains(&false),
            "{name}: {asked:?}"
        );
    }
}

/// Each name of a metric in these texts is one of `/metrics`, with the labels that it has there.
#[tokio::test]
async fn what_is_shipped_names_metrics_that_there_are() {
    let folder = tempfile::TempDir::new().unwrap();
    let shared = Shared::for_tests(&folder).await;
    let metrics = shared
        .metrics
        .render(&shared.catalog(), &shared.budget, "local")
        .unwrap();
    let name = Regex::new(r"\bevenkeel_[a-z0-9_]+").unwrap();
    let known: BTreeSet<_> = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| name.find(line).map(|found| found.as_str()))
        .collect();
    for file in [
        "prometheus/evenkeel.rules.yml",
        "prometheus/evenkeel.test.yml",
        "grafana/evenkeel.json",
    ] {
        let text = shipped(file);
        let mut named = 0;
        for found in name.find_iter(&text) {
            assert!(known.contains(found.as_str()), "{file}: {}", found.as_str());
            named += 1;
        }
        assert!(named >= 10, "{file}");
    }
}

#[test]
fn every_family_has_its_place_on_the_dashboard() {
    let dashboard = shipped("grafana/evenkeel.json");
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = parsed["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(panel["type"] == "row" || !panel["targets"].as_array().unwrap().is_empty());
    }
    for family in [
        "turns_total",
        "attempts_total",
        "fallbacks_total",
        "fallback_exhausted_total",
        "model_not_found_total",
        "attempt_duration_seconds",
        "time_to_first_token_seconds",
        "fallback_overhead_seconds",
        "circuit_state",
        "circuit_transitions_total",
        "retry_budget_remaining",
        "tokens_total",
        "cost_dollars_total",
        "websocket_connections",
        "faults_active",
        "panics_total",
    ] {
        assert!(
            dashboard.contains(&format!("evenkeel_{family}")),
            "{family}"
        );
    }
}
