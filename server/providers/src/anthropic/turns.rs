//! The conversation in Anthropic's blocks: turns that alternate, results inside the user's, thinking before the words.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Prompt;
use crate::prompt::{Message, Part, Refusal, Role};

#[derive(Serialize)]
pub(super) struct Turn<'p> {
    role: &'static str,
    content: Vec<Block<'p>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'p> {
    Text {
        text: Cow<'p, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'p Value>,
    },
    Image {
        source: Source<'p>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'p Value>,
    },
    Document {
        source: Source<'p>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'p Value>,
    },
    Thinking {
        thinking: &'p str,
        signature: &'p str,
    },
    ToolUse {
        id: Cow<'p, str>,
        name: &'p str,
        input: Map<String, Value>,
    },
    ToolResult {
        tool_use_id: Cow<'p, str>,
        content: Vec<Block<'p>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'p> {
    Base64 {
        media_type: Cow<'p, str>,
        data: &'p str,
    },
    /// Anthropic fetches it itself.
    Url { url: &'p str },
}

/// The conversation in Anthropic's shape.
pub(super) struct Conversation<'p> {
    pub(super) system: Vec<Block<'p>>,
    pub(super) turns: Vec<Turn<'p>>,
}

impl<'p> Conversation<'p> {
    pub(super) fn of(prompt: &'p Prompt, partial: Option<&'p str>) -> Result<Self, Refusal> {
        let mut this = Self {
            system: vec![],
            turns: vec![],
        };
        for message in prompt.messages() {
            match message.role {
                Role::System => this.system.extend(blocks(&message)?),
                Role::User => this.say("user", blocks(&message)?),
                Role::Assistant => this.say("assistant", assistant(&message)?),
                Role::Tool => this.say("user", vec![result(&message)?]),
            }
        }
        if this.turns.is_empty() {
            // There must be a turn to answer: what was said as an instruction is then said by the user.
            let said = std::mem::take(&mut this.system);
            this.say("user", said);
        }
        if let Some(partial) = partial {
            this.say("assistant", vec![text(partial)]);
        }
        this.trim_last();
        Ok(this)
    }

    /// The model is to go on after results of calls, and no signed thought stands before those calls.
    pub(super) fn goes_on_without_thought(&self) -> bool {
        let [.., called, results] = &self.turns[..] else {
            return false;
        };
        let has = |turn: &Turn<'_>, is: fn(&Block<'_>) -> bool| turn.content.iter().any(is);
        has(results, |block| matches!(block, Block::ToolResult { .. }))
            && has(called, |block| matches!(block, Block::ToolUse { .. }))
            && !has(called, |block| matches!(block, Block::Thinking { .. }))
    }

    /// Adds to the last turn where it is of the same role; roles must alternate.
    fn say(&mut self, role: &'static str, blocks: Vec<Block<'p>>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.content.extend(blocks),
            Some(_) | None => self.turns.push(Turn {
                role,
                content: blocks,
            }),
        }
    }

    /// Words that the model is to go on from must not end with white space.
    fn trim_last(&mut self) {
        if let Some(Turn { role, content }) = self.turns.last_mut()
            && *role == "assistant"
            && let Some(Block::Text { text, .. }) = content.last_mut()
        {
            let kept = text.trim_end().len();
            match text {
                Cow::Borrowed(text) => *text = &text[..kept],
                Cow::Owned(text) => text.truncate(kept),
            }
        }
    }
}

fn text(text: &str) -> Block<'_> {
    Block::Text {
        text: text.into(),
        cache_control: None,
    }
}

/// The parts of a message. Texts of white space alone are left out: they are refused.
fn blocks<'p>(message: &Message<'p>) -> Result<Vec<Block<'p>>, Refusal> {
    let parts = message.parts()?.into_iter().filter_map(|part| match part {
        Part::Text { text, .. } if text.trim().is_empty() => None,
        Part::Text { text, cache } => Some(Ok(Block::Text {
            text: text.into(),
            cache_control: cache,
        })),
        Part::Address { url, cache, .. } => Some(Ok(Block::Image {
            source: Source::Url { url },
            cache_control: cache,
        })),
        Part::Data { kind, data, cache } => {
            let source = |media_type| Source::Base64 { media_type, data };
            Some(match kind.as_ref() {
                image if image.starts_with("image/") => Ok(Block::Image {
                    source: source(kind),
                    cache_control: cache,
                }),
                "application/pdf" => Ok(Block::Document {
                    source: source(kind),
                    cache_control: cache,
                }),
                other => Err(Refusal::new(
                    format!("messages[{}].content", message.place),
                    &format!("{other} cannot be shown to this model; give images or PDF"),
                )),
            })
        }
    });
    parts.collect()
}

fn assistant<'p>(message: &Message<'p>) -> Result<Vec<Block<'p>>, Refusal> {
    let thinking = message.signed_reasoning();
    let thinking = thinking.map(|(thinking, signature)| Block::Thinking {
        thinking,
        signature,
    });
    let calls = message.calls().into_iter().map(|call| Block::ToolUse {
        input: call.object(),
        id: id(call.id),
        name: call.name,
    });
    let said = blocks(message)?;
    Ok(thinking.into_iter().chain(said).chain(calls).collect())
}

fn result<'p>(message: &Message<'p>) -> Result<Block<'p>, Refusal> {
    let call = message.call_id().ok_or_else(|| {
        let place = format!("messages[{}].tool_call_id", message.place);
        Refusal::new(place, "name the call that this is the result of")
    })?;
    Ok(Block::ToolResult {
        tool_use_id: id(call),
        content: blocks(message)?,
        is_error: message.failed(),
    })
}

/// A call's id in the letters that Anthropic takes; other providers, which may have made the call, use more.
fn id(id: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.chars().all(fits) {
        id.into()
    } else {
        id.replace(|c| !fits(c), "_").into()
    }
}
