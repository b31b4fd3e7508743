use evenkeel_protocol::{
    Attempt, AttemptKind, AttemptState, Conversation, MessageStatus, Reason, Seam, SeamMode,
    TitleSource,
};

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
}

fn message(id: &str, parent: Option<&str>, role: MessageRole, text: &str) -> Message {
    Message {
        assistant: None,
        id: id.into(),
        conversation_id: "c".into(),
        parent_id: parent.map(Into::into),
        role,
        text: text.to_owned(),
        status: MessageStatus::Complete,
        created_at: at(0),
        model_name: (role == MessageRole::Assistant).then(|| "gpt_4".into()),
        requested_model: (role == MessageRole::Assistant).then(|| "gpt_4".into()),
        provider: None,
        fallback: false,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts: vec![],
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        run_id: None,
        error: None,
    }
}

fn failed(model: &str, state: AttemptState, reason: Reason, status_code: Option<u16>) -> Attempt {
    Attempt {
        index: 0,
        kind: AttemptKind::Primary,
        state,
        model_name: model.into(),
        provider: "p".into(),
        status_code,
        reason: Some(reason),
        detail: None,
        retry_in_ms: None,
        retry_limit: None,
        started_at: at(0),
        first_token_ms: None,
        duration_ms: None,
        usage: None,
        cost: None,
        simulated: false,
    }
}

fn transcript(messages: Vec<Message>) -> Transcript {
    Transcript {
        conversation: Conversation {
            id: "c".into(),
            title: "Why *blue*?".to_owned(),
            title_source: TitleSource::Plain,
            system_prompt: Some("Be brief.".to_owned()),
            temporary: false,
            created_at: at(0),
            updated_at: at(5),
        },
        messages,
    }
}

#[test]
fn the_newest_branch_is_written_with_all_that_is_to_be_told_of_it() {
    use MessageRole::{Assistant, User};
    let mut question = message("q", None, User, "Why is it blue?\n");
    question.attachments = vec![AttachedFile {
        id: "f".into(),
        name: "the_sky.png".to_owned(),
        media_type: "image/png".to_owned(),
        size: 2_100_000,
    }];
    let mut answer = message("b", Some("q"), Assistant, "Because\n\n```rust\nlet x");
    answer.fallback = true;
    answer.model_name = Some("claude".into());
    answer.attempts = vec![
        failed(
            "gpt_4",
            AttemptState::Failed,
            Reason::ProviderUnavailable,
            Some(503),
        ),
        failed(
            "gpt_4",
            AttemptState::Failed,
            Reason::StreamInterrupted,
            None,
        ),
        failed("gemini", AttemptState::Skipped, Reason::CircuitOpen, None),
    ];
    answer.seams = vec![Seam {
        from: "gpt_4".into(),
        to: "claude".into(),
        mode: SeamMode::Continued,
        at: 7,
        discarded: None,
    }];
    answer.status = MessageStatus::Incomplete;
    answer.simulated = true;
    let messages = vec![
        question,
        message("a", Some("q"), Assistant, "The other answer."),
        answer,
    ];
    let expected = "# Why \\*blue\\*?

*Begun 2026-11-18 11:06 UTC, last written 2026-11-18 11:11 UTC.*

## Instructions

Be brief.

## You

Why is it blue?

*Attached: the\\_sky.png (image/png, 2.0 MiB)*

## claude

Because

```rust
let x
```

*gpt\\_4 failed 2 times (stream\\_interrupted).*

*gemini was not asked (circuit\\_open).*

*gpt\\_4 broke off after 7 characters; claude went on from there.*

*claude stepped in for gpt\\_4.*

*This answer broke off.*

*A simulated fault had its hand in this answer.*

*1 message stands on other branches; the JSON export has them all.*
";
    assert_eq!(write(&transcript(messages)), expected);
}

#[test]
fn a_turn_without_an_answer_says_so() {
    use MessageRole::{Assistant, User};
    let mut answer = message("a", Some("q"), Assistant, "");
    answer.model_name = None;
    answer.status = MessageStatus::Failed;
    let document = write(&transcript(vec![message("q", None, User, "hi"), answer]));
    let end = "## You\n\nhi\n\n## No answer\n\n*There was no answer.*\n";
    assert!(document.ends_with(end), "{document}");
}
