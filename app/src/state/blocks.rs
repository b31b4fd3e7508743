//! An answer as it grows, cut into top-level blocks. A block is settled as soon as a later one has begun on a line that
//! is complete, because nothing that follows can change it any more; settled blocks are never parsed again and keep
//! their place in memory, so that the page keeps what it shows of them. However the text is cut into pieces, the blocks
//! are the same.

use std::ops::Range;
use std::sync::Arc;

use evenkeel_protocol::{Seam, SeamMode};
use pulldown_cmark::{Event, Parser, Tag};

use crate::late;

use super::markdown::{Definitions, Fence, Levels, Mark, Node, mask, options, parse};

/// A top-level block (with the blank lines and link definitions that follow it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What is in it: one node, as a rule.
    pub nodes: Vec<Node>,
}

/// The blocks of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    settled: Vec<Arc<Block>>,
    /// The source of those that may still change.
    open: String,
    /// The block of code that it begins in.
    fence: Fence,
    /// The seams in it.
    marks: Vec<Mark>,
    tail: Vec<Arc<Block>>,
    levels: Levels,
    definitions: Definitions,
}

impl Blocks {
    /// The blocks of a text, with its seams marked.
    pub fn of(text: &str, seams: &[Seam]) -> Self {
        let mut blocks = Self {
            marks: marks(text, seams),
            ..Self::default()
        };
        blocks.push(text);
        blocks
    }

    /// More of the answer.
    pub fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.open.push_str(text);
        // Nothing is lost where the part is not here yet: what is open is parsed again with what follows.
        if let Some(answers) = late::ANSWERS.get() {
            (answers.grow)(self, text);
        }
    }

    /// Cuts what is open into blocks anew, after this text was added to it.
    pub(crate) fn grow(&mut self, text: &str) {
        let before = std::mem::take(&mut self.tail);
        let mut before = before.into_iter();
        if text.contains('\n') {
            self.settle(&mut before);
        }
        // What is open is parsed with copies: its headings and definitions may still change.
        let (levels, definitions) = (self.levels.clone(), self.definitions.clone());
        let open = std::mem::take(&mut self.open);
        let masked = mask(&open, self.fence).text;
        let mut slices = slices(&masked).into_iter().peekable();
        while let Some(slice) = slices.next() {
            // What lies after the last block is marked at its end.
            let until = slices.peek().map_or(usize::MAX, |next| next.start);
            let nodes = self.parse(&masked, &open, slice, until);
            self.tail.push(reuse(before.next(), nodes));
        }
        drop(masked);
        self.open = open;
        (self.levels, self.definitions) = (levels, definitions);
    }

    /// Settles all blocks but the last of those that the complete lines make. The line that is still being written is
    /// left out, because its end may give the lines before it another meaning; and so is what comes after a formula's
    /// beginning that may still get its end.
    fn settle(&mut self, before: &mut impl Iterator<Item = Arc<Block>>) {
        let open = std::mem::take(&mut self.open);
        let masked = mask(&open, self.fence);
        let complete = masked.text.rfind('\n').map_or(0, |end| end + 1);
        let complete = complete.min(masked.open.unwrap_or(complete));
        let slices = slices(masked.text.get(..complete).unwrap_or_default());
        // What begins with a bracket may still become a definition, and then no block.
        let definition = |slice: &Range<usize>| {
            let source = open.get(slice.clone()).unwrap_or_default();
            source.trim_start().starts_with('[')
        };
        let last = slices.iter().rposition(|slice| !definition(slice));
        let (settled, rest) = slices.split_at(last.unwrap_or(0));
        for slice in settled {
            let nodes = self.parse(&masked.text, &open, slice.clone(), slice.end);
            self.settled.push(reuse(before.next(), nodes));
        }
        let done = rest.first().map_or(0, |last| last.start);
        drop(masked);
        self.fence = mask(open.get(..done).unwrap_or_default(), self.fence).fence;
        self.open = open;
        self.open.drain(..done);
        self.marks.retain(|mark| mark.at >= done);
        for mark in &mut self.marks {
            mark.at -= done;
        }
    }

    /// Parses a slice with the seams that lie before `until`.
    fn parse(&mut self, masked: &str, open: &str, slice: Range<usize>, until: usize) -> Vec<Node> {
        let here = |mark: &&Mark| mark.at >= slice.start && mark.at < until;
        let marks: Vec<_> = self
            .marks
            .iter()
            .filter(here)
            .map(|mark| Mark {
                at: mark.at - slice.start,
                place: mark.place,
            })
            .collect();
        let masked = masked.get(slice.clone()).unwrap_or_default();
        let source = open.get(slice).unwrap_or_default();
        parse(
            masked,
            source,
            &marks,
            &mut self.definitions,
            &mut self.levels,
        )
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.settled.len() + self.tail.len()
    }

    /// There is nothing yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The block at a place.
    pub fn get(&self, index: usize) -> Option<&Arc<Block>> {
        self.settled
            .get(index)
            .or_else(|| self.tail.get(index - self.settled.len().min(index)))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.settled.iter().chain(&self.tail)
    }
}

/// The seams that lie in the text, with their places in the list: those before a restart lie in what it replaced.
pub fn in_text(seams: &[Seam]) -> impl Iterator<Item = (usize, &Seam)> {
    let restart = seams
        .iter()
        .rposition(|seam| seam.mode == SeamMode::Restarted);
    let begun = restart.map_or(0, |restart| restart + 1);
    seams.iter().enumerate().skip(begun)
}

/// Where they lie, in bytes.
fn marks(text: &str, seams: &[Seam]) -> Vec<Mark> {
    let mut from = 0;
    in_text(seams)
        .map(|(place, seam)| {
            let scalars = usize::try_from(seam.at).unwrap_or(usize::MAX);
            let at = text.char_indices().nth(scalars);
            from = at.map_or(text.len(), |(at, _)| at).max(from);
            Mark { at: from, place }
        })
        .collect()
}

fn reuse(before: Option<Arc<Block>>, nodes: Vec<Node>) -> Arc<Block> {
    before
        .filter(|block| block.nodes == nodes)
        .unwrap_or_else(|| Arc::new(Block { nodes }))
}

/// A top-level block's slice of the source, at whole lines. It begins where the block before it ends, so that link
/// definitions stand before what they may belong to, and those that nothing follows yet are in none.
fn slices(source: &str) -> Vec<Range<usize>> {
    let mut slices: Vec<Range<usize>> = Vec::new();
    let (mut depth, mut from, mut content) = (0_usize, 0, 0);
    for (event, range) in Parser::new_ext(source, options()).into_offset_iter() {
        if depth == 0 && !matches!(event, Event::End(_)) {
            if content > 0 {
                let end = blank_lines(source, line_after(source, content), range.start);
                slices.push(from..end);
                from = end;
            }
            content = 0;
        }
        let end = match event {
            Event::Start(tag) => {
                depth += 1;
                // What the parser says of a list's end may lie beyond definitions that follow it.
                if matches!(tag, Tag::List(_) | Tag::Item) {
                    marker(source, range.start)
                } else {
                    range.end
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::Text(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => range.end,
        };
        content = content.max(end);
    }
    if content > 0 {
        slices.push(from..line_after(source, content));
    }
    slices
}

/// The place after the first character of a list's marker.
fn marker(source: &str, place: usize) -> usize {
    let rest = source.get(place..).unwrap_or_default();
    place
        + rest
            .find(|c: char| !c.is_whitespace())
            .map_or(0, |blank| blank + 1)
}

/// The beginning of the first line that lies after this place as a whole, blank beginnings aside.
fn line_after(source: &str, place: usize) -> usize {
    let before = source.get(..place).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    if line > 0 && before.get(line..).unwrap_or_default().trim().is_empty() {
        return line;
    }
    let rest = source.get(place..).unwrap_or_default();
    rest.find('\n').map_or(source.len(), |end| place + end + 1)
}

/// The place after the blank lines that lie between `from` and the block that begins at `to`.
fn blank_lines(source: &str, mut from: usize, to: usize) -> usize {
    while let Some(end) = source.get(from..to).and_then(|between| between.find('\n')) {
        if !source
            .get(from..from + end)
            .unwrap_or_default()
            .trim()
            .is_empty()
        {
            break;
        }
        from += end + 1;
    }
    from
}

#[cfg(test)]
mod tests;
