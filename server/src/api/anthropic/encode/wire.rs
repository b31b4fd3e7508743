//! Anthropic's events, as they are written: they borrow, and are never built as a tree.

use evenkeel_engine::Usage;
use serde::Serialize;

use crate::api::gateway::{LastWord, WireSeam, event};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event<'e> {
    MessageStart {
        message: Start<'e>,
    },
    ContentBlockStart {
        index: u32,
        content_block: Block<'e>,
    },
    ContentBlockDelta {
        index: u32,
        delta: Delta<'e>,
    },
    ContentBlockStop {
        index: u32,
    },
    MessageDelta {
        delta: Stop<'e>,
        usage: WireUsage,
        evenkeel: &'e LastWord<'e>,
    },
    MessageStop,
    Ping {
        evenkeel: Changed<'e>,
    },
}

impl Event<'_> {
    /// The event's name is its type.
    fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
            Self::Ping { .. } => "ping",
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        event(Some(self.name()), self, out);
    }
}

#[derive(Serialize)]
pub(super) struct Changed<'e> {
    pub(super) seam: WireSeam<'e>,
}

#[derive(Serialize)]
pub(super) struct Start<'e> {
    pub(super) id: &'e str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'e str,
    pub(super) content: [(); 0],
    pub(super) stop_reason: Option<()>,
    pub(super) stop_sequence: Option<()>,
    pub(super) usage: WireUsage,
}

/// A block, as it begins.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'e> {
    Text {
        text: &'e str,
    },
    Thinking {
        thinking: &'e str,
        signature: &'e str,
    },
    ToolUse {
        id: &'e str,
        name: &'e str,
        input: Empty,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'e str>,
    },
}

#[derive(Serialize)]
pub(super) struct Empty {}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "these are the wire's words")]
pub(super) enum Delta<'e> {
    TextDelta { text: &'e str },
    ThinkingDelta { thinking: &'e str },
    SignatureDelta { signature: &'e str },
    InputJsonDelta { partial_json: &'e str },
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Stop<'e> {
    pub(super) stop_reason: &'static str,
    /// The caller's own, where it was one of them.
    pub(super) stop_sequence: Option<&'e str>,
}

#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct WireUsage {
    pub(super) input_tokens: u64,
    pub(super) cache_creation_input_tokens: u64,
    pub(super) cache_read_input_tokens: u64,
    pub(super) output_tokens: u64,
}

impl From<Usage> for WireUsage {
    /// Anthropic counts tokens from a cache apart.
    fn from(usage: Usage) -> Self {
        let cached = usage
            .cache_read_tokens
            .saturating_add(usage.cache_write_tokens);
        Self {
            input_tokens: usage.input_tokens.saturating_sub(cached),
            cache_creation_input_tokens: usage.cache_write_tokens,
            cache_read_input_tokens: usage.cache_read_tokens,
            output_tokens: usage.output_tokens,
        }
    }
}
