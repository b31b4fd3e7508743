//! From events to chunks, tolerant of what providers really send.

use std::collections::VecDeque;

use evenkeel_engine::{Chunk, FinishReason, Observed, Usage};
use serde_json::Value;

use super::calls::Calls;
use super::piece::piece;
use crate::decode::Decode;
use crate::error;
use crate::json::{count, field, take, take_list, text};

/// Decodes one answer.
#[derive(Default)]
pub(crate) struct Decoder {
    calls: Calls,
    /// A piece of the answer has come.
    spoken: bool,
    /// A finish reason has come: the answer is whole.
    finished: bool,
}

impl Decode for Decoder {
    fn piece(&mut self, event: &str, chunks: &mut VecDeque<Chunk>) -> bool {
        let Some(text) = piece(event) else {
            return false;
        };
        self.spoken = true;
        chunks.push_back(Chunk::Content(text));
        true
    }

    fn event(&mut self, mut event: Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
        let mut choice = first_choice(&mut event);
        let mut delta = take(&mut choice, "delta");
        if delta.is_null() && !self.spoken {
            // A whole answer, be it as JSON or as the only event of a stream. After pieces it would repeat them.
            delta = take(&mut choice, "message");
        }
        self.delta(delta, chunks);
        if let Some(usage) = usage(&event, &choice) {
            chunks.push_back(Chunk::Usage(usage));
        }
        if let Some(reason) = text(&choice, "finish_reason") {
            self.finish(reason, &choice, &event, chunks)?;
        }
        match error_of(&event) {
            // An error after a finish reason comes too late to undo the answer.
            Some(error) if !self.finished => Err(error::in_band(error)),
            Some(_) | None => Ok(()),
        }
    }

    fn done(&mut self, chunks: &mut VecDeque<Chunk>) {
        self.calls.finish(chunks);
        chunks.push_back(Chunk::End);
    }
}

impl Decoder {
    fn delta(&mut self, mut delta: Value, chunks: &mut VecDeque<Chunk>) {
        if delta.is_null() {
            return;
        }
        let before = chunks.len();
        // Some send both, and mean the same.
        let keys = ["reasoning_content", "reasoning"];
        let speaks = |key: &&str| field(&delta, key).is_some_and(|value| value != "");
        let key = keys.into_iter().find(speaks).unwrap_or_default();
        let reasoning = take(&mut delta, key);
        said(reasoning, Chunk::Reasoning, chunks);
        said(take(&mut delta, "content"), Chunk::Content, chunks);
        said(take(&mut delta, "refusal"), Chunk::Content, chunks);
        self.calls.parts(&mut delta, chunks);
        self.spoken |= chunks.len() > before;
    }

    fn finish(
        &mut self,
        reason: &str,
        choice: &Value,
        event: &Value,
        chunks: &mut VecDeque<Chunk>,
    ) -> Result<(), Observed> {
        let reason = reason.to_ascii_lowercase();
        let reason = match reason.as_str() {
            // The provider gave up: this is no end, and what stands beside it may say why.
            "error" | "insufficient_system_resource" | "abort" => {
                let said = || Observed::Cut(format!("the provider ended the stream: {reason}"));
                return Err(error_of(event).map_or_else(said, error::in_band));
            }
            "content_filter" => match filtered(choice) {
                Some(why) => return Err(Observed::Filtered(why)),
                None => FinishReason::ContentFilter,
            },
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => FinishReason::Stop,
            "length" | "max_tokens" | "model_length" => FinishReason::Length,
            "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
            other => FinishReason::Other(other.to_owned()),
        };
        self.calls.finish(chunks);
        self.finished = true;
        chunks.push_back(Chunk::Finish(reason));
        Ok(())
    }
}

/// The first of the choices; a caller who asked for several gets it alone.
fn first_choice(event: &mut Value) -> Value {
    let choices = take_list(event, "choices").into_iter();
    let mut firsts = choices.filter(|choice| count(choice, "index").unwrap_or_default() == 0);
    firsts.next().unwrap_or_default()
}

/// A text, or a list of parts with texts, Mistral's thoughts among them.
fn said(value: Value, chunk: fn(String) -> Chunk, chunks: &mut VecDeque<Chunk>) {
    match value {
        Value::String(text) if !text.is_empty() => chunks.push_back(chunk(text)),
        Value::Array(parts) => {
            for mut part in parts {
                if part.is_string() {
                    said(part, chunk, chunks);
                } else {
                    said(take(&mut part, "thinking"), Chunk::Reasoning, chunks);
                    said(take(&mut part, "text"), chunk, chunks);
                }
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}

/// Token counts, wherever they stand: in the event, in Groq's own field, or in Moonshot's choice.
fn usage(event: &Value, choice: &Value) -> Option<Usage> {
    let groq = || field(event.get("x_groq")?, "usage");
    let usage = field(event, "usage")
        .or_else(groq)
        .or_else(|| field(choice, "usage"))
        .filter(|usage| usage.is_object())?;
    let of = |part: &str, key: &str| usage.get(part).and_then(|part| count(part, key));
    let cached = of("prompt_tokens_details", "cached_tokens");
    Some(Usage {
        input_tokens: count(usage, "prompt_tokens").unwrap_or_default(),
        output_tokens: count(usage, "completion_tokens").unwrap_or_default(),
        // DeepSeek has a name of its own for it.
        cache_read_tokens: cached
            .or_else(|| count(usage, "prompt_cache_hit_tokens"))
            .unwrap_or_default(),
        cache_write_tokens: of("prompt_tokens_details", "cache_write_tokens").unwrap_or_default(),
        reasoning_tokens: of("completion_tokens_details", "reasoning_tokens").unwrap_or_default(),
    })
}

/// The error that an event carries, or is.
fn error_of(event: &Value) -> Option<&Value> {
    if text(event, "object") == Some("error") {
        Some(event)
    } else {
        field(event, "error")
    }
}

/// What Azure's safety system found.
fn filtered(choice: &Value) -> Option<String> {
    let results = choice.get("content_filter_results")?.as_object()?;
    let found: Vec<String> = results
        .iter()
        .filter(|(_, result)| result.get("filtered") == Some(&Value::Bool(true)))
        .map(|(category, result)| match text(result, "severity") {
            Some(severity) => format!("{category} ({severity})"),
            None => category.clone(),
        })
        .collect();
    (!found.is_empty()).then(|| format!("content_filter: {}", found.join(", ")))
}

#[cfg(test)]
mod tests {
    use evenkeel_engine::ToolCallDelta;

    use super::*;

    fn decoded(events: &[&str]) -> Result<Vec<Chunk>, Observed> {
        let (mut decoder, mut chunks) = (Decoder::default(), VecDeque::new());
        for event in events {
            decoder.event(serde_json::from_str(event).unwrap(), &mut chunks)?;
        }
        Ok(chunks.into())
    }

    fn content(text: &str) -> Chunk {
        Chunk::Content(text.to_owned())
    }

    #[test]
    fn what_providers_really_send() {
        for (event, expected) in [
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
                vec![],
            ),
            (
                r#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#,
                vec![content("a")],
            ),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"text":"b"},"c"]}}]}"#,
                vec![content("a"), content("b"), content("c")],
            ),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}"#,
                vec![Chunk::Reasoning("hm".into())],
            ),
            (
                r#"{"choices":[{"delta":{"reasoning_content":"hm","reasoning":"hm","content":null}}]}"#,
                vec![Chunk::Reasoning("hm".into())],
            ),
            (
                r#"{"choices":[{"delta":{"refusal":"I cannot"}}]}"#,
                vec![content("I cannot")],
            ),
            (
                r#"{"choices":[{"index":1,"delta":{"content":"other"}}]}"#,
                vec![],
            ),
            (
                r#"{"choices":[{"delta":{},"finish_reason":"length"}],"usage":null}"#,
                vec![Chunk::Finish(FinishReason::Length)],
            ),
            (
                r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"error":{"message":"late"}}"#,
                vec![Chunk::Finish(FinishReason::Stop)],
            ),
            (r#"{"object":"something.new"}"#, vec![]),
        ] {
            assert_eq!(decoded(&[event]), Ok(expected), "{event}");
        }
    }

    #[test]
    fn token_counts_stand_in_many_places() {
        let counted = Usage {
            input_tokens: 9,
            output_tokens: 4,
            cache_read_tokens: 5,
            ..Usage::default()
        };
        for event in [
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":5,"prompt_cache_miss_tokens":4}}"#,
            r#"{"choices":[],"x_groq":{"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}}}"#,
            r#"{"choices":[{"usage":{"prompt_tokens":9.0,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}}]}"#,
        ] {
            assert_eq!(
                decoded(&[event]),
                Ok(vec![Chunk::Usage(counted)]),
                "{event}"
            );
        }
    }

    #[test]
    fn an_error_after_the_finish_reason_comes_too_late() {
        let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        let error = r#"{"choices":[{"delta":{"content":""}}],"error":{"code":502,"message":"x"}}"#;
        assert_eq!(
            decoded(&[end, error]),
            Ok(vec![Chunk::Finish(FinishReason::Stop)])
        );
        assert!(matches!(
            decoded(&[error]),
            Err(Observed::Status { status: 502, .. })
        ));
        let gave_up = r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#;
        assert!(matches!(decoded(&[gave_up]), Err(Observed::Cut(_))));
    }

    #[test]
    fn a_filter_says_what_it_found() {
        let event = r#"{"choices":[{"delta":{},"finish_reason":"content_filter","content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"high"}}}]}"#;
        let expected = Observed::Filtered("content_filter: violence (high)".to_owned());
        assert_eq!(decoded(&[event]), Err(expected));
        let event = r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#;
        let expected = vec![Chunk::Finish(FinishReason::ContentFilter)];
        assert_eq!(decoded(&[event]), Ok(expected));
    }

    #[test]
    fn a_message_after_its_pieces_repeats_nothing() {
        let piece = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
        let whole = r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
        let end = Chunk::Finish(FinishReason::Stop);
        assert_eq!(
            decoded(&[piece, whole]),
            Ok(vec![content("a"), end.clone()])
        );
        assert_eq!(decoded(&[whole]), Ok(vec![content("a"), end]));
    }

    #[test]
    fn a_call_without_arguments_has_none() {
        let event = r#"{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f"}}]},"finish_reason":"tool_calls"}]}"#;
        let call = ToolCallDelta {
            id: Some("c".into()),
            name: Some("f".into()),
            ..ToolCallDelta::default()
        };
        let rest = ToolCallDelta {
            arguments: "{}".into(),
            ..ToolCallDelta::default()
        };
        let expected = vec![
            Chunk::ToolCall(call),
            Chunk::ToolCall(rest),
            Chunk::Finish(FinishReason::ToolCalls),
        ];
        assert_eq!(decoded(&[event]), Ok(expected));
    }
}
