//! From events to chunks. An answer is a list of blocks, and each event says which block it belongs to.

use std::collections::VecDeque;

use evenkeel_engine::{Chunk, FinishReason, Observed, ToolCallDelta, Usage};
use serde_json::Value;

use crate::decode::Decode;
use crate::error;
use crate::json::{count, field, owned, say, take, take_list, text};

/// Decodes one answer.
#[derive(Default)]
pub(crate) struct Decoder {
    /// The blocks that are open.
    blocks: Vec<(u64, Block)>,
    /// Tool calls until now.
    calls: u32,
    counts: Counts,
    finished: bool,
}

enum Block {
    /// Text or thinking: each part says itself what it is.
    Words,
    Call {
        index: u32,
        /// The arguments as the block's beginning had them; those in parts hold, where there are any.
        input: Value,
        argued: bool,
    },
    /// Of a server-run tool, or redacted: not the caller's.
    Foreign,
}

impl Decode for Decoder {
    fn event(&mut self, mut event: Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
        match text(&event, "type").unwrap_or_default() {
            "message_start" => {
                let message = take(&mut event, "message");
                self.counted(&message, chunks);
            }
            "content_block_start" => {
                let block = take(&mut event, "content_block");
                self.begin(place(&event), block, chunks);
            }
            "content_block_delta" => {
                let delta = take(&mut event, "delta");
                self.part(place(&event), delta, chunks);
            }
            "content_block_stop" => self.end(place(&event), chunks),
            "message_delta" => {
                self.counted(&event, chunks);
                let delta = take(&mut event, "delta");
                self.stop(&delta, chunks)?;
            }
            "message_stop" => {
                self.end_all(chunks);
                chunks.push_back(Chunk::End);
            }
            // The whole answer at once, though a stream was asked for.
            "message" => {
                let blocks = take_list(&mut event, "content");
                for (place, block) in blocks.into_iter().enumerate() {
                    self.begin(place as u64, block, chunks);
                    self.end(place as u64, chunks);
                }
                self.counted(&event, chunks);
                self.stop(&event, chunks)?;
            }
            // `ping`, and what is still to be invented.
            _ => {}
        }
        match field(&event, "error") {
            Some(error) if !self.finished => Err(error::in_band(error)),
            Some(_) | None => Ok(()),
        }
    }
}

fn place(event: &Value) -> u64 {
    count(event, "index").unwrap_or_default()
}

impl Decoder {
    fn begin(&mut self, place: u64, mut block: Value, chunks: &mut VecDeque<Chunk>) {
        self.end(place, chunks);
        let kind = match text(&block, "type").unwrap_or_default() {
            "text" | "thinking" => {
                words(&mut block, chunks);
                Block::Words
            }
            "tool_use" => {
                let index = self.calls;
                self.calls += 1;
                let own = |key| text(&block, key).map(str::to_owned);
                chunks.push_back(Chunk::ToolCall(ToolCallDelta {
                    index,
                    id: own("id"),
                    name: own("name"),
                    ..ToolCallDelta::default()
                }));
                Block::Call {
                    index,
                    input: take(&mut block, "input"),
                    argued: false,
                }
            }
            _ => Block::Foreign,
        };
        self.blocks.push((place, kind));
    }

    fn part(&mut self, place: u64, mut delta: Value, chunks: &mut VecDeque<Chunk>) {
        let open = self.blocks.iter_mut().find(|(at, _)| *at == place);
        match open.map(|(_, block)| block) {
            // Some proxies leave the beginning of a block out.
            Some(Block::Words) | None => words(&mut delta, chunks),
            Some(Block::Call { index, argued, .. }) => {
                let arguments = owned(take(&mut delta, "partial_json"));
                if !arguments.is_empty() {
                    *argued = true;
                    chunks.push_back(Chunk::ToolCall(ToolCallDelta {
                        index: *index,
                        arguments,
                        ..ToolCallDelta::default()
                    }));
                }
            }
            Some(Block::Foreign) => {}
        }
    }

    fn end(&mut self, place: u64, chunks: &mut VecDeque<Chunk>) {
        if let Some(at) = self.blocks.iter().position(|(open, _)| *open == place) {
            let (_, block) = self.blocks.remove(at);
            finish(block, chunks);
        }
    }

    fn end_all(&mut self, chunks: &mut VecDeque<Chunk>) {
        for (_, block) in self.blocks.drain(..) {
            finish(block, chunks);
        }
    }

    fn counted(&mut self, event: &Value, chunks: &mut VecDeque<Chunk>) {
        if let Some(usage) = field(event, "usage") {
            chunks.push_back(Chunk::Usage(self.counts.after(usage)));
        }
    }

    /// `ending` has the reason why the model stopped, if it did.
    fn stop(&mut self, ending: &Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
        let Some(reason) = text(ending, "stop_reason") else {
            return Ok(());
        };
        let reason = match reason {
            "end_turn" => FinishReason::Stop,
            "stop_sequence" => match text(ending, "stop_sequence") {
                Some(sequence) => FinishReason::StopSequence(sequence.to_owned()),
                None => FinishReason::Stop,
            },
            // A turn that pauses is not done, and cannot be gone on with here.
            "max_tokens" | "model_context_window_exceeded" | "pause_turn" => FinishReason::Length,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => return Err(Observed::Filtered(refusal(ending))),
            other => FinishReason::Other(other.to_owned()),
        };
        self.end_all(chunks);
        self.finished = true;
        chunks.push_back(Chunk::Finish(reason));
        Ok(())
    }
}

/// A text, a thought or its proof, whichever this block or part has.
fn words(value: &mut Value, chunks: &mut VecDeque<Chunk>) {
    say(value, "thinking", Chunk::Reasoning, chunks);
    say(value, "signature", Chunk::Signature, chunks);
    say(value, "text", Chunk::Content, chunks);
}

/// A call whose arguments did not come in parts has those of its beginning, which mostly are none.
fn finish(block: Block, chunks: &mut VecDeque<Chunk>) {
    if let Block::Call {
        index,
        input,
        argued: false,
    } = block
    {
        let arguments = if input.is_object() {
            input.to_string()
        } else {
            "{}".to_owned()
        };
        chunks.push_back(Chunk::ToolCall(ToolCallDelta {
            index,
            arguments,
            ..ToolCallDelta::default()
        }));
    }
}

/// Why the safety system refused, as far as it says.
fn refusal(ending: &Value) -> String {
    let details = field(ending, "stop_details");
    let words = ["category", "explanation"].map(|key| text(details?, key));
    ["refusal"]
        .into_iter()
        .chain(words.into_iter().flatten())
        .collect::<Vec<_>>()
        .join(": ")
}

/// The counts, each as it was last told: the last event replaces what the first announced, but may leave some out.
#[derive(Default)]
struct Counts {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
}

impl Counts {
    fn after(&mut self, usage: &Value) -> Usage {
        let told = |key, count_until_now: &mut u64| {
            if let Some(tokens) = count(usage, key) {
                *count_until_now = tokens;
            }
        };
        told("input_tokens", &mut self.input);
        told("output_tokens", &mut self.output);
        told("cache_read_input_tokens", &mut self.cache_read);
        told("cache_creation_input_tokens", &mut self.cache_write);
        Usage {
            // The numbers are somebody else's: their sum may be too large.
            input_tokens: self
                .input
                .saturating_add(self.cache_read)
                .saturating_add(self.cache_write),
            output_tokens: self.output,
            cache_read_tokens: self.cache_read,
            cache_write_tokens: self.cache_write,
            reasoning_tokens: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_that_cannot_be_added_crash_nothing() {
        let told = json!({"input_tokens": u64::MAX, "cache_read_input_tokens": 1});
        assert_eq!(Counts::default().after(&told).input_tokens, u64::MAX);
    }
}
