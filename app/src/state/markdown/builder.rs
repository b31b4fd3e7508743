//! From the parser's events to the tree, with the seams marked in it: in the text where it is shown as it was written, else at
//! the next place where a mark may stand.

use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Tag, TagEnd};

use super::{Align, Levels, Mark, Node, Table, plain, safe_href};

/// Containers deeper than this are flattened into the last one.
const MAX_DEPTH: usize = 24;

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

/// Puts the tree together, event by event.
pub(super) struct Builder<'a> {
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
    pub(super) fn new(levels: &'a mut Levels, marks: &'a [Mark]) -> Self {
        Self {
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
            Event::Code(text) => self.push(Node::Code(text.to_string())),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::FootnoteReference(label) => self.text(&label),
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
        let linked = self
            .stack
            .iter()
            .any(|frame| matches!(frame.kind, Kind::Link(_) | Kind::Image(_)));
        // These have items and cells, and no children of their own.
        let parted = self.stack.last().is_some_and(|frame| {
            matches!(frame.kind, Kind::List(..) | Kind::Table(_) | Kind::Row(_))
        });
        !linked && !parted
    }

    /// Text as it stands in the source, with the seams in it.
    fn source(&mut self, text: &str, range: Range<usize>) {
        let (mut rest, mut from) = (text, range.start);
        // Where it does not stand there like this, the marks come after it.
        let same = text.len() == range.len();
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
            Kind::Code(language) => self.push(Node::CodeBlock { language, children }),
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

fn align(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None | Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}
