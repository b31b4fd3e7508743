//! The sentences: what the events of a turn mean in words. Pure, so that every sentence can be tested.

mod assistants;
mod faults;
mod forecast;
mod guards;
mod guide;
mod health;
mod meanwhile;
mod reasons;
mod receipt;
mod replay;
mod runbook;
mod seams;
mod timeline;
mod times;

use evenkeel_protocol::{
    Attempt, AttemptKind, AttemptState, ErrorKind, Message, MessageStatus, ModelFailure, Reason,
};

pub use assistants::{Arm, arms, asks, assistant_status, rollout, share};
pub use faults::{fault, target};
pub use forecast::{forecast, forecast_for, likely_back, option};
pub use guards::guards;
pub use guide::{Advice, Go, Step, Tried, advice, setting};
pub use health::{
    Told, circuit, counted, described, distinct, finding, hold, limit, reading, scope, short_time,
    subject, success, thousands, value, verdict,
};
pub use meanwhile::{Meanwhile, Wait, progress};
pub use reasons::{Fixer, explain, reason};
pub use receipt::{dollars, lost_time, percent};
pub use replay::{then, then_and_under, under};
pub use runbook::{Heading, RUNBOOKS};
pub use seams::{catching_up, fallback, goes_on, seam};
pub use timeline::{cost, facts, mark, outcome, tokens};
pub use times::{countdown, seconds, tenths};

use seams::{hedged, took_over};

fn failed(attempt: &Attempt) -> bool {
    matches!(attempt.state, AttemptState::Failed | AttemptState::Skipped)
}

fn why(attempt: &Attempt) -> &'static str {
    reason(
        attempt.reason.unwrap_or(Reason::Unknown),
        attempt.status_code,
    )
}

/// The attempt that answered, or is answering.
pub fn answering(attempts: &[Attempt]) -> Option<&Attempt> {
    attempts.iter().rev().find(|attempt| {
        matches!(
            attempt.state,
            AttemptState::Answering | AttemptState::Answered
        )
    })
}

/// Milliseconds from the first attempt's start to the start of the one that answered.
fn overhead(attempts: &[Attempt]) -> Option<u64> {
    let first = attempts.first()?;
    let ms = answering(attempts)?.started_at.as_millisecond() - first.started_at.as_millisecond();
    u64::try_from(ms).ok()
}

/// Why there is no whole answer, where the card of an exhausted turn does not say it already.
pub fn ended(message: &Message) -> Option<String> {
    let kind = message.error.as_ref().map(|error| &error.kind);
    match message.status {
        MessageStatus::Complete | MessageStatus::Streaming => None,
        MessageStatus::Cancelled => Some("You stopped this answer.".to_owned()),
        MessageStatus::Interrupted => {
            Some("The server stopped while this answer was being written.".to_owned())
        }
        MessageStatus::Incomplete | MessageStatus::Failed => match kind {
            Some(ErrorKind::FallbackExhausted { .. }) => None,
            Some(ErrorKind::Cancelled) => Some("You stopped this answer.".to_owned()),
            Some(_) | None => Some(message.error.as_ref().map_or_else(
                || "This answer is not whole.".to_owned(),
                |error| error.error.clone(),
            )),
        },
    }
}

/// What the announcer says at a turn's end.
pub fn announce(message: &Message) -> String {
    match (&message.status, &message.model_name) {
        (MessageStatus::Complete, _) if let Some(seam) = message.seams.last() => took_over(seam),
        (MessageStatus::Complete, Some(model)) if message.fallback => {
            match &message.requested_model {
                Some(asked) if hedged(message) => {
                    format!("Answered by {model}, which was faster than {asked}.")
                }
                Some(asked) => format!("Answered by {model}, because {asked} could not."),
                None => format!("Answered by {model}."),
            }
        }
        (MessageStatus::Complete, Some(model)) => format!("Answered by {model}."),
        (MessageStatus::Complete | MessageStatus::Streaming, _) => "Answered.".to_owned(),
        (MessageStatus::Cancelled, _) => "Stopped.".to_owned(),
        (MessageStatus::Incomplete | MessageStatus::Interrupted, _) => {
            "The answer broke off.".to_owned()
        }
        (MessageStatus::Failed, _) => "Could not answer.".to_owned(),
    }
}

/// The server's summary of an exhausted turn: its first line, and the others but those that list the models, which the
/// card lists itself.
pub fn summary(text: &str) -> (String, Vec<String>) {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("No model could answer.").to_owned();
    (
        first,
        lines
            .filter(|line| !line.starts_with('•'))
            .map(str::to_owned)
            .collect(),
    )
}

/// All there is to know of an exhausted turn, as plain text for those who are asked for help.
pub fn for_support(message: &Message, summary: &str, failures: &[ModelFailure]) -> String {
    let mut text = format!("{summary}\n");
    if let Some(run) = &message.run_id {
        text.push_str(&format!("run: {run}\n"));
    }
    text.push_str(&format!(
        "conversation: {}\nmessage: {}\n",
        message.conversation_id, message.id
    ));
    text.push_str(&format!("time: {}\n", message.created_at));
    for failure in failures {
        let status = failure
            .status_code
            .map_or_else(String::new, |status| format!(" HTTP {status}"));
        let detail = failure.detail.as_deref().unwrap_or("no detail");
        let (model, reason) = (&failure.model_name, failure.reason.as_str());
        text.push_str(&format!("- {model}: {reason}{status}: {detail}\n"));
    }
    text
}

/// An attempt's state in a word.
pub fn state(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Started => "asked",
        AttemptState::Answering => "answering",
        AttemptState::Answered => "answered",
        AttemptState::Failed => "failed",
        AttemptState::Skipped => "not asked",
        AttemptState::Cancelled => "cancelled",
    }
}

/// An attempt's kind in a word or two.
pub fn kind(kind: AttemptKind) -> &'static str {
    match kind {
        AttemptKind::Primary => "first choice",
        AttemptKind::Retry => "retry",
        AttemptKind::Fallback => "fallback",
        AttemptKind::Hedge => "asked in parallel",
        AttemptKind::Probe => "probe",
    }
}

/// "1 attempt", "3 attempts".
pub fn attempts(count: usize) -> String {
    if count == 1 {
        "1 attempt".to_owned()
    } else {
        format!("{count} attempts")
    }
}

#[cfg(test)]
mod tests;
