//! Differences between files: whole lines.

use super::{Carry, Kind, Pen};

/// Paints a line.
pub(super) fn paint(line: &str, before: Carry, pen: &mut Pen) -> Carry {
    let kind = match line.as_bytes().first() {
        _ if ["+++", "---", "diff ", "index ", "new file", "deleted file"]
            .iter()
            .any(|mark| line.starts_with(mark)) =>
        {
            Some(Kind::Comment)
        }
        Some(b'+' | b'>') => Some(Kind::Added),
        Some(b'-' | b'<') => Some(Kind::Removed),
        Some(b'@') => Some(Kind::Meta),
        _ => None,
    };
    pen.until(line.len(), kind);
    before
}
