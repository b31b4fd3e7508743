//! What came of a turn then, and of the same turn under a fault.

use evenkeel_protocol::{Attempt, Message, MessageStatus};

use super::{answering, overhead, seconds};
use crate::state::{Replay, ReplayEnd, length};

/// A stored answer: "gpt-4o answered in 1.2 s".
pub fn then(message: &Message) -> String {
    let model = message.model_name.as_ref().map(ToString::to_string);
    match (message.status, model) {
        (MessageStatus::Complete, Some(model)) => {
            let broke_off = message.seams.last().map(|seam| seam.from.to_string());
            answered(&model, message.fallback, broke_off, &message.attempts)
        }
        (MessageStatus::Streaming, _) => "it is still being answered".to_owned(),
        (MessageStatus::Cancelled, _) => "it was stopped".to_owned(),
        (MessageStatus::Incomplete | MessageStatus::Interrupted, Some(model)) => {
            format!("{model} broke off, and nobody went on")
        }
        (
            MessageStatus::Complete
            | MessageStatus::Incomplete
            | MessageStatus::Interrupted
            | MessageStatus::Failed,
            _,
        ) => nobody(&message.attempts),
    }
}

/// A replay: "claude stepped in after 0.9 s".
pub fn under(replay: &Replay) -> String {
    match &replay.end {
        None => match answering(&replay.attempts) {
            Some(attempt) => format!("{} is answering …", attempt.model_name),
            None => match replay.attempts.last() {
                Some(attempt) => format!("asking {} …", attempt.model_name),
                None => "asking …".to_owned(),
            },
        },
        Some(ReplayEnd::Answered {
            model, fallback, ..
        }) => {
            let broke_off = replay.seams.last().map(|(from, ..)| from.to_string());
            answered(model.as_str(), *fallback, broke_off, &replay.attempts)
        }
        Some(ReplayEnd::Failed(_)) => nobody(&replay.attempts),
        Some(ReplayEnd::Stopped) => "it was stopped".to_owned(),
        Some(ReplayEnd::Lost) => "the connection broke off before its end".to_owned(),
    }
}

/// Both in one sentence.
pub fn then_and_under(message: &Message, fault: &str, replay: &Replay) -> String {
    let end = if replay.end.is_some() { "." } else { "" };
    let (then, under) = (then(message), under(replay));
    format!("Then: {then}; under “{fault}”: {under}{end}")
}

fn answered(
    model: &str,
    fallback: bool,
    broke_off: Option<String>,
    attempts: &[Attempt],
) -> String {
    if let Some(from) = broke_off.filter(|from| from != model) {
        return format!("{from} broke off, and {model} went on");
    }
    match overhead(attempts) {
        Some(ms) if fallback && ms >= 100 => format!("{model} stepped in after {}", seconds(ms)),
        Some(_) if fallback => format!("{model} stepped in at once"),
        _ if fallback => format!("{model} stepped in"),
        _ => {
            let retries = attempts.iter().filter(|one| one.retry_in_ms.is_some());
            let took = seconds(length(attempts));
            match retries.count() {
                0 => format!("{model} answered in {took}"),
                1 => format!("{model} answered in {took}, asked twice"),
                more => format!("{model} answered in {took}, asked {} times", more + 1),
            }
        }
    }
}

fn nobody(attempts: &[Attempt]) -> String {
    match length(attempts) {
        0 => "no model could answer".to_owned(),
        ms => format!("no model could answer, after {}", seconds(ms)),
    }
}

#[cfg(test)]
mod tests;
