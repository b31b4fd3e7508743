//! Simulated outages under every family: the adapters cannot tell them from real ones.

use std::time::Duration;

use evenkeel_engine::{Observed, Overlay};
use evenkeel_providers::{Audience, Family, FaultKind, FaultOrder, Target};
use http::StatusCode;

use crate::support::*;

fn order(kind: FaultKind) -> FaultOrder {
    FaultOrder {
        target: Target {
            provider: Some("p".into()),
            model: None,
        },
        audience: Audience::Only("me".into()),
        kind,
        probability: 1.0,
        first_n: Some(1),
        seed: 1,
        ttl: Duration::from_secs(60),
        note: None,
    }
}

/// Three pieces of text and an end, in a family's words.
fn stream(family: Family) -> String {
    let texts = ["one ", "two ", "three"];
    let (lines, end) = match family {
        Family::OpenAi => (
            texts.map(|t| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{t}\"}}}}]}}\n\n")),
            "data: [DONE]\n\n",
        ),
        Family::Anthropic => (
            texts.map(|t| format!("event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{t}\"}}}}\n\n")),
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        Family::Gemini => (
            texts.map(|t| format!("data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{t}\"}}]}}}}]}}\r\n\r\n")),
            "data: {\"candidates\": [{\"finishReason\": \"STOP\"}]}\r\n\r\n",
        ),
        Family::Ollama => (
            texts.map(|t| format!("{{\"message\":{{\"role\":\"assistant\",\"content\":\"{t}\"}},\"done\":false}}\n")),
            "{\"message\":{\"content\":\"\"},\"done\":true}\n",
        ),
    };
    lines.concat() + end
}

#[tokio::test]
async fn a_cut_stream_gives_what_came_and_no_end() {
    for family in Family::ALL {
        let (url, _) = server(vec![ok("text/event-stream", &stream(family))]).await;
        let faults = no_faults();
        faults.arm("me", order(FaultKind::StreamCut { after_tokens: 2 }));
        let (chunks, error) = collect(upstream(family, &url, faults)).await;
        assert_eq!(text(&chunks), "one two ", "{family:?}");
        assert_eq!(chunks.len(), 2, "{family:?}");
        let error = error.unwrap();
        assert!(matches!(error.observed, Observed::Cut(_)), "{error:?}");
        assert_eq!(error.simulated, Some(Overlay::from("me")));
    }
}

#[tokio::test]
async fn a_simulated_error_is_in_the_words_of_the_family() {
    for (family, word) in [
        (Family::OpenAi, Some("simulated_fault")),
        (Family::Anthropic, Some("rate_limit_error")),
        (Family::Gemini, Some("RESOURCE_EXHAUSTED")),
        (Family::Ollama, None),
    ] {
        let faults = no_faults();
        faults.arm(
            "me",
            order(FaultKind::HttpStatus {
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after_s: Some(7),
                message: Some("slow down".into()),
            }),
        );
        let (_, error) = collect(upstream(family, "http://127.0.0.1:1", faults)).await;
        let expected = Observed::Status {
            status: 429,
            code: word.map(Into::into),
            message: "slow down".into(),
            retry_after: Some(Duration::from_secs(7)),
        };
        assert_eq!(error.unwrap().observed, expected);
    }
}

#[tokio::test]
async fn discovery_suffers_what_is_aimed_at_its_provider_and_uses_it_not_up() {
    let list = || ok("application/json", "{\"data\":[{\"id\":\"a\"}]}");
    let (url, _) = server(vec![list(), list()]).await;
    let faults = no_faults();
    let provider = provider(Family::OpenAi, &url, faults.clone());
    let aimed = order(FaultKind::ConnectionRefused);
    faults.arm(
        "me",
        FaultOrder {
            target: Target {
                provider: Some("p".into()),
                model: Some("m".into()),
            },
            ..aimed.clone()
        },
    );
    assert_eq!(provider.discover(&me()).await.unwrap().len(), 1);

    faults.halt(|_| true);
    faults.arm("me", aimed);
    for _ in 0..2 {
        let error = provider.discover(&me()).await.unwrap_err();
        assert!(matches!(error.observed, Observed::ConnectionFailed(_)));
        assert!(error.simulated.is_some());
    }
    let (_, error) = collect(upstream(Family::OpenAi, &url, faults.clone())).await;
    assert!(
        error.unwrap().simulated.is_some(),
        "it still had its one request"
    );
    assert_eq!(provider.discover(&me()).await.unwrap().len(), 1);
}
