//! From lines to chunks. The last line says that it is the last one, and counts the tokens.

use std::collections::VecDeque;

use evenkeel_engine::{Chunk, FinishReason, Observed, ToolCallDelta, Usage};
use serde_json::Value;
use uuid::Uuid;

use crate::decode::Decode;
use crate::error;
use crate::json::{arguments, count, field, say, take, take_list, text};

/// Decodes one answer.
#[derive(Default)]
pub(crate) struct Decoder {
    /// Tool calls until now.
    calls: u32,
}

impl Decode for Decoder {
    fn event(&mut self, mut event: Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
        if let Some(error) = field(&event, "error") {
            return Err(error::in_band(error));
        }
        let mut message = take(&mut event, "message");
        say(&mut message, "thinking", Chunk::Reasoning, chunks);
        say(&mut message, "content", Chunk::Content, chunks);
        for mut call in take_list(&mut message, "tool_calls") {
            let id = text(&call, "id").map(str::to_owned);
            let function = take(&mut call, "function");
            self.call(id, function, chunks);
        }
        if event.get("done") == Some(&Value::Bool(true)) {
            let counts = (
                count(&event, "prompt_eval_count"),
                count(&event, "eval_count"),
            );
            if let (Some(_), _) | (_, Some(_)) = counts {
                chunks.push_back(Chunk::Usage(Usage {
                    input_tokens: counts.0.unwrap_or_default(),
                    output_tokens: counts.1.unwrap_or_default(),
                    ..Usage::default()
                }));
            }
            chunks.push_back(Chunk::Finish(self.reason(text(&event, "done_reason"))));
            chunks.push_back(Chunk::End);
        }
        Ok(())
    }
}

impl Decoder {
    fn call(&mut self, id: Option<String>, mut function: Value, chunks: &mut VecDeque<Chunk>) {
        let arguments = arguments(take(&mut function, "arguments"));
        chunks.push_back(Chunk::ToolCall(ToolCallDelta {
            index: self.calls,
            id: Some(id.unwrap_or_else(|| format!("call_{}", Uuid::new_v4().simple()))),
            name: text(&function, "name").map(str::to_owned),
            arguments: match arguments.is_empty() {
                true => "{}".to_owned(),
                false => arguments,
            },
            signature: None,
        }));
        self.calls += 1;
    }

    /// Older versions say only that it is done.
    fn reason(&self, said: Option<&str>) -> FinishReason {
        match said {
            Some("length") => FinishReason::Length,
            None | Some("stop") if self.calls > 0 => FinishReason::ToolCalls,
            None | Some("stop") => FinishReason::Stop,
            // `load` and `unload`: it was only moved into memory, or out of it.
            Some(other) => FinishReason::Other(other.to_owned()),
        }
    }
}
