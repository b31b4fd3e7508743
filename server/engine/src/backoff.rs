//! Exponential backoff with full jitter.

use std::time::Duration;

use rand::Rng;

/// Delays that double from `base` up to `max`; each drawn evenly from zero to that, so that callers who failed
/// together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

impl Backoff {
    /// None where `base` is longer than `max`.
    pub fn new(base: Duration, max: Duration) -> Option<Self> {
        (base <= max).then_some(Self { base, max })
    }

    /// The first ceiling.
    pub fn base(&self) -> Duration {
        self.base
    }

    /// The highest ceiling.
    pub fn longest(&self) -> Duration {
        self.max
    }

    /// The longest delay before retry number `retry`, counted from 0.
    pub fn ceiling(&self, retry: u32) -> Duration {
        self.base
            .saturating_mul(2_u32.saturating_pow(retry))
            .min(self.max)
    }

    /// A delay before retry number `retry`, at most `cap`.
    pub fn delay(&self, retry: u32, cap: Duration, rng: &mut impl Rng) -> Duration {
        let ceiling = self.ceiling(retry).min(cap);
        ceiling.mul_f64(rng.random_range(0.0..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn a_base_above_the_maximum_cannot_exist() {
        assert!(Backoff::new(Duration::from_secs(2), Duration::from_secs(1)).is_none());
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ceilings_double_up_to_the_longest() {
        let backoff = Backoff::new(SECOND, 20 * SECOND).unwrap();
        assert_eq!((backoff.base(), backoff.longest()), (SECOND, 20 * SECOND));
        let ceilings = [0, 1, 2, 3, 4, 5, 60].map(|retry| backoff.ceiling(retry).as_secs());
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 20, 20]);
    }

    #[test]
    fn delays_are_spread_over_all_that_the_ceiling_allows() {
        let backoff = Backoff::new(SECOND, 20 * SECOND).unwrap();
        let mut rng = SmallRng::seed_from_u64(1);
        let mut mean = |retry, cap: Duration| {
            let draws: Vec<_> = (0..2_000)
                .map(|_| backoff.delay(retry, cap, &mut rng))
                .collect();
            let longest = draws.iter().max().copied().unwrap_or_default();
            (draws.iter().sum::<Duration>() / 2_000, longest)
        };
        for (retry, cap, ceiling) in [(0, 60, 1), (3, 60, 8), (3, 2, 2)] {
            let (mean, longest) = mean(retry, cap * SECOND);
            let half = ceiling * SECOND / 2;
            assert!(mean > half * 9 / 10 && mean < half * 11 / 10, "{mean:?}");
            assert!(longest > ceiling * SECOND * 9 / 10, "{longest:?}");
        }
    }

    proptest! {
        #[test]
        fn delays_stay_under_ceiling_and_cap(
            base in 0_u64..5_000, extra in 0_u64..60_000, retry in 0_u32..100, cap in 0_u64..30_000, seed: u64,
        ) {
            let backoff = Backoff::new(Duration::from_millis(base), Duration::from_millis(base + extra)).unwrap();
            let delay = backoff.delay(retry, Duration::from_millis(cap), &mut SmallRng::seed_from_u64(seed));
            prop_assert!(delay <= backoff.ceiling(retry));
            prop_assert!(delay <= Duration::from_millis(cap));
            prop_assert!(backoff.ceiling(retry) <= backoff.ceiling(retry + 1));
        }
    }
}
