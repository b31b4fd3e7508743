//! `/ws`: decodes what clients say, and sends each of them what it follows.

mod forecast;
mod session;

pub(crate) use session::{LIST_LIMIT, hello};

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;

use crate::principal::Principal;
use crate::shared::Shared;

/// A frame may have this many bytes: a message's text and what goes around it.
const FRAME_LIMIT: usize = 2 * 1024 * 1024;

/// Upgrades to a socket.
pub async fn upgrade(
    socket: WebSocketUpgrade,
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Response {
    let serve = move |socket: WebSocket| async move {
        shared.metrics.sockets.inc();
        let metrics = shared.metrics.clone();
        session::Session::new(shared, principal).serve(socket).await;
        metrics.sockets.dec();
    };
    socket
        .max_message_size(FRAME_LIMIT)
        .max_frame_size(FRAME_LIMIT)
        .on_upgrade(serve)
}
