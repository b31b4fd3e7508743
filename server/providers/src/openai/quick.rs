//! The event that nearly every event is, a piece of text and nothing else, read without building a tree of it. What is
//! anything more is left to the full reading.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Event<'e> {
    #[serde(borrow)]
    choices: (Choice<'e>,),
    usage: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
    x_groq: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice<'e> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Delta<'e>,
    finish_reason: Option<IgnoredAny>,
    usage: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta<'e> {
    #[serde(borrow)]
    content: Cow<'e, str>,
    reasoning_content: Option<IgnoredAny>,
    reasoning: Option<IgnoredAny>,
    refusal: Option<IgnoredAny>,
    tool_calls: Option<IgnoredAny>,
    function_call: Option<IgnoredAny>,
}

/// The text, where the event says nothing but a text of the first choice.
pub(super) fn text(event: &str) -> Option<Cow<'_, str>> {
    let Event {
        choices: (choice,),
        usage: None,
        error: None,
        x_groq: None,
    } = serde_json::from_str(event).ok()?
    else {
        return None;
    };
    let Choice {
        index: None | Some(0),
        delta,
        finish_reason: None,
        usage: None,
    } = choice
    else {
        return None;
    };
    let Delta {
        content,
        reasoning_content: None,
        reasoning: None,
        refusal: None,
        tool_calls: None,
        function_call: None,
    } = delta
    else {
        return None;
    };
    Some(content)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use evenkeel_engine::Chunk;
    use proptest::prelude::*;

    use super::*;
    use crate::decode::Decode;
    use crate::openai::Decoder;

    /// What the full reading makes of it.
    fn fully(event: &str) -> Option<Vec<Chunk>> {
        let (mut decoder, mut chunks) = (Decoder::default(), VecDeque::new());
        let event = serde_json::from_str(event).ok()?;
        decoder.event(event, &mut chunks).ok()?;
        Some(chunks.into())
    }

    #[test]
    fn a_piece_of_text_and_nothing_else() {
        let event = |more: &str| {
            format!(
                r#"{{"id":"c","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":"a\né"{more}"#
            )
        };
        let plain = event(r#"},"logprobs":null,"finish_reason":null}],"usage":null}"#);
        assert_eq!(text(&plain).as_deref(), Some("a\né"));
        for more in [
            r#","tool_calls":[]}}]}"#,
            r#","reasoning":"hm"}}]}"#,
            r#"},"finish_reason":"stop"}]}"#,
            r#"},"finish_reason":""}]}"#,
            r#"}}],"usage":{}}"#,
            r#"}}],"error":{}}"#,
            r#"}},{"index":1}]}"#,
            r#"}}]"#,
        ] {
            assert_eq!(text(&event(more)), None, "{more}");
        }
    }

    proptest! {
        #[test]
        fn it_says_what_the_full_reading_says(
            content in "(\"[a\\\\né]?\"|null|\\[\\]|7)",
            other in "(\"(reasoning|refusal|tool_calls|role|x)\":(null|\"y\"|\\[\\]),)?",
            beside in "(,\"(index|finish_reason|usage|x)\":(0|1|null|\"\"|\"stop\"|-1))?",
            above in "(,\"(usage|error|x_groq|object)\":(null|\\{\\}|\"error\"))?",
            choices in 0_usize..3,
        ) {
            let choice = format!("{{\"delta\":{{{other}\"content\":{content}}}{beside}}}");
            let event = format!("{{\"choices\":[{}]{above}}}", vec![choice; choices].join(","));
            if let Some(text) = text(&event) {
                let expected = if text.is_empty() { vec![] } else { vec![Chunk::Content(text.into_owned())] };
                prop_assert_eq!(fully(&event), Some(expected), "{}", event);
            }
        }
    }
}
