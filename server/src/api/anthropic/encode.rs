//! From chunks to Anthropic's events: an answer is a list of blocks, one after the other.
//!
//! Some providers send the parts of several calls in turns. The parts of the call whose block is open are told as they
//! come; those of the others wait until it is whole, or the answer is over.
//!
//! Which model goes on at a seam is told by a `ping`, which clients skip, and again with the last word. Token counts
//! come with the end; where the provider told none they are 0.

mod call;
mod whole;
mod wire;

use axum::http::StatusCode;
use evenkeel_engine::{Chunk, FinishReason, Finished, Seam};
use evenkeel_protocol::TurnError;

use crate::api::gateway::{Encoder, LastWord, ToolCalls, ToolPart, event};
use crate::error::AnthropicError;

use self::call::Call;
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
    /// The calls, in the order in which they were first heard of; their blocks have the same order.
    call_blocks: Vec<Call>,
    /// How many of them have begun.
    told: usize,
    /// Words that came while a call was not whole yet.
    behind: Vec<Chunk>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking { signed: bool },
    Call,
}

/// Clients know these words and no others; a provider's own stands in the last word. Some models that call a tool say
/// that they were simply done.
fn stop(finished: &Finished, calls: bool) -> Stop<'_> {
    let (stop_reason, stop_sequence) = match &finished.finish_reason {
        Some(FinishReason::Length) => ("max_tokens", None),
        Some(FinishReason::ToolCalls) => ("tool_use", None),
        Some(FinishReason::ContentFilter) => ("refusal", None),
        Some(FinishReason::StopSequence(sequence)) => ("stop_sequence", Some(sequence.as_str())),
        Some(FinishReason::Stop | FinishReason::Other(_)) | None if calls => ("tool_use", None),
        Some(FinishReason::Stop | FinishReason::Other(_)) | None => ("end_turn", None),
    };
    Stop {
        stop_reason,
        stop_sequence,
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
            told: 0,
            behind: vec![],
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

    /// A part of a call: told at once where its block is open, else when its turn comes.
    fn call(&mut self, part: ToolPart, out: &mut Vec<u8>) {
        if !self.behind.is_empty() && self.calls_are_told() {
            self.tell_behind(out);
        }
        let place = part.place as usize;
        if place == self.call_blocks.len() {
            self.call_blocks.push(Call::default());
        }
        if let Some(call) = self.call_blocks.get_mut(place) {
            call.add(part);
        }
        if self.open == Some(Open::Call) && place + 1 == self.told {
            self.tell_open_call(out);
        }
        let next = |this: &Self| this.call_blocks.get(this.told).is_some_and(Call::is_named);
        while next(self) && !self.is_in_a_call() {
            self.begin_call(out);
        }
    }

    /// The open block is a call's that is not whole yet.
    fn is_in_a_call(&self) -> bool {
        let last = self.told.checked_sub(1);
        let call = last.and_then(|place| self.call_blocks.get(place));
        self.open == Some(Open::Call) && call.is_some_and(|call| !call.is_whole())
    }

    /// No call waits for its turn or for more of it.
    fn calls_are_told(&self) -> bool {
        self.told == self.call_blocks.len() && !self.is_in_a_call()
    }

    fn begin_call(&mut self, out: &mut Vec<u8>) {
        let Some(call) = self.call_blocks.get_mut(self.told) else {
            return;
        };
        let (id, name) = (call.id.clone(), call.name.clone());
        let signature = call.signature.take();
        let block = Block::ToolUse {
            id: &id,
            name: &name,
            input: Empty {},
            signature: signature.as_deref(),
        };
        self.open(Open::Call, block, out);
        self.told += 1;
        self.tell_open_call(out);
    }

    /// What has come of the call whose block is open.
    fn tell_open_call(&mut self, out: &mut Vec<u8>) {
        let last = self.told.saturating_sub(1);
        let Some(call) = self.call_blocks.get_mut(last) else {
            return;
        };
        let index = self.blocks - 1;
        let partial_json = call.news();
        if !partial_json.is_empty() {
            Self::delta(index, Delta::InputJsonDelta { partial_json }, out);
        }
        if let Some(signature) = call.signature.take() {
            let signature = &signature;
            Self::delta(index, Delta::SignatureDelta { signature }, out);
        }
    }

    /// Words wait for the calls before them: a block that was closed takes no more.
    fn say(&mut self, words: Chunk, out: &mut Vec<u8>) {
        if self.calls_are_told() {
            self.tell_behind(out);
            self.words(words, out);
        } else {
            self.behind.push(words);
        }
    }

    fn tell_behind(&mut self, out: &mut Vec<u8>) {
        for words in std::mem::take(&mut self.behind) {
            self.words(words, out);
        }
    }

    fn words(&mut self, words: Chunk, out: &mut Vec<u8>) {
        match words {
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
            Chunk::ToolCall(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }

    /// Tells what still waits, and closes the last block.
    fn tell_the_rest(&mut self, out: &mut Vec<u8>) {
        while self.told < self.call_blocks.len() {
            self.begin_call(out);
        }
        self.tell_behind(out);
        self.close(out);
    }
}

fn message_id(request_id: &str) -> String {
    format!("msg_{request_id}")
}

impl Encoder for Message {
    fn chunk(&mut self, model: &str, chunk: Chunk, out: &mut Vec<u8>) {
        self.begin(model, out);
        match chunk {
            words @ (Chunk::Content(_) | Chunk::Reasoning(_) | Chunk::Signature(_)) => {
                self.say(words, out);
            }
            Chunk::ToolCall(delta) => {
                let part = self.calls.part(delta);
                self.call(part, out);
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
        self.tell_the_rest(out);
        let delta = stop(finished, self.calls.any());
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
