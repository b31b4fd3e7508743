//! Blocks of markdown as elements. Everything that a model wrote becomes text nodes and a few harmless elements; there
//! is no way from here to raw HTML.

use std::sync::Arc;

use evenkeel_protocol::Message;
use leptos::prelude::*;

use super::{Code, seam};
use crate::state::{Align, Block, Entry, Node, Table, plain};

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
    let (counted, marked) = (entry.clone(), entry.clone());
    let count = Memo::new(move |_| counted.with(|entry| entry.blocks().len()));
    view! {
        <For each=move || 0..count.get() key=|index| *index let:index>
            {
                let entry = entry.clone();
                let block = Memo::new(move |_| entry.with(|entry| entry.blocks().get(index).cloned()));
                let marked = marked.clone();
                move || {
                    let block: Arc<Block> = block.get()?;
                    Some(marked.with_untracked(|entry| nodes(&block.nodes, &entry.message)))
                }
            }
        </For>
    }
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
            <a href=href.clone() target="_blank" rel="noopener noreferrer nofollow">
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
        Node::CodeBlock {
            language, children, ..
        } => {
            // The last line break ends the block, not a line of it.
            let shown = match children.split_last() {
                Some((Node::Text(last), before)) => {
                    let last = last.strip_suffix('\n').unwrap_or(last).to_owned();
                    nodes(&[before, &[Node::Text(last)]].concat())
                }
                Some(_) | None => nodes(children),
            };
            view! { <Code language=language.clone() text=plain(children) shown /> }.into_any()
        }
        Node::Table(parts) => table(parts, message),
        Node::Math { source, .. } => view! { <code>{source.clone()}</code> }.into_any(),
        Node::Footnote(label) => view! { <sup>{label.clone()}</sup> }.into_any(),
        Node::FootnoteText { children, .. } => view! { <div>{nodes(children)}</div> }.into_any(),
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
    view! {
        <div class="table" role="group" aria-label="Table" tabindex="0">
            <table>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
