//! Markdown as code: headings, quotations, marks of lists, code.

use super::{Carry, Kind, Open, Pen};

/// Paints a line.
pub(super) fn paint(line: &str, before: Carry, pen: &mut Pen) -> Carry {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let fence = text.starts_with("```") || text.starts_with("~~~");
    let inside = before.open != Open::Nothing;
    if fence || inside {
        pen.until(line.len(), Some(Kind::String));
        let open = if fence != inside {
            Open::Text(0)
        } else {
            Open::Nothing
        };
        return Carry { open, ..before };
    }
    if text.starts_with('#') {
        pen.until(line.len(), Some(Kind::Name));
    } else if text.starts_with('>') {
        pen.until(line.len(), Some(Kind::Comment));
    } else {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let mark = match text.get(digits..).unwrap_or_default().as_bytes() {
            [b'-' | b'*' | b'+', b' ', ..] if digits == 0 => 1,
            [b'.' | b')', b' ', ..] if digits > 0 => digits + 1,
            _ => 0,
        };
        pen.until(indent, None);
        pen.until(indent + mark, Some(Kind::Keyword));
        spans(line, indent + mark, pen);
    }
    before
}

/// Code, strong words and addresses in a line.
fn spans(line: &str, mut at: usize, pen: &mut Pen) {
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let paired = |mark: &str| {
            let inside = rest.strip_prefix(mark)?;
            inside
                .find(mark)
                .filter(|&end| end > 0)
                .map(|end| end + 2 * mark.len())
        };
        let found = match rest.as_bytes()[0] {
            b'`' => paired("`").map(|length| (length, Kind::String)),
            b'*' => paired("**").map(|length| (length, Kind::Keyword)),
            b'h' if rest.starts_with("https://") || rest.starts_with("http://") => {
                let length = rest.find(|c: char| c.is_whitespace() || ")>".contains(c));
                Some((length.unwrap_or(rest.len()), Kind::Type))
            }
            _ => None,
        };
        match found {
            Some((length, kind)) => {
                pen.piece(at, at + length, kind);
                at += length;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
}
