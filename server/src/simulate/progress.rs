//! Says on stderr how far a simulation is, by the real clock: the simulated one stands still or jumps.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Between two lines, where nobody looks on.
const SELDOM: Duration = Duration::from_secs(5);

/// Does the work, and tells of it until it is done.
pub fn shown<T>(turns: u64, work: impl FnOnce(&Arc<AtomicU64>) -> T) -> T {
    let done = Arc::new(AtomicU64::new(0));
    let (finished, until) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        let told = done.clone();
        scope.spawn(move || {
            // Without a runtime there is no progress to be seen, and nothing else is amiss.
            if let Ok(runtime) = Builder::new_current_thread().enable_time().build() {
                runtime.block_on(tell(turns, &told, until));
            }
        });
        let result = work(&done);
        drop(finished);
        result
    })
}

async fn tell(turns: u64, done: &AtomicU64, mut until: oneshot::Receiver<()>) {
    let looked_at = std::io::stderr().is_terminal();
    let period = if looked_at { SELDOM / 10 } else { SELDOM };
    let began = Instant::now();
    let mut ticks = interval_at(began + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut told = false;
    loop {
        let ended = tokio::select! {
            _ = ticks.tick() => false,
            _ = &mut until => true,
        };
        let seconds = began.elapsed().as_secs_f64().max(0.001);
        let done = done.load(Ordering::Relaxed);
        let rate = done as f64 / seconds * 60.0 / 1e6;
        let percent = done * 100 / turns.max(1);
        let line = if ended {
            format!("{done} turns in {seconds:.1} s: {rate:.2} million a minute")
        } else {
            format!("{done} of {turns} turns ({percent} %), {rate:.2} million a minute")
        };
        let (before, after) = match (looked_at, ended) {
            (true, false) => ("\r\x1b[K", ""),
            (true, true) if told => ("\r\x1b[K", "\n"),
            _ => ("", "\n"),
        };
        let mut stderr = std::io::stderr().lock();
        // Nobody may be reading.
        let _ = write!(stderr, "{before}{line}{after}");
        let _ = stderr.flush();
        told = true;
        if ended {
            return;
        }
    }
}
