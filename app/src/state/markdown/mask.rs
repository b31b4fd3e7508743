//! Formulas between LaTeX's own marks, `\(…\)` and `\[…\]`, are escaped brackets to markdown, and a line of one that
//! begins with a plus is a list. So the parser is given a copy of the source, of the same length, in which all formulas
//! have the marks that it knows, and displayed ones stand in one line.

use std::borrow::Cow;

/// The block of code that a line stands in: its fence's character and length.
pub(in crate::state) type Fence = Option<(u8, usize)>;

/// What the parser is given.
pub(in crate::state) struct Masked<'a> {
    /// As long as the source, place by place.
    pub(in crate::state) text: Cow<'a, str>,
    /// The beginning of the first line with a formula that has no end yet and may still get one.
    pub(in crate::state) open: Option<usize>,
    /// What the end of the source stands in.
    pub(in crate::state) fence: Fence,
}

/// A formula's marks.
#[derive(Clone, Copy)]
enum Marks {
    /// `\(…\)`
    Round,
    /// `\[…\]`
    Square,
    /// `$$…$$`
    Dollars,
}

impl Marks {
    fn at(rest: &[u8]) -> Option<Self> {
        match rest {
            [b'\\', b'(', ..] => Some(Self::Round),
            [b'\\', b'[', ..] => Some(Self::Square),
            [b'$', b'$', ..] => Some(Self::Dollars),
            _ => None,
        }
    }

    fn end(self) -> &'static [u8] {
        match self {
            Self::Round => b"\\)",
            Self::Square => b"\\]",
            Self::Dollars => b"$$",
        }
    }
}

enum Search {
    /// The formula's end mark is here.
    At(usize),
    /// The paragraph, which ends here, has none.
    None(usize),
    /// There is none yet.
    NotYet,
}

/// The source as the parser is to see it. It begins inside of `fence`, at the beginning of a line.
pub(in crate::state) fn mask(source: &str, fence: Fence) -> Masked<'_> {
    let mut scan = Scan {
        source: source.as_bytes(),
        changes: Vec::new(),
        open: None,
        none_before: [0; 3],
    };
    let mut fence = fence;
    let mut at = 0;
    while at < source.len() {
        let line = scan.line(at);
        let end = at + line.len();
        at = match (fence, begun(line)) {
            (Some(open), _) => {
                if closes(line, open) {
                    fence = None;
                }
                end
            }
            (None, Some(begun)) => {
                fence = Some(begun);
                end
            }
            (None, None) => scan.text(at),
        };
    }
    let (open, changes) = (scan.open, scan.changes);
    let text = if changes.is_empty() {
        Cow::Borrowed(source)
    } else {
        Cow::Owned(changed(source, &changes))
    };
    Masked { text, open, fence }
}

/// Only characters of one byte are ever changed, to others of one byte.
fn changed(source: &str, changes: &[(usize, char)]) -> String {
    let mut text = String::with_capacity(source.len());
    let mut from = 0;
    for &(at, to) in changes {
        text.push_str(source.get(from..at).unwrap_or_default());
        text.push(to);
        from = at + 1;
    }
    text.push_str(source.get(from..).unwrap_or_default());
    text
}

struct Scan<'a> {
    source: &'a [u8],
    /// In order.
    changes: Vec<(usize, char)>,
    open: Option<usize>,
    /// For each kind of marks, the place before which there is no end.
    none_before: [usize; 3],
}

impl<'a> Scan<'a> {
    fn rest(&self, at: usize) -> &'a [u8] {
        self.source.get(at..).unwrap_or_default()
    }

    /// The line that begins here, with its end.
    fn line(&self, at: usize) -> &'a [u8] {
        let rest = self.rest(at);
        let end = rest.iter().position(|&byte| byte == b'\n');
        rest.get(..end.map_or(rest.len(), |end| end + 1))
            .unwrap_or_default()
    }

    /// Scans a line that is not code, and those that a formula in it goes on in. Gives the place behind them.
    fn text(&mut self, begin: usize) -> usize {
        let mut at = begin;
        while let Some(&byte) = self.source.get(at) {
            let rest = self.rest(at);
            at += match (byte, Marks::at(rest)) {
                (b'\n', _) => return at + 1,
                (b'`', _) => code_span(rest),
                (b']', _) if rest.get(1) == Some(&b'(') => destination(rest),
                (_, Some(marks)) => self.formula(begin, at, marks),
                (b'\\', None) => 2,
                _ => 1,
            };
        }
        at
    }

    /// A formula may begin here. Gives its length, or that of the mark where it is none.
    fn formula(&mut self, line: usize, at: usize, marks: Marks) -> usize {
        let before = at.checked_sub(1).and_then(|at| self.source.get(at));
        let in_word =
            before.is_some_and(|&byte| byte.is_ascii_alphanumeric() || b"_/=&%#".contains(&byte));
        if in_word || at < self.none_before[marks as usize] {
            return 2;
        }
        let end = match self.find(at + 2, marks.end()) {
            Search::At(end) => end,
            Search::None(until) => {
                self.none_before[marks as usize] = until;
                return 2;
            }
            Search::NotYet => {
                self.open.get_or_insert(line);
                self.none_before[marks as usize] = usize::MAX;
                return 2;
            }
        };
        let content = self.source.get(at + 2..end).unwrap_or_default();
        let linked = self.source.get(end + 2) == Some(&b'(');
        if !plausible(content, marks) || linked {
            return 2;
        }
        self.changes.extend([(at, '$'), (at + 1, '$')]);
        self.flatten(line, at + 2, end);
        self.changes.extend([(end, '$'), (end + 1, '$')]);
        end + 2 - at
    }

    /// Looks for a mark up to the end of the paragraph.
    fn find(&self, from: usize, mark: &[u8]) -> Search {
        let mut at = from;
        while let Some(&byte) = self.source.get(at) {
            if self.rest(at).starts_with(mark) {
                return Search::At(at);
            }
            if byte == b'\n' {
                let next = self.line(at + 1);
                let blank = next.iter().all(u8::is_ascii_whitespace);
                if blank && next.ends_with(b"\n") || begun(next).is_some() {
                    return Search::None(at + 1);
                }
            }
            at += if byte == b'\\' && self.source.get(at + 1) != Some(&b'\n') {
                2
            } else {
                1
            };
        }
        Search::NotYet
    }

    /// Puts a formula into one line, without the marks of the quotation that it stands in.
    fn flatten(&mut self, line: usize, from: usize, end: usize) {
        let quoted = self.line(line).trim_ascii_start().starts_with(b">");
        let mut prefix = false;
        for at in from..end {
            match self.source.get(at) {
                Some(b'\n' | b'\r') => {
                    prefix = quoted;
                    self.changes.push((at, ' '));
                }
                Some(b'>') if prefix => self.changes.push((at, ' ')),
                Some(b' ') => {}
                _ => prefix = false,
            }
        }
    }
}

/// What stands between escaped brackets may be no formula: a number of a footnote, a remark.
fn plausible(content: &[u8], marks: Marks) -> bool {
    let content = content.trim_ascii();
    match marks {
        Marks::Round | Marks::Dollars => !content.is_empty(),
        Marks::Square => {
            content.iter().any(|byte| b"\\^_=+*/<>{}|".contains(byte))
                || content.len() == 1 && content[0].is_ascii_alphabetic()
        }
    }
}

/// The length of a span of code that ends in its line, or of the mark of one that does not.
fn code_span(rest: &[u8]) -> usize {
    let run = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        rest.iter().take_while(|&&byte| byte == b'`').count()
    };
    let mark = run(0);
    let mut at = mark;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\n' => break,
            b'`' => {
                let length = run(at);
                at += length;
                if length == mark {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    mark
}

/// The length of a link's address with the brackets before it.
fn destination(rest: &[u8]) -> usize {
    let mut at = 2;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b')' => return at + 1,
            byte if byte.is_ascii_whitespace() => return at,
            b'\\'
                if rest
                    .get(at + 1)
                    .is_some_and(|next| !next.is_ascii_whitespace()) =>
            {
                at += 2
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The fence that this line is, in whatever list or quotation.
fn begun(line: &[u8]) -> Fence {
    let start = line
        .iter()
        .position(|byte| !byte.is_ascii_digit() && !b" \t>-*+.)".contains(byte))?;
    let rest = line.get(start..)?;
    let mark = *rest.first().filter(|byte| b"`~".contains(byte))?;
    let length = rest.iter().take_while(|&&byte| byte == mark).count();
    let info = rest.get(length..)?;
    (length >= 3 && !(mark == b'`' && info.contains(&b'`'))).then_some((mark, length))
}

fn closes(line: &[u8], (mark, length): (u8, usize)) -> bool {
    let start = line.iter().position(|byte| !b" \t>".contains(byte));
    let rest = line
        .get(start.unwrap_or(line.len())..)
        .unwrap_or_default()
        .trim_ascii_end();
    rest.len() >= length && rest.iter().all(|&byte| byte == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(source: &str) -> String {
        let masked = mask(source, None);
        assert_eq!(masked.text.len(), source.len());
        masked.text.into_owned()
    }

    #[test]
    fn latex_marks_become_those_that_the_parser_knows() {
        assert_eq!(
            masked(r"so \(a+b\) and \[x^2\]."),
            "so $$a+b$$ and $$x^2$$."
        );
        assert_eq!(masked("\\[\n+ x\n- y\n\\]\nend"), "$$ + x - y $$\nend");
        assert_eq!(masked("$$\n+ x\n$$"), "$$ + x $$");
        assert_eq!(masked("> \\[\n> x^2\n> \\]"), "> $$   x^2   $$");
    }

    #[test]
    fn code_links_and_words_stay_as_they_are() {
        for source in [
            r"`\(a\)`",
            "```tex\n\\[x^2\\]\n```\n",
            "- ~~~\n  \\[x^2\\]\n  ~~~\n",
            r"[a](https://x.example/a_\(b\))",
            r"array\[i+1\]",
            r"\[a remark\]",
            r"\[12\]",
            r"\[x=1\](https://x.example)",
            "\\[x^2\n\nnext\\]",
            r"\[\]",
        ] {
            assert_eq!(masked(source), source);
        }
    }

    #[test]
    fn what_has_no_end_yet_is_told_by_its_line() {
        assert_eq!(mask("one\ntwo \\[x\n+ y", None).open, Some(4));
        assert_eq!(mask("one \\[x\n\ntwo", None).open, None);
        assert_eq!(mask("```\n\\[x", None).open, None);
        assert_eq!(mask("```\n\\[x", None).fence, Some((b'`', 3)));
    }

    #[test]
    fn many_marks_without_an_end_are_no_trouble() {
        for hostile in [
            r"\(".repeat(50_000),
            r"\[ ".repeat(50_000),
            "$$ ".repeat(50_001),
            "a`".repeat(50_000),
        ] {
            mask(&hostile, None);
            mask(&format!("{hostile}\n\n"), None);
        }
    }
}
