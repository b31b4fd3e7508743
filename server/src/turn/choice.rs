//! What a turn asks for: the model or assistant that is named, else what its conversation asked for last.

use evenkeel_protocol::{ConversationId, Message, MessageRole, ModelId};

use crate::catalog::{AssistantEntry, Catalog, Choice, ModelEntry};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// What is named. What is not is inherited.
#[derive(Clone, Copy)]
pub struct Named<'n> {
    /// The model.
    pub model: Option<&'n ModelId>,
    /// The assistant.
    pub assistant: Option<&'n str>,
}

/// What a new turn of a conversation asks for; `begins`: there is nothing in it yet.
pub(super) async fn of_turn(
    shared: &Shared,
    catalog: &Catalog,
    principal: &Principal,
    named: Named<'_>,
    conversation: &ConversationId,
    begins: bool,
) -> Result<Choice, Refusal> {
    let model = named.model.map(|id| find(catalog, id)).transpose()?;
    let none = |id| Refusal::invalid(&format!("assistant: {}", catalog.no_assistant(id)));
    let assistant = named.assistant;
    let assistant = assistant.map(|id| catalog.assistant(id).ok_or_else(|| none(id)));
    if let Some(choice) = chosen(model, assistant.transpose()?, conversation) {
        return Ok(choice);
    }
    let last = if begins {
        None
    } else {
        let last = shared.store.last_asked(&principal.id, conversation);
        last.await?
    };
    let (model, assistant) = last.map_or((None, None), |last| (last.model, last.assistant));
    // An assistant that is no more is passed over.
    let assistant = assistant.and_then(|id| catalog.assistant(&id));
    match chosen(None, assistant, conversation) {
        Some(choice) => Ok(choice),
        None => usual(catalog, model.as_ref()),
    }
}

/// What another answer asks for that is to stand beside this one, or beside all answers to this question.
///
/// # Errors
///
/// Where there is no such model.
pub async fn beside(
    shared: &Shared,
    catalog: &Catalog,
    principal: &Principal,
    model: Option<&ModelId>,
    message: &Message,
) -> Result<Choice, Refusal> {
    let model = model.map(|id| find(catalog, id)).transpose()?;
    let conversation = &message.conversation_id;
    let last = shared.store.last_asked(&principal.id, conversation).await?;
    let (last_model, last) = last.map_or((None, None), |last| (last.model, last.assistant));
    let assistant = match message.role {
        MessageRole::Assistant => message.assistant.clone(),
        MessageRole::User => last,
    };
    // One that is no more is passed over.
    let assistant = assistant.and_then(|id| catalog.assistant(&id));
    match chosen(model, assistant, conversation) {
        Some(choice) => Ok(choice),
        None => usual(catalog, last_model.as_ref()),
    }
}

fn find<'c>(catalog: &'c Catalog, asked: &ModelId) -> Result<&'c ModelEntry, Refusal> {
    catalog.model(asked.as_str()).ok_or_else(|| {
        let no_model = catalog.no_model(asked.as_str(), "hello lists those there are");
        Refusal::invalid(&format!("model: {no_model}"))
    })
}

fn chosen(
    model: Option<&ModelEntry>,
    assistant: Option<&AssistantEntry>,
    conversation: &ConversationId,
) -> Option<Choice> {
    match (model, assistant) {
        (None, None) => None,
        (Some(model), None) => Some(Choice::model(model)),
        (None, Some(assistant)) => Some(assistant.of_conversation(conversation.as_str())),
        (Some(model), Some(assistant)) => Some(assistant.with(model)),
    }
}

/// The conversation's last model, else the default.
fn usual(catalog: &Catalog, last: Option<&ModelId>) -> Result<Choice, Refusal> {
    // A model that was taken out of the configuration, or switched off, is replaced by the default.
    let last = last.and_then(|last| {
        catalog
            .offered()
            .find(|model| model.id.as_str() == last.as_str())
    });
    let model = last.or_else(|| catalog.model(catalog.default_model().as_str()));
    let none = || Refusal::invalid("model: no model is configured");
    model.map(Choice::model).ok_or_else(none)
}
