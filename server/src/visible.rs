//! What people can see of a text that somebody else has written.

/// No control character, and none that turns the order of others around or hides a text. Those that join letters stay:
/// some scripts cannot be written without them.
pub fn is_seen(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text on one line, as it is seen.
pub fn one_line(text: &str) -> String {
    let seen: String = text
        .chars()
        .filter(|c| c.is_whitespace() || is_seen(*c))
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_is_seen_of_a_text() {
        for (text, expected) in [
            ("  Ships\tat\r\n sea\u{2028}now ", "Ships at sea now"),
            ("gpj.\u{202e}exe\u{61c}\u{2066}\u{0}", "gpj.exe"),
            ("a\u{e0041}\u{e007f}b", "ab"),
            // A half space of Persian, and a family of four.
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            ),
            ("\u{1f468}\u{200d}\u{1f467}", "\u{1f468}\u{200d}\u{1f467}"),
            ("\u{200b}\u{feff}\n", ""),
        ] {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
    }
}
