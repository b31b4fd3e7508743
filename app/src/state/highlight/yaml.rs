//! YAML: keys, and values that are strings, numbers or words of their own.

use super::languages::YAML;
use super::{Carry, Kind, Open, Pen, general};

/// Paints a line.
pub(super) fn paint(line: &str, before: Carry, pen: &mut Pen) -> Carry {
    if before.open != Open::Nothing {
        let open = general::paint(&YAML, line, 0, before.open, pen);
        return Carry { open, ..before };
    }
    let start = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    if line.starts_with("---") || line.starts_with('%') {
        pen.until(line.len(), Some(Kind::Meta));
        return before;
    }
    let rest = line.get(start..).unwrap_or_default();
    let mut at = start;
    let colon = rest.match_indices(':').map(|(at, _)| at).find(|at| {
        rest.get(at + 1..)
            .is_some_and(|after| after.is_empty() || after.starts_with(' '))
    });
    if let Some(colon) = colon {
        let key = rest.get(..colon).unwrap_or_default();
        let quoted = key.len() > 1 && key.starts_with(['"', '\'']) && key.ends_with(['"', '\'']);
        if quoted || !key.contains(['"', '\'', '#', '{', '[']) {
            pen.piece(start, start + colon, Kind::Name);
            at = start + colon;
        }
    }
    let open = general::paint(&YAML, line, at, Open::Nothing, pen);
    Carry { open, ..before }
}
