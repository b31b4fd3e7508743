//! What is known of one model: counts since the start, and what came of its attempts over a day, real and simulated apart.

use evenkeel_protocol::{Attempt, AttemptState, Bucket, ModelFailure, Reason, Timestamp};

use super::cell::Attempts;
use super::track::{MINUTE, STEP, Track};

/// See the module.
#[derive(Default)]
pub struct Model {
    /// Attempts sent since the start.
    pub attempts: u64,
    /// Those that failed.
    pub failures: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// The last failure, and when it was.
    pub last_failure: Option<(ModelFailure, Timestamp)>,
    /// When it last answered.
    pub last_success_at: Option<Timestamp>,
    /// Real attempts.
    pub real: Side,
    /// Simulated ones, where there were any.
    pub simulated: Option<Box<Side>>,
}

/// Real attempts, or simulated ones.
#[derive(Default)]
pub struct Side {
    /// What came of them.
    pub track: Track<Attempts>,
    /// Why the last one failed that did, and with which status.
    pub last_failure: Option<(Reason, Option<u16>, Timestamp)>,
}

impl Model {
    /// Takes note of an attempt's change of state.
    pub fn record(&mut self, attempt: &Attempt, now: Timestamp) {
        match attempt.state {
            AttemptState::Started => {
                self.attempts += 1;
                self.in_flight += 1;
                return;
            }
            AttemptState::Answering => return,
            AttemptState::Answered => {
                self.last_success_at = Some(now);
                self.in_flight = self.in_flight.saturating_sub(1);
            }
            AttemptState::Failed => {
                self.failures += 1;
                self.last_failure = attempt.reason.map(|reason| (failure(attempt, reason), now));
                self.in_flight = self.in_flight.saturating_sub(1);
            }
            AttemptState::Cancelled => self.in_flight = self.in_flight.saturating_sub(1),
            AttemptState::Skipped => {}
        }
        if let (AttemptState::Failed, Some(reason)) = (attempt.state, attempt.reason) {
            let side = self.side_mut(attempt.simulated);
            side.last_failure = Some((reason, attempt.status_code, now));
        }
        self.count(attempt, now, 0);
    }

    /// Counts an attempt that has ended, under the time at which it did; the minutes before `first` know it already.
    pub fn count(&mut self, attempt: &Attempt, now: Timestamp, first: u64) {
        let side = self.side_mut(attempt.simulated);
        let at = milliseconds(attempt.started_at) + attempt.duration_ms.unwrap_or_default();
        let now = milliseconds(now);
        side.track
            .recount(at, now, first, |cell| cell.record(&attempt.into()));
    }

    /// Real attempts, or simulated ones where there were any.
    pub fn side(&self, simulated: bool) -> Option<&Side> {
        if simulated {
            self.simulated.as_deref()
        } else {
            Some(&self.real)
        }
    }

    /// The same, which come into being.
    pub fn side_mut(&mut self, simulated: bool) -> &mut Side {
        if simulated {
            self.simulated.get_or_insert_default()
        } else {
            &mut self.real
        }
    }

    /// Lets go of what is too old.
    pub fn pass(&mut self, now: Timestamp) {
        let now = milliseconds(now);
        self.real.track.pass(now);
        self.simulated.take_if(|side| {
            side.track.pass(now);
            side.track.is_empty()
        });
    }

    /// Something happened in the last 15 minutes.
    pub fn fills_window(&self) -> bool {
        let simulated = self.simulated.as_ref();
        self.real.track.fills_window() || simulated.is_some_and(|side| side.track.fills_window())
    }

    /// Nothing happened for a day, and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.real.track.is_empty() && self.simulated.is_none()
    }

    /// The steps of the last 15 minutes.
    pub fn steps(&self) -> Vec<Bucket> {
        let simulated = self.simulated.iter().flat_map(|side| side.track.steps());
        let both = (self.real.track.steps(), simulated);
        buckets(both.0, both.1, STEP)
    }

    /// The newest of them.
    pub fn latest(&self) -> Option<Bucket> {
        let real = self.real.track.steps().next_back();
        let simulated = self.simulated.as_ref();
        let simulated = simulated.and_then(|side| side.track.steps().next_back());
        let newest = real.map(|it| it.0).max(simulated.map(|it| it.0));
        let new = |it: &(u64, &Attempts)| Some(it.0) == newest;
        let (real, simulated) = (real.filter(new), simulated.filter(new));
        buckets(real.into_iter(), simulated.into_iter(), STEP).pop()
    }

    /// The minutes of the last day.
    pub fn minutes(&self) -> Vec<Bucket> {
        let real: Vec<_> = self.real.track.minutes_from(0).collect();
        let simulated: Vec<_> = self
            .simulated
            .iter()
            .flat_map(|side| side.track.minutes_from(0))
            .collect();
        buckets(
            real.iter().map(|(minute, cell)| (*minute, cell)),
            simulated.iter().map(|(minute, cell)| (*minute, cell)),
            MINUTE,
        )
    }
}

/// Real and simulated cells, each in order, joined.
fn buckets<'c>(
    real: impl Iterator<Item = (u64, &'c Attempts)>,
    simulated: impl Iterator<Item = (u64, &'c Attempts)>,
    length: u64,
) -> Vec<Bucket> {
    let (mut real, mut simulated) = (real.peekable(), simulated.peekable());
    let mut buckets = vec![];
    while let Some(number) = match (real.peek(), simulated.peek()) {
        (Some((one, _)), Some((two, _))) => Some(*one.min(two)),
        (one, two) => one.or(two).map(|(number, _)| *number),
    } {
        let own = real.next_if(|it| it.0 == number).map(|it| it.1);
        let fake = simulated.next_if(|it| it.0 == number).map(|it| it.1);
        let start = i64::try_from(number * length).ok();
        let Some(start) = start.and_then(|ms| Timestamp::from_millisecond(ms).ok()) else {
            continue;
        };
        let sent = fake.map_or(0, |it| it.answered + it.failed + it.cancelled);
        buckets.push(Bucket {
            start,
            answered: short(own.map_or(0, |it| it.answered)),
            failed: short(own.map_or(0, |it| it.failed)),
            simulated: short(sent),
            first_token_ms: own.and_then(|it| it.first_token.percentile(50)),
            total_ms: own.and_then(|it| it.total.percentile(95)),
        });
    }
    buckets
}

fn short(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn failure(attempt: &Attempt, reason: Reason) -> ModelFailure {
    ModelFailure {
        model_name: attempt.model_name.clone(),
        status_code: attempt.status_code,
        reason,
        detail: attempt.detail.clone(),
    }
}

/// Milliseconds since 1970, as tracks count them.
pub fn milliseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or_default()
}
