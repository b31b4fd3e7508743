//! Markdown as a tree of plain data. What a model writes is not trusted: raw HTML stays text, links lead to the web or
//! to a mailbox and nowhere else, images are links, and nesting is bounded, so that no answer can exhaust the stack.

mod builder;
mod info;
mod links;
mod mask;

use std::collections::BTreeMap;

use pulldown_cmark::{BrokenLink, CowStr, HeadingLevel, Options, Parser};

use builder::Builder;
pub(super) use mask::{Fence, mask};

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text, shown as it is; raw HTML as well.
    Text(String),
    /// `code` in a line.
    Code(String),
    /// A line break that the writer asked for.
    Break,
    /// `**strong**`.
    Strong(Vec<Node>),
    /// `*emphasis*`.
    Emphasis(Vec<Node>),
    /// `~~struck~~`.
    Struck(Vec<Node>),
    /// A link that may be followed.
    Link {
        /// An `http`, `https` or `mailto` address.
        href: String,
        /// What is shown.
        children: Vec<Node>,
    },
    /// A paragraph.
    Paragraph(Vec<Node>),
    /// A heading; its level follows from its place among the others.
    Heading {
        /// 3 to 6: the page and the message have the first two.
        level: u8,
        /// What it says.
        children: Vec<Node>,
    },
    /// A thematic break.
    Rule,
    /// A quotation.
    Quote(Vec<Node>),
    /// A list.
    List {
        /// The first number of an ordered list.
        start: Option<u64>,
        /// Its items.
        items: Vec<Vec<Node>>,
    },
    /// The box of a task.
    Task {
        /// It is ticked.
        done: bool,
    },
    /// A block of code.
    CodeBlock {
        /// The language, where it was named.
        language: String,
        /// The name of the file, where it was given.
        title: String,
        /// The code: text, and the seams in it.
        children: Vec<Node>,
    },
    /// A table.
    Table(Table),
    /// A formula.
    Math {
        /// LaTeX, without the marks around it.
        source: String,
        /// It stands by itself, and not in a line.
        display: bool,
    },
    /// The mark of a footnote, in the text.
    Footnote(String),
    /// What a footnote says.
    FootnoteText {
        /// Its mark.
        label: String,
        /// The text.
        children: Vec<Node>,
    },
    /// Another model went on here: the message's seam at this place of its list.
    Seam(usize),
}

/// Where a seam is to be marked in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// In bytes.
    pub(super) at: usize,
    /// The seam's place in the message's list.
    pub(super) place: usize,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// How each column is aligned.
    pub align: Vec<Align>,
    /// The cells of the head.
    pub head: Vec<Vec<Node>>,
    /// The cells of each row.
    pub rows: Vec<Vec<Vec<Node>>>,
}

/// How a column is aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// As text begins.
    #[default]
    Start,
    /// In the middle.
    Center,
    /// As text ends.
    End,
}

/// The headings that are open, so that levels never skip one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Levels(Vec<HeadingLevel>);

impl Levels {
    fn next(&mut self, level: HeadingLevel) -> u8 {
        while self.0.last().is_some_and(|&open| open >= level) {
            self.0.pop();
        }
        self.0.push(level);
        u8::try_from(self.0.len() + 2).unwrap_or(6).min(6)
    }
}

/// Link reference definitions, by their folded labels.
pub(super) type Definitions = BTreeMap<String, String>;

/// The extensions that are understood. Of footnotes it is the kind whose marks need no definition, because it may not be
/// written yet.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_OLD_FOOTNOTES
}

/// Parses one slice of an answer, given as the parser is to see it ([`mask`]) and as it is. Definitions found in it are
/// added to `definitions`; `marks` are the seams in it, in order.
pub(super) fn parse(
    masked: &str,
    source: &str,
    marks: &[Mark],
    definitions: &mut Definitions,
    levels: &mut Levels,
) -> Vec<Node> {
    let known = definitions.clone();
    let lookup = |link: BrokenLink<'_>| {
        known
            .get(&fold(&link.reference))
            .map(|href| (CowStr::from(href.clone()), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(masked, options(), Some(lookup));
    for (label, definition) in parser.reference_definitions().iter() {
        definitions
            .entry(fold(label))
            .or_insert_with(|| definition.dest.to_string());
    }
    let mut builder = Builder::new(masked, source, levels, marks);
    for (event, range) in parser.into_offset_iter() {
        builder.take(event, range);
    }
    builder.finish()
}

fn fold(label: &str) -> String {
    label
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// The text without its marks.
pub fn plain(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        match node {
            Node::Text(part) | Node::Code(part) => text.push_str(part),
            Node::Break => text.push('\n'),
            Node::Strong(children)
            | Node::Emphasis(children)
            | Node::Struck(children)
            | Node::Link { children, .. }
            | Node::Paragraph(children)
            | Node::Heading { children, .. }
            | Node::Quote(children)
            | Node::FootnoteText { children, .. }
            | Node::CodeBlock { children, .. } => text.push_str(&plain(children)),
            Node::List { items, .. } => {
                for item in items {
                    text.push_str(&plain(item));
                    text.push('\n');
                }
            }
            Node::Math { source, .. } => text.push_str(source),
            Node::Footnote(label) => text.push_str(&format!("[{label}]")),
            Node::Rule | Node::Task { .. } | Node::Seam(_) => {}
            Node::Table(table) => {
                for cell in table.head.iter().chain(table.rows.iter().flatten()) {
                    text.push_str(&plain(cell));
                    text.push('\t');
                }
            }
        }
    }
    text
}

/// A table for a spreadsheet: cells with tabs between them.
pub fn tab_separated(table: &Table) -> String {
    let row = |cells: &Vec<Vec<Node>>| {
        let cells = cells.iter().map(|cell| {
            let text = plain(cell);
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        cells.collect::<Vec<_>>().join("\t")
    };
    let rows: Vec<_> = std::iter::once(&table.head)
        .chain(&table.rows)
        .map(row)
        .collect();
    rows.join("\n")
}

#[cfg(test)]
mod tests;
