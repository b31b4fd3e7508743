//! Frames as a socket sends them.

use axum::extract::ws::Message;
use axum::extract::ws::WebSocket;
use evenkeel_protocol::{RequestId, ServerFrame};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;

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

/// A frame was longer than it may be.
pub(super) fn too_long(text: &str) -> ServerFrame {
    let message = "the frame is longer than 32 MiB, and was not read; send fewer or smaller files";
    refused(request_id(text), Refusal::invalid(message))
}

/// Which request a frame is that is not understood.
pub(super) fn request_id(text: &str) -> Option<RequestId> {
    #[derive(serde::Deserialize)]
    struct Named {
        request_id: Option<RequestId>,
    }
    serde_json::from_str::<Named>(text).ok()?.request_id
}

/// Tells a client that may still listen why its connection ends.
pub(super) async fn unreadable(sink: &mut SplitSink<WebSocket, Message>, error: &axum::Error) {
    let message = format!("the frame cannot be read, and the connection ends: {error}");
    for frame in encode(&refused(None, Refusal::invalid(&message))) {
        let _ = sink.send(frame).await;
    }
    let _ = sink.close().await;
}
