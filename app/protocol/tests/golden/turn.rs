//! What a turn says until its end.

use evenkeel_protocol::*;

use crate::samples::{ATTEMPT, MESSAGE, attempt, message, server};

#[test]
fn events_of_a_turn() {
    let (run_id, seq) = (RunId::from("r"), 1);
    server(
        ServerFrame::Accepted {
            run_id: run_id.clone(),
            seq,
            request_id: "q".into(),
            conversation_id: "c".into(),
            message_id: "m1".into(),
            answer_id: "m2".into(),
        },
        r#"{"type":"accepted","run_id":"r","seq":1,"request_id":"q","conversation_id":"c","message_id":"m1","answer_id":"m2"}"#,
    );
    server(
        ServerFrame::Attempt {
            run_id: run_id.clone(),
            seq,
            attempt: attempt(),
        },
        &format!(r#"{{"type":"attempt","run_id":"r","seq":1,"attempt":{ATTEMPT}}}"#),
    );
    server(
        ServerFrame::Delta {
            run_id: run_id.clone(),
            seq,
            text: "é\n".into(),
        },
        r#"{"type":"delta","run_id":"r","seq":1,"text":"é\n"}"#,
    );
    server(
        ServerFrame::Seam {
            run_id: run_id.clone(),
            seq,
            from: "a".into(),
            to: "b".into(),
            mode: SeamMode::Spliced,
            at: 9,
        },
        r#"{"type":"seam","run_id":"r","seq":1,"from":"a","to":"b","mode":"spliced","at":9}"#,
    );
    server(
        ServerFrame::Done {
            run_id: run_id.clone(),
            seq,
            message: message(),
        },
        &format!(r#"{{"type":"done","run_id":"r","seq":1,"message":{MESSAGE}}}"#),
    );
}

#[test]
fn an_answer_says_where_its_model_changed() {
    let seams = vec![
        Seam {
            from: "a".into(),
            to: "b".into(),
            mode: SeamMode::Restarted,
            at: 0,
            discarded: Some("Hal".into()),
        },
        Seam {
            from: "b".into(),
            to: "c".into(),
            mode: SeamMode::Continued,
            at: 3,
            discarded: None,
        },
    ];
    let json = r#""seams":[{"from":"a","to":"b","mode":"restarted","at":0,"discarded":"Hal"},{"from":"b","to":"c","mode":"continued","at":3,"discarded":null}]"#;
    server(
        ServerFrame::Done {
            run_id: "r".into(),
            seq: 1,
            message: Message { seams, ..message() },
        },
        &format!(
            r#"{{"type":"done","run_id":"r","seq":1,"message":{}}}"#,
            MESSAGE.replace(r#""seams":[]"#, json)
        ),
    );
}

#[test]
fn a_message_of_a_server_that_knew_no_seams_has_none() {
    let earlier = MESSAGE.replace(r#""seams":[],"#, "");
    assert!(!earlier.contains("seams"));
    let read: Message = serde_json::from_str(&earlier).unwrap();
    assert_eq!(read, message());
    let wrong = MESSAGE.replace(r#""seams":[]"#, r#""seams":[{"from":"a"}]"#);
    let error = serde_json::from_str::<Message>(&wrong).unwrap_err();
    assert!(error.to_string().contains("to"), "{error}");
}

#[test]
fn an_exhausted_turn_carries_every_failure() {
    server(
        ServerFrame::Error {
            run_id: Some("r".into()),
            seq: Some(9),
            request_id: None,
            error: TurnError {
                error: "No model could answer.".into(),
                kind: ErrorKind::FallbackExhausted {
                    failures: vec![ModelFailure {
                        model_name: "gpt-4o".into(),
                        status_code: None,
                        reason: Reason::CircuitOpen,
                        detail: None,
                    }],
                    retry_at: None,
                },
            },
            message: Some(message()),
        },
        &format!(
            r#"{{"type":"error","run_id":"r","seq":9,"error":"No model could answer.","error_type":"fallback_exhausted","failures":[{{"model_name":"gpt-4o","status_code":null,"reason":"circuit_open","detail":null}}],"retry_at":null,"message":{MESSAGE}}}"#
        ),
    );
}

#[test]
fn other_errors_carry_no_failures() {
    for (kind, name) in [
        (ErrorKind::ContentFiltered, "content_filtered"),
        (ErrorKind::Cancelled, "cancelled"),
        (ErrorKind::DeadlineExceeded, "deadline_exceeded"),
        (ErrorKind::InvalidRequest, "invalid_request"),
        (ErrorKind::NotAllowed, "not_allowed"),
        (ErrorKind::RateLimited, "rate_limited"),
        (ErrorKind::Internal, "internal"),
    ] {
        assert_eq!(kind.as_str(), name);
        server(
            ServerFrame::Error {
                run_id: None,
                seq: None,
                request_id: Some("q".into()),
                error: TurnError {
                    error: "no".into(),
                    kind,
                },
                message: None,
            },
            &format!(r#"{{"type":"error","request_id":"q","error":"no","error_type":"{name}"}}"#),
        );
    }
}

#[test]
fn every_reason_has_its_public_string() {
    for reason in Reason::ALL {
        assert_eq!(
            serde_json::to_string(&reason).unwrap(),
            format!("\"{}\"", reason.as_str())
        );
    }
}
