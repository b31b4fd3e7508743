//! What holds for any text, whatever its seams and however it arrives.

use proptest::prelude::*;

use super::super::*;
use super::{all, continued};
use crate::state::Table;

fn cut(text: &str, seams: &[Seam], cuts: &[prop::sample::Index]) -> Blocks {
    let mut places: Vec<usize> = cuts
        .iter()
        .map(|index| text.floor_char_boundary(index.index(text.len() + 1)))
        .collect();
    places.sort_unstable();
    // As a page has them that knows all seams before it has the text.
    let mut blocks = Blocks {
        marks: marks(text, seams),
        ..Blocks::default()
    };
    let mut from = 0;
    for place in places.into_iter().chain([text.len()]) {
        blocks.push(&text[from..place]);
        from = place;
    }
    blocks
}

/// Lines that a model writes, and those that are known to make trouble.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "",
            "",
            "text",
            "- a",
            "- b",
            "  more",
            "    code",
            "1. one",
            "2. two",
            "2",
            "1",
            "---",
            "===",
            "```rust",
            "```",
            "~~~",
            "> quote",
            ">",
            "# one",
            "## two",
            "###### six",
            "| a | b |",
            "|---|:-:|",
            "a | b",
            "--|--",
            "| 1 | 2 |",
            "<div>",
            "</div>",
            "<!-- c",
            "-->",
            "[a]: https://x.example",
            "[a]",
            "[a]:",
            "* b",
            "+ c",
            "\ttab",
            "  - nested",
            "     five",
            "***",
            "- [ ] task",
            "- [x] done",
            "**bold",
            "bold**",
            "a\\",
            "two  ",
            "<script>alert(1)</script>",
            "<br>",
            "&amp; &lt;",
            "1) x",
            "-",
            "+",
            "![i](https://x.example/i.png)",
            "[![i](https://x.example)](https://y.example)",
            "    ",
            "\u{a0}",
            "\\[",
            "\\]",
            "+ x^2 \\]",
            "\\[ x^2",
            "a \\(b\\) c",
            "\\(a",
            "b\\)",
            "$$",
            "$$x$$ and $y$",
            "$5 and $10",
            "`\\(a\\)`",
            "`\\[",
            "> \\[x^2",
            "> \\]",
            "    \\[a^2\\]",
            "| $a$ | \\(b|c\\) |",
            "a[^1]",
            "[^1]: note",
            "    more",
            "see https://x.example/a_b.",
            "````",
        ])
        .prop_map(str::to_owned),
        "[ -~äß漢\t]{0,12}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    (prop::collection::vec(line(), 0..14), any::<bool>()).prop_map(|(lines, end)| {
        let mut text = lines.join("\n");
        if end {
            text.push('\n');
        }
        text
    })
}

/// Seams somewhere in a text.
fn seams(text: &str, places: &[prop::sample::Index]) -> Vec<Seam> {
    let mut places: Vec<_> = places
        .iter()
        .map(|place| place.index(text.chars().count() + 1))
        .collect();
    places.sort_unstable();
    places.into_iter().map(continued).collect()
}

/// The nodes without the seams in them, which are counted.
fn unmarked(nodes: &[Node], count: &mut Vec<usize>) -> Vec<Node> {
    let mut plain: Vec<Node> = Vec::new();
    for node in nodes {
        let mut inner = |children: &Vec<Node>| unmarked(children, count);
        let node = match node {
            Node::Seam(place) => {
                count.push(*place);
                continue;
            }
            Node::Text(text) => {
                if let Some(Node::Text(before)) = plain.last_mut() {
                    before.push_str(text);
                    continue;
                }
                Node::Text(text.clone())
            }
            Node::Strong(children) => Node::Strong(inner(children)),
            Node::Emphasis(children) => Node::Emphasis(inner(children)),
            Node::Struck(children) => Node::Struck(inner(children)),
            Node::Paragraph(children) => Node::Paragraph(inner(children)),
            Node::Quote(children) => Node::Quote(inner(children)),
            Node::Heading { level, children } => Node::Heading {
                level: *level,
                children: inner(children),
            },
            Node::FootnoteText { label, children } => Node::FootnoteText {
                label: label.clone(),
                children: inner(children),
            },
            Node::CodeBlock {
                language,
                title,
                children,
            } => Node::CodeBlock {
                language: language.clone(),
                title: title.clone(),
                children: inner(children),
            },
            Node::List { start, items } => Node::List {
                start: *start,
                items: items.iter().map(inner).collect(),
            },
            Node::Table(table) => Node::Table(Table {
                align: table.align.clone(),
                head: table.head.iter().map(&mut inner).collect(),
                rows: table
                    .rows
                    .iter()
                    .map(|row| row.iter().map(&mut inner).collect())
                    .collect(),
            }),
            // Nothing in a link can be pressed but the link.
            Node::Link { .. } => {
                assert!(!format!("{node:?}").contains("Seam"));
                node.clone()
            }
            Node::Code(_)
            | Node::Break
            | Node::Rule
            | Node::Task { .. }
            | Node::Math { .. }
            | Node::Footnote(_) => node.clone(),
        };
        plain.push(node);
    }
    plain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_pieces_give_the_same_blocks(
        text in text(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let seams = seams(&text, &places);
        let (pieces, whole) = (cut(&text, &seams, &cuts), Blocks::of(&text, &seams));
        prop_assert_eq!(pieces.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
    }

    #[test]
    fn every_seam_is_marked_once_in_order_and_changes_nothing_else(
        text in text(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let marked = Blocks::of(&text, &seams(&text, &places));
        let mut count = Vec::new();
        let without: Vec<_> = marked.iter().map(|block| unmarked(&block.nodes, &mut count)).collect();
        let plain = Blocks::of(&text, &[]);
        prop_assert_eq!(without, all(&plain));
        let expected: Vec<_> = (0..if plain.is_empty() { 0 } else { places.len() }).collect();
        prop_assert_eq!(count, expected);
    }

    #[test]
    fn a_settled_block_stays_where_it_is(text in text(), more in text()) {
        let mut blocks = Blocks::of(&text, &[]);
        let before = blocks.settled.clone();
        blocks.push(&more);
        for (old, new) in before.iter().zip(&blocks.settled) {
            prop_assert!(Arc::ptr_eq(old, new));
        }
        prop_assert!(blocks.settled.len() >= before.len());
    }

    #[test]
    fn nothing_that_is_written_makes_it_fail(text in "\\PC*", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        let seams = seams(&text, &cuts);
        cut(&text, &seams, &cuts);
    }
}
