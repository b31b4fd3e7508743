use super::links::safe_href;
use super::*;

fn nodes(source: &str) -> Vec<Node> {
    let masked = mask(source, None).text;
    let (mut definitions, mut levels) = (Definitions::new(), Levels::default());
    parse(&masked, source, &[], &mut definitions, &mut levels)
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

#[test]
fn raw_html_is_text() {
    assert_eq!(
        nodes("<script>alert(1)</script>"),
        [Node::Paragraph(vec![text("<script>alert(1)</script>")])]
    );
    assert_eq!(
        nodes("a <b>c</b>"),
        [Node::Paragraph(vec![text("a <b>c</b>")])]
    );
    assert_eq!(
        nodes("a<br>b"),
        [Node::Paragraph(vec![text("a"), Node::Break, text("b")])]
    );
}

#[test]
fn only_harmless_addresses_are_links() {
    for bad in [
        "javascript:alert(1)",
        "JAVASCRIPT:x",
        "data:text/html,x",
        "/c/1",
        "vbscript:x",
        "//evil.example",
    ] {
        assert_eq!(safe_href(bad), None, "{bad}");
        assert_eq!(
            nodes(&format!("[a]({bad})")),
            [Node::Paragraph(vec![text("a")])]
        );
    }
    for good in [
        "https://example.org",
        "HTTP://example.org/a?b#c",
        "mailto:a@example.org",
    ] {
        assert!(safe_href(good).is_some(), "{good}");
    }
}

#[test]
fn an_image_is_a_link_and_in_a_link_its_text() {
    let [Node::Paragraph(children)] = &nodes("![a cat](https://x.example/c.png)")[..] else {
        panic!()
    };
    assert!(
        matches!(&children[..], [Node::Link { children, .. }] if children == &[text("Image from x.example: a cat")])
    );
    let [Node::Paragraph(children)] = &nodes("[![i](https://x.example/i)](https://y.example)")[..]
    else {
        panic!()
    };
    assert!(
        matches!(&children[..], [Node::Link { href, children }] if href == "https://y.example" && children == &[text("Image from x.example: i")])
    );
}

#[test]
fn heading_levels_never_skip_one() {
    let levels: Vec<u8> = nodes("### a\n\n# b\n\n#### c\n\n## d\n\n###### e")
        .into_iter()
        .map(|node| {
            if let Node::Heading { level, .. } = node {
                level
            } else {
                0
            }
        })
        .collect();
    assert_eq!(levels, [3, 3, 4, 4, 5]);
}

#[test]
fn tables_lists_tasks_and_code() {
    let Some(Node::Table(table)) = nodes("| a | b |\n|---|--:|\n| 1 | 2 |\n").pop() else {
        panic!()
    };
    assert_eq!(table.align, [Align::Start, Align::End]);
    assert_eq!((table.head.len(), table.rows.len()), (2, 1));
    let Some(Node::List { start, items }) = nodes("3. a\n4. b").pop() else {
        panic!()
    };
    assert_eq!((start, items.len()), (Some(3), 2));
    let Some(Node::List { items, .. }) = nodes("- [x] a").pop() else {
        panic!()
    };
    assert_eq!(items, [[Node::Task { done: true }, text("a")]]);
    assert_eq!(
        nodes("```rust ignore\nlet a;\n```"),
        [Node::CodeBlock {
            language: "rust".into(),
            title: String::new(),
            children: vec![text("let a;\n")]
        }]
    );
}

fn math(source: &str, display: bool) -> Node {
    Node::Math {
        source: source.to_owned(),
        display,
    }
}

#[test]
fn formulas_are_found_in_all_their_marks() {
    let paragraph = |source: &str| {
        let Node::Paragraph(children) = nodes(source).remove(0) else {
            panic!("{source}")
        };
        children
    };
    for (source, display) in [
        (r"$\frac{a}{b}$", false),
        (r"\(\frac{a}{b}\)", false),
        (r"$$\frac{a}{b}$$", true),
        (r"\[\frac{a}{b}\]", true),
    ] {
        assert_eq!(paragraph(source), [math(r"\frac{a}{b}", display)]);
    }
    // What markdown would make of its inside is nothing to it.
    assert_eq!(
        paragraph(r"\(a_1 * b_1 * c\\\)"),
        [math(r"a_1 * b_1 * c\\", false)]
    );
    assert_eq!(
        paragraph("\\[\n+ x\n- y % z\n\\]"),
        [math("\n+ x\n- y % z\n", true)]
    );
    assert_eq!(
        paragraph(r"so $x$, and"),
        [text("so "), math("x", false), text(", and")]
    );
}

#[test]
fn prices_and_variables_are_no_formulas() {
    for source in [
        "$5 and $10",
        "from $5-$10",
        "$6, whereas it is 7$",
        "a$b$c",
        "US$5 or US$6",
        "$ x $",
        "it costs 5$, or 6$",
        "$HOME and $PATH",
    ] {
        assert_eq!(nodes(source), [Node::Paragraph(vec![text(source)])]);
    }
}

#[test]
fn a_formula_that_is_not_finished_is_text() {
    for source in [r"so \(\frac{a", "so $x", "so $$x$"] {
        let found = format!("{:?}", nodes(source));
        assert!(!found.contains("Math"), "{found}");
    }
}

#[test]
fn code_that_looks_like_a_formula_stays_as_it_was_written() {
    let code = |source: &str| format!("{:?}", nodes(source));
    assert!(
        code("    \\[a^2\\]").contains(r"\\[a^2\\]"),
        "{}",
        code("    \\[a^2\\]")
    );
    assert!(
        code("`\\(a\n\\)`").contains(r"\\(a \\)"),
        "{}",
        code("`\\(a\n\\)`")
    );
}

#[test]
fn footnotes_have_marks_and_texts() {
    assert_eq!(
        nodes("a[^n]\n\n[^n]: b *c*"),
        [
            Node::Paragraph(vec![text("a"), Node::Footnote("n".into())]),
            Node::FootnoteText {
                label: "n".into(),
                children: vec![Node::Paragraph(vec![
                    text("b "),
                    Node::Emphasis(vec![text("c")])
                ])]
            }
        ]
    );
}

#[test]
fn no_address_but_a_harmless_one_is_ever_shown() {
    fn addresses(nodes: &[Node], found: &mut Vec<String>) {
        let text = format!("{nodes:?}");
        found.extend(
            text.split("href: \"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap_or_default().to_owned()),
        );
    }
    let mut found = Vec::new();
    for source in [
        "[a](javascript:alert(1)) <javascript:alert(1)> ![i](data:text/html,x)",
        "[a]: javascript:x\n\n[a] [b](JaVaScRiPt:x) https://ok.example/javascript:x",
        "<https://ok.example> [c](vbscript:x) [d](  https://ok.example)",
    ] {
        addresses(&nodes(source), &mut found);
    }
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found
            .iter()
            .all(|href| href.starts_with("https://ok.example")),
        "{found:?}"
    );
}
