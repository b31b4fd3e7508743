//! Questions that could be asked after an answer.

use std::sync::Arc;

use evenkeel_protocol::{Message, MessageId, MessageRole, MessageStatus};

use super::{ask, words};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// So many messages before and with the answer are what the questions are about.
const MESSAGES: usize = 4;

/// The questions that could be asked after a whole answer: those that were found before, else those that a model finds now;
/// none where none answers, and then it can be asked again.
///
/// # Errors
///
/// Where there is no such message, or it is no whole answer.
pub async fn suggestions(
    shared: &Arc<Shared>,
    principal: &Principal,
    id: MessageId,
) -> Result<Vec<String>, Refusal> {
    let answer = find(shared, principal, &id).await?;
    if answer.role != MessageRole::Assistant || answer.status != MessageStatus::Complete {
        return Err(Refusal::invalid(
            "Suggestions follow on a complete answer; give the id of one.",
        ));
    }
    let wanted = shared.config().chat.suggestions && !shared.draining();
    if !wanted || !answer.suggestions.is_empty() {
        return Ok(answer.suggestions);
    }
    let work = {
        let (shared, principal, id) = (shared.clone(), principal.clone(), id.clone());
        async move {
            if let Err(refusal) = make(&shared, &principal, &id).await {
                tracing::warn!(error = refusal.error.error, "suggestions_not_made");
            }
        }
    };
    let name = format!("suggestions {id}");
    shared.flights.join(&shared.tasks, name, work).await;
    Ok(find(shared, principal, &id).await?.suggestions)
}

async fn find(shared: &Shared, principal: &Principal, id: &MessageId) -> Result<Message, Refusal> {
    let found = shared.store.message(&principal.id, id).await?;
    found.ok_or_else(|| Refusal::not_found("message"))
}

async fn make(shared: &Arc<Shared>, principal: &Principal, id: &MessageId) -> Result<(), Refusal> {
    let store = &shared.store;
    let thread = store.thread(&principal.id, id).await?;
    let last = thread.iter().skip(thread.len().saturating_sub(MESSAGES));
    let said = last.map(|message| {
        let who = match message.role {
            MessageRole::User => "User",
            MessageRole::Assistant => "Assistant",
        };
        (who, message.text.as_str())
    });
    let said: Vec<_> = said.filter(|(_, text)| !text.is_empty()).collect();
    let answer = ask(shared, &principal.id, words::FOR_QUESTIONS, &said).await;
    let answer = answer.unwrap_or_default();
    let questions = words::questions(&answer);
    if !questions.is_empty() {
        store
            .save_suggestions(&principal.id, id, &questions)
            .await?;
    }
    Ok(())
}
