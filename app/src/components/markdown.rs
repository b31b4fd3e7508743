//! Blocks of markdown as elements. Everything that a model wrote becomes text nodes and a few harmless elements; there
//! is no way from here to raw HTML.

use std::sync::Arc;

use evenkeel_protocol::Message;
use leptos::prelude::*;

use super::code::Mark;
use super::formula::math;
use super::{Code, CopyButton, seam};
use crate::state::{Align, Block, Entry, Node, Source, Table, tab_separated};

/// All blocks of an answer that does not change.
pub(crate) fn blocks(entry: &Entry) -> Vec<AnyView> {
    entry
        .blocks()
        .iter()
        .map(|block| nodes(&block.nodes, &entry.message).into_any())
        .collect()
}

/// The blocks of an answer that is being written: a new token changes the last one and leaves the others alone.
#[component]
pub(crate) fn Growing(
    /// The answer.
    entry: ArcRwSignal<Arc<Entry>>,
) -> impl IntoView {
    let entry = entry.read_only();
    let counted = entry.clone();
    let count = Memo::new(move |_| counted.with(|entry| entry.blocks().len()));
    view! {
        <For each=move || 0..count.get() key=|index| *index let:index>
            {
                growing(entry.clone(), index)
            }
        </For>
    }
}

/// What a block that grows is shown as. Code keeps its lines while it does.
#[derive(Clone, PartialEq)]
enum Shape {
    Code,
    Other(Arc<Block>),
}

/// The block at a place, as it grows. What is shown hangs on one memo each: of two of which one hangs on the other, the
/// reactive graph may miss a change.
fn growing(entry: ArcReadSignal<Arc<Entry>>, index: usize) -> AnyView {
    let shape = {
        let entry = entry.clone();
        Memo::new(move |_| {
            entry.with(|entry| match entry.blocks().get(index)?.nodes[..] {
                [Node::CodeBlock { .. }] => Some(Shape::Code),
                _ => entry.blocks().get(index).cloned().map(Shape::Other),
            })
        })
    };
    let shown = move || match shape.get() {
        Some(Shape::Code) => growing_code(entry.clone(), index),
        Some(Shape::Other(block)) => {
            entry.with_untracked(|entry| nodes(&block.nodes, &entry.message).into_any())
        }
        None => ().into_any(),
    };
    shown.into_any()
}

fn growing_code(entry: ArcReadSignal<Arc<Entry>>, index: usize) -> AnyView {
    let source = {
        let entry = entry.clone();
        Memo::new(move |_| {
            let source = entry.with(|entry| {
                let block = entry.blocks().get(index)?;
                block.nodes.first().and_then(Source::of)
            });
            Arc::new(source.unwrap_or_default())
        })
    };
    let mark: Mark =
        Arc::new(move |place| entry.with_untracked(|entry| seam::mark(&entry.message, place)));
    view! { <Code source mark /> }.into_any()
}

/// Pieces of a message, which knows what its seams are.
pub(super) fn nodes(nodes: &[Node], message: &Message) -> Vec<AnyView> {
    nodes.iter().map(|one| node(one, message)).collect()
}

fn node(node: &Node, message: &Message) -> AnyView {
    let nodes = |children| nodes(children, message);
    match node {
        Node::Text(text) => text.replace('\0', "\u{fffd}").into_any(),
        Node::Code(text) => view! { <code>{text.replace('\0', "\u{fffd}")}</code> }.into_any(),
        Node::Break => view! { <br /> }.into_any(),
        Node::Strong(children) => view! { <strong>{nodes(children)}</strong> }.into_any(),
        Node::Emphasis(children) => view! { <em>{nodes(children)}</em> }.into_any(),
        Node::Struck(children) => view! { <s>{nodes(children)}</s> }.into_any(),
        Node::Link { href, children } => view! {
            <a href=href.clone() target="_blank" rel="noopener noreferrer nofollow" referrerpolicy="no-referrer">
                {nodes(children)}
            </a>
        }
        .into_any(),
        Node::Paragraph(children) => view! { <p>{nodes(children)}</p> }.into_any(),
        Node::Heading { level, children } => heading(*level, nodes(children)),
        Node::Rule => view! { <hr /> }.into_any(),
        Node::Quote(children) => view! { <blockquote>{nodes(children)}</blockquote> }.into_any(),
        Node::List { start: None, items } => view! { <ul>{list(items, message)}</ul> }.into_any(),
        Node::List {
            start: Some(start),
            items,
        } => view! { <ol start=start.to_string()>{list(items, message)}</ol> }.into_any(),
        Node::Task { done } => {
            let (mark, word) = if *done {
                ("☑ ", "done: ")
            } else {
                ("☐ ", "to do: ")
            };
            view! {
                <span aria-hidden="true">{mark}</span>
                <span class="sr-only">{word}</span>
            }
            .into_any()
        }
        Node::CodeBlock { .. } => {
            let source = Source::of(node).unwrap_or_default();
            let marks: Vec<_> = source.seams.iter().map(|seam| seam.1).collect();
            let message = (!marks.is_empty()).then(|| message.clone());
            let mark: Mark = Arc::new(move |place| match &message {
                Some(message) => seam::mark(message, place),
                None => ().into_any(),
            });
            view! { <Code source=Arc::new(source) mark /> }.into_any()
        }
        Node::Table(parts) => table(parts, message),
        Node::Math { source, display } => math(source, *display),
        Node::Footnote(label) => view! { <sup class="note-mark">{label.clone()}</sup> }.into_any(),
        Node::FootnoteText { label, children } => view! {
            <div class="note">
                <span class="note-mark">{label.clone()}</span>
                <div>{nodes(children)}</div>
            </div>
        }
        .into_any(),
        Node::Seam(place) => seam::mark(message, *place),
    }
}

fn heading(level: u8, children: Vec<AnyView>) -> AnyView {
    match level {
        0..=3 => view! { <h3>{children}</h3> }.into_any(),
        4 => view! { <h4>{children}</h4> }.into_any(),
        5 => view! { <h5>{children}</h5> }.into_any(),
        _ => view! { <h6>{children}</h6> }.into_any(),
    }
}

fn list(items: &[Vec<Node>], message: &Message) -> Vec<AnyView> {
    items
        .iter()
        .map(|item| view! { <li>{nodes(item, message)}</li> }.into_any())
        .collect()
}

fn table(table: &Table, message: &Message) -> AnyView {
    let align = |column: usize| match table.align.get(column) {
        Some(Align::Center) => Some("center"),
        Some(Align::End) => Some("end"),
        Some(Align::Start) | None => None,
    };
    let head: Vec<_> = table
        .head
        .iter()
        .enumerate()
        .map(|(column, cell)| {
            view! { <th scope="col" data-align=align(column)>{nodes(cell, message)}</th> }
                .into_any()
        })
        .collect();
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| {
                    view! { <td data-align=align(column)>{nodes(cell, message)}</td> }.into_any()
                })
                .collect();
            view! { <tr>{cells}</tr> }.into_any()
        })
        .collect();
    let copied = tab_separated(table);
    view! {
        <div>
        <div class="table" role="group" aria-label="Table" tabindex="0">
            <table>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <div class="table-foot">
            <CopyButton text=Callback::new(move |()| copied.clone()) label="Copy table" />
        </div>
        </div>
    }
    .into_any()
}
