//! From chunks to OpenAI's JSON.
//!
//! Beyond OpenAI's own fields a message may hold `reasoning_content`, `reasoning_signature`, and on a tool call
//! `signature`: the provider's proofs that these are its model's own. A caller sends the message back as it is.

mod proof;
mod wire;

use axum::body::Bytes;
use evenkeel_engine::{Chunk, FinishReason, Finished, Seam};
use evenkeel_protocol::TurnError;

use self::proof::Proof;
use self::wire::{
    Choice, Delta, Event, Function, Message, ToolCall, Whole, WholeChoice, WireUsage,
};
use crate::api::gateway::{Encoder, LastWord, ToolCalls, ToolPart, event};
use crate::error::OpenAiError;

/// What all parts of one response have in common.
pub(super) struct Completion {
    id: String,
    created: i64,
    include_usage: bool,
    calls: ToolCalls,
    /// The first chunk, which names the role, is out.
    begun: bool,
    /// Told at the end: only then it is known to be the only one.
    proof: Proof,
}

/// An answer that is being collected.
#[derive(Default)]
pub(super) struct Collected {
    content: String,
    reasoning: String,
    proof: Proof,
    calls: ToolCalls,
    parts: Vec<ToolPart>,
}

impl Collected {
    pub(super) fn add(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Content(text) => self.content.push_str(&text),
            Chunk::Reasoning(text) => {
                self.proof.more_reasoning();
                self.reasoning.push_str(&text);
            }
            Chunk::Signature(proof) => self.proof.add(proof),
            Chunk::ToolCall(delta) => {
                let part = self.calls.part(delta);
                match self.parts.get_mut(part.place as usize) {
                    None => self.parts.push(part),
                    Some(call) => {
                        call.name = call.name.take().or(part.name);
                        call.arguments.push_str(&part.arguments);
                        call.signature = call.signature.take().or(part.signature);
                    }
                }
            }
            Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }
}

/// Clients know these words and no others; a provider's own stands in the last word. An end mark without a reason means
/// that the model was done, and some say so of an answer that calls tools.
fn finish_word(finished: &Finished, calls: bool) -> &'static str {
    match &finished.finish_reason {
        Some(FinishReason::Length) => "length",
        Some(FinishReason::ToolCalls) => "tool_calls",
        Some(FinishReason::ContentFilter) => "content_filter",
        Some(FinishReason::Stop | FinishReason::StopSequence(_) | FinishReason::Other(_))
        | None => {
            if calls {
                "tool_calls"
            } else {
                "stop"
            }
        }
    }
}

impl Completion {
    pub(super) fn new(request_id: &str, created: i64, include_usage: bool) -> Self {
        Self {
            id: format!("chatcmpl-{request_id}"),
            created,
            include_usage,
            calls: ToolCalls::default(),
            begun: false,
            proof: Proof::default(),
        }
    }

    /// The response that is not streamed.
    pub(super) fn whole(
        &self,
        collected: Collected,
        finished: &Finished,
        word: &LastWord<'_>,
    ) -> Result<Bytes, serde_json::Error> {
        let calls = collected.parts.iter().map(|part| ToolCall {
            index: None,
            ..ToolCall::from(part)
        });
        let calls: Vec<_> = calls.collect();
        let reason = finish_word(finished, !calls.is_empty());
        let silent = collected.content.is_empty() && !calls.is_empty();
        let message = Message {
            role: "assistant",
            content: (!silent).then_some(&collected.content),
            reasoning_content: &collected.reasoning,
            reasoning_signature: collected.proof.get().unwrap_or_default(),
            tool_calls: calls,
        };
        let body = Whole {
            id: &self.id,
            object: "chat.completion",
            created: self.created,
            model: word.model,
            choices: [WholeChoice {
                index: 0,
                message,
                logprobs: None,
                finish_reason: reason,
            }],
            usage: finished.usage.map(WireUsage::from),
            evenkeel: word,
        };
        serde_json::to_vec(&body).map(Bytes::from)
    }

    fn event<'c>(&'c self, model: &'c str, choices: &'c [Choice<'c>]) -> Event<'c> {
        Event {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model,
            choices,
            usage: None,
            evenkeel: None,
        }
    }

    /// Writes one piece; the first one names the role.
    fn delta(&mut self, model: &str, delta: Delta<'_>, out: &mut Vec<u8>) {
        let first = !std::mem::replace(&mut self.begun, true);
        let choice = Choice {
            index: 0,
            delta: Delta {
                role: first.then_some("assistant"),
                ..delta
            },
            finish_reason: None,
        };
        event(None, &self.event(model, &[choice]), out);
    }

    fn prove(&mut self, model: &str, out: &mut Vec<u8>) {
        let proof = std::mem::take(&mut self.proof);
        if let Some(proof) = proof.get() {
            let delta = Delta {
                reasoning_signature: Some(proof),
                ..Delta::default()
            };
            self.delta(model, delta, out);
        }
    }

    fn tool_call(&mut self, model: &str, call: ToolCall<'_>, out: &mut Vec<u8>) {
        let delta = Delta {
            tool_calls: Some([call]),
            ..Delta::default()
        };
        self.delta(model, delta, out);
    }
}

impl Encoder for Completion {
    fn chunk(&mut self, model: &str, chunk: Chunk, out: &mut Vec<u8>) {
        let none = Delta::default();
        match chunk {
            Chunk::Content(text) => {
                let content = Some(&*text);
                self.delta(model, Delta { content, ..none }, out);
            }
            Chunk::Reasoning(text) => {
                self.proof.more_reasoning();
                let reasoning_content = Some(&*text);
                self.delta(
                    model,
                    Delta {
                        reasoning_content,
                        ..none
                    },
                    out,
                );
            }
            Chunk::Signature(proof) => self.proof.add(proof),
            Chunk::ToolCall(delta) => {
                let part = self.calls.part(delta);
                let mut call = ToolCall::from(&part);
                if part.id.is_some() && !part.arguments.is_empty() {
                    // Who it is comes before what it says, however the provider sent it.
                    let arguments = std::mem::take(&mut call.function.arguments);
                    self.tool_call(model, call, out);
                    call = ToolCall {
                        index: Some(part.place),
                        function: Function {
                            name: None,
                            arguments,
                        },
                        ..ToolCall::default()
                    };
                }
                self.tool_call(model, call, out);
            }
            Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }

    /// Each chunk names the model that produces it; that is all there is to see.
    fn seam(&mut self, _: &Seam, _: &mut Vec<u8>) {}

    fn end(&mut self, finished: &Finished, word: &LastWord<'_>, out: &mut Vec<u8>) {
        self.prove(word.model, out);
        let choices = [Choice {
            index: 0,
            delta: Delta::default(),
            finish_reason: Some(finish_word(finished, self.calls.any())),
        }];
        let mut last = self.event(word.model, &choices);
        if self.include_usage {
            event(None, &last, out);
            last = self.event(word.model, &[]);
            last.usage = Some(finished.usage.map(WireUsage::from));
        }
        last.evenkeel = Some(word);
        event(None, &last, out);
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(error: &TurnError, _: &str, out: &mut Vec<u8>) {
        event(None, &OpenAiError::in_stream(error), out);
    }
}

#[cfg(test)]
mod tests;
