//! `[chat]`: what the chat asks models beside the answers.

use super::reader::Reader;

/// What may be asked of a model without anybody's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatConfig {
    /// Titles of conversations.
    pub titles: bool,
    /// Questions that could be asked next.
    pub suggestions: bool,
}

pub(super) fn read(mut section: Reader<'_>) -> ChatConfig {
    let chat = ChatConfig {
        titles: section.flag("titles").unwrap_or(true),
        suggestions: section.flag("suggestions").unwrap_or(true),
    };
    section.finish();
    chat
}
