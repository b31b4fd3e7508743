//! From tokio's clock, which tests can pause, to the wall's, which people read.

use evenkeel_protocol::Timestamp;
use jiff::{SignedDuration, Unit};
use tokio::time::Instant;

/// Both clocks, read at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    instant: Instant,
    wall: Timestamp,
}

impl Clock {
    /// Reads both now.
    pub fn start() -> Self {
        Self {
            instant: Instant::now(),
            wall: Timestamp::now(),
        }
    }

    /// The present, in whole milliseconds, as it is stored.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The time of day at a moment of tokio's clock, in whole milliseconds.
    pub fn at(&self, instant: Instant) -> Timestamp {
        let after = instant.saturating_duration_since(self.instant);
        let before = self.instant.saturating_duration_since(instant);
        let offset = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX)
            - SignedDuration::try_from(before).unwrap_or(SignedDuration::MAX);
        let exact = self.wall.checked_add(offset).unwrap_or(self.wall);
        exact.round(Unit::Millisecond).unwrap_or(exact)
    }
}
