//! From a response's bytes to chunks: the one loop under every family's decoder.

use std::collections::VecDeque;

use bytes::BytesMut;
use evenkeel_engine::{Chunk, Chunks, Observed, Overlay, UpstreamError};
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::Value;

use crate::json_frames::JsonFrames;
use crate::sse::SseDecoder;
use crate::{Body, Family, anthropic, gemini, ollama, openai};

/// A family's decoder: it knows what an event says, and nothing of bytes.
pub(crate) trait Decode: Send {
    /// Adds the chunks of one event, or of a whole answer. What it added before an error still counts.
    fn event(&mut self, event: Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed>;

    /// Takes an event in the one shape that nearly all have, if this is one, without building a tree of it.
    fn piece(&mut self, _event: &str, _chunks: &mut VecDeque<Chunk>) -> bool {
        false
    }

    /// `[DONE]`: the end mark of OpenAI's family, and of proxies that send it whatever they stand for.
    fn done(&mut self, _chunks: &mut VecDeque<Chunk>) {}
}

/// A family's decoder, at the beginning of an answer.
pub(crate) fn decoder(family: Family) -> Box<dyn Decode> {
    match family {
        Family::OpenAi => Box::<openai::Decoder>::default(),
        Family::Anthropic => Box::<anthropic::Decoder>::default(),
        Family::Gemini => Box::<gemini::Decoder>::default(),
        Family::Ollama => Box::<ollama::Decoder>::default(),
    }
}

/// The pieces of an answer, out of the body of a response whose status said success. Its first byte says how it is
/// framed, because content types lie: as an event stream, or as JSON, be it one whole answer or a value per line.
/// After an error or the family's end mark nothing follows.
pub fn chunks(family: Family, body: Body) -> Chunks {
    simulated_chunks(family, body, None)
}

/// The same for a response that a fault has its hand in.
pub(crate) fn simulated_chunks(family: Family, body: Body, simulated: Option<Overlay>) -> Chunks {
    let decoding = Decoding {
        body,
        framing: Framing::Unknown(BytesMut::new()),
        decoder: decoder(family),
        ready: VecDeque::new(),
        failed: None,
        simulated,
        heard: false,
        over: false,
    };
    stream::unfold(Some(decoding), |decoding| async move {
        let mut decoding = decoding?;
        match decoding.next().await? {
            Ok(Chunk::End) => {
                // A body that is read to its end leaves its connection for the next request.
                let _ = decoding.body.next().now_or_never();
                Some((Ok(Chunk::End), None))
            }
            Ok(chunk) => Some((Ok(chunk), Some(decoding))),
            // What follows an error cannot be trusted.
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

enum Framing {
    /// Until the first byte that says something.
    Unknown(BytesMut),
    Events(SseDecoder),
    Values(JsonFrames),
}

struct Decoding {
    body: Body,
    framing: Framing,
    decoder: Box<dyn Decode>,
    ready: VecDeque<Chunk>,
    /// Told after what came before it.
    failed: Option<UpstreamError>,
    simulated: Option<Overlay>,
    /// Something was read that could be decoded.
    heard: bool,
    /// The body has ended.
    over: bool,
}

impl Decoding {
    async fn next(&mut self) -> Option<Result<Chunk, UpstreamError>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(Ok(chunk));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            match self.step() {
                Err(observed) => {
                    self.failed = Some(UpstreamError {
                        observed,
                        simulated: self.simulated.clone(),
                    });
                }
                Ok(true) => {}
                Ok(false) if self.over => return None,
                Ok(false) => match self.body.next().await {
                    Some(Ok(bytes)) => self.push(&bytes),
                    Some(Err(error)) => return Some(Err(error.into())),
                    None => self.finish(),
                },
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        match &mut self.framing {
            // Blanks that keep the connection alive before the answer are not kept.
            Framing::Unknown(start) if start.is_empty() => {
                start.extend_from_slice(bytes.trim_ascii_start());
            }
            Framing::Unknown(start) => start.extend_from_slice(bytes),
            Framing::Events(events) => events.push(bytes),
            Framing::Values(values) => values.push(bytes),
        }
    }

    fn finish(&mut self) {
        self.over = true;
        match &mut self.framing {
            Framing::Unknown(_) => {}
            Framing::Events(events) => events.finish(),
            Framing::Values(values) => values.finish(),
        }
    }

    /// Decodes the next event, if it is there.
    fn step(&mut self) -> Result<bool, Observed> {
        if let Framing::Unknown(start) = &mut self.framing {
            match first_byte(start) {
                None if self.over => {
                    return Err(Observed::Cut("the answer's body was empty".to_owned()));
                }
                None => return Ok(false),
                Some(b'<') => {
                    let said = "the provider answered with a web page: check its base_url";
                    return Err(Observed::Malformed(said.to_owned()));
                }
                Some(b'{' | b'[') => {
                    let mut values = JsonFrames::default();
                    values.push(start.strip_prefix(BOM).unwrap_or(start));
                    self.framing = Framing::Values(values);
                }
                Some(_) => {
                    let mut events = SseDecoder::default();
                    events.push(start);
                    self.framing = Framing::Events(events);
                }
            }
            if self.over {
                self.finish();
            }
        }
        let broken = |why: &str| match self.over {
            true => Observed::Cut("the stream ended in the middle of an event".to_owned()),
            false => Observed::Malformed(why.to_owned()),
        };
        let event: Value = match &mut self.framing {
            Framing::Unknown(_) => return Ok(false),
            Framing::Events(events) => match events.next_event() {
                None => return self.silent(),
                Some(Err(error)) => return Err(broken(&error.to_string())),
                Some(Ok(event)) => match event.trim() {
                    "" => return Ok(true),
                    "[DONE]" => {
                        self.heard = true;
                        self.decoder.done(&mut self.ready);
                        return Ok(true);
                    }
                    event if self.decoder.piece(event, &mut self.ready) => {
                        self.heard = true;
                        return Ok(true);
                    }
                    event => serde_json::from_str(event)
                        .map_err(|_| broken("an event of the stream is no JSON"))?,
                },
            },
            Framing::Values(values) => match values.next_value() {
                None => return self.silent(),
                Some(Err(error)) => return Err(Observed::Malformed(error.to_string())),
                Some(Ok(value)) => serde_json::from_slice(&value)
                    .map_err(|_| broken("a value of the answer is no JSON"))?,
            },
        };
        self.heard = true;
        if let Value::Array(events) = event {
            // Gemini without `alt=sse` sends a list of events, and some of its errors so even with it.
            for event in events {
                self.decoder.event(event, &mut self.ready)?;
            }
        } else {
            self.decoder.event(event, &mut self.ready)?;
        }
        Ok(true)
    }

    /// Nothing is there yet; if nothing ever was, the body was no answer.
    fn silent(&self) -> Result<bool, Observed> {
        if self.over && !self.heard {
            let said = "the answer's body holds neither an event nor JSON: check base_url";
            Err(Observed::Cut(said.to_owned()))
        } else {
            Ok(false)
        }
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The first byte that says something, once it is known.
fn first_byte(start: &[u8]) -> Option<u8> {
    if start.len() < BOM.len() && BOM.starts_with(start) {
        return None;
    }
    let text = start.strip_prefix(BOM).unwrap_or(start);
    text.iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    async fn decoded(family: Family, body: &'static str) -> Vec<Result<Chunk, Observed>> {
        let body = stream::iter([Ok(Bytes::from_static(body.as_bytes()))]).boxed();
        let chunks = chunks(family, body).map(|chunk| chunk.map_err(|error| error.observed));
        chunks.collect().await
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error_in_every_family() {
        for family in Family::ALL {
            for (body, expected) in [
                ("", "empty"),
                (" \r\n ", "empty"),
                ("<!DOCTYPE html><html>Welcome</html>", "web page"),
                ("\u{feff}\n<html></html>", "web page"),
                ("upstream request timeout", "neither"),
                (": only a comment\n\n", "neither"),
                ("{\"half\":", "middle"),
            ] {
                let [Err(Observed::Cut(said) | Observed::Malformed(said))] =
                    &decoded(family, body).await[..]
                else {
                    panic!("{family:?} {body:?}")
                };
                assert!(said.contains(expected), "{said}");
            }
        }
    }

    #[tokio::test]
    async fn what_came_before_an_error_is_told_before_it() {
        let body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"error\":{\"code\":502,\"message\":\"b\"}}\n\ndata: [DONE]\n\n";
        let found = decoded(Family::OpenAi, body).await;
        assert!(
            matches!(
                &found[..],
                [
                    Ok(Chunk::Content(_)),
                    Err(Observed::Status { status: 502, .. })
                ]
            ),
            "{found:?}"
        );
    }
}
