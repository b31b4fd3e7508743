//! What a request for a turn must be like.

use evenkeel_protocol::{RequestId, Send};

use crate::error::Refusal;

/// A message may have this many bytes.
const TEXT_LIMIT: usize = 1024 * 1024;

/// What every model is told first may have this many characters.
const SYSTEM_PROMPT_LIMIT: usize = 8000;

pub(super) fn check(send: &Send) -> Result<(), Refusal> {
    check_request_id(&send.request_id)?;
    if send.text.trim().is_empty() && send.attachments.is_empty() {
        return Err(Refusal::invalid("text: write something first"));
    }
    if send.text.len() > TEXT_LIMIT {
        return Err(Refusal::invalid(
            "text: is longer than 1 MiB; send less at once",
        ));
    }
    if send.edited_id.is_some() && send.parent_id.is_some() {
        return Err(Refusal::invalid(
            "parent_id: leave it out; the edited question says where the new one stands",
        ));
    }
    if send.edited_id.is_some() && send.conversation_id.is_none() {
        return Err(Refusal::invalid(
            "edited_id: a new conversation has no question to edit; give conversation_id",
        ));
    }
    Ok(())
}

pub(super) fn check_request_id(request_id: &RequestId) -> Result<(), Refusal> {
    if request_id.as_str().is_empty() || request_id.as_str().len() > 200 {
        return Err(Refusal::invalid("request_id: give a UUID"));
    }
    Ok(())
}

/// What models are to be told first; blank says nothing.
///
/// # Errors
///
/// Where it is too long.
pub fn check_system_prompt(text: Option<&str>) -> Result<Option<&str>, Refusal> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > SYSTEM_PROMPT_LIMIT) {
        return Err(Refusal::invalid(
            "system_prompt: is longer than 8,000 characters; give less",
        ));
    }
    Ok(text)
}
