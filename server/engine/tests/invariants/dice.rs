//! Seeded randomness in the words of this test.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// One stream of random choices.
pub struct Dice(SmallRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// Another stream, which this one determines.
    pub fn fork(&mut self) -> SmallRng {
        SmallRng::seed_from_u64(self.0.random())
    }

    pub fn one_in(&mut self, n: u32) -> bool {
        self.0.random_range(0..n) == 0
    }

    pub fn percent(&mut self, share: u32) -> bool {
        self.0.random_range(0..100) < share
    }

    /// From `low` to `high`, both included.
    pub fn number(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    pub fn count(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high)
    }

    pub fn place(&mut self, below: usize) -> usize {
        self.0.random_range(0..below)
    }

    pub fn share(&mut self, low: f64, high: f64) -> f64 {
        self.0.random_range(low..=high)
    }

    pub fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.number(low, high))
    }

    /// Mostly short, sometimes up to `high`: small numbers are where the branches are.
    pub fn skewed(&mut self, high: Duration) -> Duration {
        let share: f64 = self.0.random();
        high.mul_f64(share * share * share)
    }

    /// The gap to the next of events that come with this mean.
    pub fn gap(&mut self, mean: Duration) -> Duration {
        let share: f64 = self.0.random();
        mean.mul_f64(-(1.0 - share).max(1e-9).ln())
    }

    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.place(of.len())]
    }
}
