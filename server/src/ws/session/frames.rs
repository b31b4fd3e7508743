//! Frames as a socket sends them.

use axum::extract::ws::Message;
use evenkeel_protocol::{RequestId, ServerFrame};

use crate::error::Refusal;

/// A frame that says why a frame was refused.
pub(super) fn refused(request_id: Option<RequestId>, refusal: Refusal) -> ServerFrame {
    ServerFrame::Error {
        run_id: None,
        seq: None,
        request_id,
        error: refusal.error,
        message: None,
    }
}

/// A frame as what is sent.
pub(super) fn encode(frame: &ServerFrame) -> Vec<Message> {
    match serde_json::to_string(frame) {
        Ok(json) => vec![Message::Text(json.into())],
        Err(error) => {
            tracing::error!(%error, "a frame cannot be written as JSON");
            vec![]
        }
    }
}
