//! What several of the others look at, and how each is compared with its JSON.

use evenkeel_protocol::*;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn client(frame: ClientFrame, json: &str) {
    assert_eq!(serde_json::to_string(&frame).unwrap(), json);
    assert_eq!(serde_json::from_str::<ClientFrame>(json).unwrap(), frame);
}

pub fn server(frame: ServerFrame, json: &str) {
    assert_eq!(serde_json::to_string(&frame).unwrap(), json);
    assert_eq!(serde_json::from_str::<ServerFrame>(json).unwrap(), frame);
}

/// What both sides read and write outside the socket.
pub fn both<T>(value: T, json: &str)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
}

pub fn attempt() -> Attempt {
    Attempt {
        index: 0,
        kind: AttemptKind::Primary,
        state: AttemptState::Failed,
        model_name: "gpt-4o".into(),
        provider: "openai".into(),
        status_code: Some(503),
        reason: Some(Reason::ProviderUnavailable),
        detail: Some("overloaded".into()),
        retry_in_ms: Some(400),
        started_at: at("2026-11-20T08:00:00.250Z"),
        first_token_ms: None,
        duration_ms: Some(31),
        retry_limit: None,
        usage: None,
        cost: None,
        simulated: false,
    }
}

pub const ATTEMPT: &str = r#"{"index":0,"kind":"primary","state":"failed","model_name":"gpt-4o","provider":"openai","status_code":503,"reason":"provider_unavailable","detail":"overloaded","retry_in_ms":400,"started_at":"2026-11-20T08:00:00.25Z","first_token_ms":null,"duration_ms":31,"simulated":false}"#;

pub fn message() -> Message {
    Message {
        assistant: None,
        id: "m2".into(),
        conversation_id: "c1".into(),
        parent_id: Some("m1".into()),
        role: MessageRole::Assistant,
        text: "Hello".into(),
        status: MessageStatus::Complete,
        created_at: at("2026-11-20T08:00:00Z"),
        model_name: Some("claude".into()),
        requested_model: Some("gpt-4o".into()),
        provider: Some("anthropic".into()),
        fallback: true,
        finish_reason: Some("stop".into()),
        usage: Some(Usage {
            input_tokens: 3,
            output_tokens: 1,
        }),
        cost: None,
        attempts: vec![],
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        run_id: Some("r1".into()),
        error: None,
    }
}

pub const MESSAGE: &str = r#"{"id":"m2","conversation_id":"c1","parent_id":"m1","role":"assistant","text":"Hello","status":"complete","created_at":"2026-11-20T08:00:00Z","model_name":"claude","requested_model":"gpt-4o","provider":"anthropic","fallback":true,"finish_reason":"stop","usage":{"input_tokens":3,"output_tokens":1},"cost":null,"attempts":[],"seams":[],"simulated":false,"run_id":"r1","error":null}"#;

pub const TOOK: Percentiles = Percentiles {
    p50_ms: 1,
    p95_ms: 2,
    p99_ms: 3,
};

pub fn bucket() -> Bucket {
    Bucket {
        start: at("2026-11-20T08:00:00Z"),
        answered: 1,
        failed: 0,
        simulated: 0,
        first_token_ms: Some(5),
        total_ms: None,
    }
}

pub const BUCKET: &str = r#"{"start":"2026-11-20T08:00:00Z","answered":1,"failed":0,"simulated":0,"first_token_ms":5,"total_ms":null}"#;
