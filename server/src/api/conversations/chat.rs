//! A turn over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use evenkeel_protocol::{Message, ModelId, Send};
use serde::{Deserialize, Serialize};

use super::{Id, Json};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::run::End;
use crate::shared::Shared;
use crate::telemetry;
use crate::turn::{self, Accepted};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chat {
    message: String,
    #[serde(default)]
    model: Option<ModelId>,
    #[serde(default)]
    assistant: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Answered {
    message: Message,
}

/// A turn whose answer is waited for. The turn goes on if the caller leaves: it belongs to the server.
pub(crate) async fn chat(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Chat>,
) -> Result<impl IntoResponse, Refusal> {
    let send = Send {
        request_id: telemetry::current_id().into(),
        conversation_id: (id != "new").then(|| id.into()),
        parent_id: None,
        text: body.message,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        attachments: vec![],
        model: body.model,
        assistant: body.assistant,
    };
    match turn::begin(&shared, &principal, &send).await? {
        Accepted::Running(run) => match run.ended().await {
            End::Done(message) => Ok(axum::Json(Answered { message })),
            End::Error(error, _) => Err(Refusal::from(error).of_request(send.request_id.as_str())),
        },
        Accepted::Ended { .. } => Err(Refusal::invalid("this request has run before")),
    }
}
