use evenkeel_engine::Usage;
use serde_json::{Value, json};

use super::*;

fn call(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Chunk {
    Chunk::ToolCall(evenkeel_engine::ToolCallDelta {
        index,
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
        signature: None,
    })
}

/// The deltas that these chunks are streamed as.
fn deltas(chunks: impl IntoIterator<Item = Chunk>) -> Vec<Value> {
    let (mut completion, mut out) = (Completion::new("r", 0, false), vec![]);
    for chunk in chunks {
        completion.chunk("m", chunk, &mut out);
    }
    completion.prove("m", &mut out);
    let text = String::from_utf8(out).unwrap();
    text.split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .map(|event: Value| event["choices"][0]["delta"].clone())
        .collect()
}

#[test]
fn a_call_says_who_it_is_before_what_it_wants() {
    let named = json!({"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}});
    let arguments = json!({"index": 0, "function": {"arguments": "{}"}});
    let expected = [
        json!({"role": "assistant", "tool_calls": [named]}),
        json!({"tool_calls": [arguments]}),
    ];
    let whole = [call(0, Some("c"), Some("f"), "{}")];
    let parts = [call(0, Some("c"), Some("f"), ""), call(0, None, None, "{}")];
    // Some providers repeat id and name; a client that joins the parts would double them.
    let repeated = [
        call(0, Some("c"), Some("f"), ""),
        call(0, Some("c"), Some("f"), "{}"),
    ];
    assert_eq!(deltas(whole), expected);
    assert_eq!(deltas(parts), expected);
    assert_eq!(deltas(repeated), expected);
}

#[test]
fn proofs_are_passed_on() {
    let signed = evenkeel_engine::ToolCallDelta {
        signature: Some("t".to_owned()),
        id: Some("c".to_owned()),
        ..Default::default()
    };
    let chunks = [
        Chunk::Reasoning("hm".to_owned()),
        Chunk::Signature("s".to_owned()),
        Chunk::ToolCall(signed),
    ];
    let told = deltas(chunks);
    assert_eq!(told[0]["reasoning_content"], "hm");
    assert_eq!(told[1]["tool_calls"][0]["signature"], "t");
    assert_eq!(told[2], json!({"reasoning_signature": "s"}));
}

#[test]
fn what_proves_one_of_several_thoughts_is_left_out() {
    let thought = |text: &str| Chunk::Reasoning(text.to_owned());
    let proof = |text: &str| Chunk::Signature(text.to_owned());
    for (chunks, expected) in [
        (vec![thought("a"), thought("b"), proof("p")], Some("p")),
        (
            vec![thought("a"), proof("p"), thought("b"), proof("q")],
            None,
        ),
        (vec![thought("a"), proof("p"), thought("b")], None),
        (vec![proof("p"), proof("q")], None),
    ] {
        let told = deltas(chunks.clone());
        let told = told
            .iter()
            .find_map(|delta| delta["reasoning_signature"].as_str());
        assert_eq!(told, expected, "{chunks:?}");
        let mut whole = Collected::default();
        chunks.into_iter().for_each(|chunk| whole.add(chunk));
        assert_eq!(whole.proof.get(), expected);
    }
}

#[test]
fn counts_that_nobody_told_are_left_out() {
    let plain = Usage {
        input_tokens: 5,
        output_tokens: 7,
        ..Usage::default()
    };
    let expected = json!({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12});
    assert_eq!(json!(WireUsage::from(plain)), expected);
    let detailed = Usage {
        cache_read_tokens: 3,
        reasoning_tokens: 2,
        ..plain
    };
    let endless = Usage {
        cache_read_tokens: u64::MAX,
        cache_write_tokens: u64::MAX,
        input_tokens: u64::MAX,
        ..plain
    };
    let total = WireUsage::from(endless).total_tokens;
    assert_eq!(total, u64::MAX, "a provider may say anything");
    let usage = json!(WireUsage::from(detailed));
    assert_eq!(usage["prompt_tokens_details"], json!({"cached_tokens": 3}));
    assert_eq!(
        usage["completion_tokens_details"],
        json!({"reasoning_tokens": 2})
    );
}

#[test]
fn clients_get_no_word_that_they_do_not_know() {
    for (reason, calls, expected) in [
        (None, false, "stop"),
        (Some(FinishReason::Stop), false, "stop"),
        (
            Some(FinishReason::StopSequence("END".to_owned())),
            false,
            "stop",
        ),
        (Some(FinishReason::Stop), true, "tool_calls"),
        (Some(FinishReason::ToolCalls), true, "tool_calls"),
        (Some(FinishReason::Length), true, "length"),
        (Some(FinishReason::Other("weird".to_owned())), false, "stop"),
    ] {
        let finished = Finished {
            finish_reason: reason,
            usage: None,
        };
        assert_eq!(finish_word(&finished, calls), expected, "{finished:?}");
    }
}
