//! Many turns under random failures, and then every account of them: the panel's frames, `/health`, `/metrics`, the log,
//! its statistics and its table must say the same.
//!
//! `EVENKEEL_TURNS` says how many turns; a release is tried with 10,000.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Behaviour, Server, Socket, Upstream, server};

const TURNS: u64 = 2_000;

/// Turns at the same time.
const AT_ONCE: usize = 24;

const RESILIENCE: &str = "retry_base_delay = \"1ms\"\nretry_max_delay = \"5ms\"\ncircuit_cooldown = \"60ms\"\n\
                          circuit_max_cooldown = \"120ms\"\nfirst_token_timeout = \"20s\"\nmax_retry_after = \"1s\"";

/// Behaviours by chance; most answer.
fn script(seed: u64, length: u64) -> Vec<Behaviour> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let one = |rng: &mut SmallRng| match rng.random_range(0..100) {
        0..6 => Behaviour::status(503, "overloaded"),
        6..10 => Behaviour::status_with(429, "retry-after: 0\r\n", "slow down"),
        10..12 => Behaviour::status(500, "oops"),
        12..14 => Behaviour::Reset,
        14..17 => Behaviour::Cut(&["from", " here"]),
        17..20 => Behaviour::EndEarly(&["from", " here"]),
        20..22 => Behaviour::Raw("data: {\"choices\": nonsense\n\n"),
        22 => Behaviour::status(401, "bad key"),
        23..25 => Behaviour::status(400, "not like this"),
        _ => Behaviour::Answer(&["from", " here", " on"]),
    };
    (0..length).map(|_| one(&mut rng)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_account_of_many_turns_is_the_same() {
    let turns = std::env::var("EVENKEEL_TURNS").map_or(TURNS, |turns| turns.parse().unwrap());
    let upstreams = [
        Upstream::start(script(1, turns * 2)).await,
        Upstream::start(script(2, turns * 2)).await,
        Upstream::start(script(3, turns * 2)).await,
    ];
    let config = server::config(&upstreams.each_ref(), RESILIENCE).replace(
        "fallbacks = ",
        "input_cost = 3.0\noutput_cost = 15.1\nfallbacks = ",
    );
    let server = Server::start(&config).await;
    let mut socket = Socket::open(&server).await;
    socket
        .say(json!({"type": "watch", "topics": ["health"]}))
        .await;
    let mut panel = Panel::new(socket.hear().await);
    let fault = json!({
        "target": {"model": "b"}, "audience": "everyone", "kind": "http_status", "status": 503,
        "probability": 0.2, "seed": 7, "ttl_s": 3600,
    });
    assert_eq!(server.post("/api/debug/faults", &fault).await.0, 201);

    let began = Instant::now();
    let asked = stream::iter(0..turns).for_each_concurrent(AT_ONCE, |turn| ask(&server, turn));
    let mut asked = std::pin::pin!(asked);
    loop {
        tokio::select! {
            () = &mut asked => break,
            // A panel that looks on all the while.
            frame = socket.hear() => panel.hear(frame),
        }
    }
    let took = began.elapsed();
    // Callers who have left are noticed a moment later, and the log is written a moment after that.
    let log = loop {
        let log = Log::read(&server).await;
        let (_, health) = server.get("/health").await;
        if log.attempts.len() as u64 == ended(&health) && in_flight(&health) == 0 {
            break log;
        }
        sleep(Duration::from_millis(50)).await;
    };

    let (_, health) = server.get("/health").await;
    while let Some(frame) = socket.hear_within(Duration::from_millis(1_500)).await {
        panel.hear(frame);
    }
    assert_eq!(
        panel.0["providers"],
        plain(&health),
        "what frames add up to"
    );
    assert_eq!(panel.0["turns"], health["turns"]);
    assert_eq!(panel.0["findings"], health["findings"]);
    let mut fresh = Socket::open(&server).await;
    fresh
        .say(json!({"type": "watch", "topics": ["health"]}))
        .await;
    assert_eq!(fresh.hear().await["providers"], plain(&health));

    let metrics = Metrics::read(&server).await;
    let (_, series) = server.get("/api/admin/series?span=15m").await;
    let (_, day) = server.get("/api/admin/series?span=24h").await;
    let (_, statistics) = server.get("/api/admin/statistics").await;
    let mut failed = 0;
    for provider in health["providers"].as_array().unwrap() {
        let models = provider["models"].as_array().unwrap();
        let mut sum = 0;
        for model in models {
            let id = model["id"].as_str().unwrap();
            sum += count(&model["recent"], "answered");
            failed += count(&model["recent"], "failed");
            for simulated in [false, true] {
                let figures = &model[if simulated { "simulated" } else { "recent" }];
                log.agrees(id, simulated, figures);
                metrics.agrees(id, simulated, figures);
            }
            for series in [&series, &day] {
                agrees_in_series(series, id, model);
            }
            if id.len() == 1 {
                let counted = statistics["models"].as_array().unwrap().iter();
                let counted = counted.into_iter().find(|it| it["model"] == *id).unwrap();
                assert_eq!(counted["figures"], model["recent"], "{id}");
            }
        }
        assert_eq!(count(&provider["recent"], "answered"), sum);
    }
    assert!(failed > turns / 20, "too little went wrong: {failed}");

    let (real, simulated) = (&health["turns"], &health["simulated_turns"]);
    for (figures, mark) in [(real, ""), (simulated, ",simulated=\"true\"")] {
        let of = |outcome: &str| {
            metrics.value(&format!(
                "evenkeel_turns_total{{outcome=\"{outcome}\"{mark}}}"
            ))
        };
        assert_eq!(of("answered"), count(figures, "answered") as f64);
        assert_eq!(of("fallback_exhausted"), count(figures, "exhausted") as f64);
        let failed = of("content_filtered") + of("deadline_exceeded") + of("internal");
        let all = count(figures, "answered") + count(figures, "exhausted");
        assert_eq!(all as f64 + failed, count(figures, "turns") as f64);
    }
    let stopped = metrics.value("evenkeel_turns_total{outcome=\"cancelled\"}");
    assert_eq!(
        count(&statistics, "requests") as f64,
        count(real, "turns") as f64 + stopped
    );
    for name in ["answered", "fallbacks", "exhausted"] {
        assert_eq!(statistics[name], real[name], "{name}");
    }
    assert!(count(simulated, "turns") > 0 && count(real, "fallbacks") > 0);
    let table = server
        .http
        .get(server.url("/api/admin/attempts?format=csv"))
        .send();
    let table = table.await.unwrap().text().await.unwrap();
    assert_eq!(table.lines().count(), log.attempts.len() + 1);
    let report = format!(
        "{turns} turns, {} attempts in {:.1} s: {real}\n",
        log.attempts.len(),
        took.as_secs_f64()
    );
    let _ = std::io::Write::write_all(&mut std::io::stderr(), report.as_bytes());
}

/// One turn, in one of the ways there are; some callers leave.
async fn ask(server: &Server, turn: u64) {
    let model = ["a", "a", "b"][turn as usize % 3];
    let messages = json!([{"role": "user", "content": format!("turn {turn}")}]);
    match turn % 10 {
        0..3 => {
            let _ = server
                .chat("new", json!({"message": "hi", "model": model}))
                .await;
        }
        3..6 => {
            let body = json!({"model": model, "messages": messages});
            let _ = server.post("/v1/chat/completions", &body).await;
        }
        6 => {
            let body = json!({"model": model, "messages": messages, "max_tokens": 50});
            let _ = server.post("/v1/messages", &body).await;
        }
        streamed => {
            let body = json!({"model": model, "messages": messages, "stream": true});
            let request = server
                .http
                .post(server.url("/v1/chat/completions"))
                .json(&body);
            let response = request.send().await.unwrap();
            if streamed == 9 && turn % 40 == 9 {
                drop(response);
            } else {
                let _ = response.bytes().await;
            }
        }
    }
}

fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_default()
}

fn models(health: &Value) -> impl Iterator<Item = &Value> {
    let providers = health["providers"].as_array().unwrap().iter();
    providers.flat_map(|provider| provider["models"].as_array().unwrap())
}

/// The providers of `/health` without the rates that it works out for its readers.
fn plain(health: &Value) -> Value {
    let mut providers = health["providers"].clone();
    for provider in providers.as_array_mut().unwrap() {
        for model in provider["models"].as_array_mut().unwrap() {
            let rate = model
                .as_object_mut()
                .unwrap()
                .remove("success_rate")
                .unwrap();
            let [answered, failed] =
                ["answered", "failed"].map(|key| count(&model["recent"], key) as f64);
            assert_eq!(
                rate.as_f64(),
                Some(answered / (answered + failed)).filter(|rate| !rate.is_nan())
            );
        }
        provider.as_object_mut().unwrap().remove("success_rate");
    }
    providers
}

fn in_flight(health: &Value) -> u64 {
    models(health).map(|model| count(model, "in_flight")).sum()
}

fn ended(health: &Value) -> u64 {
    let figures = models(health).flat_map(|model| [&model["recent"], &model["simulated"]]);
    let states = ["answered", "failed", "cancelled", "skipped"];
    figures
        .flat_map(|figures| states.map(|state| count(figures, state)))
        .sum()
}

/// The one of a list that has the same id.
fn of<'a>(list: &'a mut Value, like: &Value) -> &'a mut Value {
    let mut list = list.as_array_mut().unwrap().iter_mut();
    list.find(|it| it["id"] == like["id"]).unwrap()
}

/// What a page makes of the frames.
struct Panel(Value);

impl Panel {
    fn new(snapshot: Value) -> Self {
        assert_eq!(snapshot["snapshot"], true);
        Self(snapshot)
    }

    fn hear(&mut self, frame: Value) {
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
struct Log {
    attempts: Vec<Value>,
}

impl Log {
    async fn read(server: &Server) -> Self {
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

    fn agrees(&self, model: &str, simulated: bool, figures: &Value) {
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
struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    async fn read(server: &Server) -> Self {
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

    fn value(&self, name: &str) -> f64 {
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

    fn agrees(&self, model: &str, simulated: bool, figures: &Value) {
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

fn agrees_in_series(series: &Value, id: &str, model: &Value) {
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
