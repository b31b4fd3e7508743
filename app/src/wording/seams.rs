//! Where another model went on with an answer that broke off.

use evenkeel_protocol::{
    AttemptKind, AttemptState, Message, MessageStatus, ModelId, Seam, SeamMode,
};

use super::{answering, failed, overhead, seconds, why};

/// What a seam means, for those who meet its mark in the text.
pub fn seam(seam: &Seam) -> String {
    let Seam { from, to, .. } = seam;
    match seam.mode {
        SeamMode::Continued => {
            format!("{from} broke off here. {to} was given its text and continued it.")
        }
        SeamMode::Spliced => format!(
            "{from} broke off here. {to} began anew, said the same up to here, and was spliced in."
        ),
        SeamMode::Restarted if seam.discarded.is_some() => {
            format!("{from} broke off. {to} said something else and restarted the answer.")
        }
        SeamMode::Restarted => format!("{from} broke off. {to} restarted the answer."),
    }
}

/// What the announcer says when it happens.
pub fn goes_on(seam: &Seam) -> String {
    let Seam { from, to, .. } = seam;
    match seam.mode {
        SeamMode::Continued | SeamMode::Spliced => format!("{from} broke off. {to} goes on."),
        SeamMode::Restarted => format!("{from} broke off. {to} begins the answer anew."),
    }
}

/// What the announcer says in the end: "… by claude-sonnet, which went on where gpt-4o broke off".
pub(super) fn took_over(seam: &Seam) -> String {
    let Seam { from, to, .. } = seam;
    match seam.mode {
        SeamMode::Continued | SeamMode::Spliced => {
            format!("Answered by {to}, which went on where {from} broke off.")
        }
        SeamMode::Restarted => {
            format!("Answered by {to}, which began anew where {from} broke off.")
        }
    }
}

/// While a model repeats what another one has said, nothing of it is shown: "claude-sonnet is catching up …".
pub fn catching_up(message: &Message) -> Option<String> {
    let now = message.attempts.last()?;
    let shown = message.model_name.as_ref()?;
    let behind = now.state == AttemptState::Answering && now.model_name != *shown;
    behind.then(|| format!("{} is catching up …", now.model_name))
}

/// "gpt-4o could not answer (rate limited) · claude-sonnet stepped in · +0.8 s"; "gpt-4o broke off · claude-sonnet went on
/// from there".
pub fn fallback(message: &Message) -> Option<String> {
    let served = message.model_name.as_ref()?;
    let asked = message.requested_model.as_ref()?;
    if served == asked && message.seams.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    let mut named = vec![served];
    let failures = message.attempts.iter().filter(|attempt| failed(attempt));
    let models = failures.map(|attempt| &attempt.model_name);
    for model in std::iter::once(asked).chain(models) {
        if !named.contains(&model) {
            named.push(model);
            parts.push(what_became_of(message, model, parts.is_empty()));
        }
    }
    let seam = message.seams.last().filter(|seam| seam.to == *served);
    let mut what = match seam.map(|seam| seam.mode) {
        Some(SeamMode::Continued | SeamMode::Spliced) => format!("{served} went on from there"),
        Some(SeamMode::Restarted) => format!("{served} began anew"),
        None if hedged(message) => format!("{served}, asked in parallel, was faster"),
        None => format!("{served} stepped in"),
    };
    if message.status == MessageStatus::Incomplete {
        what.push_str(", and broke off");
    }
    parts.push(what);
    // The time that an answer had come for was not lost.
    let lost = overhead(&message.attempts).filter(|_| seam.is_none());
    parts.extend(lost.map(|ms| match ms {
        0..100 => format!("+{ms} ms"),
        _ => format!("+{}", seconds(ms)),
    }));
    Some(parts.join(" · "))
}

/// Why a model is not the one whose name stands under the answer.
fn what_became_of(message: &Message, model: &ModelId, first: bool) -> String {
    if message.seams.iter().any(|seam| seam.from == *model) {
        return format!("{model} broke off");
    }
    let mut attempts = message.attempts.iter().rev();
    match attempts.find(|attempt| attempt.model_name == *model && failed(attempt)) {
        Some(attempt) if first => format!("{model} could not answer ({})", why(attempt)),
        Some(attempt) => format!("nor could {model} ({})", why(attempt)),
        None if hedged(message) => format!("{model} had said nothing yet"),
        None => format!("{model} could not answer"),
    }
}

/// A model that was asked in parallel was faster than the one that was asked first.
pub(super) fn hedged(message: &Message) -> bool {
    let answered = answering(&message.attempts);
    answered.is_some_and(|attempt| attempt.kind == AttemptKind::Hedge)
}
