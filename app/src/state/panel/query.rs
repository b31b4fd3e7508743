//! Texts in an address.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands in an address as it is: the same as `encodeURIComponent` leaves alone, and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// A text as it stands in the query of an address.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The text that stands in the query of an address.
pub fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_again() {
        for text in ["", "gpt-4o", "a b&c=d+e#f?%", "models/mistral:7b", "Düne ✓"] {
            let address = encoded(text);
            assert!(
                !address.contains(['&', '=', '#', '?', ' ', '+']),
                "{address}"
            );
            assert_eq!(decoded(&address), text);
        }
        assert_eq!(decoded("a+b%2"), "a b%2");
    }
}
