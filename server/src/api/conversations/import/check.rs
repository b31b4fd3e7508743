//! What a document must be like, and what is made of it. Whatever is wrong is told with its place.

mod entry;

use std::collections::HashMap;

use evenkeel_protocol::{MessageId, MessageRole, Timestamp};
use evenkeel_store::Import;

use self::entry::check_entry;
use super::super::change::check_title;
use super::super::document::Document;
use crate::error::Refusal;
use crate::turn::check_system_prompt;
use crate::visible::one_line;

/// The title of a conversation whose own cannot be seen.
const UNTITLED: &str = "Untitled";

/// Messages that a conversation may have.
const MESSAGES: usize = 10_000;

/// Bytes of a message's id.
const ID_BYTES: usize = 200;

/// The conversation to write.
pub(super) fn check(document: Document) -> Result<Import, Refusal> {
    let head = document.conversation;
    // A first message of nothing that is seen makes such a title.
    let unseen = !head.title.trim().is_empty() && one_line(&head.title).is_empty();
    let title = if unseen { UNTITLED } else { &head.title };
    let title = within("conversation", check_title(title))?;
    let system_prompt = check_system_prompt(head.system_prompt.as_deref());
    let system_prompt = within("conversation", system_prompt)?.map(str::to_owned);
    check_time("conversation.created_at", head.created_at)?;
    check_time("conversation.updated_at", head.updated_at)?;
    let count = document.messages.len();
    if count == 0 || count > MESSAGES {
        return Err(Refusal::at(
            "messages",
            &format!("there are {count}; a conversation has 1 to {MESSAGES}"),
        ));
    }
    let mut roles: HashMap<MessageId, MessageRole> = HashMap::with_capacity(count);
    let mut messages = Vec::with_capacity(count);
    for (index, entry) in document.messages.into_iter().enumerate() {
        let place = format!("messages[{index}]");
        if entry.id.as_str().is_empty() || entry.id.as_str().len() > ID_BYTES {
            return Err(Refusal::at(format!("{place}.id"), "give 1 to 200 bytes"));
        }
        check_parent(&place, entry.role, entry.parent_id.as_ref(), &roles)?;
        if roles.insert(entry.id.clone(), entry.role).is_some() {
            let mend = "stands before already; give each message its own";
            return Err(Refusal::at(format!("{place}.id"), mend));
        }
        messages.push(check_entry(&place, entry)?);
    }
    Ok(Import {
        title,
        title_source: head.title_source,
        system_prompt,
        created_at: head.created_at,
        updated_at: head.updated_at,
        messages,
    })
}

/// An answer answers a question; a question begins a conversation, or follows any message.
fn check_parent(
    place: &str,
    role: MessageRole,
    parent: Option<&MessageId>,
    before: &HashMap<MessageId, MessageRole>,
) -> Result<(), Refusal> {
    let parent = parent.map(|parent| before.get(parent));
    let wrong = match (role, parent) {
        (_, Some(None)) => Some("is no message that stands before; give parents first"),
        (MessageRole::Assistant, None) => Some("is missing; an answer has a question"),
        (MessageRole::Assistant, Some(Some(MessageRole::Assistant))) => {
            Some("is an answer; an answer follows a question")
        }
        (MessageRole::Assistant, Some(Some(MessageRole::User)))
        | (MessageRole::User, None | Some(Some(_))) => None,
    };
    match wrong {
        Some(mend) => Err(Refusal::at(format!("{place}.parent_id"), mend)),
        None => Ok(()),
    }
}

/// The same refusal, with where in the document it is.
fn within<T>(place: &str, result: Result<T, Refusal>) -> Result<T, Refusal> {
    result.map_err(|refusal| {
        let said = refusal.error.error;
        Refusal::invalid(&format!("{place}.{said}"))
    })
}

/// A time that the pages can show.
fn check_time(place: &str, time: Timestamp) -> Result<(), Refusal> {
    const END: i64 = 253_402_300_799_999;
    if (0..=END).contains(&time.as_millisecond()) {
        return Ok(());
    }
    Err(Refusal::at(place, "give a time from 1970 to 9999"))
}
