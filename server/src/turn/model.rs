//! Which model a turn asks for.

use evenkeel_protocol::{ConversationId, ModelId};

use crate::catalog::{Catalog, ModelEntry};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// The model asked for, else the conversation's last, else the default.
pub async fn resolve_model<'c>(
    shared: &Shared,
    catalog: &'c Catalog,
    principal: &Principal,
    asked: Option<&ModelId>,
    conversation: Option<&ConversationId>,
) -> Result<&'c ModelEntry, Refusal> {
    if let Some(asked) = asked {
        return catalog.model(asked.as_str()).ok_or_else(|| {
            let no_model = catalog.no_model(asked.as_str(), "hello lists those there are");
            Refusal::invalid(&format!("model: {no_model}"))
        });
    }
    let last = match conversation {
        Some(conversation) => shared.store.last_model(&principal.id, conversation).await?,
        None => None,
    };
    // A model that was taken out of the configuration, or switched off, is replaced by the default.
    last.and_then(|last| {
        catalog
            .offered()
            .find(|model| model.id.as_str() == last.as_str())
    })
    .or_else(|| catalog.model(catalog.default_model().as_str()))
    .ok_or_else(|| Refusal::invalid("model: no model is configured"))
}
