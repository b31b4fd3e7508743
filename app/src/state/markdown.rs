//! Markdown as a tree of plain data. What a model writes is not trusted: raw HTML stays text, links lead to the web or
//! to a mailbox and nowhere else, images are links, and nesting is bounded, so that no answer can exhaust the stack.

use std::collections::BTreeMap;

use pulldown_cmark::{
    Alignment, BrokenLink, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd,
};

/// Containers deeper than this are flattened into the last one.
const MAX_DEPTH: usize = 24;

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
        /// The code.
        text: String,
    },
    /// A table.
    Table(Table),
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

/// The extensions that are understood.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// Parses one slice of an answer. Definitions found in it are added to `definitions`.
pub(super) fn parse(source: &str, definitions: &mut Definitions, levels: &mut Levels) -> Vec<Node> {
    let known = definitions.clone();
    let lookup = |link: BrokenLink<'_>| {
        known
            .get(&fold(&link.reference))
            .map(|href| (CowStr::from(href.clone()), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(source, options(), Some(lookup));
    for (label, definition) in parser.reference_definitions().iter() {
        definitions
            .entry(fold(label))
            .or_insert_with(|| definition.dest.to_string());
    }
    let mut builder = Builder {
        stack: vec![Frame::new(Kind::Root)],
        skipped: 0,
        levels,
    };
    for event in parser {
        builder.take(event);
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

/// The address, where it may be followed.
fn safe_href(href: &str) -> Option<String> {
    let href = href.trim();
    let begins = |scheme: &str| {
        href.get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    (begins("https://") || begins("http://") || begins("mailto:")).then(|| href.to_owned())
}

enum Kind {
    Root,
    Paragraph,
    Heading(u8),
    Quote,
    List(Option<u64>, Vec<Vec<Node>>),
    Item,
    Code(String),
    Html,
    Table(Table),
    Row(Vec<Vec<Node>>),
    Cell,
    Strong,
    Emphasis,
    Struck,
    Link(Option<String>),
    Image(Option<String>),
}

struct Frame {
    kind: Kind,
    children: Vec<Node>,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            children: Vec::new(),
        }
    }
}

struct Builder<'a> {
    stack: Vec<Frame>,
    /// Containers that were left out because they were too deep.
    skipped: usize,
    levels: &'a mut Levels,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) => self.text(&text),
            Event::InlineHtml(html) => match html.as_ref() {
                "<br>" | "<br/>" | "<br />" => self.push(Node::Break),
                _ => self.text(&html),
            },
            Event::Code(text) => self.push(Node::Code(text.to_string())),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::FootnoteReference(label) => self.text(&label),
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak => self.push(Node::Break),
            Event::Rule => self.push(Node::Rule),
            Event::TaskListMarker(done) => self.push(Node::Task { done }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if self.stack.len() > MAX_DEPTH || self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        let kind = match tag {
            Tag::Paragraph
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => Kind::Paragraph,
            Tag::Heading { level, .. } => Kind::Heading(self.levels.next(level)),
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::CodeBlock(CodeBlockKind::Indented) => Kind::Code(String::new()),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => Kind::Code(
                info.split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            ),
            Tag::HtmlBlock => Kind::Html,
            Tag::List(start) => Kind::List(start, Vec::new()),
            Tag::Item => Kind::Item,
            Tag::Table(columns) => Kind::Table(Table {
                align: columns.into_iter().map(align).collect(),
                ..Table::default()
            }),
            Tag::TableHead | Tag::TableRow => Kind::Row(Vec::new()),
            Tag::TableCell => Kind::Cell,
            Tag::Emphasis | Tag::Superscript | Tag::Subscript => Kind::Emphasis,
            Tag::Strong => Kind::Strong,
            Tag::Strikethrough => Kind::Struck,
            Tag::Link { dest_url, .. } => Kind::Link(safe_href(&dest_url)),
            Tag::Image { dest_url, .. } => Kind::Image(safe_href(&dest_url)),
        };
        self.stack.push(Frame::new(kind));
    }

    fn end(&mut self, end: TagEnd) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        if self.stack.len() < 2 {
            return;
        }
        let Some(Frame { kind, children }) = self.stack.pop() else {
            return;
        };
        match kind {
            Kind::Root => {}
            Kind::Paragraph => self.push(Node::Paragraph(children)),
            Kind::Heading(level) => self.push(Node::Heading { level, children }),
            Kind::Quote => self.push(Node::Quote(children)),
            Kind::List(start, items) => self.push(Node::List { start, items }),
            Kind::Item => {
                if let Some(Frame {
                    kind: Kind::List(_, items),
                    ..
                }) = self.stack.last_mut()
                {
                    items.push(children);
                }
            }
            Kind::Code(language) => {
                self.push(Node::CodeBlock {
                    language,
                    text: plain(&children),
                });
            }
            Kind::Html => {
                let text = plain(&children).trim_end().to_owned();
                self.push(Node::Paragraph(vec![Node::Text(text)]));
            }
            Kind::Table(table) => self.push(Node::Table(table)),
            Kind::Row(cells) => {
                if let Some(Frame {
                    kind: Kind::Table(table),
                    ..
                }) = self.stack.last_mut()
                {
                    if end == TagEnd::TableHead {
                        table.head = cells;
                    } else {
                        table.rows.push(cells);
                    }
                }
            }
            Kind::Cell => {
                if let Some(Frame {
                    kind: Kind::Row(cells),
                    ..
                }) = self.stack.last_mut()
                {
                    cells.push(children);
                }
            }
            Kind::Strong => self.push(Node::Strong(children)),
            Kind::Emphasis => self.push(Node::Emphasis(children)),
            Kind::Struck => self.push(Node::Struck(children)),
            Kind::Link(href) => self.link(href, children),
            Kind::Image(href) => {
                let alt = plain(&children);
                let shown = if alt.is_empty() {
                    "image".to_owned()
                } else {
                    alt
                };
                self.link(href, vec![Node::Text(format!("Image: {shown}"))]);
            }
        }
    }

    /// A link inside a link, as an image in one would be, is only its text: HTML knows no other way.
    fn link(&mut self, href: Option<String>, children: Vec<Node>) {
        let inside = self
            .stack
            .iter()
            .any(|frame| matches!(frame.kind, Kind::Link(_)));
        match href {
            Some(href) if !inside && !children.is_empty() => {
                self.push(Node::Link { href, children });
            }
            Some(_) | None => {
                for child in children {
                    self.push(child);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let Some(frame) = self.stack.last_mut() else {
            return;
        };
        if let Some(Node::Text(before)) = frame.children.last_mut() {
            before.push_str(text);
        } else {
            frame.children.push(Node::Text(text.to_owned()));
        }
    }

    fn push(&mut self, node: Node) {
        if let Node::Text(text) = &node {
            self.text(text);
        } else if let Some(frame) = self.stack.last_mut() {
            frame.children.push(node);
        }
    }

    fn finish(mut self) -> Vec<Node> {
        self.stack.truncate(1);
        self.stack
            .pop()
            .map(|frame| frame.children)
            .unwrap_or_default()
    }
}

fn align(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None | Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}

/// The text without its marks.
pub fn plain(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        match node {
            Node::Text(part) | Node::Code(part) | Node::CodeBlock { text: part, .. } => {
                text.push_str(part);
            }
            Node::Break => text.push('\n'),
            Node::Strong(children)
            | Node::Emphasis(children)
            | Node::Struck(children)
            | Node::Link { children, .. }
            | Node::Paragraph(children)
            | Node::Heading { children, .. }
            | Node::Quote(children) => text.push_str(&plain(children)),
            Node::List { items, .. } => {
                for item in items {
                    text.push_str(&plain(item));
                    text.push('\n');
                }
            }
            Node::Rule | Node::Task { .. } => {}
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

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
