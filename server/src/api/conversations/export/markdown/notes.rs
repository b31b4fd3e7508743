//! What is told below an answer of how it came about.

use evenkeel_protocol::{Attempt, AttemptState, Message, MessageStatus, ModelId, Seam, SeamMode};

use super::text::escape;

/// One line each.
pub(super) fn of(message: &Message) -> Vec<String> {
    let mut notes: Vec<_> = failures(&message.attempts);
    notes.extend(message.seams.iter().map(seam));
    if message.fallback
        && let (Some(answered), Some(asked)) = (&message.model_name, &message.requested_model)
    {
        notes.push(format!("{} stepped in for {}.", id(answered), id(asked)));
    }
    let ended = match message.status {
        MessageStatus::Complete => None,
        MessageStatus::Streaming => Some("This answer was still being written."),
        MessageStatus::Incomplete => Some("This answer broke off."),
        MessageStatus::Interrupted => {
            Some("The server stopped while this answer was being written.")
        }
        MessageStatus::Cancelled => Some("This answer was stopped."),
        MessageStatus::Failed => Some("There was no answer."),
    };
    notes.extend(ended.map(str::to_owned));
    if message.simulated {
        notes.push("A simulated fault had its hand in this answer.".to_owned());
    }
    notes
}

/// The models that did not answer, each once with its last reason, in the order in which they failed.
fn failures(attempts: &[Attempt]) -> Vec<String> {
    let mut models: Vec<(&ModelId, Vec<&Attempt>)> = Vec::new();
    let failed = attempts
        .iter()
        .filter(|attempt| matches!(attempt.state, AttemptState::Failed | AttemptState::Skipped));
    for attempt in failed {
        match models.iter_mut().find(|(id, _)| **id == attempt.model_name) {
            Some((_, attempts)) => attempts.push(attempt),
            None => models.push((&attempt.model_name, vec![attempt])),
        }
    }
    let note = |(model, attempts): (&ModelId, Vec<&Attempt>)| {
        let last = attempts.last()?;
        let reason = last.reason.map_or("unknown", |reason| reason.as_str());
        let reason = match last.status_code {
            Some(status) => format!("{}, {status}", escape(reason)),
            None => escape(reason),
        };
        let asked = attempts
            .iter()
            .filter(|it| it.state == AttemptState::Failed)
            .count();
        Some(match asked {
            0 => format!("{} was not asked ({reason}).", id(model)),
            1 => format!("{} failed ({reason}).", id(model)),
            times => format!("{} failed {times} times ({reason}).", id(model)),
        })
    };
    models.into_iter().filter_map(note).collect()
}

fn seam(seam: &Seam) -> String {
    let (from, to) = (id(&seam.from), id(&seam.to));
    match seam.mode {
        SeamMode::Continued | SeamMode::Spliced => {
            format!(
                "{from} broke off after {} characters; {to} went on from there.",
                seam.at
            )
        }
        SeamMode::Restarted => format!("{from} broke off; {to} began anew."),
    }
}

fn id(model: &ModelId) -> String {
    escape(model.as_str())
}
