//! Server-sent events out of bytes, however they are split.

use bytes::{Buf, BytesMut};

/// An event may have several MiB; more than this is no event but an attack or a mistake.
pub(crate) const EVENT_LIMIT: usize = 8 * 1024 * 1024;

/// The stream is not what it says it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SseError {
    #[error("an event is larger than 8 MiB")]
    TooLarge,
    #[error("an event is not valid UTF-8")]
    NotUtf8,
}

/// Collects bytes and gives out the data of each complete event. Comments, ids and retry hints are left out; the event's
/// name too: the families read here say everything in the data.
#[derive(Default)]
pub(crate) struct SseDecoder {
    buffer: BytesMut,
    /// Bytes of the buffer that are known to hold no line end.
    searched: usize,
    data: String,
    has_data: bool,
    begun: bool,
}

impl SseDecoder {
    /// Takes in more bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if !self.begun && self.buffer.len() >= 3 {
            self.begun = true;
            if self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.buffer.advance(3);
                self.searched = 0;
            }
        }
    }

    /// Nothing more comes: a last event without its blank line is complete.
    pub(crate) fn finish(&mut self) {
        self.buffer.extend_from_slice(b"\n\n");
    }

    /// The next complete event's data.
    pub(crate) fn next_event(&mut self) -> Option<Result<String, SseError>> {
        loop {
            let Some(at) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                let size = self.buffer.len() + self.data.len();
                return (size > EVENT_LIMIT).then_some(Err(SseError::TooLarge));
            };
            let end = self.searched + at;
            let carriage_return = self.buffer[end] == b'\r';
            if carriage_return && end + 1 == self.buffer.len() {
                // A line feed that belongs to it may come with the next bytes.
                self.searched = end;
                return None;
            }
            let pair = carriage_return && self.buffer[end + 1] == b'\n';
            let line = self.buffer.split_to(end);
            self.buffer.advance(if pair { 2 } else { 1 });
            self.searched = 0;
            if line.is_empty() {
                if self.has_data {
                    self.has_data = false;
                    return Some(Ok(std::mem::take(&mut self.data)));
                }
                continue;
            }
            if let Err(error) = self.line(&line) {
                return Some(Err(error));
            }
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), SseError> {
        let Some(rest) = line.strip_prefix(b"data") else {
            return Ok(());
        };
        let value = match rest {
            [] => &[][..],
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            // Another field, whose name only begins like this one.
            [..] => return Ok(()),
        };
        let value = std::str::from_utf8(value).map_err(|_| SseError::NotUtf8)?;
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(value);
        if self.data.len() > EVENT_LIMIT {
            Err(SseError::TooLarge)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<Result<String, SseError>> {
        let mut decoder = SseDecoder::default();
        let mut events = vec![];
        for piece in pieces {
            decoder.push(piece);
            while let Some(event) = decoder.next_event() {
                events.push(event);
                if events.last().is_some_and(Result::is_err) {
                    return events;
                }
            }
        }
        events
    }

    const SAMPLE: &str = "\u{feff}: comment\r\n\r\ndata: {\"a\":\"é😀\"}\r\n\r\nevent: x\ndata:one\ndata:  two\n\nid: 3\n\ndatabase: no\n\ndata\n\ndata: [DONE]\r\r";

    fn expected() -> Vec<Result<String, SseError>> {
        ["{\"a\":\"é😀\"}", "one\n two", "", "[DONE]"]
            .map(|event| Ok(event.to_owned()))
            .to_vec()
    }

    #[test]
    fn a_sample_split_at_every_byte() {
        let bytes = SAMPLE.as_bytes();
        // A last carriage return waits for its line feed: give it something that follows.
        for at in 0..=bytes.len() {
            assert_eq!(
                events(&[&bytes[..at], &bytes[at..], b":"]),
                expected(),
                "{at}"
            );
        }
        let single: Vec<_> = bytes.chunks(1).chain([&b":"[..]]).collect();
        assert_eq!(events(&single), expected());
    }

    #[test]
    fn an_endless_line_is_refused() {
        let piece = vec![b'a'; 1024 * 1024];
        let found = events(&[&piece[..]; 9]);
        assert_eq!(found, [Err(SseError::TooLarge)]);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same(bytes in prop::collection::vec(prop::sample::select(b"data: \r\n\xc3\xa9x".to_vec()), 0..200), cuts in prop::collection::vec(0_usize..200, 0..6)) {
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(events(&pieces), events(&[&bytes]));
        }
    }
}
