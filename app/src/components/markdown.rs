//! Blocks of markdown as elements. Everything that a model wrote becomes text nodes and a few harmless elements; there
//! is no way from here to raw HTML.

use std::sync::Arc;

use leptos::prelude::*;

use super::Code;
use crate::state::{Align, Block, Entry, Node, Table};

/// All blocks of an answer that does not change.
pub(crate) fn blocks(entry: &Entry) -> Vec<AnyView> {
    entry
        .blocks
        .iter()
        .map(|block| nodes(&block.nodes).into_any())
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
    let count = Memo::new(move |_| counted.with(|entry| entry.blocks.len()));
    view! {
        <For each=move || 0..count.get() key=|index| *index let:index>
            {
                let entry = entry.clone();
                let block = Memo::new(move |_| entry.with(|entry| entry.blocks.get(index).cloned()));
                move || block.get().map(|block: Arc<Block>| nodes(&block.nodes))
            }
        </For>
    }
}

fn nodes(nodes: &[Node]) -> Vec<AnyView> {
    nodes.iter().map(node).collect()
}

fn node(node: &Node) -> AnyView {
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
        Node::List { start: None, items } => view! { <ul>{list(items)}</ul> }.into_any(),
        Node::List {
            start: Some(start),
            items,
        } => view! { <ol start=start.to_string()>{list(items)}</ol> }.into_any(),
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
        Node::CodeBlock { language, text } => {
            view! { <Code language=language.clone() text=text.replace('\0', "\u{fffd}") /> }
                .into_any()
        }
        Node::Table(parts) => table(parts),
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

fn list(items: &[Vec<Node>]) -> Vec<AnyView> {
    items
        .iter()
        .map(|item| view! { <li>{nodes(item)}</li> }.into_any())
        .collect()
}

fn table(table: &Table) -> AnyView {
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
            view! { <th scope="col" data-align=align(column)>{nodes(cell)}</th> }.into_any()
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
                    view! { <td data-align=align(column)>{nodes(cell)}</td> }.into_any()
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
