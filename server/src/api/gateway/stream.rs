//! The streamed response. An error after its first byte is an event in the stream, never a broken response.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use evenkeel_engine::{Chunk, Finished, Progress, Seam};
use evenkeel_protocol::TurnError;
use futures_util::{FutureExt, StreamExt, stream};
use serde::Serialize;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{Committed, LastWord};
use crate::error::panicked;
use crate::guards::RestoredAnswer;

/// While nothing comes for so long, a comment tells the caller, and every proxy between, that the stream is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events that are there at the same time leave together, until they are so many bytes.
const ENOUGH: usize = 16 * 1024;

/// What clients of both vendors skip.
const COMMENT: &[u8] = b": keep-alive\n\n";

/// Writes an answer in one of the forms, as server-sent events.
pub(in super::super) trait Encoder: Send + 'static {
    /// Writes a chunk that this model has produced.
    fn chunk(&mut self, model: &str, chunk: Chunk, out: &mut Vec<u8>);

    /// Another model goes on.
    fn seam(&mut self, seam: &Seam, out: &mut Vec<u8>);

    /// Writes the end of a whole answer.
    fn end(&mut self, finished: &Finished, word: &LastWord<'_>, out: &mut Vec<u8>);

    /// Writes an error; nothing follows it.
    fn error(error: &TurnError, request_id: &str, out: &mut Vec<u8>);
}

/// Writes one event.
pub(in super::super) fn event(name: Option<&str>, data: &impl Serialize, out: &mut Vec<u8>) {
    let before = out.len();
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    match serde_json::to_writer(&mut *out, data) {
        Ok(()) => out.extend_from_slice(b"\n\n"),
        Err(error) => {
            // Of what is written here nothing can fail; half an event would be worse than none.
            tracing::error!(%error, "event_not_written");
            out.truncate(before);
        }
    }
}

struct Streaming<E> {
    committed: Committed,
    encoder: E,
    seams: Vec<Seam>,
}

/// Answers with server-sent events. When the caller leaves, the stream is dropped, and the upstream connection with it.
pub(in super::super) fn respond<E: Encoder>(committed: Committed, encoder: E) -> Response {
    let headers = committed.headers();
    let call = committed.call.clone();
    let streaming = Streaming {
        committed,
        encoder,
        seams: vec![],
    };
    let events = stream::unfold(Some(streaming), |streaming| async move {
        let mut streaming = streaming?;
        let (bytes, over) = streaming.next().await?;
        Some((bytes, (!over).then_some(streaming)))
    });
    let events = AssertUnwindSafe(events).catch_unwind().map(move |bytes| {
        Ok::<_, Infallible>(bytes.unwrap_or_else(|_| {
            call.outcome("internal");
            let mut out = vec![];
            E::error(&panicked(&call.shared).error, &call.request_id, &mut out);
            out.into()
        }))
    });
    let kind = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, kind, Body::from_stream(events)).into_response()
}

impl<E: Encoder> Streaming<E> {
    /// The events that are there, and whether they are the last. It waits for the first of them alone.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        let mut out = vec![];
        loop {
            let next = match out.len() {
                0 => next_or_nothing(&mut self.committed.answer).await,
                1..ENOUGH => {
                    // The upstream connection's own task hands over one piece at a time; now it has its turn. Twice,
                    // because hyper asks a body that is not ready once more before it lets other tasks run.
                    yield_now().await;
                    yield_now().await;
                    match self.committed.answer.next().now_or_never() {
                        Some(next) => next.map_or(Next::Over, Next::Progress),
                        None => return Some((out.into(), false)),
                    }
                }
                _ => return Some((out.into(), false)),
            };
            if self.write(next, &mut out) {
                return (!out.is_empty()).then(|| (out.into(), true));
            }
        }
    }

    /// Writes what comes next; says whether it is the last.
    fn write(&mut self, next: Next, out: &mut Vec<u8>) -> bool {
        let Committed { answer, call } = &mut self.committed;
        match next {
            Next::Nothing => {
                out.extend_from_slice(COMMENT);
                false
            }
            Next::Over => true,
            Next::Progress(Progress::Chunk(chunk)) => {
                self.encoder.chunk(answer.model().as_str(), chunk, out);
                false
            }
            Next::Progress(Progress::Seam(seam)) => {
                call.resumed(&seam);
                self.encoder.seam(&seam, out);
                self.seams.push(seam);
                false
            }
            Next::Progress(Progress::Finished(finished)) => {
                call.finished();
                let reason = finished.finish_reason.as_ref();
                let word = call.last_word(answer, &self.seams, reason);
                self.encoder.end(&finished, &word, out);
                true
            }
            Next::Progress(Progress::Broken(end)) => {
                let error = call.broke_off(&end);
                E::error(&error, &call.request_id, out);
                true
            }
        }
    }
}

enum Next {
    Progress(Progress),
    /// Nothing came for a while.
    Nothing,
    Over,
}

async fn next_or_nothing(answer: &mut RestoredAnswer) -> Next {
    match timeout(KEEP_ALIVE, answer.next()).await {
        Ok(Some(progress)) => Next::Progress(progress),
        Ok(None) => Next::Over,
        Err(_) => Next::Nothing,
    }
}

#[cfg(test)]
mod tests;
