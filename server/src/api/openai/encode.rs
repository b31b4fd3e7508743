//! From chunks to OpenAI's JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_engine::{Answer, Chunk, Finished, ToolCallDelta, Usage};
use serde_json::{Value, json};

/// What all parts of one response have in common.
pub(super) struct Completion {
    id: String,
    requested: Arc<str>,
    created: i64,
}

/// An answer that is being collected.
#[derive(Default)]
pub(super) struct Collected {
    content: String,
    reasoning: String,
    calls: BTreeMap<u32, ToolCallDelta>,
}

impl Collected {
    pub(super) fn add(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Content(text) => self.content.push_str(&text),
            Chunk::Reasoning(text) => self.reasoning.push_str(&text),
            Chunk::ToolCall(delta) => {
                let call = self.calls.entry(delta.index).or_default();
                call.id = call.id.take().or(delta.id);
                call.name = call.name.take().or(delta.name);
                call.arguments.push_str(&delta.arguments);
            }
            Chunk::Signature(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }
}

impl Completion {
    pub(super) fn new(request_id: &str, requested: &str, created: i64) -> Self {
        Self {
            id: format!("chatcmpl-{request_id}"),
            requested: requested.into(),
            created,
        }
    }

    /// Another model than the one asked for answers.
    pub(super) fn fell_back(&self, answer: &Answer) -> bool {
        answer.model().as_str() != &*self.requested
    }

    /// The response that is not streamed.
    pub(super) fn whole(
        &self,
        collected: Collected,
        finished: &Finished,
        answer: &Answer,
        attempts: usize,
    ) -> Value {
        let Collected {
            content,
            reasoning,
            calls,
        } = collected;
        let mut message = json!({"role": "assistant", "content": content});
        if !reasoning.is_empty() {
            message["reasoning_content"] = json!(reasoning);
        }
        if !calls.is_empty() {
            let calls = calls.into_values().map(|call| {
                let function = json!({"name": call.name, "arguments": call.arguments});
                json!({"id": call.id, "type": "function", "function": function})
            });
            message["tool_calls"] = calls.collect();
            if content.is_empty() {
                message["content"] = Value::Null;
            }
        }
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_word(finished)});
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": answer.model().as_str(),
            "choices": [choice],
            "usage": finished.usage.map(usage),
            "evenkeel": self.last_word(answer, attempts),
        })
    }

    /// A chunk of the stream; the first one names the role.
    pub(super) fn chunk(&self, answer: &Answer, chunk: Chunk, first: bool) -> Option<Value> {
        let mut delta = match chunk {
            Chunk::Content(text) => json!({"content": text}),
            Chunk::Reasoning(text) => json!({"reasoning_content": text}),
            Chunk::ToolCall(call) => json!({"tool_calls": [tool_call(call)]}),
            Chunk::Signature(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => return None,
        };
        if first {
            delta["role"] = json!("assistant");
        }
        Some(self.event(
            answer,
            json!([{"index": 0, "delta": delta, "finish_reason": null}]),
        ))
    }

    /// The stream's last chunks: the finish reason, and the usage where it was asked for.
    pub(super) fn end(
        &self,
        answer: &Answer,
        finished: &Finished,
        attempts: usize,
        include_usage: bool,
    ) -> Vec<Value> {
        let choices = json!([{"index": 0, "delta": {}, "finish_reason": finish_word(finished)}]);
        let mut events = vec![self.event(answer, choices)];
        if include_usage {
            let mut last = self.event(answer, json!([]));
            last["usage"] = json!(finished.usage.map(usage));
            events.push(last);
        }
        if let Some(last) = events.last_mut() {
            last["evenkeel"] = self.last_word(answer, attempts);
        }
        events
    }

    fn event(&self, answer: &Answer, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": answer.model().as_str(),
            "choices": choices,
        })
    }

    fn last_word(&self, answer: &Answer, attempts: usize) -> Value {
        json!({
            "requested_model": &*self.requested,
            "model": answer.model().as_str(),
            "provider": answer.provider().as_str(),
            "fallback": self.fell_back(answer),
            "attempts": attempts,
            "simulated": answer.simulated(),
        })
    }
}

fn tool_call(call: ToolCallDelta) -> Value {
    let mut value = json!({"index": call.index, "function": {"arguments": call.arguments}});
    if let Some(id) = call.id {
        value["id"] = json!(id);
        value["type"] = json!("function");
    }
    if let Some(name) = call.name {
        value["function"]["name"] = json!(name);
    }
    value
}

/// An end mark without a finish reason means that the model was done.
fn finish_word(finished: &Finished) -> &str {
    finished
        .finish_reason
        .as_ref()
        .map_or("stop", |reason| reason.as_str())
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    })
}
