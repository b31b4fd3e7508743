//! The source in the words that the converter knows.

use std::borrow::Cow;

/// Environments that it does not have, or would number, by those that look the same.
const ENVIRONMENTS: [(&str, &str); 17] = [
    ("align", "aligned"),
    ("align*", "aligned"),
    ("split", "aligned"),
    ("eqnarray", "aligned"),
    ("eqnarray*", "aligned"),
    ("flalign", "aligned"),
    ("flalign*", "aligned"),
    ("gather", "gathered"),
    ("gather*", "gathered"),
    ("multline", "gathered"),
    ("multline*", "gathered"),
    ("equation", "gathered"),
    ("equation*", "gathered"),
    ("displaymath", "gathered"),
    ("smallmatrix", "matrix"),
    ("cases*", "cases"),
    ("math", "gathered"),
];

/// The same formula.
pub(super) fn known(latex: &str) -> Cow<'_, str> {
    if !latex.contains('\\') {
        return Cow::Borrowed(latex);
    }
    let mut out = String::with_capacity(latex.len());
    let mut rest = latex;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let letters = rest
            .bytes()
            .skip(1)
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let name = rest.get(1..=letters).unwrap_or_default();
        let after = rest.get(1 + letters..).unwrap_or_default();
        rest = match (name, argument(after)) {
            ("begin" | "end", Some((environment, after))) => {
                let same = ENVIRONMENTS
                    .iter()
                    .find(|(theirs, _)| *theirs == environment);
                let ours = same.map_or(environment, |(_, ours)| ours);
                out.push_str(&format!("\\{name}{{{ours}}}"));
                after
            }
            ("tag", Some((tag, after))) => {
                out.push_str(&format!("\\qquad\\text{{({tag})}}"));
                after
            }
            ("label", Some((_, after))) => after,
            ("notag" | "nonumber" | "allowbreak" | "nobreak", _) => after,
            ("", _) => {
                // An escaped character, which may be a backslash.
                let length = 1 + after.chars().next().map_or(0, char::len_utf8);
                out.push_str(rest.get(..length).unwrap_or_default());
                rest.get(length..).unwrap_or_default()
            }
            _ => {
                out.push_str(rest.get(..=letters).unwrap_or_default());
                after
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What stands in braces here, and what comes after them.
fn argument(text: &str) -> Option<(&str, &str)> {
    let text = text
        .strip_prefix('*')
        .unwrap_or(text)
        .trim_start()
        .strip_prefix('{')?;
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}
