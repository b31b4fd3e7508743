//! A title that a model gives a conversation.

use std::sync::Arc;

use evenkeel_protocol::{
    Conversation, ConversationId, Message, MessageRole, MessageStatus, TitleSource,
};

use super::{ask, words};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;
use crate::turn;

/// Gives a conversation a title by a model, where it has a plain one and an answer. Returns it as it then is: with its
/// plain title where no model gives a better one.
///
/// # Errors
///
/// Where there is no such conversation.
pub async fn title(
    shared: &Arc<Shared>,
    principal: &Principal,
    id: ConversationId,
) -> Result<Conversation, Refusal> {
    let found = find(shared, principal, &id).await?;
    let wanted = shared.config().chat.titles && !shared.draining();
    // A temporary conversation stands in no list.
    if !wanted || found.temporary || found.title_source != TitleSource::Plain {
        return Ok(found);
    }
    let work = {
        let (shared, principal, id) = (shared.clone(), principal.clone(), id.clone());
        async move {
            if let Err(refusal) = give(&shared, &principal, &id).await {
                tracing::warn!(error = refusal.error.error, "title_not_given");
            }
        }
    };
    let name = format!("title {id}");
    shared.flights.join(&shared.tasks, name, work).await;
    find(shared, principal, &id).await
}

async fn find(
    shared: &Shared,
    principal: &Principal,
    id: &ConversationId,
) -> Result<Conversation, Refusal> {
    let found = shared.store.conversation(&principal.id, id).await?;
    found.ok_or_else(|| Refusal::not_found("conversation"))
}

async fn give(
    shared: &Arc<Shared>,
    principal: &Principal,
    id: &ConversationId,
) -> Result<(), Refusal> {
    let store = &shared.store;
    let transcript = store.transcript(&principal.id, id).await?;
    let messages = transcript.map(|it| it.messages).unwrap_or_default();
    let Some((question, answer)) = first_exchange(&messages) else {
        return Ok(());
    };
    let mut said = vec![("User", question), ("Assistant", answer)];
    said.retain(|(_, text)| !text.is_empty());
    let title = ask(shared, &principal.id, words::FOR_TITLE, &said).await;
    let Some(title) = title.as_deref().and_then(words::title) else {
        return Ok(());
    };
    let renamed = store.title_by_model(&principal.id, id, &title).await?;
    if let Some(conversation) = renamed {
        turn::announce(shared, principal, conversation);
    }
    Ok(())
}

/// The first answer that is whole, and its question.
fn first_exchange(messages: &[Message]) -> Option<(&str, &str)> {
    let answer = messages.iter().find(|message| {
        message.role == MessageRole::Assistant
            && message.status == MessageStatus::Complete
            && !message.text.is_empty()
    })?;
    let question = messages
        .iter()
        .find(|message| Some(&message.id) == answer.parent_id.as_ref())?;
    Some((&question.text, &answer.text))
}
