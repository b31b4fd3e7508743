//! Blocks by example: where they end, and where seams are marked in them.

mod any_text;

use super::*;

fn continued(at: usize) -> Seam {
    Seam {
        from: "a".into(),
        to: "b".into(),
        mode: SeamMode::Continued,
        at: at as u64,
        discarded: None,
    }
}

fn all(blocks: &Blocks) -> Vec<Vec<Node>> {
    blocks.iter().map(|block| block.nodes.clone()).collect()
}

#[test]
fn blocks_are_found_by_their_place() {
    let blocks = Blocks::of("one\n\ntwo\n\nthree", &[]);
    assert_eq!(blocks.len(), 3);
    for (index, block) in blocks.iter().enumerate() {
        assert!(
            blocks
                .get(index)
                .is_some_and(|found| Arc::ptr_eq(found, block))
        );
    }
    assert!(blocks.get(3).is_none());
}

#[test]
fn an_open_fence_is_one_block_however_long() {
    let mut blocks = Blocks::of("intro\n\n```rust\n", &[]);
    for line in 0..200 {
        blocks.push(&format!("let x{line} = {line};\n\n"));
    }
    assert_eq!(blocks.len(), 2);
    blocks.push("```\nend");
    assert_eq!(blocks.len(), 3);
}

#[test]
fn deep_nesting_is_flattened() {
    for hostile in [
        ">".repeat(50_000),
        "- ".repeat(20_000),
        "[".repeat(50_000),
        "**a ".repeat(20_000),
    ] {
        Blocks::of(&hostile, &[]);
    }
}

/// Where the seam stands that lies where a source has a `|`.
fn placed(source: &str) -> Vec<Vec<Node>> {
    let at = source.find('|').unwrap();
    let at = source[..at].chars().count();
    all(&Blocks::of(&source.replacen('|', "", 1), &[continued(at)]))
}

fn words(text: &str) -> Node {
    Node::Text(text.to_owned())
}

#[test]
fn a_seam_is_marked_where_it_is() {
    let paragraph = |children: Vec<Node>| vec![Node::Paragraph(children)];
    assert_eq!(
        placed("dé|jà"),
        [paragraph(vec![words("dé"), Node::Seam(0), words("jà")])]
    );
    let open = placed("one|\n\ntwo");
    assert_eq!(open[0], paragraph(vec![words("one"), Node::Seam(0)]));
    let next = placed("one\n\n|two");
    assert_eq!(next[1], paragraph(vec![Node::Seam(0), words("two")]));
    let strong = vec![
        words("a "),
        Node::Strong(vec![words("b"), Node::Seam(0), words("c")]),
    ];
    assert_eq!(placed("a **b|c**"), [paragraph(strong)]);
    let item = |source: &str| {
        let mut blocks = placed(source);
        let Some(Node::List { items, .. }) = blocks.remove(0).pop() else {
            panic!("{source}")
        };
        items
    };
    assert_eq!(
        item("- a\n- b|c")[1],
        [words("b"), Node::Seam(0), words("c")]
    );
    assert_eq!(item("- a|\n- b")[0], [words("a"), Node::Seam(0)]);
}

#[test]
fn a_seam_in_code_is_marked_in_it_and_behind_its_fence_behind_it() {
    let code = |children: Vec<Node>| Node::CodeBlock {
        language: "rust".into(),
        title: String::new(),
        children,
    };
    let inside = code(vec![words("let"), Node::Seam(0), words(" a;\n")]);
    assert_eq!(placed("```rust\nlet| a;\n```"), [[inside]]);
    let still_open = code(vec![words("let a"), Node::Seam(0)]);
    assert_eq!(placed("```rust\nlet a|"), [[still_open]]);
    let closed = code(vec![words("let a;\n")]);
    assert_eq!(placed("```rust\nlet a;\n```|"), [[closed, Node::Seam(0)]]);
}

#[test]
fn a_seam_in_a_link_or_a_span_of_code_is_marked_behind_it() {
    let [block] = &placed("[a|b](https://x.example) c")[..] else {
        panic!()
    };
    let [Node::Paragraph(children)] = &block[..] else {
        panic!()
    };
    assert!(
        matches!(
            &children[..],
            [Node::Link { .. }, Node::Seam(0), Node::Text(_)]
        ),
        "{children:?}"
    );
    assert_eq!(
        placed("`a|b` c"),
        [[Node::Paragraph(vec![
            Node::Code("ab".into()),
            Node::Seam(0),
            words(" c")
        ])]]
    );
}

#[test]
fn a_restart_is_not_marked_in_the_text_and_neither_is_what_came_before_it() {
    let restarted = Seam {
        mode: SeamMode::Restarted,
        ..continued(0)
    };
    let blocks = Blocks::of("abc", &[continued(2), restarted, continued(1)]);
    let [Node::Paragraph(children)] = &all(&blocks)[0][..] else {
        panic!()
    };
    assert_eq!(children[..], [words("a"), Node::Seam(2), words("bc")]);
}

#[test]
fn a_seam_beyond_the_text_is_marked_at_its_end() {
    let blocks = Blocks::of("abc", &[continued(9)]);
    assert_eq!(
        all(&blocks),
        [[Node::Paragraph(vec![words("abc"), Node::Seam(0)])]]
    );
}

#[test]
fn a_seam_before_what_becomes_a_definition_is_not_lost() {
    let blocks = Blocks::of(">\n[a]:\nä", &[continued(3)]);
    assert_eq!(all(&blocks), [[Node::Quote(vec![]), Node::Seam(0)]]);
}

#[test]
fn a_formula_is_one_block_however_it_arrives() {
    let mut blocks = Blocks::default();
    for part in ["so\n\\[\n", "+ x\n", "- y\n", "\\", "]\n", "\nend"] {
        blocks.push(part);
    }
    assert_eq!(
        all(&blocks),
        all(&Blocks::of("so\n\\[\n+ x\n- y\n\\]\n\nend", &[]))
    );
    assert_eq!(blocks.len(), 2);
    let shown = format!("{:?}", blocks.get(0));
    assert!(shown.contains("Math"), "{shown}");
}
