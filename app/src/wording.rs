//! The sentences: what the events of a turn mean in words. Pure, so that every sentence can be tested.

use evenkeel_protocol::{
    Attempt, AttemptKind, AttemptState, CircuitState, ErrorKind, Fault, FaultKind, HealthReport,
    Message, MessageStatus, ModelFailure, ModelId, Reason, Status, Target,
};

/// A reason in a few words, as they stand in brackets: "rate limited".
pub fn reason(reason: Reason, status: Option<u16>) -> &'static str {
    match reason {
        Reason::ModelNotFound => "model not found",
        Reason::QuotaExhausted if status == Some(402) => "out of credit",
        Reason::QuotaExhausted => "rate limited",
        Reason::AuthError => "key refused",
        Reason::ProviderUnavailable if matches!(status, Some(503 | 529)) => "overloaded",
        Reason::ProviderUnavailable => "server error",
        Reason::ProviderError => "request refused",
        Reason::ResponseRejected => "empty answer",
        Reason::Unknown => "unknown error",
        Reason::Timeout => "no answer in time",
        Reason::ConnectionFailed => "no connection",
        Reason::StreamInterrupted => "broke off",
        Reason::ContextLengthExceeded => "conversation too long",
        Reason::ContentFiltered => "refused by its safety system",
        Reason::CircuitOpen => "resting after failures",
        Reason::NotCapable => "cannot do this",
        Reason::DeadlineExceeded => "no time left",
    }
}

/// A reason as a sentence, for the card of a turn that nobody could answer.
pub fn explain(reason: Reason, status: Option<u16>) -> &'static str {
    match reason {
        Reason::ModelNotFound => "The provider does not know this model, or has withdrawn it.",
        Reason::QuotaExhausted if status == Some(402) => "The account has no credit left.",
        Reason::QuotaExhausted => "Too many requests, or the quota is spent.",
        Reason::AuthError => "The provider refused the key.",
        Reason::ProviderUnavailable if matches!(status, Some(503 | 529)) => {
            "The provider is overloaded."
        }
        Reason::ProviderUnavailable => "The provider answers with server errors.",
        Reason::ProviderError => "The provider refused the request.",
        Reason::ResponseRejected => "The answer was empty, or a guard refused it.",
        Reason::Unknown => "Something unexpected went wrong.",
        Reason::Timeout => "Nothing came in time.",
        Reason::ConnectionFailed => "No connection to the provider.",
        Reason::StreamInterrupted => "The answer began and then broke off.",
        Reason::ContextLengthExceeded => "The conversation is too long for this model.",
        Reason::ContentFiltered => "The provider's safety system refused.",
        Reason::CircuitOpen => "It failed repeatedly and is resting, so it was not asked.",
        Reason::NotCapable => "It cannot do what this turn needs.",
        Reason::DeadlineExceeded => "The turn's time was over before it could be asked.",
    }
}

/// Who can do something about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fixer {
    /// The person who asked.
    You,
    /// Whoever looks after the providers here.
    Administrator,
    /// The provider; it usually passes.
    Provider,
}

impl Fixer {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::You, Self::Administrator, Self::Provider];

    /// Who can fix this.
    pub fn of(failure: &ModelFailure) -> Self {
        match failure.reason {
            Reason::ContextLengthExceeded | Reason::ContentFiltered | Reason::NotCapable => {
                Self::You
            }
            Reason::ModelNotFound | Reason::AuthError | Reason::ProviderError => {
                Self::Administrator
            }
            Reason::QuotaExhausted if failure.status_code == Some(402) => Self::Administrator,
            Reason::QuotaExhausted
            | Reason::ProviderUnavailable
            | Reason::ResponseRejected
            | Reason::Unknown
            | Reason::Timeout
            | Reason::ConnectionFailed
            | Reason::StreamInterrupted
            | Reason::CircuitOpen
            | Reason::DeadlineExceeded => Self::Provider,
        }
    }

    /// The heading of the group.
    pub fn heading(self) -> &'static str {
        match self {
            Self::You => "You can fix this",
            Self::Administrator => "An administrator can fix this",
            Self::Provider => "The provider has to recover",
        }
    }
}

/// Milliseconds as seconds: "0.8 s", "14 s".
pub fn seconds(ms: u64) -> String {
    if ms < 9_950 {
        let tenths = (ms + 50) / 100;
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{} s", (ms + 500) / 1000)
    }
}

/// A time that is left, as people count it: "12 s", "3 min 05 s", "1 h 02 min".
pub fn countdown(ms: i64) -> String {
    let s = u64::try_from(ms).unwrap_or(0).div_ceil(1000);
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

fn failed(attempt: &Attempt) -> bool {
    matches!(attempt.state, AttemptState::Failed | AttemptState::Skipped)
}

fn why(attempt: &Attempt) -> &'static str {
    reason(
        attempt.reason.unwrap_or(Reason::Unknown),
        attempt.status_code,
    )
}

/// What happens while there is no text yet: "gpt-4o: overloaded, trying again in 0.4 s (retry 1)".
pub fn progress(attempts: &[Attempt]) -> Option<String> {
    let now = attempts.last()?;
    let model = &now.model_name;
    let retries = attempts
        .iter()
        .filter(|attempt| attempt.model_name == *model && attempt.kind == AttemptKind::Retry)
        .count();
    match now.state {
        AttemptState::Failed => Some(match now.retry_in_ms {
            Some(wait) => {
                format!(
                    "{model}: {}, trying again in {} (retry {})",
                    why(now),
                    seconds(wait),
                    retries + 1
                )
            }
            None => format!("{model} could not answer ({})", why(now)),
        }),
        AttemptState::Skipped => Some(format!("{model} was not asked ({})", why(now))),
        AttemptState::Started => match now.kind {
            AttemptKind::Primary => Some(format!("Asking {model} …")),
            AttemptKind::Retry => Some(format!("{model}: trying again … (retry {retries})")),
            AttemptKind::Fallback => Some(format!("Falling back to {model} …")),
            AttemptKind::Hedge => Some(format!("Asking {model} as well …")),
            AttemptKind::Probe => Some(format!("Asking {model}, which may have recovered …")),
        },
        AttemptState::Answering | AttemptState::Answered | AttemptState::Cancelled => None,
    }
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

/// "gpt-4o could not answer (rate limited) · claude-sonnet stepped in · +0.8 s".
pub fn fallback(message: &Message) -> Option<String> {
    let served = message.model_name.as_ref()?;
    let asked = message.requested_model.as_ref()?;
    if served == asked {
        return None;
    }
    let reason_of = |model: &ModelId| {
        message
            .attempts
            .iter()
            .rev()
            .find(|attempt| attempt.model_name == *model && failed(attempt))
    };
    let mut parts = vec![match reason_of(asked) {
        Some(attempt) => format!("{asked} could not answer ({})", why(attempt)),
        None => format!("{asked} could not answer"),
    }];
    let mut named = vec![asked];
    for attempt in message.attempts.iter().filter(|attempt| failed(attempt)) {
        let model = &attempt.model_name;
        if model != served && !named.contains(&model) {
            named.push(model);
            let last = reason_of(model).unwrap_or(attempt);
            parts.push(format!("nor could {model} ({})", why(last)));
        }
    }
    parts.push(format!("{served} stepped in"));
    if let Some(ms) = overhead(&message.attempts) {
        parts.push(format!("+{}", seconds(ms)));
    }
    Some(parts.join(" · "))
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
        (MessageStatus::Complete, Some(model)) if message.fallback => {
            match &message.requested_model {
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

/// A circuit's state in words.
pub fn circuit(state: CircuitState, forced: bool) -> &'static str {
    match (state, forced) {
        (CircuitState::Closed, false) => "Answering",
        (CircuitState::Closed, true) => "Held closed",
        (CircuitState::HalfOpen, _) => "Probing",
        (CircuitState::Open, false) => "Resting",
        (CircuitState::Open, true) => "Held open",
    }
}

/// The sentence on top of the health page; a time of day is added by the page, which knows the reader's time zone.
pub fn verdict(report: &HealthReport) -> Vec<(String, Option<evenkeel_protocol::Timestamp>)> {
    let mut sentences = Vec::new();
    if report.status == Status::Down {
        sentences.push(("No model can answer at present.".to_owned(), None));
    }
    let mut tell = |id: &str, view: &evenkeel_protocol::CircuitView| {
        let because = view
            .reason
            .map_or_else(String::new, |why| format!(" ({})", reason(why, None)));
        let sentence = match (view.state, view.forced) {
            (CircuitState::Closed, _) => return false,
            (CircuitState::Open, true) => format!("{id} is held open by an administrator"),
            (CircuitState::Open, false) => format!("{id} is not answering{because}"),
            (CircuitState::HalfOpen, _) => format!("{id} is being probed{because}"),
        };
        sentences.push((sentence, view.since));
        true
    };
    for provider in &report.providers {
        if !tell(provider.id.as_str(), &provider.circuit) {
            for model in &provider.models {
                tell(model.id.as_str(), &model.circuit);
            }
        }
    }
    if sentences.is_empty() {
        sentences.push(("All well.".to_owned(), None));
    }
    sentences
}

/// What a fault strikes, in words.
pub fn target(target: &Target) -> String {
    match target {
        Target::Everything(_) => "everything".to_owned(),
        Target::Some { provider, model } => match (provider, model) {
            (Some(provider), Some(model)) => format!("{model} at {provider}"),
            (Some(provider), None) => format!("every model of {provider}"),
            (None, Some(model)) => model.to_string(),
            (None, None) => "everything".to_owned(),
        },
    }
}

/// What a fault does, in words.
pub fn fault(fault: &Fault) -> String {
    match &fault.spec.kind {
        FaultKind::HttpStatus {
            status,
            retry_after_s,
            message,
        } => {
            let mut text = format!("answers with {status}");
            if let Some(s) = retry_after_s {
                text.push_str(&format!(", retry after {s} s"));
            }
            if let Some(message) = message {
                text.push_str(&format!(", “{message}”"));
            }
            text
        }
        FaultKind::ConnectionRefused => "refuses the connection".to_owned(),
        FaultKind::NoResponse => "never answers".to_owned(),
        FaultKind::StreamCut { after_tokens } => {
            format!("breaks off after {after_tokens} pieces of the answer")
        }
    }
}

#[cfg(test)]
#[path = "wording_tests.rs"]
mod tests;
