//! Placeholders in an answer are replaced by what they stand for, also where one comes in pieces.

use std::collections::HashMap;
use std::sync::Arc;

/// Reads an answer piece by piece. It holds back no more than what can still become a placeholder that is known.
#[derive(Clone, Debug, Default)]
pub struct Restorer {
    values: Arc<HashMap<String, String>>,
    held: String,
}

/// What a text that begins with a bracket is.
enum Begins {
    /// A placeholder of so many bytes, and what it stands for.
    With(usize, String),
    /// As much of one as there is yet.
    Perhaps,
    /// Nothing of the kind.
    Not,
}

impl Restorer {
    pub(super) fn new(values: Arc<HashMap<String, String>>) -> Self {
        Self {
            values,
            held: String::new(),
        }
    }

    /// There is nothing to put back.
    pub fn is_idle(&self) -> bool {
        self.values.is_empty()
    }

    /// The same for another text.
    pub fn anew(&self) -> Self {
        Self::new(self.values.clone())
    }

    /// What of the answer can be shown after this piece.
    pub fn push(&mut self, piece: &str) -> String {
        if self.values.is_empty() {
            return piece.to_owned();
        }
        let text = std::mem::take(&mut self.held) + piece;
        let (mut shown, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some(bracket) = rest.find('[') {
            let (before, from) = rest.split_at(bracket);
            shown.push_str(before);
            match self.begins(from) {
                Begins::With(length, value) => {
                    shown.push_str(&value);
                    rest = from.get(length..).unwrap_or_default();
                }
                Begins::Perhaps => {
                    self.held = from.to_owned();
                    return shown;
                }
                Begins::Not => {
                    shown.push('[');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        shown.push_str(rest);
        shown
    }

    /// What was held back and became no placeholder.
    pub fn flush(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// A whole text.
    pub fn whole(&self, text: &str) -> String {
        let mut restorer = self.anew();
        restorer.push(text) + &restorer.flush()
    }

    /// Some models write `[Email 1]` where they were given `[email 1]`.
    fn begins(&self, text: &str) -> Begins {
        let longest = self
            .values
            .keys()
            .map(String::len)
            .max()
            .unwrap_or_default();
        let head = text.as_bytes();
        let head = head.get(..longest).unwrap_or(head);
        match head.iter().position(|byte| *byte == b']') {
            Some(end) => {
                let written = head.get(..=end).unwrap_or_default();
                let written = String::from_utf8_lossy(written).to_ascii_lowercase();
                let value = self.values.get(&written);
                value.map_or(Begins::Not, |value| Begins::With(end + 1, value.clone()))
            }
            None if head.len() == longest => Begins::Not,
            None => {
                let begins = |known: &String| {
                    let known = known.as_bytes().get(..head.len());
                    known.is_some_and(|known| known.eq_ignore_ascii_case(head))
                };
                if self.values.keys().any(begins) {
                    Begins::Perhaps
                } else {
                    Begins::Not
                }
            }
        }
    }
}
