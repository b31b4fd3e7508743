//! The events of a body, whole and with all their bytes, and what each says.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use evenkeel_engine::Chunk;
use serde_json::{Value, json};

use crate::Family;
use crate::decode::{Decode, decoder};
use crate::sse::{EVENT_LIMIT, SseDecoder};

/// One event.
#[derive(Debug)]
pub(super) struct Event {
    /// All of its bytes, with the line end or the blank line that completes it.
    pub(super) bytes: Bytes,
    /// It carries text of the answer, or a part of a tool call.
    pub(super) is_piece: bool,
    /// It says that the answer is whole.
    pub(super) ends: bool,
    reasons: bool,
    family: Family,
}

/// Collects bytes and gives out each event as soon as it is complete.
pub(super) struct Events {
    family: Family,
    decoder: Box<dyn Decode>,
    buffer: BytesMut,
    /// Bytes of the buffer that have been looked at.
    searched: usize,
    /// Where the line begins that is being looked at.
    line: usize,
}

impl Events {
    pub(super) fn new(family: Family) -> Self {
        Self {
            family,
            decoder: decoder(family),
            buffer: BytesMut::new(),
            searched: 0,
            line: 0,
        }
    }

    /// The events that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.buffer.extend_from_slice(bytes);
        let mut events = vec![];
        while let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
            let end = self.searched + found + 1;
            let blank = self.buffer[self.line..end].trim_ascii().is_empty();
            (self.searched, self.line) = (end, end);
            if blank || self.family == Family::Ollama {
                events.push(self.take(end));
            }
        }
        self.searched = self.buffer.len();
        if self.buffer.len() > EVENT_LIMIT {
            // The reader refuses it; it is not for a fault to keep it.
            events.push(self.take(self.buffer.len()));
        }
        events
    }

    /// What is left at the end.
    pub(super) fn finish(&mut self) -> Option<Event> {
        let left = self.buffer.len();
        (left > 0).then(|| self.take(left))
    }

    fn take(&mut self, end: usize) -> Event {
        let bytes = self.buffer.split_to(end).freeze();
        (self.searched, self.line) = (0, 0);
        let mut chunks = VecDeque::new();
        match payload(&bytes).as_deref() {
            Some("[DONE]") => self.decoder.done(&mut chunks),
            Some(text) => {
                if let Ok(value) = serde_json::from_str(text) {
                    // What it is that the provider says, an error among it, is the reader's business.
                    let _ = self.decoder.event(value, &mut chunks);
                }
            }
            None => {}
        }
        let any = |says: fn(&Chunk) -> bool| chunks.iter().any(says);
        Event {
            bytes,
            is_piece: any(|chunk| matches!(chunk, Chunk::Content(_) | Chunk::ToolCall(_))),
            reasons: any(|chunk| matches!(chunk, Chunk::Reasoning(_))),
            ends: any(|chunk| matches!(chunk, Chunk::Finish(_) | Chunk::End)),
            family: self.family,
        }
    }
}

/// What an event says: the data of a server-sent event, else the text itself.
fn payload(bytes: &[u8]) -> Option<String> {
    let mut events = SseDecoder::default();
    events.push(bytes);
    events.finish();
    let data = events.next_event().and_then(Result::ok);
    let said = match data {
        Some(data) => data,
        None => String::from_utf8(bytes.to_vec()).ok()?,
    };
    let said = said.trim();
    (!said.is_empty()).then(|| said.to_owned())
}

impl Event {
    /// It carries a token of any kind.
    pub(super) fn speaks(&self) -> bool {
        self.is_piece || self.reasons
    }

    /// Leaves the first half of what it says, in a frame that is whole.
    pub(super) fn break_off(&mut self) {
        let said = payload(&self.bytes).unwrap_or_default();
        let mut half = said[..said.floor_char_boundary(said.len() / 2)].to_owned();
        if !within_a_text(&half) {
            // A line end within a text is what no reader of JSON takes for a blank.
            half.push('"');
        }
        let broken = match self.family {
            Family::OpenAi | Family::Anthropic | Family::Gemini => format!("data: {half}\n\n"),
            Family::Ollama => format!("{half}\n"),
        };
        self.bytes = broken.into();
    }

    /// The same without the word that the answer is whole; none where it says nothing else.
    pub(super) fn without_end(&self) -> Option<Bytes> {
        let mut value: Value = serde_json::from_str(&payload(&self.bytes)?).ok()?;
        match self.family {
            Family::OpenAi => each(value.get_mut("choices"), |choice| {
                choice["finish_reason"] = Value::Null;
            }),
            Family::Anthropic if value["type"] == "message_stop" => return None,
            Family::Anthropic => {
                if let Some(delta) = value.get_mut("delta") {
                    delta["stop_reason"] = Value::Null;
                } else {
                    value["stop_reason"] = Value::Null;
                }
            }
            Family::Gemini => each(value.get_mut("candidates"), |candidate| {
                if let Some(candidate) = candidate.as_object_mut() {
                    candidate.remove("finishReason");
                }
            }),
            Family::Ollama => {
                value["done"] = json!(false);
                if let Some(line) = value.as_object_mut() {
                    line.remove("done_reason");
                }
            }
        }
        let said = match self.family {
            Family::OpenAi | Family::Anthropic | Family::Gemini => format!("data: {value}\n\n"),
            Family::Ollama => format!("{value}\n"),
        };
        Some(said.into())
    }
}

fn each(list: Option<&mut Value>, change: impl Fn(&mut Value)) {
    let list = list.and_then(Value::as_array_mut);
    list.into_iter().flatten().for_each(change);
}

/// Whether JSON that breaks off here breaks off within a text.
fn within_a_text(json: &str) -> bool {
    let (mut within, mut escaped) = (false, false);
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if within => escaped = true,
            '"' => within = !within,
            _ => {}
        }
    }
    within
}
