//! The retry budget: however much fails, retries and hedges stay a small share of the traffic.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// How much the process may spend on asking again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetSettings {
    /// Retries and hedges per turn.
    pub share: f64,
    /// And so many a second besides.
    pub per_second: f64,
}

impl Default for BudgetSettings {
    fn default() -> Self {
        Self {
            share: 0.2,
            per_second: 10.0,
        }
    }
}

/// The bucket never holds more than this many seconds' allowance, so that a quiet night pays for no storm.
const SECONDS_KEPT: f64 = 10.0;

/// A token bucket, shared by all turns of the process: every turn puts its share in, every second its allowance, and
/// each retry or hedge takes one whole token out. A leg's first request is never denied, and never asks.
#[derive(Debug)]
pub struct RetryBudget {
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    settings: BudgetSettings,
    tokens: f64,
    filled: Instant,
}

impl RetryBudget {
    /// A bucket with one second's allowance.
    pub fn new(settings: BudgetSettings) -> Self {
        Self {
            bucket: Mutex::new(Bucket {
                settings,
                tokens: settings.per_second,
                filled: Instant::now(),
            }),
        }
    }

    /// Other figures from now on. What is in the bucket stays, as far as it holds that much.
    pub fn set(&self, settings: BudgetSettings) {
        self.with(|bucket| {
            bucket.settings = settings;
            bucket.tokens = bucket.tokens.min(capacity(&settings));
        });
    }

    /// A turn begins.
    pub fn deposit(&self) {
        self.with(|bucket| {
            let settings = bucket.settings;
            bucket.tokens = (bucket.tokens + settings.share).min(capacity(&settings));
        });
    }

    /// Takes one retry or hedge out, where there is one.
    pub fn withdraw(&self) -> bool {
        self.with(|bucket| {
            let granted = bucket.tokens >= 1.0;
            if granted {
                bucket.tokens -= 1.0;
            }
            granted
        })
    }

    /// Whole retries that are left now.
    pub fn remaining(&self) -> f64 {
        self.with(|bucket| bucket.tokens.floor())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Bucket) -> T) -> T {
        // A panic elsewhere leaves the bucket whole: each change is one assignment.
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let seconds = now.saturating_duration_since(bucket.filled).as_secs_f64();
        let settings = bucket.settings;
        bucket.filled = now;
        bucket.tokens = (bucket.tokens + seconds * settings.per_second).min(capacity(&settings));
        change(&mut bucket)
    }
}

fn capacity(settings: &BudgetSettings) -> f64 {
    // One turn in five may ask again even where nothing is allowed per second.
    (settings.per_second * SECONDS_KEPT).max(10.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_allows_ten_and_five_turns_one_more() {
        let budget = RetryBudget::new(BudgetSettings::default());
        let granted = (0..50).filter(|_| budget.withdraw()).count();
        assert_eq!(granted, 10);
        for _ in 0..5 {
            budget.deposit();
        }
        assert_eq!(budget.remaining(), 1.0);
        assert!(budget.withdraw());
        assert!(!budget.withdraw());
        advance(Duration::from_millis(500)).await;
        let granted = (0..50).filter(|_| budget.withdraw()).count();
        assert_eq!(granted, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn it_holds_ten_seconds_at_most() {
        let budget = RetryBudget::new(BudgetSettings::default());
        advance(Duration::from_secs(3_600)).await;
        assert_eq!(budget.remaining(), 100.0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_allowance_there_is_the_turns_share_alone() {
        let budget = RetryBudget::new(BudgetSettings {
            share: 0.5,
            per_second: 0.0,
        });
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        assert!(!budget.withdraw());
    }

    #[tokio::test(start_paused = true)]
    async fn other_figures_hold_at_once_and_give_nothing_for_free() {
        let budget = RetryBudget::new(BudgetSettings::default());
        advance(Duration::from_secs(3_600)).await;
        budget.set(BudgetSettings {
            share: 1.0,
            per_second: 0.0,
        });
        assert_eq!(budget.remaining(), 10.0);
        while budget.withdraw() {}
        advance(Duration::from_secs(3_600)).await;
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        budget.set(BudgetSettings::default());
        assert_eq!(budget.remaining(), 0.0);
        advance(Duration::from_secs(1)).await;
        assert_eq!(budget.remaining(), 10.0);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Turn,
        Retry,
        Wait(u64),
    }

    proptest! {
        /// At any moment: no more were granted than the share of the turns and the allowance of the time, the first
        /// second's included.
        #[test]
        fn never_more_than_share_and_allowance(
            steps in prop::collection::vec(
                prop_oneof![3 => Just(Step::Turn), 5 => Just(Step::Retry), 1 => (0_u64..3_000).prop_map(Step::Wait)], 0..400),
            share in 0.0..1.0_f64,
            per_second in 0.0..20.0_f64,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let budget = RetryBudget::new(BudgetSettings { share, per_second });
                let (mut turns, mut granted, began) = (0.0, 0.0, Instant::now());
                for step in steps {
                    match step {
                        Step::Turn => { turns += 1.0; budget.deposit(); }
                        Step::Retry => granted += f64::from(u8::from(budget.withdraw())),
                        Step::Wait(milliseconds) => advance(Duration::from_millis(milliseconds)).await,
                    }
                    let allowed = share * turns + per_second * (began.elapsed().as_secs_f64() + 1.0);
                    prop_assert!(granted <= allowed + 1e-6, "{granted} of {allowed}");
                }
                Ok(())
            })?;
        }
    }
}
