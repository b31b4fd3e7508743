//! A block of code as lines with their colours. A line that is there keeps them, so that what is added to a long block
//! costs no more than its own lines.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::highlight::{Carry, Name, Span, named};
use super::markdown::Node;

/// A block of code as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The language, where it was named.
    pub language: String,
    /// The name of the file, where it was given.
    pub title: String,
    /// The code, without the line break at its end.
    pub text: String,
    /// The seams in it: where, in bytes, and their places in the message's list.
    pub seams: Vec<(usize, usize)>,
}

impl Source {
    /// The code of a block; nothing where the node is something else.
    pub fn of(node: &Node) -> Option<Self> {
        let Node::CodeBlock {
            language,
            title,
            children,
        } = node
        else {
            return None;
        };
        let mut source = Self {
            language: language.clone(),
            title: title.clone(),
            ..Self::default()
        };
        for child in children {
            if let Node::Seam(place) = child {
                source.seams.push((source.text.len(), *place));
            } else {
                let text = super::plain(std::slice::from_ref(child));
                source.text.push_str(&text);
            }
        }
        // The last line break ends the block, not a line of it.
        if source.text.ends_with('\n') {
            source.text.pop();
        }
        let end = source.text.len();
        for seam in &mut source.seams {
            seam.0 = seam.0.min(end);
        }
        Some(source)
    }

    /// The seams from a place on, and before another.
    pub fn seams_in(&self, from: usize, until: usize) -> impl Iterator<Item = (usize, usize)> {
        let here = move |seam: &&(usize, usize)| (from..until).contains(&seam.0);
        self.seams.iter().filter(here).copied()
    }
}

/// A line with its colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Another one where anything about the line is another.
    pub key: u64,
    /// With its line break.
    pub text: String,
    /// Its pieces, without the line break.
    pub spans: Vec<Span>,
    /// The seams in it: where, in bytes, and their places in the message's list.
    pub seams: Vec<(usize, usize)>,
    after: Carry,
}

/// The lines that have colours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    name: Option<Name>,
    lines: Vec<Arc<Line>>,
    /// What comes after them, and the seams in it.
    rest: (String, Vec<(usize, usize)>),
}

/// What gives a line its colours.
pub type Paint = fn(Name, &str, Carry) -> (Vec<Span>, Carry);

impl Lines {
    /// A block of code of which the first `limit` lines have colours, where there is something that knows them; those that
    /// had them already are kept.
    pub fn of(before: Option<&Self>, source: &Source, paint: Option<Paint>, limit: usize) -> Self {
        let name = paint.and_then(|_| named(&source.language));
        let known = before.filter(|before| before.name == name);
        let known = known.map_or(&[][..], |before| &before.lines);
        let mut lines: Vec<Arc<Line>> = Vec::with_capacity(known.len());
        let mut end = 0;
        for (place, text) in source.text.split_inclusive('\n').take(limit).enumerate() {
            let (Some(paint), Some(name)) = (paint, name) else {
                break;
            };
            let until = end + text.len();
            // A seam at the very end belongs to the last line.
            let last = if until == source.text.len() {
                until + 1
            } else {
                until
            };
            let seams: Vec<_> = source
                .seams_in(end, last)
                .map(|(at, seam)| (at - end, seam))
                .collect();
            // As long as all lines are the same, so is what each leaves to the next.
            let same = known.get(place).filter(|line| {
                let unchanged = place == 0
                    || known
                        .get(place - 1)
                        .zip(lines.last())
                        .is_some_and(|(a, b)| Arc::ptr_eq(a, b));
                unchanged && line.text == text && seams == line.seams
            });
            let line = match same {
                Some(line) => Arc::clone(line),
                None => {
                    let carry = lines.last().map_or_else(Carry::default, |line| line.after);
                    let mut key = DefaultHasher::new();
                    (name, place, text, carry, &seams).hash(&mut key);
                    let (spans, after) = paint(name, text.trim_end_matches('\n'), carry);
                    Arc::new(Line {
                        key: key.finish(),
                        text: text.to_owned(),
                        spans,
                        seams,
                        after,
                    })
                }
            };
            lines.push(line);
            end = until;
        }
        let rest = source.text.get(end..).unwrap_or_default().to_owned();
        let begin = if lines.is_empty() || !rest.is_empty() {
            end
        } else {
            usize::MAX
        };
        let seams = source.seams_in(begin, usize::MAX);
        let seams = seams.map(|(at, seam)| (at - end, seam)).collect();
        Self {
            name,
            lines,
            rest: (rest, seams),
        }
    }

    /// The lines with colours.
    pub fn lines(&self) -> &[Arc<Line>] {
        &self.lines
    }

    /// What comes after them, and the seams in it.
    pub fn rest(&self) -> (&str, &[(usize, usize)]) {
        (&self.rest.0, &self.rest.1)
    }

    /// There are more lines that can have colours.
    pub fn more(&self) -> bool {
        self.name.is_some() && !self.rest.0.is_empty()
    }
}

/// A text in pieces, cut at these places; each piece with the places that are cut before it.
pub fn cut<'a, T: Copy>(text: &'a str, cuts: &[(usize, T)]) -> Vec<(Vec<T>, &'a str)> {
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    let (mut from, mut here) = (0, Vec::new());
    for &(at, what) in cuts {
        if let Some(piece) = text.get(from..at).filter(|piece| !piece.is_empty()) {
            pieces.push((std::mem::take(&mut here), piece));
            from = at;
        }
        here.push(what);
    }
    let rest = text.get(from..).unwrap_or_default();
    if !rest.is_empty() || !here.is_empty() {
        pieces.push((here, rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::highlight;

    fn source(text: &str, seams: &[(usize, usize)]) -> Source {
        Source {
            language: "rust".into(),
            text: text.to_owned(),
            seams: seams.to_vec(),
            ..Source::default()
        }
    }

    fn lines(before: Option<&Lines>, source: &Source) -> Lines {
        Lines::of(before, source, Some(highlight::line), usize::MAX)
    }

    #[test]
    fn lines_that_are_complete_are_kept() {
        let first = lines(None, &source("a /* b\nc\nd", &[]));
        let second = lines(Some(&first), &source("a /* b\nc\nd */ e\nf", &[(12, 0)]));
        assert_eq!(
            second,
            lines(None, &source("a /* b\nc\nd */ e\nf", &[(12, 0)]))
        );
        assert!(Arc::ptr_eq(&first.lines[1], &second.lines[1]));
        assert_eq!(second.lines.len(), 4);
        assert_eq!(second.lines[2].seams, [(3, 0)]);
        // Another beginning gives every line after it another meaning.
        let third = lines(Some(&second), &source("a // b\nc\nd */ e\nf", &[]));
        assert_eq!(third, lines(None, &source("a // b\nc\nd */ e\nf", &[])));
        assert_ne!(third.lines[1].key, second.lines[1].key);
    }

    #[test]
    fn a_seam_at_the_end_is_in_the_last_line() {
        let found = lines(None, &source("a\nb", &[(2, 0), (3, 1)]));
        assert_eq!(found.lines[1].seams, [(0, 0), (1, 1)]);
        assert_eq!(found.rest(), ("", &[][..]));
    }

    #[test]
    fn what_has_no_colours_is_the_rest() {
        let source = source("a\nb\nc", &[(2, 0), (5, 1)]);
        let none = Lines::of(None, &source, None, 9);
        assert_eq!((none.lines().len(), none.more()), (0, false));
        assert_eq!(none.rest(), ("a\nb\nc", &[(2, 0), (5, 1)][..]));
        let one = Lines::of(Some(&none), &source, Some(highlight::line), 1);
        assert_eq!((one.lines().len(), one.more()), (1, true));
        assert_eq!(one.rest(), ("b\nc", &[(0, 0), (3, 1)][..]));
    }

    #[test]
    fn a_text_is_cut_where_it_is_said() {
        assert_eq!(
            cut("abc", &[(0, 7), (2, 8), (2, 9)]),
            [(vec![7], "ab"), (vec![8, 9], "c")]
        );
        assert_eq!(cut("abc", &[(3, 7)]), [(vec![], "abc"), (vec![7], "")]);
        assert_eq!(cut::<u8>("", &[]), []);
    }
}
