//! A conversation to read: the branch that ends in its newest message.

mod notes;
mod text;

use std::collections::HashMap;
use std::fmt::Write;

use evenkeel_protocol::{AttachedFile, Message, MessageRole, Timestamp, Transcript};

use self::text::{closing_fence, escape};

/// The whole document.
pub(super) fn write(transcript: &Transcript) -> String {
    let conversation = &transcript.conversation;
    let mut document = Pieces::default();
    document.add(format!("# {}", escape(&conversation.title)));
    document.add(format!(
        "*Begun {}, last written {}.*",
        day(conversation.created_at),
        day(conversation.updated_at)
    ));
    if let Some(text) = &conversation.system_prompt {
        document.add("## Instructions".to_owned());
        document.text(text);
    }
    let branch = branch(&transcript.messages);
    let elsewhere = transcript.messages.len() - branch.len();
    for message in branch {
        document.message(message);
    }
    if elsewhere > 0 {
        let messages = if elsewhere == 1 {
            "1 message stands".to_owned()
        } else {
            format!("{elsewhere} messages stand")
        };
        document.add(format!(
            "*{messages} on other branches; the JSON export has them all.*"
        ));
    }
    document.0 + "\n"
}

/// The newest message with all that led to it, oldest first.
fn branch(messages: &[Message]) -> Vec<&Message> {
    let by_id: HashMap<_, _> = messages
        .iter()
        .map(|message| (&message.id, message))
        .collect();
    let parent = |message: &&Message| by_id.get(message.parent_id.as_ref()?).copied();
    let mut branch: Vec<_> = std::iter::successors(messages.last(), parent).collect();
    branch.reverse();
    branch
}

/// Paragraphs, an empty line between them.
#[derive(Default)]
struct Pieces(String);

impl Pieces {
    fn add(&mut self, piece: String) {
        if !self.0.is_empty() {
            self.0.push_str("\n\n");
        }
        self.0.push_str(&piece);
    }

    /// A text as it was written; a code block that was never closed must not swallow what follows.
    fn text(&mut self, text: &str) {
        let text = text.trim_matches(['\n', '\r']);
        if text.trim().is_empty() {
            return;
        }
        let mut text = text.to_owned();
        if let Some(fence) = closing_fence(&text) {
            text.push('\n');
            text.push_str(&fence);
        }
        self.add(text);
    }

    fn message(&mut self, message: &Message) {
        let speaker = match (message.role, &message.model_name) {
            (MessageRole::User, _) => "You".to_owned(),
            (MessageRole::Assistant, Some(model)) => escape(model.as_str()),
            (MessageRole::Assistant, None) => "No answer".to_owned(),
        };
        self.add(format!("## {speaker}"));
        self.text(&message.text);
        if !message.attachments.is_empty() {
            let files = message.attachments.iter().map(file).collect::<Vec<_>>();
            self.add(format!("*Attached: {}*", files.join(", ")));
        }
        for note in notes::of(message) {
            self.add(format!("*{note}*"));
        }
    }
}

fn file(file: &AttachedFile) -> String {
    let mut name = escape(&file.name);
    // Writing to a string never fails.
    let _ = write!(name, " ({}, {})", file.media_type, size(file.size));
    name
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests;
