//! A conversation out of a document that export has written.

mod check;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use evenkeel_protocol::Conversation;
use serde::Deserialize;

use super::document::{Document, FORMAT, VERSION};
use crate::api::Raw;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;
use crate::turn;

pub(crate) async fn import(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Raw(body): Raw,
) -> Result<(StatusCode, axum::Json<Conversation>), Refusal> {
    let import = check::check(read(&body)?)?;
    let conversation = shared.store.import(&principal.id, &import).await?;
    turn::announce(&shared, &principal, conversation.clone());
    Ok((StatusCode::CREATED, axum::Json(conversation)))
}

/// The document in a body.
fn read(body: &[u8]) -> Result<Document, Refusal> {
    /// What it says of itself, whatever else there is.
    #[derive(Deserialize)]
    struct Kind {
        #[serde(default)]
        format: serde_json::Value,
        #[serde(default)]
        version: serde_json::Value,
    }
    let kind: Kind = serde_json::from_slice(body).map_err(|error| {
        Refusal::invalid(&format!(
            "The body is not a conversation that was exported as JSON: {error}"
        ))
    })?;
    if kind.format != FORMAT {
        return Err(Refusal::at(
            "format",
            &format!("is not {FORMAT:?}; give a conversation that Evenkeel has exported as JSON"),
        ));
    }
    if kind.version != VERSION {
        return Err(Refusal::at(
            "version",
            &format!(
                "is not {VERSION}, the one that this Evenkeel reads; export it again, or update this one"
            ),
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = match error.path().to_string() {
            whole if whole == "." => "The document".to_owned(),
            place => place,
        };
        Refusal::at(place, &error.inner().to_string())
    })
}

#[cfg(test)]
mod tests;
