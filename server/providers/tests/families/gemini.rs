//! Gemini's family.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Chunk, FinishReason, Observed};
use evenkeel_providers::{Family, Prompt, Speaker};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_stream_and_the_request_that_asked_for_it() {
    for (base, name) in [
        ("", "gemini-x"),
        ("/v1beta", "models/gemini-x"),
        ("/v1beta/", "gemini-x"),
    ] {
        let stream = ok("text/event-stream", &sample("gemini/text.sse"));
        let (url, mut requests) = server(vec![stream]).await;
        let provider = provider(Family::Gemini, &format!("{url}{base}"), no_faults());
        let prompt = Arc::new(Prompt::conversation([(Speaker::User, "hello")]));
        let (chunks, error) = collect(provider.upstream("m".into(), name, prompt, me())).await;
        assert_eq!((text(&chunks).as_str(), error), ("Grüße 👩‍👩‍👧‍👦 日本", None));
        assert_eq!(chunks.last(), Some(&Chunk::Finish(FinishReason::Stop)));

        let request = requests.recv().await.unwrap();
        assert_eq!(
            request.line(),
            "POST /v1beta/models/gemini-x:streamGenerateContent?alt=sse"
        );
        assert_eq!(request.header("x-goog-api-key"), Some("sk-test-key"));
        assert_eq!(request.header("authorization"), None);
        let expected = json!({
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
            "generationConfig": {},
        });
        assert_eq!(request.json(), expected);
    }
}

#[tokio::test]
async fn a_whole_answer_where_a_stream_was_asked_for() {
    for body in ["gemini/whole.json", "gemini/list_of_events.json"] {
        let (url, _) = server(vec![ok("application/json; charset=UTF-8", &sample(body))]).await;
        let (chunks, error) = ask(Family::Gemini, &url).await;
        assert!(text(&chunks).starts_with("Hëllo"), "{body}");
        assert_eq!(
            (chunks.last(), error),
            (Some(&Chunk::Finish(FinishReason::Stop)), None)
        );
    }
}

#[tokio::test]
async fn an_error_says_its_reason_its_quota_and_its_wait() {
    let key = sample("gemini/error_list.json");
    let quota = sample("gemini/quota_in_a_list.sse");
    let quota = quota.trim().strip_prefix("data: ").unwrap();
    for (status, headers, body, expected) in [
        (
            "400 Bad Request",
            vec![],
            key.as_str(),
            Observed::Status {
                status: 400,
                code: Some("API_KEY_INVALID".into()),
                message: "API key not valid. Please pass a valid API key.".into(),
                retry_after: None,
            },
        ),
        (
            "429 Too Many Requests",
            vec![],
            quota,
            Observed::Status {
                status: 429,
                code: Some("RESOURCE_EXHAUSTED".into()),
                message:
                    "Resource has been exhausted: GenerateRequestsPerDayPerProjectPerModel-FreeTier"
                        .into(),
                retry_after: Some(Duration::from_secs(21)),
            },
        ),
        (
            "429 Too Many Requests",
            vec![("retry-after", "3")],
            quota,
            Observed::Status {
                status: 429,
                code: Some("RESOURCE_EXHAUSTED".into()),
                message:
                    "Resource has been exhausted: GenerateRequestsPerDayPerProjectPerModel-FreeTier"
                        .into(),
                retry_after: Some(Duration::from_secs(3)),
            },
        ),
    ] {
        let (url, _) = server(vec![response(status, &headers, body)]).await;
        assert_eq!(
            ask(Family::Gemini, &url).await.1.unwrap().observed,
            expected
        );
    }
}
