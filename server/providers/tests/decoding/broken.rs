//! What no provider should send, and some do: streams that break off anywhere, and bytes that mean nothing.

use evenkeel_engine::Chunk;
use evenkeel_providers::Family;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::samples::samples;
use crate::spoken::{decoded, is_end, spoken};

#[test]
fn a_stream_that_breaks_off_gives_no_end_that_was_not_in_it() {
    for family in Family::ALL {
        for sample in samples(family) {
            let whole = spoken(family, &[&sample.bytes]);
            let mut ended_at = None;
            for at in 0..=sample.bytes.len() {
                let prefix = &sample.bytes[..at];
                let ended = decoded(family, &[prefix])
                    .iter()
                    .any(|piece| piece.as_ref().is_ok_and(is_end));
                if ended {
                    ended_at.get_or_insert(at);
                }
                // What came is the beginning of the whole; at most one error says that there was more.
                let mut found = spoken(family, &[prefix]);
                if found.len() > whole.len() || found[..] != whole[..found.len()] {
                    let last = found.pop().unwrap();
                    assert!(
                        last.starts_with("cut ") || last.starts_with("malformed "),
                        "{} at {at}: {last}",
                        sample.path.display()
                    );
                }
                assert_eq!(
                    found[..],
                    whole[..found.len()],
                    "{} at {at}",
                    sample.path.display()
                );
            }
            // An end is told by the bytes that say it, whatever comes after them.
            if let Some(at) = ended_at {
                let said = String::from_utf8_lossy(&sample.bytes[..at]).into_owned();
                let marks = [
                    "finish_reason",
                    "[DONE]",
                    "stop_reason",
                    "message_stop",
                    "finishReason",
                    "\"done\"",
                ];
                assert!(
                    marks.iter().any(|mark| said.contains(mark)),
                    "{}",
                    sample.path.display()
                );
            }
        }
    }
}

fn family() -> impl Strategy<Value = Family> {
    prop::sample::select(Family::ALL.to_vec())
}

/// Samples of all families: a provider may be configured as the wrong one.
fn any_sample() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<_> = Family::ALL
        .into_iter()
        .flat_map(samples)
        .map(|sample| sample.bytes)
        .collect();
    prop::sample::select(all)
}

/// A sample with some of its bytes changed, removed or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        0_u8..4,
        any::<u8>(),
        0_usize..40,
    );
    (any_sample(), prop::collection::vec(change, 1..8)).prop_map(|(mut bytes, changes)| {
        for (at, how, byte, length) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => bytes[at] = b"{}[]\",:\\\n0n"[usize::from(byte) % 11],
            }
        }
        bytes
    })
}

/// Nothing about an answer may go beyond its first error or its end mark.
fn ends_once(pieces: &[Result<Chunk, evenkeel_engine::UpstreamError>]) {
    let over = pieces
        .iter()
        .position(|piece| matches!(piece, Err(_) | Ok(Chunk::End)));
    assert!(over.is_none_or(|at| at + 1 == pieces.len()), "{pieces:?}");
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn arbitrary_bytes_crash_nothing(family in family(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        ends_once(&decoded(family, &[&bytes]));
    }

    #[test]
    fn arbitrary_events_crash_nothing(family in family(), events in prop::collection::vec("(data: )?[\\[{]{0,2}\"(type|choices|candidates|message|error|delta|content)\":[\\[{]{0,2}(\"x\"|null|7|-1|1e99)[\\]}]{0,4}\n{1,2}", 0..6)) {
        ends_once(&decoded(family, &[events.concat().as_bytes()]));
    }

    #[test]
    fn mutated_streams_crash_nothing_and_split_alike(family in family(), bytes in mutated(), at in any::<prop::sample::Index>()) {
        let pieces = decoded(family, &[&bytes]);
        ends_once(&pieces);
        let (head, tail) = bytes.split_at(at.index(bytes.len() + 1));
        prop_assert_eq!(spoken(family, &[head, tail]), spoken(family, &[&bytes]));
    }

    /// Whatever is read as another family's stream, its end is not invented.
    #[test]
    fn a_truncated_stream_has_no_other_end(family in family(), bytes in any_sample(), at in any::<prop::sample::Index>()) {
        let ends = |bytes: &[u8]| decoded(family, &[bytes]).iter().filter(|piece| piece.as_ref().is_ok_and(is_end)).count();
        let cut = &bytes[..at.index(bytes.len() + 1)];
        prop_assert!(ends(cut) <= ends(&bytes));
    }
}
