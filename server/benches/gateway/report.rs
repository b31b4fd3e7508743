//! The table that people read, and the line of JSON that programs do.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::load::Measured;
use crate::pace::Paced;

/// A line of the table.
pub struct Line {
    name: &'static str,
    baseline: &'static str,
    connections: usize,
    /// Of each round: the time of all together, divided by the requests.
    rounds: Vec<Duration>,
    times: Vec<Duration>,
    processor: Duration,
}

impl Line {
    /// A line without figures.
    pub fn new(name: &'static str, baseline: &'static str, connections: usize) -> Self {
        Self {
            name,
            baseline,
            connections,
            rounds: vec![],
            times: vec![],
            processor: Duration::ZERO,
        }
    }

    /// Takes in a round, and the processor time that the gateway spent in it.
    pub fn add(&mut self, measured: Measured, processor: Duration) {
        self.rounds
            .push(measured.elapsed / measured.times.len() as u32);
        self.times.extend(measured.times);
        self.processor += processor;
    }

    fn per_second(&self) -> f64 {
        1.0 / median(self.rounds.iter().map(Duration::as_secs_f64))
    }

    fn processor_ms(&self) -> f64 {
        ms(self.processor) / self.times.len() as f64
    }

    /// The time of a request as a multiple of another line's, each round compared with the same round.
    fn times(&self, other: &Self) -> f64 {
        let rounds = self.rounds.iter().zip(&other.rounds);
        median(rounds.map(|(own, other)| own.as_secs_f64() / other.as_secs_f64()))
    }
}

/// What must hold at the largest number of connections: a line, a figure of it, and how much that may be.
const TARGETS: [(&str, Figure, f64, f64); 6] = [
    ("plain", Figure::Times, 10.0, 6.0),
    ("plain", Figure::Processor, 0.15, 0.08),
    ("503, fallback", Figure::Times, 2.2, 2.2),
    ("open circuit, fallback", Figure::Times, 1.1, 1.0),
    ("plain, streamed", Figure::Times, 12.0, 12.0),
    ("503, fallback, streamed", Figure::Times, 2.2, 2.2),
];

#[derive(Clone, Copy)]
enum Figure {
    Times,
    Processor,
}

/// Everything that was measured.
pub struct Report {
    text: String,
    json: Value,
    lines: Vec<Line>,
}

impl Report {
    /// Begins with the memory of a gateway that has done nothing yet.
    pub fn new(resident: u64) -> Self {
        Self {
            text: String::new(),
            json: json!({"lines": [], "paced": [], "memory_kib": {"start": resident}}),
            lines: vec![],
        }
    }

    /// Takes in the lines of one number of connections.
    pub fn add(&mut self, mut lines: Vec<Line>) {
        let connections = lines.first().map_or(0, |line| line.connections);
        let _ = writeln!(
            self.text,
            "\n{:<26}{:>10}{:>10}{:>10}{:>12}   time per request, as a multiple of",
            format!("{connections} connections"),
            "req/s",
            "p50 ms",
            "p99 ms",
            "CPU ms/req"
        );
        for line in &mut lines {
            line.times.sort_unstable();
        }
        for line in &lines {
            let (p50, p99) = percentiles(&line.times);
            let baseline = lines.iter().find(|other| other.name == line.baseline);
            let times = baseline.map_or(1.0, |baseline| line.times(baseline));
            let (rate, cpu) = (line.per_second(), line.processor_ms());
            let _ = writeln!(
                self.text,
                "{:<26}{rate:>10.0}{p50:>10.3}{p99:>10.3}{cpu:>12.3}{times:>8.2} × {}",
                line.name, line.baseline
            );
            push(
                &mut self.json["lines"],
                json!({
                    "name": line.name, "connections": connections, "per_second": rate, "p50_ms": p50, "p99_ms": p99,
                    "processor_ms": cpu, "times": times, "baseline": line.baseline,
                }),
            );
        }
        self.lines = lines;
    }

    /// Takes in streams at a pace.
    pub fn paced(&mut self, connections: usize, direct: Paced, ours: Paced) {
        for (what, direct, ours) in [
            ("first token", direct.first_token, ours.first_token),
            ("each further token", direct.delays, ours.delays),
        ] {
            let [(p50, p99), (our_p50, our_p99)] = [direct, ours].map(|mut times| {
                times.sort_unstable();
                percentiles(&times)
            });
            let (median, tail) = (our_p50 - p50, our_p99 - p99);
            let _ = writeln!(
                self.text,
                "a token each 5 ms: added to {what}: {median:.3} ms at p50 ({p50:.3} -> {our_p50:.3}), {tail:.3} ms at p99 ({p99:.3} -> {our_p99:.3})"
            );
            push(
                &mut self.json["paced"],
                json!({"what": what, "connections": connections, "added_p50_ms": median, "added_p99_ms": tail}),
            );
        }
    }

    /// Ends with the memory of a gateway that has done all this, the connections that it opened to the upstream, and the
    /// targets.
    pub fn end(&mut self, resident: u64, upstream_connections: u64) {
        let before = self.json["memory_kib"]["start"].as_u64().unwrap_or(0);
        self.json["memory_kib"]["end"] = json!(resident);
        self.json["upstream_connections"] = json!(upstream_connections);
        let _ = writeln!(
            self.text,
            "\nmemory: {:.1} MiB at the start, {:.1} MiB at the end; connections to the upstream, the direct ones included: {upstream_connections}",
            before as f64 / 1024.0,
            resident as f64 / 1024.0
        );
        for (name, figure, limit, aim) in TARGETS {
            let line = |name| self.lines.iter().find(|line| line.name == name);
            let Some(line) = line(name).zip(line(name).and_then(|it| line(it.baseline))) else {
                continue;
            };
            let (value, unit) = match figure {
                Figure::Times => (line.0.times(line.1), format!("× {}", line.0.baseline)),
                Figure::Processor => (line.0.processor_ms(), "ms of processor time".to_owned()),
            };
            let verdict = match value {
                value if value <= aim => "reached",
                value if value <= limit => "within the limit",
                _ => "MISSED",
            };
            let _ = writeln!(
                self.text,
                "target: {name}: {value:.3} {unit}, limit {limit}, aim {aim}: {verdict}"
            );
        }
    }

    /// Prints it.
    pub fn print(&self) {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}\n{}", self.text, self.json).unwrap();
    }
}

fn push(list: &mut Value, value: Value) {
    list.as_array_mut().unwrap().push(value);
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median and the 99th percentile of sorted times, in milliseconds.
fn percentiles(sorted: &[Duration]) -> (f64, f64) {
    let at = |share: usize| ms(sorted[(sorted.len() - 1) * share / 100]);
    (at(50), at(99))
}
