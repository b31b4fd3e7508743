//! What the gateway costs: `/v1/chat/completions` of the real release binary against the upstream that it asks, asked
//! directly, over the same loopback in the same run.
//!
//! `cargo bench -p evenkeel --bench gateway`. `EVENKEEL_BIN` names another binary than the one this build makes, and
//! `EVENKEEL_BENCH_ROUNDS` another number of rounds. The upstream says everything at once, so that what is measured is
//! the gateway's own work; only the last part has it speak at a pace. A failed leg is not asked again, so that nothing
//! sleeps; in the line with a retry it is, after the shortest backoff that the timer knows: a millisecond or two, which
//! count where there is one connection, and vanish where there are many.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot be set up may fail by panicking"
)]

mod load;
mod pace;
mod report;
mod server;
mod upstream;

use std::time::Duration;

use tokio::time::Instant;

use crate::load::{Load, Request};
use crate::report::{Line, Report};
use crate::server::Server;
use crate::upstream::Upstream;

/// How long each line is measured in each round.
const SLICE: Duration = Duration::from_millis(700);

/// The lines are measured in turns, so that whatever else the machine does meets all of them alike.
const ROUNDS: usize = 5;

/// One connection shows what a request waits; many show what a machine can carry.
const CONNECTIONS: [usize; 2] = [1, 32];

/// A line of the table: its name, what is asked, and the line that it is compared with.
struct Case {
    name: &'static str,
    request: Request,
    baseline: &'static str,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let rounds = std::env::var("EVENKEEL_BENCH_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    runtime.block_on(measure(rounds));
}

async fn measure(rounds: usize) {
    let epoch = Instant::now();
    let upstream = Upstream::start(epoch);
    let server = Server::start(upstream.address).await;
    server.open_circuit("open").await;
    let mut report = Report::new(server.resident());
    let cases = cases(&upstream, &server);
    for connections in CONNECTIONS {
        let mut lines: Vec<Line> = cases
            .iter()
            .map(|case| Line::new(case.name, case.baseline, connections))
            .collect();
        for _ in 0..rounds {
            for (case, line) in cases.iter().zip(&mut lines) {
                let load = Load::open(&case.request, connections).await;
                let before = server.processor_time();
                let measured = load.run(&case.request, SLICE).await;
                line.add(measured, server.processor_time() - before);
            }
        }
        report.add(lines);
        let direct = Request::direct(upstream.address, "paced", true);
        let ours = Request::through(server.address, "paced", true, false);
        let direct = pace::measure(&direct, connections, epoch).await;
        report.paced(
            connections,
            direct,
            pace::measure(&ours, connections, epoch).await,
        );
    }
    report.end(server.resident(), upstream.connections());
    server.stop().await;
    report.print();
}

fn cases(upstream: &Upstream, server: &Server) -> Vec<Case> {
    let direct = |path, stream| Request::direct(upstream.address, path, stream);
    let ours = |model, stream, fallback| Request::through(server.address, model, stream, fallback);
    [
        ("direct", direct("whole", false), "direct"),
        ("plain", ours("plain", false, false), "direct"),
        ("503, fallback", ours("busy", false, true), "plain"),
        (
            "503, retry, fallback",
            ours("retried", false, true),
            "plain",
        ),
        ("open circuit, fallback", ours("open", false, true), "plain"),
        (
            "direct, streamed",
            direct("stream", true),
            "direct, streamed",
        ),
        (
            "plain, streamed",
            ours("plain", true, false),
            "direct, streamed",
        ),
        (
            "503, fallback, streamed",
            ours("busy", true, true),
            "plain, streamed",
        ),
    ]
    .map(|(name, request, baseline)| Case {
        name,
        request,
        baseline,
    })
    .into()
}
