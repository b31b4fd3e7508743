use proptest::prelude::*;

use super::*;

fn cut(text: &str, cuts: &[prop::sample::Index]) -> Blocks {
    let mut places: Vec<usize> = cuts
        .iter()
        .map(|index| text.floor_char_boundary(index.index(text.len() + 1)))
        .collect();
    places.sort_unstable();
    let mut blocks = Blocks::default();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_pieces_give_the_same_blocks(text in text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let (pieces, whole) = (cut(&text, &cuts), Blocks::of(&text));
        prop_assert_eq!(pieces.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_settled_block_stays_where_it_is(text in text(), more in text()) {
        let mut blocks = Blocks::of(&text);
        let before = blocks.settled.clone();
        blocks.push(&more);
        for (old, new) in before.iter().zip(&blocks.settled) {
            prop_assert!(Arc::ptr_eq(old, new));
        }
        prop_assert!(blocks.settled.len() >= before.len());
    }

    #[test]
    fn nothing_that_is_written_makes_it_fail(text in "\\PC*", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        cut(&text, &cuts);
    }
}

#[test]
fn blocks_are_found_by_their_place() {
    let blocks = Blocks::of("one\n\ntwo\n\nthree");
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
    let mut blocks = Blocks::of("intro\n\n```rust\n");
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
        Blocks::of(&hostile);
    }
}
