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

#[cfg(test)]
mod tests {
    use crate::config::{Config, Environment};

    #[test]
    fn both_are_on_and_can_be_switched_off() {
        let read = |text: &str| Config::parse(text, &Environment::new());
        let (config, _) = read("").unwrap();
        assert!(config.chat.titles && config.chat.suggestions);
        let (config, _) = read("[chat]\ntitles = false").unwrap();
        assert!(!config.chat.titles && config.chat.suggestions);
        let problems = read("[chat]\ntitle = false").unwrap_err();
        let said = problems[0].to_string();
        assert!(
            said.contains("chat.title") && said.contains("titles"),
            "{said}"
        );
    }
}
