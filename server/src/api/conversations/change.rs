//! What a person changes of a conversation.

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::Conversation;
use evenkeel_store::Change;
use serde::{Deserialize, Deserializer};

use super::{Id, Json};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;
use crate::turn;
use crate::visible::one_line;

/// A title may have this many characters.
pub(super) const TITLE_LIMIT: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Patch {
    #[serde(default, deserialize_with = "said")]
    title: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    system_prompt: Option<Option<String>>,
}

/// Null is something else than nothing.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Patch>,
) -> Result<axum::Json<Conversation>, Refusal> {
    let title = match &body.title {
        Some(title) => Some(check_title(title.as_deref().unwrap_or_default())?),
        None => None,
    };
    let system_prompt = match &body.system_prompt {
        Some(text) => Some(turn::check_system_prompt(text.as_deref())?),
        None => None,
    };
    if title.is_none() && system_prompt.is_none() {
        return Err(Refusal::invalid(
            "The body changes nothing: give a title, a system_prompt, or both.",
        ));
    }
    let change = Change {
        title: title.as_deref(),
        system_prompt,
    };
    let store = &shared.store;
    let changed = store.change(&principal.id, &id.into(), change).await?;
    let conversation = changed.ok_or_else(|| Refusal::not_found("conversation"))?;
    turn::announce(&shared, &principal, conversation.clone());
    Ok(axum::Json(conversation))
}

/// A title as it is kept: one line, as it is seen.
pub(super) fn check_title(title: &str) -> Result<String, Refusal> {
    let title = one_line(title);
    if title.is_empty() || title.chars().count() > TITLE_LIMIT {
        return Err(Refusal::invalid("title: give 1 to 200 characters"));
    }
    Ok(title)
}
