//! JSON values out of bytes, one after another, however they are split: a line each, over many lines, or only one.

use bytes::BytesMut;

use crate::sse::EVENT_LIMIT;

/// Collects bytes and gives out the text of each complete value. Whether it is JSON is the reader's business: what is
/// none comes out as it is.
#[derive(Default)]
pub(crate) struct JsonFrames {
    buffer: BytesMut,
    /// Bytes of the buffer that have been looked at.
    seen: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    over: bool,
}

/// A value that is larger than any event may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value of the stream is larger than 8 MiB")]
pub(crate) struct TooLarge;

impl JsonFrames {
    /// Takes in more bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Nothing more comes: what is left is the last value, or half of one.
    pub(crate) fn finish(&mut self) {
        self.over = true;
    }

    /// The next value's text.
    pub(crate) fn next_value(&mut self) -> Option<Result<BytesMut, TooLarge>> {
        if self.seen == 0 {
            let blank = self.buffer.iter().take_while(|byte| blank(**byte)).count();
            let _ = self.buffer.split_to(blank);
        }
        let end = self.buffer[self.seen..].iter().position(|byte| {
            ends(
                *byte,
                &mut self.depth,
                &mut self.in_string,
                &mut self.escaped,
            )
        });
        let end = end.map(|at| self.seen + at + 1);
        let rest = (self.over && !self.buffer.is_empty()).then_some(self.buffer.len());
        match end.or(rest) {
            Some(end) if end <= EVENT_LIMIT => {
                (self.seen, self.depth) = (0, 0);
                (self.in_string, self.escaped) = (false, false);
                Some(Ok(self.buffer.split_to(end)))
            }
            None if self.buffer.len() <= EVENT_LIMIT => {
                self.seen = self.buffer.len();
                None
            }
            Some(_) | None => Some(Err(TooLarge)),
        }
    }
}

fn blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether a value ends with this byte.
fn ends(byte: u8, depth: &mut usize, in_string: &mut bool, escaped: &mut bool) -> bool {
    if *in_string {
        match byte {
            // No JSON has a bare line end inside a text: the value is broken, and what follows need not be lost in it.
            b'\n' => return true,
            _ if *escaped => *escaped = false,
            b'\\' => *escaped = true,
            b'"' => *in_string = false,
            _ => {}
        }
        return false;
    }
    match byte {
        b'"' => *in_string = true,
        b'{' | b'[' => *depth += 1,
        b'}' | b']' => {
            *depth = depth.saturating_sub(1);
            return *depth == 0;
        }
        b'\n' => return *depth == 0,
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pieces: &[&[u8]]) -> Vec<String> {
        let mut frames = JsonFrames::default();
        let mut values = vec![];
        let mut drain = |frames: &mut JsonFrames| {
            while let Some(value) = frames.next_value() {
                values.push(String::from_utf8_lossy(&value.unwrap()).into_owned());
            }
        };
        for piece in pieces {
            frames.push(piece);
            drain(&mut frames);
        }
        frames.finish();
        drain(&mut frames);
        values
    }

    #[test]
    fn lines_and_values_over_many_lines_split_at_every_byte() {
        let sample = "{\"a\":\"}é\\\"{\"}\r\n\n[{\"b\":[1,2]},\n {}]{\"c\":1}\nwords\n}\n{\"d\":\"broken\n{\"e\":2}\n{\"half";
        let expected = [
            "{\"a\":\"}é\\\"{\"}",
            "[{\"b\":[1,2]},\n {}]",
            "{\"c\":1}",
            "words\n",
            "}",
            "{\"d\":\"broken\n",
            "{\"e\":2}",
            "{\"half",
        ];
        let bytes = sample.as_bytes();
        for at in 0..=bytes.len() {
            assert_eq!(values(&[&bytes[..at], &bytes[at..]]), expected, "{at}");
        }
    }

    #[test]
    fn an_endless_value_is_refused() {
        let mut frames = JsonFrames::default();
        let piece = vec![b'['; 1024 * 1024];
        for _ in 0..8 {
            frames.push(&piece);
            assert_eq!(frames.next_value(), None);
        }
        frames.push(b"[");
        assert_eq!(frames.next_value(), Some(Err(TooLarge)));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same(bytes in prop::collection::vec(prop::sample::select(b"{}[]\"\\ \n\rx\xc3\xa9".to_vec()), 0..200), cuts in prop::collection::vec(0_usize..200, 0..6)) {
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(values(&pieces), values(&[&bytes]));
        }
    }
}
