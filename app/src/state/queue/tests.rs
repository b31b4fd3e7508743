use evenkeel_protocol::{MessageRole, Timestamp, TurnError};

use super::*;

fn queued(id: &str) -> Queued {
    Queued {
        request_id: id.into(),
        text: format!("question {id}"),
        model: Some("a".into()),
        assistant: Some("qa".into()),
        files: vec![],
        lost_files: 0,
        at: 1_000,
    }
}

fn answer(status: MessageStatus, kind: Option<ErrorKind>) -> Message {
    Message {
        assistant: None,
        id: "m".into(),
        conversation_id: "c".into(),
        parent_id: None,
        role: MessageRole::Assistant,
        text: String::new(),
        status,
        created_at: Timestamp::UNIX_EPOCH,
        model_name: None,
        requested_model: None,
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
        error: kind.map(|kind| TurnError {
            error: String::new(),
            kind,
        }),
    }
}

#[test]
fn an_answer_that_ended_in_any_way_lets_it_go() {
    for (status, kind) in [
        (MessageStatus::Complete, None),
        (MessageStatus::Cancelled, Some(ErrorKind::Cancelled)),
        (MessageStatus::Interrupted, None),
        (MessageStatus::Incomplete, Some(ErrorKind::Internal)),
        (MessageStatus::Failed, Some(ErrorKind::DeadlineExceeded)),
    ] {
        let message = answer(status, kind);
        assert_eq!(
            held(&queued("a"), Some(&message), 2_000),
            None,
            "{status:?}"
        );
    }
    assert_eq!(held(&queued("a"), None, 2_000), None);
}

#[test]
fn when_nobody_could_answer_it_waits_for_a_decision() {
    let kind = ErrorKind::FallbackExhausted {
        failures: vec![],
        retry_at: None,
    };
    let message = answer(MessageStatus::Failed, Some(kind));
    assert_eq!(
        held(&queued("a"), Some(&message), 2_000),
        Some(Held::Exhausted)
    );
}

#[test]
fn what_was_written_long_ago_is_not_sent_by_surprise() {
    assert_eq!(
        held(&queued("a"), None, 1_000 + 61 * 60 * 1000),
        Some(Held::Stale)
    );
}

#[test]
fn a_queue_is_read_as_it_was_kept_under_the_same_ids() {
    let queue = vec![queued("a"), queued("b")];
    let none = Map::default();
    assert_eq!(read(written(&queue).as_deref(), &none), queue);
    assert_eq!(written(&[]), None);
    assert_eq!(read(Some("nonsense"), &none), []);
}

#[test]
fn files_stay_with_the_page_and_their_loss_is_known() {
    let file = Attachment {
        name: "a.txt".into(),
        media_type: "text/plain".into(),
        data: "YQ==".into(),
    };
    let mut with = queued("a");
    with.files.push(file.clone());
    let kept = written(std::slice::from_ref(&with));
    let here = Map::from_iter([(with.request_id.clone(), vec![file])]);
    assert_eq!(read(kept.as_deref(), &here), [with]);

    let elsewhere = read(kept.as_deref(), &Map::default());
    assert_eq!(elsewhere[0].lost_files, 1);
    assert_eq!(held(&elsewhere[0], None, 2_000), Some(Held::Incomplete));
}
