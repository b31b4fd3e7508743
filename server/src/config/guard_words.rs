//! `[guards]` in plain words, for those who change it while the server runs.

use evenkeel_protocol::{SettingKind, SettingValue};

use super::guards::{GROUNDING, GuardsConfig, INJECTION, PII};
use crate::live::describe::{Described, text};

/// Every setting of the section.
pub(crate) const GUARDS: &[Described<GuardsConfig>] = &[
    Described {
        key: "pii",
        label: "Personal data",
        help: "With redact, e-mail addresses, telephone, card, account and social security numbers and IP addresses are not sent: placeholders go to the providers in their place, and what they stand for is put back into the answer. Off by default.",
        kind: SettingKind::Word,
        words: &["redact", "off"],
        value: |guards| said(PII, guards.pii),
    },
    Described {
        key: "injection",
        label: "Planted instructions",
        help: "With warn, which is the default, a question or file that looks like an attempt to take over the model is sent with a note under the answer, and files are marked as data; with block it is refused. Patterns find what is well known, and no more.",
        kind: SettingKind::Word,
        words: &["warn", "block", "off"],
        value: |guards| said(INJECTION, guards.injection),
    },
    Described {
        key: "grounding",
        label: "Answers from sources",
        help: "With require, an answer to a conversation with text files must cite them, or say that they do not answer; it is held back until it is whole, and where it cites none or an invented one, the next model is asked. Off by default.",
        kind: SettingKind::Word,
        words: &["require", "off"],
        value: |guards| said(GROUNDING, guards.grounding),
    },
];

fn said<T: PartialEq>(words: &[(&str, T)], meaning: T) -> Option<SettingValue> {
    let (word, _) = words.iter().find(|(_, known)| *known == meaning)?;
    text(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn every_word_that_is_offered_is_one_that_the_file_can_say() {
        for row in GUARDS {
            for word in row.words {
                let file = format!("[guards]\n{} = \"{word}\"", row.key);
                let (read, _) = Config::parse(&file, &Environment::new()).unwrap();
                assert_eq!((row.value)(&read.guards), text(word), "{file}");
            }
        }
    }
}
