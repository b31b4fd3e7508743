//! What happens while there is no text yet.

use std::fmt;

use evenkeel_protocol::{Attempt, AttemptKind, AttemptState, ModelId, Reason};

use super::{seconds, why};

/// A sentence, with a time in it that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meanwhile {
    /// What stands before the time, or everything.
    pub before: String,
    /// What is being waited for.
    pub wait: Option<Wait>,
    /// What stands behind the time.
    pub after: String,
}

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long it is as a whole, in milliseconds.
    pub ms: u64,
    /// When it is over by the server's clock, in milliseconds since 1970.
    pub until: i64,
}

impl From<String> for Meanwhile {
    fn from(before: String) -> Self {
        Self {
            before,
            wait: None,
            after: String::new(),
        }
    }
}

impl fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = self.wait.map(|wait| seconds(wait.ms)).unwrap_or_default();
        write!(f, "{}{wait}{}", self.before, self.after)
    }
}

/// "gpt-4o: overloaded, trying again in 0.4 s (1 of 2)"; "Falling back to claude-sonnet …".
pub fn progress(attempts: &[Attempt]) -> Option<Meanwhile> {
    let now = attempts.last()?;
    let model = &now.model_name;
    match now.state {
        AttemptState::Failed => Some(match now.retry_in_ms {
            Some(ms) => waits(attempts, now, ms),
            None if now.reason == Some(Reason::StreamInterrupted) => {
                format!("{model} broke off").into()
            }
            None => format!("{model} could not answer ({})", why(now)).into(),
        }),
        AttemptState::Skipped => Some(format!("{model} was not asked ({})", why(now)).into()),
        AttemptState::Started => Some(asked(attempts, now).into()),
        // Held back until it has passed.
        AttemptState::Answering if now.detail.is_some() => {
            Some(format!("{model} has answered; checking the answer against its sources …").into())
        }
        AttemptState::Answering | AttemptState::Answered | AttemptState::Cancelled => None,
    }
}

fn waits(attempts: &[Attempt], now: &Attempt, ms: u64) -> Meanwhile {
    let ended = i64::try_from(now.duration_ms.unwrap_or(0) + ms).unwrap_or(0);
    let wait = Wait {
        ms,
        until: now.started_at.as_millisecond() + ended,
    };
    Meanwhile {
        before: format!("{}: {}, trying again in ", now.model_name, why(now)),
        wait: Some(wait),
        after: format!(" ({})", count(attempts, &now.model_name, 1)),
    }
}

fn asked(attempts: &[Attempt], now: &Attempt) -> String {
    let model = &now.model_name;
    match now.kind {
        AttemptKind::Primary => format!("Asking {model} …"),
        AttemptKind::Retry => format!("{model}: trying again … ({})", count(attempts, model, 0)),
        AttemptKind::Fallback => format!("Falling back to {model} …"),
        AttemptKind::Hedge => format!("Asking {model} as well …"),
        AttemptKind::Probe => format!("Asking {model}, which may have recovered …"),
    }
}

/// "1 of 2"; where nobody said how often it may be asked again, "retry 1".
fn count(attempts: &[Attempt], model: &ModelId, more: usize) -> String {
    let of_it = || attempts.iter().filter(|one| one.model_name == *model);
    let retries = of_it()
        .filter(|attempt| attempt.kind == AttemptKind::Retry)
        .count()
        + more;
    match of_it().rev().find_map(|attempt| attempt.retry_limit) {
        Some(limit) => format!("{retries} of {limit}"),
        None => format!("retry {retries}"),
    }
}
