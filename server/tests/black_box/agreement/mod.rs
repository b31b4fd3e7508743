//! Many turns under random failures, and then every account of them: the panel's frames, `/health`, `/metrics`, the log,
//! its statistics and its table must say the same.
//!
//! `EVENKEEL_TURNS` says how many turns; a release is tried with 10,000.

mod accounts;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use self::accounts::{Log, Metrics, Panel, agrees_in_series};
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
