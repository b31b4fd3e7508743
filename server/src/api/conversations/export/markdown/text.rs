//! Texts that stand within a document of others.

/// A short text that means nothing but itself, on one line.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped.trim().to_owned()
}

/// What closes the code block that a text ends in, where it does.
pub(super) fn closing_fence(text: &str) -> Option<String> {
    let mut open: Option<&str> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = line.trim();
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'));
        let Some(mark) = mark.filter(|_| indent <= 3) else {
            continue;
        };
        let (fence, rest) = line.split_at(line.len() - line.trim_start_matches(mark).len());
        match open {
            Some(begun) if fence.starts_with(begun) && rest.is_empty() => open = None,
            Some(_) => {}
            // Backticks within the line make it code within a paragraph.
            None if fence.len() >= 3 && !(mark == '`' && rest.contains('`')) => open = Some(fence),
            None => {}
        }
    }
    open.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_text_stands_on_one_line_as_it_is() {
        assert_eq!(
            escape("# a *b*\n<c> [d](e)"),
            "\\# a \\*b\\* \\<c\\> \\[d\\](e)"
        );
        assert_eq!(escape("qwen_2-5 caf\u{e9}"), "qwen\\_2-5 caf\u{e9}");
    }

    #[test]
    fn a_code_block_that_was_left_open_is_closed() {
        for (text, fence) in [
            ("plain", None),
            ("```rust\nfn f() {", Some("```")),
            ("```\na\n```\nb", None),
            ("````md\n```\na\n```", Some("````")),
            ("~~~\n```", Some("~~~")),
            ("```\na\n``` no end", Some("```")),
            ("```a`b```", None),
            ("    ```", None),
            ("``", None),
        ] {
            assert_eq!(closing_fence(text).as_deref(), fence, "{text:?}");
        }
    }
}
