//! OpenAI's JSON, as it is written: it borrows, and is never built as a tree.

use evenkeel_engine::Usage;
use serde::Serialize;

use crate::api::gateway::{LastWord, ToolPart};

#[derive(Serialize)]
pub(super) struct Whole<'c> {
    pub(super) id: &'c str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) model: &'c str,
    pub(super) choices: [WholeChoice<'c>; 1],
    pub(super) usage: Option<WireUsage>,
    pub(super) evenkeel: &'c LastWord<'c>,
}

#[derive(Serialize)]
pub(super) struct WholeChoice<'c> {
    pub(super) index: u32,
    pub(super) message: Message<'c>,
    pub(super) logprobs: Option<()>,
    pub(super) finish_reason: &'static str,
}

#[derive(Serialize)]
pub(super) struct Message<'c> {
    pub(super) role: &'static str,
    pub(super) content: Option<&'c str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) reasoning_content: &'c str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) reasoning_signature: &'c str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'c>>,
}

#[derive(Serialize)]
pub(super) struct Event<'c> {
    pub(super) id: &'c str,
    pub(super) object: &'static str,
    pub(super) created: i64,
    pub(super) model: &'c str,
    pub(super) choices: &'c [Choice<'c>],
    /// Null where it was asked for and nobody knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Option<WireUsage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evenkeel: Option<&'c LastWord<'c>>,
}

#[derive(Serialize)]
pub(super) struct Choice<'c> {
    pub(super) index: u32,
    pub(super) delta: Delta<'c>,
    pub(super) finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
pub(super) struct Delta<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_signature: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<[ToolCall<'c>; 1]>,
}

#[derive(Default, Serialize)]
pub(super) struct ToolCall<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'c str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    pub(super) function: Function<'c>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<&'c str>,
}

#[derive(Default, Serialize)]
pub(super) struct Function<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'c str>,
    pub(super) arguments: &'c str,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct WireUsage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_tokens_details: Option<PromptDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct PromptDetails {
    pub(super) cached_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) cache_write_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct CompletionDetails {
    pub(super) reasoning_tokens: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<Usage> for WireUsage {
    fn from(usage: Usage) -> Self {
        let prompt = PromptDetails {
            cached_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
        };
        let completion = CompletionDetails {
            reasoning_tokens: usage.reasoning_tokens,
        };
        let cached = usage.cache_read_tokens > 0 || usage.cache_write_tokens > 0;
        Self {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            prompt_tokens_details: cached.then_some(prompt),
            completion_tokens_details: (usage.reasoning_tokens > 0).then_some(completion),
        }
    }
}

impl<'c> From<&'c ToolPart> for ToolCall<'c> {
    fn from(part: &'c ToolPart) -> Self {
        Self {
            index: Some(part.place),
            id: part.id.as_deref(),
            kind: part.id.as_ref().map(|_| "function"),
            function: Function {
                name: part.name.as_deref(),
                arguments: &part.arguments,
            },
            signature: part.signature.as_deref(),
        }
    }
}
