//! A text as a model reads it, whatever was done to hide that: in small letters, on one line, without what cannot be seen,
//! and with letters of other scripts that look like Latin ones as those. Each byte knows where it came from.

use super::rules::HITS;
use super::{ENOUGH, Hit, Rule};

/// The text to match patterns against.
#[derive(Debug, Default)]
pub struct Plain {
    /// The text.
    pub text: String,
    /// Where each of its bytes stood in the original.
    from: Vec<usize>,
}

impl Plain {
    /// The plain form of a text.
    pub fn of(original: &str) -> Self {
        let mut plain = Self {
            text: String::with_capacity(original.len()),
            from: Vec::with_capacity(original.len()),
        };
        for (at, c) in original.char_indices() {
            if c == '\n' {
                if plain.text.ends_with(' ') {
                    plain.text.pop();
                }
                plain.push('\n', at);
            } else if c.is_whitespace() {
                if !plain.text.ends_with([' ', '\n']) {
                    plain.push(' ', at);
                }
            } else if !is_unseen(c) {
                for small in latin(c).to_lowercase() {
                    plain.push(small, at);
                }
            }
        }
        plain
    }

    fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.from.resize(self.text.len(), at);
    }

    /// Where a byte stood in the original.
    pub fn original(&self, at: usize) -> usize {
        self.from.get(at).copied().unwrap_or_default()
    }
}

/// A letter that looks like a Latin one, as that one.
fn latin(c: char) -> char {
    match c {
        // Full width.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        // Mathematical letters, bold and others: in groups of 26 capitals and 26 small ones.
        '\u{1d400}'..='\u{1d6a3}' => {
            let place = (c as u32 - 0x1d400) % 52 % 26;
            char::from_u32(u32::from(b'a') + place).unwrap_or(c)
        }
        'а' | 'А' | 'α' | 'Α' => 'a',
        'с' | 'С' => 'c',
        'е' | 'Е' | 'Ε' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' => 'i',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'Τ' => 't',
        'у' | 'У' | 'Υ' => 'y',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        '’' | '‘' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        other => other,
    }
}

/// A tag: invisible, and read by models as the letter that it stands for.
fn is_tag(c: char) -> bool {
    ('\u{e0020}'..='\u{e007f}').contains(&c)
}

/// A selector beyond those that emoji and old letters need.
fn is_smuggled(c: char) -> bool {
    ('\u{e0100}'..='\u{e01ef}').contains(&c)
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn is_unseen(c: char) -> bool {
    is_zero_width(c)
        || is_tag(c)
        || is_smuggled(c)
        || matches!(c, '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}')
}

/// What is there and cannot be seen, or is seen in another order than it is read in.
pub(super) fn hidden(text: &str) -> Vec<Hit> {
    if text.is_ascii() {
        return vec![];
    }
    let mut hits = vec![];
    let (mut before, mut run, mut flag) = ('\0', 0_u32, false);
    let right_to_left = text.chars().any(
        |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'),
    );
    for (at, c) in text.char_indices() {
        // The flags of England, Scotland and Wales are written in tags.
        flag = c == '\u{1f3f4}' || (flag && is_tag(c));
        run = if is_zero_width(c) || is_smuggled(c) {
            run + 1
        } else {
            0
        };
        let smuggled = is_smuggled(c) && is_smuggled(before);
        if (is_tag(c) && !flag) || smuggled || run == 8 {
            hits.push(Hit {
                rule: Rule::HiddenText,
                weight: ENOUGH,
                at,
            });
        }
        // Telephone numbers are often copied with the milder ones around them.
        let turns = c == '\u{202e}'
            || (matches!(before, '\u{202d}' | '\u{2067}') && c.is_ascii_alphabetic());
        if turns && !right_to_left {
            hits.push(Hit {
                rule: Rule::TurnedText,
                weight: ENOUGH,
                at,
            });
        }
        before = c;
    }
    // A hidden sentence is one place, not one for each of its letters.
    hits.dedup_by(|next, first| next.rule == first.rule && next.rule == Rule::HiddenText);
    // More say no more.
    hits.truncate(HITS);
    hits
}
