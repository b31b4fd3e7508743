//! How long a model's first tokens took lately.

use std::collections::VecDeque;
use std::time::Duration;

/// So many are remembered.
const REMEMBERED: usize = 64;

/// Fewer say nothing about the slowest of them.
const ENOUGH: usize = 10;

/// The last times to the first token of one model.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstTokens(VecDeque<Duration>);

impl FirstTokens {
    pub(crate) fn record(&mut self, time: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(time);
    }

    /// The time that nineteen in twenty stay under; none before there are enough of them.
    pub(crate) fn p95(&self) -> Option<Duration> {
        (self.0.len() >= ENOUGH).then(|| self.quantile(0.95))?
    }

    /// The time that half of them stay under.
    pub(crate) fn median(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    fn quantile(&self, share: f64) -> Option<Duration> {
        let mut times: Vec<_> = self.0.iter().copied().collect();
        let place = (times.len() as f64 * share).ceil() as usize;
        let place = place.checked_sub(1)?;
        // Asked for before every request: no more is put in order than is needed.
        Some(*times.select_nth_unstable(place).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_last_ones() {
        let mut times = FirstTokens::default();
        assert_eq!((times.median(), times.p95()), (None, None));
        for second in 1..=9 {
            times.record(Duration::from_secs(second));
        }
        assert_eq!(times.median(), Some(Duration::from_secs(5)));
        assert_eq!(times.p95(), None);
        for second in 10..=100 {
            times.record(Duration::from_secs(second));
        }
        // 37 to 100 are left.
        assert_eq!(times.median(), Some(Duration::from_secs(68)));
        assert_eq!(times.p95(), Some(Duration::from_secs(97)));
    }
}
