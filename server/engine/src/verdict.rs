//! What follows from a failure: the same leg again, the next leg, or the end of the turn.

use std::time::Duration;

use rand::Rng;

use crate::{Failure, RetryRule, Settings};

/// While a further leg is usable, a backoff is never longer than this.
const BACKOFF_CAP: Duration = Duration::from_millis(500);

/// The longest Retry-After that is waited for on the last usable leg.
const LAST_LEG_WAIT: Duration = Duration::from_secs(30);

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same leg is asked again.
    RetrySame {
        /// After this long.
        after: Duration,
        /// So often it may be asked again in all, those before included.
        limit: u32,
    },
    /// The next leg is asked.
    NextLeg,
    /// The turn ends with this failure.
    Abort,
}

/// How the leg stands at the moment of the failure.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Retries of this leg so far.
    pub retries: u32,
    /// No further leg could be asked now.
    pub last_usable: bool,
    /// Attempts that the turn has left for retries, those reserved for untried legs taken off.
    pub attempts_left: u32,
    /// The leg is a half-open circuit's probe.
    pub probe: bool,
    /// Until the turn's deadline.
    pub time_left: Duration,
}

/// Decides. Each wait that it orders ends before the deadline.
pub fn verdict(
    failure: &Failure,
    standing: Standing,
    settings: &Settings,
    rng: &mut impl Rng,
) -> Verdict {
    if failure.ends_turn(settings) {
        return Verdict::Abort;
    }
    let allowed = if standing.last_usable {
        settings.max_retries
    } else {
        settings.retries_before_fallback.min(settings.max_retries)
    };
    if standing.probe || standing.attempts_left == 0 || standing.retries >= allowed {
        return Verdict::NextLeg;
    }
    let after = match failure.retry {
        RetryRule::Never | RetryRule::EndTurn => None,
        RetryRule::OnceAtOnce => (standing.retries == 0).then_some(Duration::ZERO),
        RetryRule::Backoff => {
            let cap = if standing.last_usable {
                Duration::MAX
            } else {
                BACKOFF_CAP
            };
            Some(settings.backoff.delay(standing.retries, cap, rng))
        }
        RetryRule::NotBefore(named) => {
            let patience = if standing.last_usable {
                LAST_LEG_WAIT
            } else {
                settings.max_retry_after
            };
            (named <= patience).then_some(named)
        }
    };
    let limit = match failure.retry {
        RetryRule::OnceAtOnce => 1,
        RetryRule::Backoff | RetryRule::NotBefore(_) | RetryRule::Never | RetryRule::EndTurn => {
            allowed.min(standing.retries + standing.attempts_left)
        }
    };
    match after {
        Some(after) if after < standing.time_left => Verdict::RetrySame { after, limit },
        Some(_) | None => Verdict::NextLeg,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;
    use crate::{Observed, Scrubber, UpstreamError, classify};

    #[test]
    fn no_wait_is_ordered_that_ends_at_the_deadline_or_after_it() {
        let named = Duration::from_secs(10);
        let error = UpstreamError {
            observed: Observed::Status {
                status: 429,
                code: None,
                message: String::new(),
                retry_after: Some(named),
            },
            simulated: None,
        };
        let failure = classify(&error, &Scrubber::default());
        let tick = Duration::from_millis(1);
        for (time_left, expected) in [
            (named - tick, Verdict::NextLeg),
            (named, Verdict::NextLeg),
            (
                named + tick,
                Verdict::RetrySame {
                    after: named,
                    limit: 1,
                },
            ),
        ] {
            let standing = Standing {
                retries: 0,
                last_usable: true,
                attempts_left: 1,
                probe: false,
                time_left,
            };
            let mut rng = SmallRng::seed_from_u64(1);
            let settings = Settings::default();
            assert_eq!(verdict(&failure, standing, &settings, &mut rng), expected);
        }
    }
}
