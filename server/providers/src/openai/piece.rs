//! The event that nearly every token comes in, read without building a tree of it.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// An event that holds a piece of text, and none of what else [`super::Decoder`] looks for. Whatever is not read as one
/// is for the decoder: a list of parts where the text should be, two choices, the same key twice.
#[derive(Deserialize)]
struct Piece<'e> {
    choices: [Choice; 1],
    #[serde(borrow)]
    object: Option<&'e str>,
    usage: Option<IgnoredAny>,
    x_groq: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: Delta,
    usage: Option<IgnoredAny>,
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta {
    content: String,
    reasoning_content: Option<IgnoredAny>,
    reasoning: Option<IgnoredAny>,
    refusal: Option<IgnoredAny>,
    tool_calls: Option<IgnoredAny>,
    function_call: Option<IgnoredAny>,
}

/// The text of an event that says nothing else.
pub(super) fn piece(event: &str) -> Option<String> {
    let piece: Piece<'_> = serde_json::from_str(event).ok()?;
    let [choice] = piece.choices;
    let Delta {
        content,
        reasoning_content,
        reasoning,
        refusal,
        tool_calls,
        function_call,
    } = choice.delta;
    let further = [
        piece.usage,
        piece.x_groq,
        piece.error,
        choice.usage,
        choice.finish_reason,
        reasoning_content,
        reasoning,
        refusal,
        tool_calls,
        function_call,
    ];
    let alone = further.iter().all(Option::is_none) && piece.object != Some("error");
    (alone && choice.index == 0 && !content.is_empty()).then_some(content)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use evenkeel_engine::Chunk;
    use proptest::prelude::*;

    use super::*;
    use crate::decode::Decode;
    use crate::openai::Decoder;

    #[test]
    fn what_providers_send_for_a_token() {
        for event in [
            r#"{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"é\n"},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant","content":"é\n","refusal":null,"reasoning":null},"native_finish_reason":null}],"usage":null}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"\u00e9\n"}}]}"#,
        ] {
            assert_eq!(piece(event).as_deref(), Some("é\n"), "{event}");
        }
    }

    proptest! {
        #[test]
        fn what_is_a_piece_is_one_for_the_decoder_too(
            content in prop::sample::select(vec![r#""a""#, r#""""#, "null", "7", r#"["a"]"#, r#"{"text":"a"}"#]),
            in_delta in field(&["reasoning", "reasoning_content", "refusal", "tool_calls", "function_call", "role", "content"]),
            in_choice in field(&["index", "finish_reason", "usage", "message", "logprobs", "delta"]),
            in_event in field(&["object", "usage", "x_groq", "error", "choices", "id"]),
            twice in prop::bool::weighted(0.1),
        ) {
            let choice = format!(r#"{{"delta":{{"content":{content}{in_delta}}}{in_choice}}}"#);
            let choices = if twice { format!("{choice},{choice}") } else { choice };
            let event = format!(r#"{{"choices":[{choices}]{in_event}}}"#);
            if let Some(text) = piece(&event) {
                let mut chunks = VecDeque::new();
                let mut decoder = Decoder::default();
                prop_assert_eq!(decoder.event(serde_json::from_str(&event).unwrap(), &mut chunks), Ok(()), "{}", event);
                prop_assert_eq!(Vec::from(chunks), [Chunk::Content(text)], "{}", event);
            }
        }
    }

    /// Nothing, or one of these fields with some value.
    fn field(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
        let values = vec![
            "null",
            "0",
            "1",
            r#""""#,
            r#""x""#,
            r#""error""#,
            r#""stop""#,
            r#"{"message":"x"}"#,
            r#"{"usage":{"prompt_tokens":1}}"#,
            r#"[{"index":0}]"#,
            "[]",
        ];
        let some = (prop::sample::select(keys), prop::sample::select(values))
            .prop_map(|(key, value)| format!(r#","{key}":{value}"#));
        prop_oneof![Just(String::new()), some]
    }
}
