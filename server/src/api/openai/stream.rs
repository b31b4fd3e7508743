//! The streamed response. An error after its first byte is an event in the stream, never a broken response.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use evenkeel_engine::{Answer, Progress};
use futures_util::stream;
use serde_json::Value;

use super::Call;
use super::encode::Completion;
use crate::error::openai_body;

struct Streaming {
    answer: Answer,
    completion: Completion,
    call: Arc<Call>,
    include_usage: bool,
    first: bool,
}

/// Answers with server-sent events. When the caller leaves, the stream is dropped, and the upstream connection with it.
pub(super) fn respond(
    answer: Answer,
    completion: Completion,
    call: Arc<Call>,
    include_usage: bool,
) -> Response {
    let streaming = Streaming {
        answer,
        completion,
        call,
        include_usage,
        first: true,
    };
    let events = stream::unfold(Some(streaming), |streaming| async move {
        let mut streaming = streaming?;
        let (bytes, over) = streaming.next().await?;
        Some((Ok::<_, Infallible>(bytes), (!over).then_some(streaming)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

impl Streaming {
    /// The next events, and whether they are the last.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        loop {
            match self.answer.next().await? {
                Progress::Chunk(chunk) => {
                    let event = self.completion.chunk(&self.answer, chunk, self.first);
                    if let Some(event) = event {
                        self.first = false;
                        return Some((data([&event], ""), false));
                    }
                }
                // Each chunk names the model that produces it.
                Progress::Seam(seam) => self.call.resumed(&seam),
                Progress::Finished(finished) => {
                    self.call.finished(&self.answer, &finished);
                    let attempts = self.call.sent();
                    let events =
                        self.completion
                            .end(&self.answer, &finished, attempts, self.include_usage);
                    return Some((data(&events, "data: [DONE]\n\n"), true));
                }
                Progress::Broken(end) => {
                    let error = self.call.ended(&end);
                    let event = openai_body(&error, StatusCode::BAD_GATEWAY);
                    return Some((data([&event], ""), true));
                }
            }
        }
    }
}

fn data<'v>(events: impl IntoIterator<Item = &'v Value>, end: &str) -> Bytes {
    let mut text = String::new();
    for event in events {
        text.push_str("data: ");
        text.push_str(&event.to_string());
        text.push_str("\n\n");
    }
    text.push_str(end);
    text.into()
}
