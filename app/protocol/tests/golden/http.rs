//! The bodies of everybody.

use evenkeel_protocol::*;

use crate::samples::{ATTEMPT, MESSAGE, at, attempt, both, message};

#[test]
fn what_comes_over_http_is_read_as_it_is_written() {
    both(
        SearchResults {
            results: vec![SearchHit {
                conversation: Conversation {
                    id: "c1".into(),
                    title: "Seas".into(),
                    title_source: TitleSource::Model,
                    system_prompt: None,
                    temporary: false,
                    created_at: at("2026-11-20T08:00:00Z"),
                    updated_at: at("2026-11-20T08:00:00Z"),
                },
                message_id: Some("m1".into()),
                excerpt: vec![ExcerptPiece {
                    text: "calm".into(),
                    hit: true,
                }],
            }],
        },
        r#"{"results":[{"conversation":{"id":"c1","title":"Seas","title_source":"model","system_prompt":null,"temporary":false,"created_at":"2026-11-20T08:00:00Z","updated_at":"2026-11-20T08:00:00Z"},"message_id":"m1","excerpt":[{"text":"calm","hit":true}]}]}"#,
    );
    both(
        Receipt {
            since: None,
            answers: 5,
            saved: 2,
            lost: 1,
            seconds_lost: 1.5,
            extra_cost: Some(0.01),
            simulated: 0,
        },
        r#"{"since":null,"answers":5,"saved":2,"lost":1,"seconds_lost":1.5,"extra_cost":0.01,"simulated":0}"#,
    );
    both(
        Suggestions {
            suggestions: vec!["Why?".into()],
        },
        r#"{"suggestions":["Why?"]}"#,
    );
    both(
        Message {
            attachments: vec![AttachedFile {
                id: "f1".into(),
                name: "a.png".into(),
                media_type: "image/png".into(),
                size: 7,
            }],
            suggestions: vec!["Why?".into()],
            ..message()
        },
        &MESSAGE.replace(
            r#""simulated""#,
            r#""attachments":[{"id":"f1","name":"a.png","media_type":"image/png","size":7}],"suggestions":["Why?"],"simulated""#,
        ),
    );
    both(
        Message {
            guards: vec![
                GuardNotice {
                    guard: Guard::Pii,
                    kind: "email".to_owned(),
                    count: 2,
                    file: None,
                },
                GuardNotice {
                    guard: Guard::Injection,
                    kind: "ignore_instructions".to_owned(),
                    count: 1,
                    file: Some("notes.md".to_owned()),
                },
            ],
            ..message()
        },
        &MESSAGE.replace(
            r#""simulated""#,
            r#""guards":[{"guard":"pii","kind":"email","count":2},{"guard":"injection","kind":"ignore_instructions","count":1,"file":"notes.md"}],"simulated""#,
        ),
    );
    both(
        Attempt {
            retry_limit: Some(2),
            usage: Some(Usage {
                input_tokens: 3,
                output_tokens: 1,
            }),
            cost: Some(0.5),
            ..attempt()
        },
        &ATTEMPT
            .replace(r#""started_at""#, r#""retry_limit":2,"started_at""#)
            .replace(
                r#""simulated""#,
                r#""usage":{"input_tokens":3,"output_tokens":1},"cost":0.5,"simulated""#,
            ),
    );
}
