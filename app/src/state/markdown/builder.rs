//! From the parser's events to the tree.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Tag, TagEnd};

use super::{Align, Levels, Node, Table, plain, safe_href};

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
}

impl<'a> Builder<'a> {
    pub(super) fn new(levels: &'a mut Levels) -> Self {
        Self {
            stack: vec![Frame::new(Kind::Root)],
            skipped: 0,
            levels,
        }
    }

    pub(super) fn take(&mut self, event: Event<'_>) {
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

    pub(super) fn finish(mut self) -> Vec<Node> {
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
