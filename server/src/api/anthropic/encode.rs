//! From chunks to Anthropic's events: an answer is a list of blocks, one after the other.
//!
//! Which model goes on at a seam is told by a `ping`, which clients skip, and again with the last word. Token counts
//! come with the end; where the provider told none they are 0.

mod whole;
mod wire;

use axum::http::StatusCode;
use evenkeel_engine::{Chunk, FinishReason, Finished, Seam};
use evenkeel_protocol::TurnError;

use crate::api::gateway::{Encoder, LastWord, ToolCalls, ToolPart, event};
use crate::error::AnthropicError;

pub(super) use self::whole::Blocks;
use self::wire::{Block, Changed, Delta, Empty, Event, Start, Stop, WireUsage};

/// An answer that is being streamed.
pub(super) struct Message {
    id: String,
    begun: bool,
    /// The block that is open.
    open: Option<Open>,
    /// Blocks until now, the open one included.
    blocks: u32,
    calls: ToolCalls,
    /// Each call's block.
    call_blocks: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking { signed: bool },
    Call,
}

/// Clients know these words and no others; a provider's own stands in the last word. Some models that call a tool say
/// that they were simply done.
fn stop_reason(finished: &Finished, calls: bool) -> &'static str {
    match &finished.finish_reason {
        Some(FinishReason::Length) => "max_tokens",
        Some(FinishReason::ToolCalls) => "tool_use",
        Some(FinishReason::ContentFilter) => "refusal",
        Some(FinishReason::Stop | FinishReason::Other(_)) | None if calls => "tool_use",
        Some(FinishReason::Stop | FinishReason::Other(_)) | None => "end_turn",
    }
}

impl Message {
    pub(super) fn new(request_id: &str) -> Self {
        Self {
            id: message_id(request_id),
            begun: false,
            open: None,
            blocks: 0,
            calls: ToolCalls::default(),
            call_blocks: vec![],
        }
    }

    fn begin(&mut self, model: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let message = Start {
            id: &self.id,
            kind: "message",
            role: "assistant",
            model,
            content: [],
            stop_reason: None,
            stop_sequence: None,
            usage: WireUsage::default(),
        };
        Event::MessageStart { message }.write(out);
    }

    fn open(&mut self, open: Open, block: Block<'_>, out: &mut Vec<u8>) {
        self.close(out);
        self.open = Some(open);
        self.blocks += 1;
        let event = Event::ContentBlockStart {
            index: self.blocks - 1,
            content_block: block,
        };
        event.write(out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            let index = self.blocks - 1;
            Event::ContentBlockStop { index }.write(out);
        }
    }

    fn delta(index: u32, delta: Delta<'_>, out: &mut Vec<u8>) {
        Event::ContentBlockDelta { index, delta }.write(out);
    }

    fn think(&mut self, out: &mut Vec<u8>) {
        // A proof ends a thought: what follows is another.
        if self.open != Some(Open::Thinking { signed: false }) {
            let (thinking, signature) = ("", "");
            let block = Block::Thinking {
                thinking,
                signature,
            };
            self.open(Open::Thinking { signed: false }, block, out);
        }
    }

    fn call(&mut self, part: &ToolPart, out: &mut Vec<u8>) {
        let mut signature = part.signature.as_deref();
        if let Some(id) = &part.id {
            let block = Block::ToolUse {
                id,
                name: part.name.as_deref().unwrap_or_default(),
                input: Empty {},
                signature: signature.take(),
            };
            self.open(Open::Call, block, out);
            self.call_blocks.push(self.blocks - 1);
        }
        let index = self.call_blocks.get(part.place as usize).copied();
        let index = index.unwrap_or_default();
        if !part.arguments.is_empty() {
            let partial_json = &part.arguments;
            Self::delta(index, Delta::InputJsonDelta { partial_json }, out);
        }
        if let Some(signature) = signature {
            Self::delta(index, Delta::SignatureDelta { signature }, out);
        }
    }
}

fn message_id(request_id: &str) -> String {
    format!("msg_{request_id}")
}

impl Encoder for Message {
    fn chunk(&mut self, model: &str, chunk: Chunk, out: &mut Vec<u8>) {
        self.begin(model, out);
        match chunk {
            Chunk::Content(text) => {
                if self.open != Some(Open::Text) {
                    self.open(Open::Text, Block::Text { text: "" }, out);
                }
                Self::delta(self.blocks - 1, Delta::TextDelta { text: &text }, out);
            }
            Chunk::Reasoning(thinking) => {
                self.think(out);
                let thinking = &thinking;
                Self::delta(self.blocks - 1, Delta::ThinkingDelta { thinking }, out);
            }
            Chunk::Signature(signature) => {
                self.think(out);
                let signature = &signature;
                Self::delta(self.blocks - 1, Delta::SignatureDelta { signature }, out);
                self.open = Some(Open::Thinking { signed: true });
            }
            Chunk::ToolCall(delta) => {
                let part = self.calls.part(delta);
                self.call(&part, out);
            }
            Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }

    fn seam(&mut self, seam: &Seam, out: &mut Vec<u8>) {
        let evenkeel = Changed { seam: seam.into() };
        Event::Ping { evenkeel }.write(out);
    }

    fn end(&mut self, finished: &Finished, word: &LastWord<'_>, out: &mut Vec<u8>) {
        self.begin(word.model, out);
        self.close(out);
        let delta = Stop {
            stop_reason: stop_reason(finished, self.calls.any()),
            stop_sequence: None,
        };
        let event = Event::MessageDelta {
            delta,
            usage: finished.usage.map(WireUsage::from).unwrap_or_default(),
            evenkeel: word,
        };
        event.write(out);
        Event::MessageStop.write(out);
    }

    fn error(error: &TurnError, request_id: &str, out: &mut Vec<u8>) {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let error = AnthropicError::of(error, status, Some(request_id));
        event(Some("error"), &error, out);
    }
}

#[cfg(test)]
mod tests;
