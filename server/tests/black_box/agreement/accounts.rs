//! The accounts: what a page makes of its frames, the log of attempts, `/metrics` and the series.

use std::collections::BTreeMap;

use serde_json::Value;

use super::count;
use crate::support::Server;

/// The one of a list that has the same id.
fn of<'a>(list: &'a mut Value, like: &Value) -> &'a mut Value {
    let mut list = list.as_array_mut().unwrap().iter_mut();
    list.find(|it| it["id"] == like["id"]).unwrap()
}

/// What a page makes of the frames.
pub struct Panel(pub Value);

impl Panel {
    pub fn new(snapshot: Value) -> Self {
        assert_eq!(snapshot["snapshot"], true);
        Self(snapshot)
    }

    pub fn hear(&mut self, frame: Value) {
        if frame["type"] != "health" {
            return;
        }
        let mut known = std::mem::replace(&mut self.0, frame);
        if self.0["snapshot"] == true {
            return;
        }
        for provider in self.0["providers"].as_array().unwrap() {
            let own = of(&mut known["providers"], provider);
            let mut models = own["models"].take();
            for model in provider["models"].as_array().unwrap() {
                *of(&mut models, model) = model.clone();
            }
            *own = provider.clone();
            own["models"] = models;
        }
        self.0["providers"] = known["providers"].take();
    }
}

/// The log of attempts, page by page.
pub struct Log {
    pub attempts: Vec<Value>,
}

impl Log {
    pub async fn read(server: &Server) -> Self {
        let (mut attempts, mut before) = (vec![], String::new());
        loop {
            let path = format!("/api/admin/attempts?limit=500{before}");
            let (status, page) = server.get(&path).await;
            assert_eq!(status, 200, "{page}");
            attempts.extend(page["attempts"].as_array().unwrap().iter().cloned());
            match page["next"].as_u64() {
                Some(next) => before = format!("&before={next}"),
                None => return Self { attempts },
            }
        }
    }

    pub fn agrees(&self, model: &str, simulated: bool, figures: &Value) {
        let own: Vec<_> = self
            .attempts
            .iter()
            .filter(|it| it["model_name"] == *model && it["simulated"] == simulated)
            .collect();
        let what = format!("{model}, simulated: {simulated}");
        let mut states = BTreeMap::<&str, u64>::new();
        let mut reasons = BTreeMap::<&str, u64>::new();
        for attempt in &own {
            *states
                .entry(attempt["state"].as_str().unwrap())
                .or_default() += 1;
            if attempt["state"] == "failed" {
                *reasons
                    .entry(attempt["reason"].as_str().unwrap())
                    .or_default() += 1;
            }
        }
        for state in ["answered", "failed", "cancelled", "skipped"] {
            let counted = states.remove(state).unwrap_or_default();
            assert_eq!(counted, count(figures, state), "{state} of {what}");
        }
        assert_eq!(states, BTreeMap::new(), "{what}");
        let told = figures["reasons"].as_array().into_iter().flatten();
        let told: BTreeMap<_, _> = told
            .map(|it| (it["reason"].as_str().unwrap(), count(it, "count")))
            .collect();
        assert_eq!(reasons, told, "{what}");
        for tokens in ["input_tokens", "output_tokens"] {
            let sum: u64 = own.iter().map(|it| count(&it["usage"], tokens)).sum();
            assert_eq!(sum, count(figures, tokens), "{tokens} of {what}");
        }
        let cost: f64 = own.iter().filter_map(|it| it["cost"].as_f64()).sum();
        assert!(
            (cost - figures["cost"].as_f64().unwrap_or_default()).abs() < 1e-9,
            "{what}"
        );
        let first = own
            .iter()
            .filter_map(|it| it["first_token_ms"].as_u64())
            .collect();
        is_near(&figures["first_token"], first);
        let answered = own.iter().filter(|it| it["state"] == "answered");
        is_near(
            &figures["total"],
            answered
                .filter_map(|it| it["duration_ms"].as_u64())
                .collect(),
        );
    }
}

/// Percentiles within the panel's bound of 1/64.
fn is_near(told: &Value, mut exact: Vec<u64>) {
    exact.sort_unstable();
    for (percent, key) in [(50, "p50_ms"), (95, "p95_ms"), (99, "p99_ms")] {
        let rank = (exact.len() * percent).div_ceil(100).max(1);
        let exact = exact.get(rank - 1).copied();
        let told = told[key].as_u64();
        assert_eq!(told.is_some(), exact.is_some());
        let (told, exact) = (told.unwrap_or_default(), exact.unwrap_or_default());
        assert!(
            told.abs_diff(exact) * 64 <= exact,
            "{key}: {told} for {exact}"
        );
    }
}

/// The text of `/metrics`.
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    pub async fn read(server: &Server) -> Self {
        let (_, text) = server.get("/metrics").await;
        let lines = text
            .as_str()
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with('#'));
        let values = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self(values.collect())
    }

    pub fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// The sum of a family's series that have all of these labels.
    fn sum(&self, family: &str, labels: &[(&str, &str)], simulated: bool) -> f64 {
        let own = self.0.iter().filter(|(name, _)| {
            let of = name
                .strip_prefix(family)
                .is_some_and(|rest| rest.starts_with('{'));
            let has = |(key, value): &(&str, &str)| name.contains(&format!("{key}=\"{value}\""));
            of && labels.iter().all(has) && name.contains("simulated=\"true\"") == simulated
        });
        own.map(|(_, value)| value).sum()
    }

    pub fn agrees(&self, model: &str, simulated: bool, figures: &Value) {
        let attempts = |labels: &[(&str, &str)]| {
            let labels = [&[("model", model)], labels].concat();
            self.sum("evenkeel_attempts_total", &labels, simulated)
        };
        for state in ["answered", "failed", "cancelled", "skipped"] {
            let counted = attempts(&[("outcome", state)]);
            assert_eq!(counted, count(figures, state) as f64, "{state} of {model}");
        }
        for it in figures["reasons"].as_array().into_iter().flatten() {
            let labels = [
                ("outcome", "failed"),
                ("reason", it["reason"].as_str().unwrap()),
            ];
            assert_eq!(attempts(&labels), count(it, "count") as f64);
        }
        for direction in ["input", "output"] {
            let labels = [("model", model), ("direction", direction)];
            let counted = self.sum("evenkeel_tokens_total", &labels, simulated);
            assert_eq!(
                counted,
                count(figures, &format!("{direction}_tokens")) as f64
            );
        }
        let cost = self.sum(
            "evenkeel_cost_dollars_total",
            &[("model", model)],
            simulated,
        );
        let told = figures["cost"].as_f64().unwrap_or_default();
        assert!((cost - told).abs() < 1e-9, "{cost} for {told}");
        let timed = "evenkeel_attempt_duration_seconds_count";
        let sent = ["answered", "failed", "cancelled"].map(|state| count(figures, state));
        let timed = self.sum(timed, &[("model", model)], simulated);
        assert_eq!(timed, sent.iter().sum::<u64>() as f64);
    }
}

pub fn agrees_in_series(series: &Value, id: &str, model: &Value) {
    let mut own = series["models"].as_array().unwrap().iter();
    let own = own.find(|it| it["model"] == *id).unwrap();
    let buckets = own["buckets"].as_array().unwrap();
    let sum = |key| -> u64 { buckets.iter().map(|bucket| count(bucket, key)).sum() };
    let (recent, fake) = (&model["recent"], &model["simulated"]);
    assert_eq!(sum("answered"), count(recent, "answered"));
    assert_eq!(sum("failed"), count(recent, "failed"));
    let sent = ["answered", "failed", "cancelled"].map(|state| count(fake, state));
    assert_eq!(sum("simulated"), sent.iter().sum::<u64>());
    if series["step_s"] == 5 {
        assert_eq!(buckets.last().unwrap_or(&Value::Null), &model["latest"]);
    }
}
