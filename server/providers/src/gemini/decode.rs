//! From events to chunks. Each event is a piece of the answer; the last one says why the model stopped, and nothing
//! else marks the end.

use std::collections::VecDeque;

use evenkeel_engine::{Chunk, FinishReason, Observed, ToolCallDelta, Usage};
use serde_json::Value;
use uuid::Uuid;

use crate::decode::Decode;
use crate::error;
use crate::json::{arguments, count, field, list, say, take, take_list, text};

/// Decodes one answer.
#[derive(Default)]
pub(crate) struct Decoder {
    /// Tool calls until now.
    calls: u32,
    counts: Counts,
    finished: bool,
}

impl Decode for Decoder {
    fn event(&mut self, mut event: Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Observed> {
        let candidates = take_list(&mut event, "candidates");
        let mut candidate = candidates.into_iter().next().unwrap_or_default();
        let mut content = take(&mut candidate, "content");
        for part in take_list(&mut content, "parts") {
            self.part(part, chunks);
        }
        if let Some(usage) = field(&event, "usageMetadata") {
            chunks.push_back(Chunk::Usage(self.counts.after(usage)));
        }
        if let Some(reason) = text(&candidate, "finishReason") {
            self.finish(reason, &candidate, chunks)?;
        }
        let feedback = field(&event, "promptFeedback");
        if let Some(reason) = feedback.and_then(|feedback| text(feedback, "blockReason")) {
            return Err(refused(reason, "blockReasonMessage", feedback));
        }
        match field(&event, "error") {
            Some(error) if !self.finished => Err(error::in_band(error)),
            Some(_) | None => Ok(()),
        }
    }
}

impl Decoder {
    fn part(&mut self, mut part: Value, chunks: &mut VecDeque<Chunk>) {
        // The proof of a text's thoughts may be left out of the next request, and no other provider could take it:
        // only a call's is kept.
        let signature = text(&part, "thoughtSignature").map(str::to_owned);
        let call = take(&mut part, "functionCall");
        if call.is_object() {
            self.call(call, signature, chunks);
        }
        let thought = part.get("thought") == Some(&Value::Bool(true));
        let chunk = if thought {
            Chunk::Reasoning
        } else {
            Chunk::Content
        };
        say(&mut part, "text", chunk, chunks);
    }

    fn call(&mut self, mut call: Value, signature: Option<String>, chunks: &mut VecDeque<Chunk>) {
        let arguments = arguments(take(&mut call, "args"));
        let id = text(&call, "id").map(str::to_owned);
        chunks.push_back(Chunk::ToolCall(ToolCallDelta {
            index: self.calls,
            id: Some(id.unwrap_or_else(|| format!("call_{}", Uuid::new_v4().simple()))),
            name: text(&call, "name").map(str::to_owned),
            arguments: match arguments.is_empty() {
                true => "{}".to_owned(),
                false => arguments,
            },
            signature,
        }));
        self.calls += 1;
    }

    fn finish(
        &mut self,
        reason: &str,
        candidate: &Value,
        chunks: &mut VecDeque<Chunk>,
    ) -> Result<(), Observed> {
        let reason = match reason {
            "FINISH_REASON_UNSPECIFIED" => return Ok(()),
            "STOP" if self.calls > 0 => FinishReason::ToolCalls,
            "STOP" => FinishReason::Stop,
            "MAX_TOKENS" => FinishReason::Length,
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "LANGUAGE"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => {
                return Err(refused(reason, "finishMessage", Some(candidate)));
            }
            // What the model said was no call that could be made: nothing is left of it.
            "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "MALFORMED_RESPONSE" => {
                let said =
                    text(candidate, "finishMessage").unwrap_or("the model's call was no call");
                return Err(Observed::Malformed(format!("{reason}: {said}")));
            }
            other => FinishReason::Other(other.to_ascii_lowercase()),
        };
        self.finished = true;
        chunks.push_back(Chunk::Finish(reason));
        Ok(())
    }
}

/// The safety system's own reason, its words where there are some, and the categories that it found.
fn refused(reason: &str, words: &str, said: Option<&Value>) -> Observed {
    let mut why = reason.to_owned();
    if let Some(said) = said {
        let ratings = list(said, "safetyRatings").iter();
        let blocked = ratings
            .filter(|rating| rating.get("blocked") == Some(&Value::Bool(true)))
            .filter_map(|rating| text(rating, "category"));
        for more in text(said, words).into_iter().chain(blocked) {
            why = format!("{why}: {more}");
        }
    }
    Observed::Filtered(why)
}

/// The counts, each as it was last told: the last event may leave out what earlier ones had.
#[derive(Default)]
struct Counts {
    prompt: u64,
    tool_prompt: u64,
    candidates: u64,
    thoughts: u64,
    cached: u64,
}

impl Counts {
    fn after(&mut self, usage: &Value) -> Usage {
        let told = |key, until_now: &mut u64| {
            if let Some(tokens) = count(usage, key) {
                *until_now = tokens;
            }
        };
        told("promptTokenCount", &mut self.prompt);
        told("toolUsePromptTokenCount", &mut self.tool_prompt);
        told("candidatesTokenCount", &mut self.candidates);
        told("thoughtsTokenCount", &mut self.thoughts);
        told("cachedContentTokenCount", &mut self.cached);
        Usage {
            // The numbers are somebody else's: their sum may be too large.
            input_tokens: self.prompt.saturating_add(self.tool_prompt),
            output_tokens: self.candidates.saturating_add(self.thoughts),
            cache_read_tokens: self.cached,
            cache_write_tokens: 0,
            reasoning_tokens: self.thoughts,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_that_cannot_be_added_crash_nothing() {
        let told = json!({"promptTokenCount": u64::MAX, "toolUsePromptTokenCount": 1,
            "candidatesTokenCount": 2, "thoughtsTokenCount": u64::MAX});
        let usage = Counts::default().after(&told);
        assert_eq!(usage.input_tokens, u64::MAX);
        assert_eq!(usage.output_tokens, u64::MAX);
    }
}
