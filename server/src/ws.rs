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

/// A frame may have this many bytes: a message's text, its files in base64, and what goes around them.
const FRAME_LIMIT: usize = 32 * 1024 * 1024;

/// A longer one is refused with words; only beyond this, where nothing more of it is read, the socket is closed.
const READ_LIMIT: usize = 2 * FRAME_LIMIT;

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
        .max_message_size(READ_LIMIT)
        .max_frame_size(READ_LIMIT)
        .on_upgrade(serve)
}
