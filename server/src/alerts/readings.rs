//! What the rules look at: real traffic alone, simulated outages left out.

use std::time::Duration;

/// What is measured at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Readings {
    /// Turns that ended in the last 5 minutes, stopped ones left out.
    pub turns: u64,
    /// Those without an answer.
    pub failed: u64,
    /// Those that another model than the one asked for answered.
    pub fallbacks: u64,
    /// Those that no model could answer.
    pub exhausted: u64,
    /// 95 of 100 that were answered took at most so long.
    pub p95: Option<Duration>,
    /// Turns of the last 15 minutes that another model than the one asked for answered.
    pub fallbacks_of_15_minutes: u64,
    /// US dollars of the last hour.
    pub cost_of_the_hour: f64,
    /// Nothing would be let through.
    pub every_circuit_open: bool,
    /// The model that is asked by default would not be let through.
    pub primary_circuit_open: bool,
    /// Panics of the last 5 minutes.
    pub panics: u64,
}
