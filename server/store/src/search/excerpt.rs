//! An excerpt, in pieces.

use evenkeel_protocol::ExcerptPiece;

/// A text in pieces: what stands between the marks was searched for.
pub(super) fn pieces(text: &str, begin: &str, end: &str) -> Vec<ExcerptPiece> {
    let mut pieces = Vec::new();
    let mut push = |text: &str, hit| {
        if !text.is_empty() {
            let text = text.to_owned();
            pieces.push(ExcerptPiece { text, hit });
        }
    };
    let mut parts = text.split(begin);
    push(parts.next().unwrap_or_default(), false);
    for part in parts {
        let (hit, rest) = part.split_once(end).unwrap_or((part, ""));
        push(hit, true);
        push(rest, false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(String, bool)> {
        let pieces = pieces(text, "<<", ">>").into_iter();
        pieces.map(|piece| (piece.text, piece.hit)).collect()
    }

    #[test]
    fn is_split_at_the_marks() {
        let piece = |text: &str, hit| (text.to_owned(), hit);
        assert_eq!(
            split("why is the <<blue>> <<sky>> so"),
            [
                piece("why is the ", false),
                piece("blue", true),
                piece(" ", false),
                piece("sky", true),
                piece(" so", false)
            ]
        );
        assert_eq!(split("<<all>>"), [piece("all", true)]);
        assert_eq!(split("none"), [piece("none", false)]);
        assert_eq!(split(""), []);
    }
}
