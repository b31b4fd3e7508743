//! One provider's wire: its transport, under the faults that are armed against it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use evenkeel_engine::{ModelId, Overlay, ProviderId};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde_json::Value;

use crate::{
    Body, Family, FaultKind, Faults, Reply, Transport, TransportError, TransportErrorKind,
};

/// On whose behalf a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The principal's id.
    pub principal: Arc<str>,
    /// It is for nobody's turn: it meets the faults that are armed, and uses none of them up.
    pub aside: bool,
}

impl Caller {
    /// Whoever begins a turn.
    pub fn of_turn(principal: Arc<str>) -> Self {
        Self {
            principal,
            aside: false,
        }
    }

    /// The same, who asks for something beside it.
    pub fn aside(principal: Arc<str>) -> Self {
        Self {
            principal,
            aside: true,
        }
    }
}

/// A transport with the fault layer on top of it. Faults act on bytes: the adapters above cannot tell them from real
/// outages, except by the mark `simulated`.
#[derive(Clone)]
pub struct Wire {
    provider: ProviderId,
    transport: Arc<dyn Transport>,
    faults: Arc<Faults>,
    /// Whose words a simulated error uses.
    family: Family,
}

impl Wire {
    /// A provider's wire.
    pub fn new(provider: ProviderId, transport: Arc<dyn Transport>, faults: Arc<Faults>) -> Self {
        Self {
            provider,
            transport,
            faults,
            family: Family::OpenAi,
        }
    }

    /// The same wire, whose simulated errors are in this family's words.
    pub(crate) fn speaking(self, family: Family) -> Self {
        Self { family, ..self }
    }

    /// Sends a request, or suffers the fault that is armed for it. A request that is for no model (discovery) meets the
    /// faults that are armed against the provider. Neither it nor a caller's request beside a turn uses them up.
    ///
    /// # Errors
    ///
    /// As [`Transport::send`], or as the fault has it.
    pub async fn send(
        &self,
        caller: &Caller,
        model: Option<&ModelId>,
        request: Request<Bytes>,
    ) -> Result<Reply, TransportError> {
        let strike = self.faults.strike(caller, &self.provider, model);
        let Some((kind, overlay)) = strike else {
            return self.transport.send(request).await;
        };
        match kind {
            FaultKind::HttpStatus {
                status,
                retry_after_s,
                message,
            } => {
                let message = message.unwrap_or_else(|| format!("simulated: {status}"));
                let body = self.family.error_body(status, &message);
                Ok(error_reply(status, retry_after_s, body, overlay))
            }
            FaultKind::ConnectionRefused => Err(TransportError {
                kind: TransportErrorKind::Failed,
                message: "connection refused".to_owned(),
                simulated: Some(overlay),
            }),
            // Headers that say nothing and a body that never comes: outside this process nobody can tell it from no headers,
            // and inside the silence carries its mark.
            FaultKind::NoResponse => Ok(silent_reply(overlay)),
            FaultKind::StreamCut { after_tokens } => {
                let reply = self.transport.send(request).await?;
                if !reply.status.is_success() {
                    return Ok(reply);
                }
                let body = cut_after(reply.body, after_tokens, overlay.clone());
                Ok(Reply {
                    body,
                    simulated: Some(overlay),
                    ..reply
                })
            }
        }
    }
}

fn silent_reply(overlay: Overlay) -> Reply {
    let body = stream::pending().boxed();
    Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body,
        simulated: Some(overlay),
    }
}

fn error_reply(
    status: StatusCode,
    retry_after_s: Option<u64>,
    body: Value,
    overlay: Overlay,
) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let body = stream::iter([Ok(Bytes::from(body.to_string()))]).boxed();
    Reply {
        status,
        headers,
        body,
        simulated: Some(overlay),
    }
}

/// Lets so many content events pass, whole, and then breaks the connection.
fn cut_after(body: Body, after_tokens: u32, overlay: Overlay) -> Body {
    let state = Cutting {
        body,
        line: BytesMut::new(),
        left: after_tokens,
        cut: false,
        overlay,
    };
    stream::unfold(state, |mut state| async move {
        if state.cut {
            return None;
        }
        let piece = if state.left == 0 {
            Some(Err(cut(&state.overlay)))
        } else {
            state.body.next().await
        };
        let out = match piece? {
            Ok(bytes) => state.pass(bytes),
            Err(error) => {
                state.cut = true;
                Err(error)
            }
        };
        Some((out, state))
    })
    .boxed()
}

fn cut(overlay: &Overlay) -> TransportError {
    TransportError {
        kind: TransportErrorKind::Cut,
        message: "connection reset by peer".to_owned(),
        simulated: Some(overlay.clone()),
    }
}

struct Cutting {
    body: Body,
    /// The line that is not complete yet.
    line: BytesMut,
    left: u32,
    cut: bool,
    overlay: Overlay,
}

impl Cutting {
    /// The bytes up to the last line that may pass.
    fn pass(&mut self, bytes: Bytes) -> Result<Bytes, TransportError> {
        for (at, byte) in bytes.iter().enumerate() {
            if *byte != b'\n' {
                self.line.extend_from_slice(&[*byte]);
                continue;
            }
            let content = carries_content(&self.line);
            self.line.clear();
            if content {
                self.left = self.left.saturating_sub(1);
            }
            if self.left == 0 {
                // The blank line that ends the event belongs to it; without it the event would never arrive. Where each
                // line is an event, it says nothing.
                let mut passed = BytesMut::from(&bytes[..=at]);
                passed.extend_from_slice(b"\n");
                return Ok(passed.freeze());
            }
        }
        Ok(bytes)
    }
}

/// Whether a line of a stream carries text of the answer, in any family's words.
fn carries_content(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else {
        return true;
    };
    let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    // Gemini's thoughts are texts with a mark.
    let thought = dense.contains("\"thought\":true");
    let says = |key: &str| {
        dense
            .match_indices(key)
            .any(|(at, key)| !dense[at + key.len()..].starts_with('"'))
    };
    says("\"content\":\"") || (!thought && says("\"text\":\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn passed(events: &[&str], after: u32, split: usize) -> (String, bool) {
        let whole = events.concat();
        let pieces: Vec<_> = whole
            .as_bytes()
            .chunks(split)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut body = cut_after(stream::iter(pieces).boxed(), after, Overlay::everyone());
        let (mut text, mut broken) = (vec![], false);
        while let Some(piece) = body.next().await {
            match piece {
                Ok(bytes) => text.extend_from_slice(&bytes),
                Err(error) => broken = error.simulated.is_some(),
            }
        }
        (String::from_utf8(text).unwrap(), broken)
    }

    #[test]
    fn content_in_the_words_of_every_family() {
        for (line, expected) in [
            (r#"data: {"choices":[{"delta":{"content":"a"}}]}"#, true),
            (r#"data: {"choices":[{"delta":{"content":""}}]}"#, false),
            (
                r#"data: {"choices":[{"delta":{"content":[{"type":"text","text":"a"}]}}]}"#,
                true,
            ),
            (
                r#"data: {"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
                false,
            ),
            ("event: content_block_delta", false),
            (
                r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                false,
            ),
            (
                r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
                true,
            ),
            (
                r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}"#,
                false,
            ),
            (
                r#"data: {"candidates": [{"content": {"parts": [{"text": "a"}],"role": "model"}}]}"#,
                true,
            ),
            (
                r#"data: {"candidates": [{"content": {"parts": [{"text": "a","thought": true}]}}]}"#,
                false,
            ),
            (
                r#"{"model":"m","message":{"role":"assistant","content":"a"},"done":false}"#,
                true,
            ),
            (
                r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"a"},"done":false}"#,
                false,
            ),
            (
                r#"{"model":"m","message":{"role":"assistant","content":""},"done":true}"#,
                false,
            ),
        ] {
            assert_eq!(carries_content(line.as_bytes()), expected, "{line}");
        }
    }

    #[tokio::test]
    async fn whole_lines_pass_where_each_is_an_event() {
        let line = "{\"message\":{\"content\":\"a\"}}\n";
        let (text, broken) = passed(&[line, line, line], 2, 7).await;
        assert_eq!(
            (text.trim_end(), broken),
            ([line, line].concat().trim_end(), true)
        );
    }

    #[tokio::test]
    async fn whole_events_pass_until_the_cut_however_the_bytes_are_split() {
        let role = "data: {\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}\n\n";
        let one = "data: {\"delta\":{\"content\":\"é\"}}\n\n";
        let two = "data: {\"delta\":{\"content\": \"b\"}}\n\n";
        for split in 1..40 {
            let events = [role, one, two, one];
            assert_eq!(
                passed(&events, 2, split).await,
                ([role, one, two].concat(), true),
                "{split}"
            );
            assert_eq!(passed(&events, 0, split).await, (String::new(), true));
            assert_eq!(passed(&events, 9, split).await, (events.concat(), false));
        }
    }
}
