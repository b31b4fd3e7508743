//! `POST /api/debug/replay`: a stored turn is run again under a fault, and told line by line as it happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use evenkeel_protocol::{ErrorKind, ReplayLine, ReplayRequest, TurnError};
use evenkeel_providers::Audience;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use uuid::Uuid;

use super::{check, tester};
use crate::api::Json;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::replay::{self, Replay};
use crate::shared::Shared;

/// So many run at once: each asks real models.
const AT_ONCE: usize = 4;

/// A turn ends long before.
const TTL: Duration = Duration::from_secs(3600);

fn places() -> Arc<Semaphore> {
    static PLACES: std::sync::OnceLock<Arc<Semaphore>> = std::sync::OnceLock::new();
    let places = || Arc::new(Semaphore::new(AT_ONCE));
    PLACES.get_or_init(places).clone()
}

pub(crate) async fn run(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Json(asked): Json<ReplayRequest>,
) -> Result<Response, Refusal> {
    tester(&principal)?;
    if shared.draining() {
        return Err(Refusal::draining());
    }
    // Nobody else is of this name: what it strikes, and what it opens, is this run alone.
    let name: Arc<str> = format!("replay {}", Uuid::new_v4()).into();
    let audience = Audience::Only(name.clone());
    let order = check::strikes(&shared, asked.fault, audience, TTL)?;
    let replay = Replay::of(&shared, &principal, &asked.message_id, name, order).await?;
    let place = places().try_acquire_owned().map_err(|_| {
        Refusal::from(TurnError {
            error: "Four replays are running. Wait until one has ended.".to_owned(),
            kind: ErrorKind::RateLimited,
        })
    })?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let tasks = shared.tasks.clone();
    tasks.spawn(held(place, shared, replay, sender));
    let lines = stream::unfold(receiver, |mut receiver| async move {
        let line: ReplayLine = receiver.recv().await?;
        Some((Ok::<_, Infallible>(written(&line)), receiver))
    });
    let kind = HeaderValue::from_static("application/x-ndjson");
    let headers = [(header::CONTENT_TYPE, kind)];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// Runs it unless its reader leaves.
async fn held(
    place: OwnedSemaphorePermit,
    shared: Arc<Shared>,
    replay: Replay,
    sender: mpsc::UnboundedSender<ReplayLine>,
) {
    let left = sender.clone();
    tokio::select! {
        () = left.closed() => {}
        () = replay::run(&shared, replay, sender) => {}
    }
    drop(place);
}

fn written(line: &ReplayLine) -> String {
    // The wire types always have a JSON form.
    let mut line = serde_json::to_string(line).unwrap_or_default();
    line.push('\n');
    line
}
