//! What comes through a fault, however the bytes are split.

use evenkeel_engine::{Chunk, Chunks, Observed};

use super::*;
use crate::chunks;

const TEXTS: [&str; 4] = ["one ", "twö ", "three ", "four"];

/// An answer of four pieces, with what comes before and after them.
fn stream_of(family: Family) -> String {
    let word = |text: &str| match family {
        Family::OpenAi => {
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
        }
        Family::Anthropic => format!(
            "event: content_block_delta\r\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\r\n\r\n"
        ),
        Family::Gemini => format!(
            "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{text}\"}}],\"role\": \"model\"}}}}]}}\n\n"
        ),
        Family::Ollama => format!(
            "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}},\"done\":false}}\n"
        ),
    };
    let (before, after) = match family {
        Family::OpenAi => (
            ": hold on\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
        ),
        Family::Anthropic => (
            "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[],\"stop_reason\":null}}\r\n\r\nevent: content_block_start\r\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\r\n\r\nevent: ping\r\ndata: {\"type\":\"ping\"}\r\n\r\n",
            "event: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":4}}\r\n\r\nevent: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n",
        ),
        Family::Gemini => (
            "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hm\",\"thought\": true}]}}]}\n\n",
            "data: {\"candidates\": [{\"finishReason\": \"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5}}\n\n",
        ),
        Family::Ollama => (
            "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n",
            "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":4}\n",
        ),
    };
    before.to_owned() + &TEXTS.map(word).concat() + after
}

/// The answer, in pieces of so many bytes, under a fault.
fn tampered(family: Family, split: usize, tampering: Tampering) -> Chunks {
    let whole = stream_of(family).into_bytes();
    let pieces: Vec<_> = whole
        .chunks(split)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let body = stream::iter(pieces).boxed();
    chunks(family, tamper(family, body, tampering, Overlay::everyone()))
}

/// The text that came, whether an end came, and how it broke off.
async fn heard(mut chunks: Chunks) -> (String, bool, Option<Observed>) {
    let (mut text, mut ended) = (String::new(), false);
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(Chunk::Content(more)) => text.push_str(&more),
            Ok(Chunk::Finish(_) | Chunk::End) => ended = true,
            Ok(_) => {}
            Err(error) => return (text, ended, Some(error.observed)),
        }
    }
    (text, ended, None)
}

fn text_of(pieces: usize) -> String {
    TEXTS[..pieces].concat()
}

/// Every way to split that matters: each byte by itself, odd pieces, and all at once.
fn splits() -> impl Iterator<Item = usize> {
    (1..48).chain([97, 4096])
}

#[tokio::test]
async fn a_cut_lets_whole_pieces_pass_however_the_bytes_are_split() {
    for (family, split) in every() {
        for (after, passed) in [(0, 0), (1, 1), (3, 3)] {
            let (text, ended, broken) =
                heard(tampered(family, split, Tampering::CutAfter(after))).await;
            assert_eq!(
                (text, ended),
                (text_of(passed), false),
                "{family:?} {split}"
            );
            assert!(matches!(broken, Some(Observed::Cut(_))), "{broken:?}");
        }
        let (text, ended, broken) = heard(tampered(family, split, Tampering::CutAfter(9))).await;
        assert_eq!((text, ended, broken), (text_of(4), true, None));
    }
}

#[tokio::test]
async fn a_broken_piece_is_noticed_at_once_however_the_bytes_are_split() {
    for (family, split) in every() {
        for at in [0, 2] {
            let (text, ended, broken) =
                heard(tampered(family, split, Tampering::BreakAfter(at))).await;
            let passed = text_of(at as usize);
            assert_eq!((text, ended), (passed, false), "{family:?} {split}");
            let malformed = matches!(broken, Some(Observed::Malformed(_)));
            assert!(malformed, "{family:?} {split} {broken:?}");
        }
    }
}

#[tokio::test]
async fn without_its_end_an_answer_is_all_there_and_not_whole() {
    for (family, split) in every() {
        let (text, ended, broken) = heard(tampered(family, split, Tampering::NoEnd)).await;
        assert_eq!(
            (text, ended, broken),
            (text_of(4), false, None),
            "{family:?} {split}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_stands_still_after_the_last_piece_that_may_pass() {
    for family in Family::ALL {
        for (after, split) in [(0, 7), (2, 1), (2, 4096)] {
            let mut chunks = tampered(family, split, Tampering::StallAfter(after));
            let mut text = String::new();
            let day = Duration::from_secs(24 * 3600);
            while let Ok(chunk) = tokio::time::timeout(day, chunks.next()).await {
                if let Chunk::Content(more) = chunk.unwrap().unwrap() {
                    text.push_str(&more);
                }
            }
            assert_eq!(text, text_of(after as usize), "{family:?} {split}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_token_is_held_back_and_no_other() {
    for family in Family::ALL {
        let began = Instant::now();
        let delay = Duration::from_secs(3);
        let mut chunks = tampered(family, 11, Tampering::HoldFirst(delay));
        let first = chunks.next().await.unwrap().unwrap();
        assert!(
            matches!(first, Chunk::Content(_) | Chunk::Reasoning(_)),
            "{family:?} {first:?}"
        );
        assert_eq!(began.elapsed(), delay);
        let (_, ended, broken) = heard(chunks).await;
        assert_eq!((ended, broken, began.elapsed()), (true, None, delay));
    }
}

#[tokio::test(start_paused = true)]
async fn what_drips_comes_at_its_pace_though_it_came_at_once() {
    for family in Family::ALL {
        let began = Instant::now();
        let pause = Duration::from_millis(500);
        let mut chunks = tampered(family, 4096, Tampering::Pace(pause));
        let mut times = vec![];
        while let Some(chunk) = chunks.next().await {
            if let Chunk::Content(_) | Chunk::Reasoning(_) = chunk.unwrap() {
                times.push(began.elapsed().as_millis());
            }
        }
        let expected: Vec<_> = (0..times.len() as u128).map(|n| n * 500).collect();
        assert_eq!(times, expected, "{family:?}");
        assert!(times.len() >= 4, "{family:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_body_is_the_same_body() {
    let began = Instant::now();
    let body = stream::iter([Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b"))]);
    let got: Vec<_> = late(body.boxed(), Duration::from_secs(2)).collect().await;
    assert_eq!(got, [Ok(Bytes::from("a")), Ok(Bytes::from("b"))]);
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn an_answer_that_says_nothing_ends_well_in_every_family() {
    for family in Family::ALL {
        let body = stream::iter([Ok(Bytes::from(family.empty_answer()))]).boxed();
        let (text, ended, broken) = heard(chunks(family, body)).await;
        assert_eq!(
            (text.as_str(), ended, broken),
            ("", true, None),
            "{family:?}"
        );
    }
}

#[tokio::test]
async fn an_error_in_the_stream_has_its_type_or_its_message() {
    for family in Family::ALL {
        for (error, status) in [
            ("overloaded_error", 529),
            ("overloaded", 529),
            ("rate_limit_error", 429),
            ("the disk is full", 500),
        ] {
            let body = stream::iter([Ok(Bytes::from(family.in_band_error(error)))]).boxed();
            let (_, _, broken) = heard(chunks(family, body)).await;
            let Some(Observed::Status {
                status: found,
                message,
                ..
            }) = broken
            else {
                panic!("{family:?} {error}: {broken:?}")
            };
            // Ollama's errors are words alone.
            let expected = if family == Family::Ollama {
                500
            } else {
                status
            };
            assert_eq!(found, expected, "{family:?} {error}");
            assert!(!message.is_empty());
        }
    }
}

#[test]
fn pieces_in_the_words_of_every_family() {
    let call =
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#;
    for (family, said, expected) in [
        (
            Family::OpenAi,
            r#"{"choices":[{"delta":{"content":"a"}}]}"#,
            true,
        ),
        (
            Family::OpenAi,
            r#"{"choices":[{"delta":{"content":""}}]}"#,
            false,
        ),
        (
            Family::OpenAi,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"}]}}]}"#,
            true,
        ),
        (
            Family::OpenAi,
            r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
            false,
        ),
        (Family::OpenAi, call, true),
        (
            Family::Anthropic,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}"#,
            false,
        ),
        (
            Family::Gemini,
            r#"{"candidates": [{"content": {"parts": [{"text": "a","thought": true}]}}]}"#,
            false,
        ),
        (
            Family::Ollama,
            r#"{"message":{"role":"assistant","content":"","thinking":"a"},"done":false}"#,
            false,
        ),
        (
            Family::Ollama,
            r#"{"message":{"role":"assistant","content":"a"},"done":true}"#,
            true,
        ),
    ] {
        let line = match family {
            Family::Ollama => format!("{said}\n"),
            Family::OpenAi | Family::Anthropic | Family::Gemini => format!("data: {said}\n\n"),
        };
        let events = Events::new(family).push(line.as_bytes());
        assert_eq!(events.len(), 1, "{line}");
        assert_eq!(events[0].is_piece, expected, "{line}");
    }
}

#[tokio::test]
async fn a_whole_answer_without_events_is_one_piece() {
    let whole =
        "{\n\"choices\": [{\"message\": {\"content\": \"all\"}, \"finish_reason\": \"stop\"}]\n}";
    for (tampering, expected, ended) in [
        (Tampering::CutAfter(1), "all", true),
        (Tampering::NoEnd, "all", false),
    ] {
        let body = stream::iter([Ok(Bytes::from(whole))]).boxed();
        let body = tamper(Family::OpenAi, body, tampering, Overlay::everyone());
        let (text, end, _) = heard(chunks(Family::OpenAi, body)).await;
        assert_eq!((text.as_str(), end), (expected, ended), "{tampering:?}");
    }
}

fn every() -> impl Iterator<Item = (Family, usize)> {
    Family::ALL
        .into_iter()
        .flat_map(|family| splits().map(move |split| (family, split)))
}
