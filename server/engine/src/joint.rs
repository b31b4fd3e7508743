//! Where two answers are joined: what is shown, how much of it a new answer repeats, and the white space between.

use crate::Chunk;

/// What has been given out of an answer.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// Parts of tool calls are out: two halves of a call make no whole.
    pub(crate) tool_calls: bool,
    /// The last that came was reasoning, in the middle of which nobody can take over.
    pub(crate) reasoning: bool,
}

impl Shown {
    pub(crate) fn add(&mut self, chunk: &Chunk) {
        match chunk {
            Chunk::Content(text) => {
                self.text.push_str(text);
                self.reasoning = false;
            }
            Chunk::Reasoning(_) => self.reasoning = true,
            Chunk::ToolCall(_) => {
                self.tool_calls = true;
                self.reasoning = false;
            }
            Chunk::Signature(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => {}
        }
    }
}

/// The white space at the end of what is shown. Who goes on with it may begin with the same, which is then left out; any
/// other white space is his own, and stays.
#[derive(Debug, Default)]
pub(crate) struct Owed(String);

impl Owed {
    pub(crate) fn after(shown: &str) -> Self {
        let text = shown.trim_end();
        Self(shown.get(text.len()..).unwrap_or_default().to_owned())
    }

    /// What of the next piece is new. It may be empty, and then the next one is asked as well.
    pub(crate) fn new_part<'t>(&mut self, piece: &'t str) -> &'t str {
        let mut owed = self.0.chars();
        let mut rest = piece.chars();
        loop {
            let before = rest.as_str();
            match (owed.as_str().is_empty(), rest.next()) {
                (true, _) => {
                    self.0.clear();
                    return before;
                }
                (false, None) => {
                    self.0 = owed.as_str().to_owned();
                    return "";
                }
                (false, Some(next)) if owed.next() == Some(next) => {}
                (false, Some(_)) => {
                    self.0.clear();
                    return before;
                }
            }
        }
    }
}

/// A comparison of a new answer with one that is shown, white space aside.
pub(crate) struct Overlap<'s> {
    /// What the new answer has not repeated yet.
    rest: &'s str,
}

/// How a piece of a new answer compares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Compared<'t> {
    /// All of it was shown before.
    Repeats,
    /// It has caught up; this is what follows on, white space that is owed included.
    GoesOn(&'t str),
    /// It is not what is shown.
    Differs,
}

impl<'s> Overlap<'s> {
    pub(crate) fn new(shown: &'s str) -> Self {
        Self { rest: shown.trim() }
    }

    pub(crate) fn compare<'t>(&mut self, text: &'t str) -> Compared<'t> {
        let mut new = text.chars();
        while !self.rest.is_empty() {
            let Some(character) = new.next() else {
                return Compared::Repeats;
            };
            if character.is_whitespace() {
                continue;
            }
            let mut shown = self.rest.chars();
            if shown.next() != Some(character) {
                return Compared::Differs;
            }
            self.rest = shown.as_str().trim_start();
        }
        Compared::GoesOn(new.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is shown in the end, where a new answer comes in these pieces.
    fn spliced(shown: &str, pieces: &[&str]) -> Option<String> {
        let (mut overlap, mut owed) = (Overlap::new(shown), Owed::after(shown));
        let (mut text, mut caught_up) = (shown.to_owned(), false);
        for piece in pieces {
            let rest = if caught_up {
                piece
            } else {
                match overlap.compare(piece) {
                    Compared::Repeats => continue,
                    Compared::Differs => return None,
                    Compared::GoesOn(rest) => rest,
                }
            };
            caught_up = true;
            text.push_str(owed.new_part(rest));
        }
        caught_up.then_some(text)
    }

    #[test]
    fn what_follows_on_keeps_its_white_space() {
        for (shown, pieces, expected) in [
            ("Hello wor", &["Hello  world"][..], Some("Hello world")),
            ("Hello ", &["Hello world"], Some("Hello world")),
            ("Hello", &["Hello world"], Some("Hello world")),
            ("Hello", &["Hello"], Some("Hello")),
            ("Hello there", &["Hello"], None),
            ("Hello", &["Help"], None),
            ("a\n\nb", &["a b c"], Some("a\n\nb c")),
            ("é", &["éa"], Some("éa")),
            (
                "def f(x):\n",
                &["def f(x):\n    return x"],
                Some("def f(x):\n    return x"),
            ),
            ("Line\n", &["Line\n\n", "Next"], Some("Line\n\nNext")),
            ("- a\n", &["- a\n  - b"], Some("- a\n  - b")),
            ("One. ", &["One", ".", " Two"], Some("One. Two")),
            ("- a\n\n", &["- a", "\n\n", "- b"], Some("- a\n\n- b")),
            (" ", &["x"], Some(" x")),
        ] {
            assert_eq!(
                spliced(shown, pieces).as_deref(),
                expected,
                "{shown:?} {pieces:?}"
            );
        }
    }

    #[test]
    fn who_goes_on_may_begin_with_what_is_owed() {
        for (shown, pieces, expected) in [
            ("def f():", &["\n    return"][..], "def f():\n    return"),
            ("a\n\n", &["\n", "\nb"], "a\n\nb"),
            ("a\n\n", &["\n", "b"], "a\n\nb"),
            ("a ", &["b"], "a b"),
            ("a ", &[" ", " b"], "a  b"),
        ] {
            let mut owed = Owed::after(shown);
            let rest: String = pieces.iter().map(|piece| owed.new_part(piece)).collect();
            assert_eq!(format!("{shown}{rest}"), expected, "{shown:?} {pieces:?}");
        }
    }

    proptest! {
        /// However a repetition is cut into pieces, the whole is the new answer to the letter.
        #[test]
        fn pieces_make_no_difference(shown in "[a-c \n]{1,20}", rest in "[a-c \n]{0,10}[a-c]", cuts in prop::collection::vec(0_usize..30, 0..5)) {
            let whole = format!("{shown}{rest}");
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < whole.len()).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            prop_assert_eq!(spliced(&shown, &pieces), Some(whole.clone()));
        }
    }
}
