//! What a message of a document must be like.

use evenkeel_protocol::{AttemptState, ErrorKind, Message, MessageRole, MessageStatus, TurnError};
use evenkeel_store::File;

use super::super::super::document::Entry;
use super::{check_time, within};
use crate::attachments;
use crate::error::Refusal;

/// Bytes of a question's text, as for one that is sent.
const QUESTION_BYTES: usize = 1024 * 1024;

/// Bytes of an answer's text, and of a text that a restart has replaced.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Characters of a name.
const NAME: usize = 200;

/// Characters of a summary or a detail.
const SUMMARY: usize = 10_000;

/// Attempts, failures and seams of an answer; questions that could be asked next.
const PARTS: usize = 200;

/// Tokens that a column holds.
const TOKENS: u64 = i64::MAX.unsigned_abs();

pub(super) fn check_entry(place: &str, entry: Entry) -> Result<(Message, Vec<File>), Refusal> {
    check_time(&format!("{place}.created_at"), entry.created_at)?;
    match entry.role {
        MessageRole::User => question(place, entry),
        MessageRole::Assistant => answer(place, entry).map(|message| (message, vec![])),
    }
}

fn question(place: &str, mut entry: Entry) -> Result<(Message, Vec<File>), Refusal> {
    check_length(place, "text", &entry.text, QUESTION_BYTES)?;
    if entry.text.trim().is_empty() && entry.attachments.is_empty() {
        return Err(Refusal::at(
            format!("{place}.text"),
            "a question says something",
        ));
    }
    let files = within(place, attachments::read(&entry.attachments))?;
    entry.attachments.clear();
    let plain = Entry {
        id: entry.id,
        parent_id: entry.parent_id,
        text: entry.text,
        created_at: entry.created_at,
        role: MessageRole::User,
        status: MessageStatus::Complete,
        requested_model: None,
        assistant: None,
        model_name: None,
        provider: None,
        fallback: false,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts: vec![],
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        error: None,
    };
    Ok((plain.into_message(), files))
}

fn answer(place: &str, mut entry: Entry) -> Result<Message, Refusal> {
    check_length(place, "text", &entry.text, ANSWER_BYTES)?;
    if !entry.attachments.is_empty() {
        return Err(Refusal::at(
            format!("{place}.attachments"),
            "an answer has none; leave them out",
        ));
    }
    let model = |id: &Option<evenkeel_protocol::ModelId>| id.as_ref().map(|id| id.0.clone());
    for (field, name) in [
        ("requested_model", model(&entry.requested_model)),
        ("model_name", model(&entry.model_name)),
        ("assistant", entry.assistant.clone()),
        ("provider", entry.provider.as_ref().map(|id| id.0.clone())),
        ("finish_reason", entry.finish_reason.clone()),
    ] {
        check_characters(place, field, name.as_deref().unwrap_or_default(), NAME)?;
    }
    if entry.cost.is_some_and(|cost| !(0.0..1e12).contains(&cost)) {
        return Err(Refusal::at(
            format!("{place}.cost"),
            "give 0 or more US dollars",
        ));
    }
    if entry
        .usage
        .is_some_and(|usage| usage.input_tokens > TOKENS || usage.output_tokens > TOKENS)
    {
        return Err(Refusal::at(format!("{place}.usage"), "has too many tokens"));
    }
    check_attempts(place, &mut entry)?;
    check_seams(place, &entry)?;
    check_parts(place, "suggestions", entry.suggestions.len())?;
    for (index, text) in entry.suggestions.iter().enumerate() {
        check_characters(place, &format!("suggestions[{index}]"), text, SUMMARY)?;
    }
    check_parts(place, "guards", entry.guards.len())?;
    for (index, notice) in entry.guards.iter().enumerate() {
        let field = |name: &str| format!("guards[{index}].{name}");
        check_characters(place, &field("kind"), &notice.kind, NAME)?;
        let file = notice.file.as_deref().unwrap_or_default();
        check_characters(place, &field("file"), file, NAME)?;
        if notice.count > TOKENS {
            return Err(Refusal::at(
                format!("{place}.{}", field("count")),
                "is too large a number",
            ));
        }
    }
    if let Some(error) = &entry.error {
        check_error(place, error)?;
    }
    if entry.status == MessageStatus::Streaming {
        entry.status = MessageStatus::Interrupted;
        entry.error = Some(TurnError {
            error: "This answer was exported while it was being written.".to_owned(),
            kind: ErrorKind::Internal,
        });
    }
    Ok(entry.into_message())
}

/// What was under way elsewhere goes on nowhere.
fn check_attempts(place: &str, entry: &mut Entry) -> Result<(), Refusal> {
    check_parts(place, "attempts", entry.attempts.len())?;
    let mut known = std::collections::HashSet::new();
    for (index, attempt) in entry.attempts.iter_mut().enumerate() {
        let field = format!("attempts[{index}]");
        if !known.insert(attempt.index) {
            return Err(Refusal::at(
                format!("{place}.{field}.index"),
                "stands before already; number the attempts",
            ));
        }
        check_time(&format!("{place}.{field}.started_at"), attempt.started_at)?;
        check_characters(
            place,
            &format!("{field}.model_name"),
            attempt.model_name.as_str(),
            NAME,
        )?;
        check_characters(
            place,
            &format!("{field}.provider"),
            attempt.provider.as_str(),
            NAME,
        )?;
        let detail = attempt.detail.as_deref().unwrap_or_default();
        check_characters(place, &format!("{field}.detail"), detail, SUMMARY)?;
        let usage = attempt.usage.unwrap_or_default();
        let numbers = [
            attempt.retry_in_ms.unwrap_or_default(),
            attempt.first_token_ms.unwrap_or_default(),
            attempt.duration_ms.unwrap_or_default(),
            usage.input_tokens,
            usage.output_tokens,
        ];
        if numbers.into_iter().any(|number| number > TOKENS) {
            return Err(Refusal::at(
                format!("{place}.{field}"),
                "has too large a number",
            ));
        }
        if attempt
            .cost
            .is_some_and(|cost| !(0.0..1e12).contains(&cost))
        {
            return Err(Refusal::at(
                format!("{place}.{field}.cost"),
                "give 0 or more US dollars",
            ));
        }
        if matches!(
            attempt.state,
            AttemptState::Started | AttemptState::Answering
        ) {
            attempt.state = AttemptState::Cancelled;
        }
    }
    entry.attempts.sort_by_key(|attempt| attempt.index);
    Ok(())
}

fn check_seams(place: &str, entry: &Entry) -> Result<(), Refusal> {
    check_parts(place, "seams", entry.seams.len())?;
    for (index, seam) in entry.seams.iter().enumerate() {
        let field = |name: &str| format!("seams[{index}].{name}");
        check_characters(place, &field("from"), seam.from.as_str(), NAME)?;
        check_characters(place, &field("to"), seam.to.as_str(), NAME)?;
        let discarded = seam.discarded.as_deref().unwrap_or_default();
        check_length(place, &field("discarded"), discarded, ANSWER_BYTES)?;
    }
    Ok(())
}

fn check_error(place: &str, error: &TurnError) -> Result<(), Refusal> {
    check_characters(place, "error.error", &error.error, SUMMARY)?;
    let ErrorKind::FallbackExhausted { failures, retry_at } = &error.kind else {
        return Ok(());
    };
    check_parts(place, "error.failures", failures.len())?;
    for (index, failure) in failures.iter().enumerate() {
        let field = |name: &str| format!("error.failures[{index}].{name}");
        check_characters(
            place,
            &field("model_name"),
            failure.model_name.as_str(),
            NAME,
        )?;
        let detail = failure.detail.as_deref().unwrap_or_default();
        check_characters(place, &field("detail"), detail, SUMMARY)?;
    }
    match retry_at {
        Some(at) => check_time(&format!("{place}.error.retry_at"), *at),
        None => Ok(()),
    }
}

fn check_parts(place: &str, field: &str, count: usize) -> Result<(), Refusal> {
    if count <= PARTS {
        return Ok(());
    }
    let mend = format!("there are {count}; give at most {PARTS}");
    Err(Refusal::at(format!("{place}.{field}"), &mend))
}

fn check_characters(place: &str, field: &str, text: &str, most: usize) -> Result<(), Refusal> {
    if text.len() <= most || text.chars().count() <= most {
        return Ok(());
    }
    let mend = format!("is longer than {most} characters; give less");
    Err(Refusal::at(format!("{place}.{field}"), &mend))
}

fn check_length(place: &str, field: &str, text: &str, bytes: usize) -> Result<(), Refusal> {
    if text.len() <= bytes {
        return Ok(());
    }
    let mend = format!("is longer than {} MiB; give less", bytes / (1024 * 1024));
    Err(Refusal::at(format!("{place}.{field}"), &mend))
}
