//! The outcomes of the last moments, counted in slices, so that busy circuits need no more memory than quiet ones.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Slices of a window: what is older than the window goes a tenth of it at a time.
const SLICES: u32 = 10;

#[derive(Clone, Debug)]
struct Slice {
    began: Instant,
    outcomes: u32,
    failures: u32,
}

/// Successes and failures within a sliding window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    length: Duration,
    slices: VecDeque<Slice>,
}

impl Window {
    pub(crate) fn new(length: Duration) -> Self {
        Self {
            length,
            slices: VecDeque::new(),
        }
    }

    /// Adds an outcome.
    pub(crate) fn record(&mut self, failed: bool, now: Instant) {
        self.forget(now);
        let width = self.length / SLICES;
        let fresh = self
            .slices
            .back()
            .is_none_or(|last| now.duration_since(last.began) >= width);
        if fresh {
            self.slices.push_back(Slice {
                began: now,
                outcomes: 0,
                failures: 0,
            });
        }
        if let Some(slice) = self.slices.back_mut() {
            slice.outcomes += 1;
            slice.failures += u32::from(failed);
        }
    }

    /// The share of failures, where there are at least so many outcomes.
    pub(crate) fn failure_rate(&mut self, least: u32, now: Instant) -> Option<f64> {
        self.forget(now);
        let (outcomes, failures) = self
            .slices
            .iter()
            .fold((0, 0), |(outcomes, failures), slice| {
                (outcomes + slice.outcomes, failures + slice.failures)
            });
        (outcomes >= least.max(1)).then(|| f64::from(failures) / f64::from(outcomes))
    }

    /// Reaches back this far from now on.
    pub(crate) fn set_length(&mut self, length: Duration) {
        self.length = length;
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.slices.clear();
    }

    fn forget(&mut self, now: Instant) {
        while let Some(first) = self.slices.front() {
            if now.duration_since(first.began) < self.length {
                break;
            }
            self.slices.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn old_outcomes_leave_it() {
        let mut window = Window::new(30 * SECOND);
        let start = Instant::now();
        for second in 0..10 {
            window.record(second % 2 == 0, start + second * SECOND);
        }
        assert_eq!(window.failure_rate(10, start + 9 * SECOND), Some(0.5));
        assert_eq!(window.failure_rate(11, start + 9 * SECOND), None);
        assert_eq!(window.failure_rate(4, start + 35 * SECOND), Some(0.5));
        assert_eq!(window.failure_rate(1, start + 60 * SECOND), None);
    }

    #[tokio::test(start_paused = true)]
    async fn it_stays_small() {
        let mut window = Window::new(30 * SECOND);
        let start = Instant::now();
        for millisecond in 0..120_000 {
            window.record(true, start + Duration::from_millis(millisecond));
        }
        assert!(window.slices.len() <= SLICES as usize + 1);
        assert_eq!(window.failure_rate(1, start + 120 * SECOND), Some(1.0));
    }
}
