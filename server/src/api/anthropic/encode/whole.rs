//! The response that is not streamed.

use axum::body::Bytes;
use evenkeel_engine::{Chunk, Finished};
use serde::Serialize;
use serde_json::{Map, Value};

use super::wire::{Stop, WireUsage};
use super::{message_id, stop};
use crate::api::gateway::{LastWord, ToolCalls};

/// An answer that is being collected.
#[derive(Default)]
pub(in super::super) struct Blocks {
    blocks: Vec<Block>,
    calls: ToolCalls,
    /// Each call's block.
    call_blocks: Vec<usize>,
}

enum Block {
    Text(String),
    Thinking { thinking: String, signature: String },
    Call(Call),
}

#[derive(Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
    signature: Option<String>,
}

#[derive(Serialize)]
struct Whole<'b> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'b str,
    content: Vec<Wire<'b>>,
    #[serde(flatten)]
    stop: Stop<'b>,
    usage: WireUsage,
    evenkeel: &'b LastWord<'b>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Wire<'b> {
    Text {
        text: &'b str,
    },
    Thinking {
        thinking: &'b str,
        signature: &'b str,
    },
    ToolUse {
        id: &'b str,
        name: &'b str,
        input: Map<String, Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'b str>,
    },
}

impl Blocks {
    pub(in super::super) fn add(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Content(more) => match self.blocks.last_mut() {
                Some(Block::Text(text)) => text.push_str(&more),
                Some(Block::Thinking { .. } | Block::Call(_)) | None => {
                    self.blocks.push(Block::Text(more));
                }
            },
            Chunk::Reasoning(more) => self.think(&more, ""),
            Chunk::Signature(proof) => self.think("", &proof),
            Chunk::ToolCall(delta) => {
                let part = self.calls.part(delta);
                if let Some(id) = part.id {
                    self.call_blocks.push(self.blocks.len());
                    self.blocks.push(Block::Call(Call {
                        id,
                        ..Call::default()
                    }));
                }
                let at = self.call_blocks.get(part.place as usize);
                let block = at.and_then(|at| self.blocks.get_mut(*at));
                if let Some(Block::Call(call)) = block {
                    call.name.push_str(&part.name.unwrap_or_default());
                    call.arguments.push_str(&part.arguments);
                    call.signature = call.signature.take().or(part.signature);
                }
            }
            Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }

    /// Goes on with a thought, or begins one; a proof ends it.
    fn think(&mut self, more: &str, proof: &str) {
        match self.blocks.last_mut() {
            Some(Block::Thinking {
                thinking,
                signature,
            }) if signature.is_empty() => {
                thinking.push_str(more);
                signature.push_str(proof);
            }
            Some(Block::Text(_) | Block::Thinking { .. } | Block::Call(_)) | None => {
                let (thinking, signature) = (more.to_owned(), proof.to_owned());
                self.blocks.push(Block::Thinking {
                    thinking,
                    signature,
                });
            }
        }
    }

    /// As a client sees them.
    #[cfg(test)]
    pub(super) fn content(&self) -> Value {
        let wire: Vec<_> = self.blocks.iter().map(Wire::from).collect();
        serde_json::json!(wire)
    }

    pub(in super::super) fn whole(
        &self,
        request_id: &str,
        finished: &Finished,
        word: &LastWord<'_>,
    ) -> Result<Bytes, serde_json::Error> {
        let whole = Whole {
            id: message_id(request_id),
            kind: "message",
            role: "assistant",
            model: word.model,
            content: self.blocks.iter().map(Wire::from).collect(),
            stop: stop(finished, self.calls.any()),
            usage: finished.usage.map(WireUsage::from).unwrap_or_default(),
            evenkeel: word,
        };
        serde_json::to_vec(&whole).map(Bytes::from)
    }
}

impl<'b> From<&'b Block> for Wire<'b> {
    fn from(block: &'b Block) -> Self {
        match block {
            Block::Text(text) => Self::Text { text },
            Block::Thinking {
                thinking,
                signature,
            } => Self::Thinking {
                thinking,
                signature,
            },
            Block::Call(call) => Self::ToolUse {
                id: &call.id,
                name: &call.name,
                input: input(&call.arguments),
                signature: call.signature.as_deref(),
            },
        }
    }
}

/// The arguments as an object. What a model wrote that is none is kept in one, so that the caller can see it.
fn input(arguments: &str) -> Map<String, Value> {
    if arguments.trim().is_empty() {
        return Map::new();
    }
    serde_json::from_str(arguments)
        .unwrap_or_else(|_| Map::from_iter([("arguments".to_owned(), arguments.into())]))
}
