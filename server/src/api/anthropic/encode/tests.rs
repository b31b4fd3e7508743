use evenkeel_engine::{ToolCallDelta, Usage};
use serde_json::{Value, json};

use super::*;

fn streamed(chunks: &[Chunk]) -> Vec<Value> {
    let (mut message, mut out) = (Message::new("r"), vec![]);
    for chunk in chunks {
        message.chunk("m", chunk.clone(), &mut out);
    }
    message.tell_the_rest(&mut out);
    let text = String::from_utf8(out).unwrap();
    let events = text.split_terminator("\n\n").map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name, format!("event: {}", data["type"].as_str().unwrap()));
        data
    });
    events.collect()
}

/// Each block of a stream as a client puts it together: its type and its texts.
fn blocks(events: &[Value]) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = vec![];
    for event in events {
        let at = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(at, blocks.len(), "blocks are numbered without gaps");
                let block = &event["content_block"];
                let name = block["name"].as_str().unwrap_or_default();
                blocks.push((block["type"].as_str().unwrap().to_owned(), name.to_owned()));
            }
            "content_block_delta" => {
                let delta = event["delta"].as_object().unwrap();
                let texts = delta.iter().filter(|(key, _)| *key != "type");
                texts.for_each(|(_, text)| blocks[at].1.push_str(text.as_str().unwrap()));
            }
            _ => {}
        }
    }
    blocks
}

fn call(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Chunk {
    Chunk::ToolCall(ToolCallDelta {
        index,
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
        signature: None,
    })
}

fn everything() -> Vec<Chunk> {
    vec![
        Chunk::Reasoning("h".to_owned()),
        Chunk::Reasoning("m".to_owned()),
        Chunk::Signature("-proof".to_owned()),
        Chunk::Reasoning("more".to_owned()),
        Chunk::Content("Hel".to_owned()),
        Chunk::Content("lo".to_owned()),
        call(0, Some("a"), Some("f:"), ""),
        call(0, None, None, "{\"x\""),
        call(0, None, None, ":1}"),
        call(1, Some("b"), Some("g:"), "{}"),
    ]
}

/// Each block ends before the next one begins, and takes nothing after its end.
fn assert_one_after_the_other(events: &[Value]) {
    let mut open = None;
    for event in events {
        let at = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "content_block_start" => assert_eq!(std::mem::replace(&mut open, at), None),
            "content_block_delta" => assert_eq!(open, at),
            "content_block_stop" => assert_eq!(open.take(), at),
            _ => {}
        }
    }
    assert_eq!(open, None);
}

fn assert_blocks(chunks: &[Chunk], expected: &[(&str, &str)]) {
    let events = streamed(chunks);
    assert_one_after_the_other(&events);
    let found = blocks(&events);
    let found: Vec<_> = found
        .iter()
        .map(|(kind, text)| (&**kind, &**text))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn calls_in_turns_are_told_one_after_the_other() {
    let turns = [
        call(0, Some("a"), Some("f:"), "{\"x\""),
        call(1, Some("b"), Some("g:"), "{\"y\""),
        call(0, None, None, ":{}"),
        Chunk::Content("and".to_owned()),
        call(1, None, None, ":2}"),
        call(0, None, None, "}"),
        Chunk::Content(" so".to_owned()),
    ];
    let expected = [
        ("tool_use", "f:{\"x\":{}}"),
        ("tool_use", "g:{\"y\":2}"),
        ("text", "and so"),
    ];
    assert_blocks(&turns, &expected);
    // Not all of it comes.
    let cut = [("tool_use", "f:{\"x\":{}"), ("tool_use", "g:{\"y\":2}")];
    let [first, second, third, words, rest, ..] = turns;
    let chunks = [first, second, third, words, rest];
    assert_blocks(&chunks, &[cut[0], cut[1], ("text", "and")]);
}

#[test]
fn a_call_that_is_whole_does_not_hold_up_the_next() {
    let (mut message, mut out) = (Message::new("r"), vec![]);
    for chunk in [
        call(0, Some("a"), Some("f"), "{}"),
        call(1, Some("b"), Some("g"), "{\"later"),
    ] {
        message.chunk("m", chunk, &mut out);
    }
    assert!(String::from_utf8(out).unwrap().contains("later"));
}

#[test]
fn a_block_waits_for_the_name_of_its_call() {
    let chunks = [
        Chunk::Content("so".to_owned()),
        call(0, Some("a"), None, "{"),
        call(0, None, Some("f:"), ""),
        call(0, None, None, "}"),
    ];
    assert_blocks(&chunks, &[("text", "so"), ("tool_use", "f:{}")]);
    // It never comes.
    assert_blocks(&chunks[..2], &[("text", "so"), ("tool_use", "{")]);
}

#[test]
fn an_answer_is_a_list_of_blocks() {
    let events = streamed(&everything());
    let expected = [
        ("thinking", "hm-proof"),
        ("thinking", "more"),
        ("text", "Hello"),
        ("tool_use", "f:{\"x\":1}"),
        ("tool_use", "g:{}"),
    ];
    let expected = expected.map(|(kind, text)| (kind.to_owned(), text.to_owned()));
    assert_eq!(blocks(&events), expected);
    assert_one_after_the_other(&events);
    let starts = events
        .iter()
        .filter(|event| event["type"] == "message_start");
    assert_eq!(starts.count(), 1);
}

#[test]
fn the_whole_is_what_the_stream_says() {
    let mut whole = Blocks::default();
    everything().into_iter().for_each(|chunk| whole.add(chunk));
    let call = |id: &str, name: &str, input: Value| json!({"type": "tool_use", "id": id, "name": name, "input": input});
    let expected = json!([
        {"type": "thinking", "thinking": "hm", "signature": "-proof"},
        {"type": "thinking", "thinking": "more", "signature": ""},
        {"type": "text", "text": "Hello"},
        call("a", "f:", json!({"x": 1})),
        call("b", "g:", json!({})),
    ]);
    assert_eq!(whole.content(), expected);
}

#[test]
fn the_proof_of_a_call_goes_with_it() {
    let signed = ToolCallDelta {
        id: Some("a".to_owned()),
        name: Some("f".to_owned()),
        signature: Some("s".to_owned()),
        ..ToolCallDelta::default()
    };
    let events = streamed(&[Chunk::ToolCall(signed)]);
    assert_eq!(events[1]["content_block"]["signature"], "s");
}

#[test]
fn cached_tokens_are_counted_apart() {
    let usage = Usage {
        input_tokens: 100,
        output_tokens: 7,
        cache_read_tokens: 60,
        cache_write_tokens: 30,
        reasoning_tokens: 2,
    };
    let expected = json!({"input_tokens": 10, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 60, "output_tokens": 7});
    assert_eq!(json!(WireUsage::from(usage)), expected);
}

#[test]
fn clients_get_no_word_that_they_do_not_know() {
    for (reason, calls, expected) in [
        (None, false, "end_turn"),
        (
            Some(FinishReason::StopSequence("END".to_owned())),
            true,
            "stop_sequence",
        ),
        (Some(FinishReason::Stop), false, "end_turn"),
        (Some(FinishReason::Stop), true, "tool_use"),
        (Some(FinishReason::Length), false, "max_tokens"),
        (Some(FinishReason::ToolCalls), true, "tool_use"),
        (
            Some(FinishReason::Other("odd".to_owned())),
            false,
            "end_turn",
        ),
    ] {
        let finished = Finished {
            finish_reason: reason,
            usage: None,
        };
        let stop = stop(&finished, calls);
        assert_eq!(stop.stop_reason, expected, "{finished:?}");
        let sequence = (expected == "stop_sequence").then_some("END");
        assert_eq!(stop.stop_sequence, sequence, "{finished:?}");
    }
}
