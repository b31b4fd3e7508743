use super::*;

fn nodes(source: &str) -> Vec<Node> {
    parse(source, &[], &mut Definitions::new(), &mut Levels::default())
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
        matches!(&children[..], [Node::Link { children, .. }] if children == &[text("Image: a cat")])
    );
    let [Node::Paragraph(children)] = &nodes("[![i](https://x.example/i)](https://y.example)")[..]
    else {
        panic!()
    };
    assert!(
        matches!(&children[..], [Node::Link { href, children }] if href == "https://y.example" && children == &[text("Image: i")])
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
            children: vec![text("let a;\n")]
        }]
    );
}
