//! Colours for code: each line by itself, with what the line before it left open, so that a line that is complete is
//! never looked at again while an answer grows. It finds the words, strings and comments of the common languages and
//! understands none of them: what it takes for something else is coloured otherwise, and nothing worse.

mod diff;
mod general;
mod languages;
mod markdown;
mod markup;
mod names;
mod yaml;

pub use names::{Name, named};

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word of the language's own, or a tag.
    Keyword,
    /// Text in quotes.
    String,
    /// A number, or a word that stands for a value.
    Number,
    /// What is not for the machine.
    Comment,
    /// A type, or an attribute of a tag.
    Type,
    /// Something that is called, a key, or a heading.
    Name,
    /// An instruction to the compiler.
    Meta,
    /// A line that was added.
    Added,
    /// A line that was removed.
    Removed,
}

impl Kind {
    /// The class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Keyword => "hl-keyword",
            Self::String => "hl-string",
            Self::Number => "hl-number",
            Self::Comment => "hl-comment",
            Self::Type => "hl-type",
            Self::Name => "hl-name",
            Self::Meta => "hl-meta",
            Self::Added => "hl-added",
            Self::Removed => "hl-removed",
        }
    }
}

/// A piece of a line: its end, in bytes, and what it is.
pub type Span = (usize, Option<Kind>);

/// What a line leaves open for the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Carry {
    open: Open,
    /// In markup: the tag or the language that is open around it.
    outer: markup::Outer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Open {
    #[default]
    Nothing,
    /// A comment, so many deep.
    Comment(u8),
    /// The string of this place in the language's list.
    Text(u8),
}

/// The pieces of one line, which has no line break, and what it leaves open. `before` is what the line before it left.
pub fn line(name: Name, line: &str, before: Carry) -> (Vec<Span>, Carry) {
    let mut pen = Pen::default();
    let language = name.language();
    let carry = match language.way {
        languages::Way::General => {
            let open = general::paint(language, line, 0, before.open, &mut pen);
            Carry { open, ..before }
        }
        languages::Way::Markup => markup::paint(line, before, &mut pen),
        languages::Way::Diff => diff::paint(line, before, &mut pen),
        languages::Way::Yaml => yaml::paint(line, before, &mut pen),
        languages::Way::Markdown => markdown::paint(line, before, &mut pen),
    };
    pen.until(line.len(), None);
    (pen.spans, carry)
}

/// Writes the pieces down, each from where the last one ended.
#[derive(Default)]
struct Pen {
    spans: Vec<Span>,
}

impl Pen {
    fn until(&mut self, end: usize, kind: Option<Kind>) {
        let begin = self.spans.last().map_or(0, |span| span.0);
        if end <= begin {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if last.1 == kind => last.0 = end,
            Some(_) | None => self.spans.push((end, kind)),
        }
    }

    /// A piece that does not begin where the last one ended.
    fn piece(&mut self, begin: usize, end: usize, kind: Kind) {
        self.until(begin, None);
        self.until(end, Some(kind));
    }
}

#[cfg(test)]
mod tests;
