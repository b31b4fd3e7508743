//! From the parser's events to the tree, with the seams marked in it: in the text where it is shown as it was written, else at
//! the next place where a mark may stand.

use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Tag, TagEnd};

use super::info::info;
use super::links::{host, linked, safe_href};
use super::{Align, Levels, Mark, Node, Table, plain};

/// Containers deeper than this are flattened into the last one.
const MAX_DEPTH: usize = 24;

enum Kind {
    Root,
    Paragraph,
    Heading(u8),
    Quote,
    List(Option<u64>, Vec<Vec<Node>>),
    Item,
    Code { language: String, title: String },
    Html,
    Footnote(String),
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

/// Puts the tree together, event by event.
pub(super) struct Builder<'a> {
    /// What the parser sees.
    masked: &'a str,
    /// What was written, place by place.
    written_as: &'a str,
    stack: Vec<Frame>,
    /// Containers that were left out because they were too deep.
    skipped: usize,
    levels: &'a mut Levels,
    /// The seams that are not marked yet.
    marks: &'a [Mark],
    /// Where the last text ended in the source.
    written: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        masked: &'a str,
        written_as: &'a str,
        levels: &'a mut Levels,
        marks: &'a [Mark],
    ) -> Self {
        Self {
            masked,
            written_as,
            stack: vec![Frame::new(Kind::Root)],
            skipped: 0,
            levels,
            marks,
            written: 0,
        }
    }

    /// The next event, and the part of the source that it is about.
    pub(super) fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        if let Some(until) = self.markable(&event, &range) {
            self.mark(until);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) => self.source(&text, range),
            Event::InlineHtml(html) => match html.as_ref() {
                "<br>" | "<br/>" | "<br />" => self.push(Node::Break),
                _ => self.text(&html),
            },
            Event::Code(text) => self.push(Node::Code(self.code_span(&text, range))),
            Event::InlineMath(_) | Event::DisplayMath(_) if self.in_link() => {
                let written = self.written_as.get(range).unwrap_or_default();
                self.text(written);
            }
            Event::InlineMath(text) => self.inline_math(&text, range),
            Event::DisplayMath(text) => self.display_math(&text, range),
            Event::FootnoteReference(label) if self.in_link() => self.text(&format!("[{label}]")),
            Event::FootnoteReference(label) => self.push(Node::Footnote(label.to_string())),
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak => self.push(Node::Break),
            Event::Rule => self.push(Node::Rule),
            Event::TaskListMarker(done) => self.push(Node::Task { done }),
        }
    }

    /// The marks up to which place belong before an event, where it is one that marks may stand before.
    fn markable(&self, event: &Event<'_>, range: &Range<usize>) -> Option<usize> {
        match event {
            // A mark in a link would be a control in a control. Other containers have it in their text.
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => Some(range.start),
            Event::Start(_) => None,
            // What follows a block of code's last text is its fence, and belongs to what comes after it.
            Event::End(TagEnd::CodeBlock) => Some(self.written),
            Event::End(_) => Some(range.end),
            Event::Text(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => Some(range.start),
        }
    }

    /// Marks the seams up to this place, where a mark may stand here.
    fn mark(&mut self, until: usize) {
        while let Some((next, rest)) = self.marks.split_first()
            && next.at <= until
            && self.may_mark()
        {
            self.marks = rest;
            self.push(Node::Seam(next.place));
        }
    }

    fn may_mark(&self) -> bool {
        // These have items and cells, and no children of their own.
        let parted = self.stack.last().is_some_and(|frame| {
            matches!(frame.kind, Kind::List(..) | Kind::Table(_) | Kind::Row(_))
        });
        !self.in_link() && !parted
    }

    fn in_link(&self) -> bool {
        self.stack
            .iter()
            .any(|frame| matches!(frame.kind, Kind::Link(_) | Kind::Image(_)))
    }

    /// Text as it stands in the source, with the seams in it.
    fn source(&mut self, text: &str, range: Range<usize>) {
        // Where it does not stand there like this, the marks come after it.
        let same = text.len() == range.len();
        let written = self.written_as.get(range.clone()).filter(|_| same);
        let (mut rest, mut from) = (written.unwrap_or(text), range.start);
        while let Some(next) = self.marks.first()
            && next.at < range.end
            && same
            && self.may_mark()
            && let Some((before, after)) = rest.split_at_checked(next.at.saturating_sub(from))
        {
            from += before.len();
            rest = after;
            self.text(before);
            self.mark(from);
        }
        self.text(rest);
        self.written = range.end;
    }

    fn start(&mut self, tag: Tag<'_>) {
        if self.stack.len() > MAX_DEPTH || self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        let kind = match tag {
            Tag::FootnoteDefinition(label) => Kind::Footnote(label.to_string()),
            Tag::Paragraph
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => Kind::Paragraph,
            Tag::Heading { level, .. } => Kind::Heading(self.levels.next(level)),
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::CodeBlock(kind) => {
                let (language, title) = match &kind {
                    CodeBlockKind::Indented => info(""),
                    CodeBlockKind::Fenced(text) => info(text),
                };
                Kind::Code { language, title }
            }
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
        let prose = matches!(
            kind,
            Kind::Paragraph
                | Kind::Heading(_)
                | Kind::Item
                | Kind::Cell
                | Kind::Strong
                | Kind::Emphasis
                | Kind::Struck
                | Kind::Footnote(_)
        );
        let children = if prose && !self.in_link() {
            linked(children)
        } else {
            children
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
            Kind::Code { language, title } => self.push(Node::CodeBlock {
                language,
                title,
                children,
            }),
            Kind::Footnote(label) => self.push(Node::FootnoteText { label, children }),
            Kind::Html => {
                let mut children = children;
                trim_end(&mut children);
                self.push(Node::Paragraph(children));
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
                let shown = image(&plain(&children), href.as_deref());
                self.link(href, vec![Node::Text(shown)]);
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

    /// The content of a span of code, as it was written.
    fn code_span(&self, text: &str, range: Range<usize>) -> String {
        let written = self.written_as.get(range.clone()).unwrap_or_default();
        if self.masked.get(range) == Some(written) {
            return text.to_owned();
        }
        written.trim_matches('`').replace('\n', " ")
    }

    /// A formula between single dollars, which may be prices.
    fn inline_math(&mut self, text: &str, range: Range<usize>) {
        let (before, rest) = self
            .written_as
            .split_at_checked(range.start)
            .unwrap_or_default();
        let after = rest.get(range.len()..).unwrap_or_default();
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '$');
        let priced = text.starts_with(|c: char| c.is_ascii_digit())
            && text.contains(' ')
            && !text.contains(['\\', '^', '_', '=', '<', '>', '+', '*']);
        if priced || letter(before.chars().next_back()) || letter(after.chars().next()) {
            let written = self.written_as.get(range).unwrap_or_default();
            return self.text(written);
        }
        self.push(Node::Math {
            source: text.to_owned(),
            display: false,
        });
    }

    /// A formula between double dollars, or what stands for them.
    fn display_math(&mut self, text: &str, range: Range<usize>) {
        let written = self.written_as.get(range).unwrap_or_default();
        let inner = written.get(2..written.len().saturating_sub(2));
        // The marks of a quotation are not the formula's.
        let inner = inner.filter(|inner| inner.len() == text.len() && !inner.contains("\n>"));
        self.push(Node::Math {
            source: inner.unwrap_or(text).to_owned(),
            display: !written.starts_with("\\("),
        });
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

    pub(super) fn finish(mut self) -> Vec<Node> {
        self.stack.truncate(1);
        self.mark(usize::MAX);
        self.stack
            .pop()
            .map(|frame| frame.children)
            .unwrap_or_default()
    }
}

/// The text without the white space at its end.
fn trim_end(children: &mut [Node]) {
    for child in children.iter_mut().rev() {
        if let Node::Text(text) = child {
            text.truncate(text.trim_end().len());
            if !text.is_empty() {
                break;
            }
        }
    }
}

/// What is shown in place of an image, which nobody fetches before a reader follows the link.
fn image(alt: &str, href: Option<&str>) -> String {
    let from = href.and_then(host).map(|host| format!(" from {host}"));
    let from = from.unwrap_or_default();
    if alt.is_empty() {
        format!("Image{from}")
    } else {
        format!("Image{from}: {alt}")
    }
}

fn align(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None | Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}
