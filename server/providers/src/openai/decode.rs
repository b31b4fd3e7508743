//! From events to chunks, tolerant of what providers really send.

use std::collections::VecDeque;

use evenkeel_engine::{Chunk, FinishReason, Observed, ToolCallDelta, UpstreamError, Usage};
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;

use super::error;
use crate::Reply;
use crate::sse::EVENT_LIMIT;

/// Adds the chunks of one event's data.
pub(super) fn event(data: &str, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
    let data = data.trim();
    if data == "[DONE]" {
        chunks.push_back(Chunk::End);
        return Ok(());
    }
    if data.is_empty() {
        return Ok(());
    }
    let value: Value = serde_json::from_str(data)
        .map_err(|_| Observed::Malformed("an event of the stream is no JSON".to_owned()))?;
    completion(&value, "delta", chunks)
}

/// The chunks of a response that came whole, though a stream was asked for.
pub(super) fn whole(reply: Reply) -> impl Stream<Item = Result<Chunk, UpstreamError>> {
    let simulated = reply.simulated.clone();
    stream::once(async move {
        let failed = |observed| UpstreamError {
            observed,
            simulated: simulated.clone(),
        };
        let body = error::collect(reply.body, EVENT_LIMIT).await?;
        let value: Value = serde_json::from_slice(&body)
            .map_err(|_| failed(Observed::Malformed("the answer is no JSON".to_owned())))?;
        let mut chunks = VecDeque::new();
        completion(&value, "message", &mut chunks).map_err(failed)?;
        Ok(chunks)
    })
    .flat_map(|chunks: Result<_, UpstreamError>| match chunks {
        Ok(chunks) => stream::iter(chunks).map(Ok).left_stream(),
        Err(error) => stream::iter([Err(error)]).right_stream(),
    })
}

fn completion(value: &Value, part: &str, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
    let choice = value.get("choices").and_then(|choices| choices.get(0));
    if let Some(choice) = choice {
        if let Some(delta) = choice.get(part) {
            let reasoning = ["reasoning_content", "reasoning"].map(|key| delta.get(key));
            let spoken = reasoning
                .into_iter()
                .flatten()
                .find(|value| !value.is_null());
            text(spoken, Chunk::Reasoning, chunks);
            text(delta.get("content"), Chunk::Content, chunks);
            text(delta.get("refusal"), Chunk::Content, chunks);
            tool_calls(delta.get("tool_calls"), chunks);
        }
        let reason = choice.get("finish_reason").and_then(Value::as_str);
        match reason.filter(|reason| !reason.is_empty()) {
            None => {}
            // The provider gave up: this is no end, and what stands beside it may say why.
            Some(reason @ ("error" | "insufficient_system_resource")) => {
                let said = || Observed::Cut(format!("the provider ended the stream: {reason}"));
                return Err(error_of(value).map_or_else(said, error::in_band));
            }
            Some(reason) => chunks.push_back(Chunk::Finish(finish_reason(reason))),
        }
    }
    if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
        let tokens = |name| usage.get(name).and_then(Value::as_u64).unwrap_or_default();
        chunks.push_back(Chunk::Usage(Usage {
            input_tokens: tokens("prompt_tokens"),
            output_tokens: tokens("completion_tokens"),
            ..Usage::default()
        }));
    }
    match error_of(value) {
        // An error beside a finish reason comes too late to undo the answer.
        Some(error) if !chunks.iter().any(|chunk| matches!(chunk, Chunk::Finish(_))) => {
            Err(error::in_band(error))
        }
        Some(_) | None => Ok(()),
    }
}

/// The error that an event carries, or is.
fn error_of(value: &Value) -> Option<&Value> {
    let is_one = value.get("object").and_then(Value::as_str) == Some("error");
    if is_one {
        Some(value)
    } else {
        value.get("error").filter(|error| !error.is_null())
    }
}

/// A text, or a list of parts with texts.
fn text(value: Option<&Value>, chunk: fn(String) -> Chunk, chunks: &mut VecDeque<Chunk>) {
    match value {
        Some(Value::String(text)) if !text.is_empty() => chunks.push_back(chunk(text.clone())),
        Some(Value::Array(parts)) => {
            for part in parts {
                text(
                    part.get("text").or(part.as_str().map(|_| part)),
                    chunk,
                    chunks,
                );
            }
        }
        Some(
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_),
        )
        | None => {}
    }
}

fn tool_calls(value: Option<&Value>, chunks: &mut VecDeque<Chunk>) {
    let Some(calls) = value.and_then(Value::as_array) else {
        return;
    };
    for (place, call) in calls.iter().enumerate() {
        let own = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let function = call.get("function");
        let named = call
            .get("index")
            .and_then(Value::as_u64)
            .and_then(|index| index.try_into().ok());
        chunks.push_back(Chunk::ToolCall(ToolCallDelta {
            index: named.unwrap_or(place as u32),
            id: own(call.get("id")),
            name: own(function.and_then(|function| function.get("name"))),
            arguments: own(function.and_then(|function| function.get("arguments")))
                .unwrap_or_default(),
            signature: None,
        }));
    }
}

fn finish_reason(word: &str) -> FinishReason {
    match word {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(data: &str) -> Result<Vec<Chunk>, Observed> {
        let mut chunks = VecDeque::new();
        event(data, &mut chunks).map(|()| chunks.into())
    }

    #[test]
    fn what_providers_really_send() {
        let content = |text: &str| Chunk::Content(text.to_owned());
        for (data, expected) in [
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
                vec![],
            ),
            (
                r#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#,
                vec![content("a")],
            ),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}"#,
                vec![content("a"), content("b")],
            ),
            (
                r#"{"choices":[{"delta":{"reasoning_content":"hm","content":null}}]}"#,
                vec![Chunk::Reasoning("hm".into())],
            ),
            (
                r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
                vec![Chunk::Usage(Usage {
                    input_tokens: 3,
                    output_tokens: 4,
                    ..Usage::default()
                })],
            ),
            (
                r#"{"choices":[{"delta":{},"finish_reason":"length"}],"usage":null}"#,
                vec![Chunk::Finish(FinishReason::Length)],
            ),
            (
                r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"error":{"message":"late"}}"#,
                vec![Chunk::Finish(FinishReason::Stop)],
            ),
            (
                r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"f"}}]}}]}"#,
                vec![Chunk::ToolCall(ToolCallDelta {
                    index: 1,
                    id: Some("c".into()),
                    name: Some("f".into()),
                    arguments: String::new(),
                    signature: None,
                })],
            ),
            ("[DONE]", vec![Chunk::End]),
            (r#"{"object":"something.new"}"#, vec![]),
            ("", vec![]),
        ] {
            assert_eq!(decoded(data), Ok(expected), "{data}");
        }
        assert!(matches!(
            decoded("{\"choices\":["),
            Err(Observed::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn nothing_crashes_it(data in "\\PC{0,60}", json in r#"\{"(choices|error|usage)":(\[?\{?"(delta|message|code)":("x"|null|1|\[\]|\{\})\}?\]?|null|7|"x")\}"#) {
            let _ = decoded(&data);
            let _ = decoded(&json);
        }
    }
}
