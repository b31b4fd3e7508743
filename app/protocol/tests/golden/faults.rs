//! Simulated outages, and replays under them.

use evenkeel_protocol::*;

use crate::samples::{ATTEMPT, at, attempt, both, server};

#[test]
fn faults() {
    let spec = FaultSpec {
        target: Target::EVERYTHING,
        audience: Audience::Me,
        kind: FaultKind::HttpStatus {
            status: 503,
            retry_after_s: None,
            message: None,
        },
        probability: 1.0,
        first_n: None,
        seed: Some(7),
        ttl_s: 60,
        note: None,
    };
    server(
        ServerFrame::Fault(FaultChange::Armed {
            fault: Fault {
                id: "f".into(),
                spec: spec.clone(),
                armed_at: at("2026-11-20T08:00:00Z"),
                expires_at: at("2026-11-20T08:01:00Z"),
                hits: 0,
            },
        }),
        r#"{"type":"fault","change":"armed","fault":{"id":"f","target":"*","audience":"me","kind":"http_status","status":503,"probability":1.0,"seed":7,"ttl_s":60,"armed_at":"2026-11-20T08:00:00Z","expires_at":"2026-11-20T08:01:00Z","hits":0}}"#,
    );
    let asked: FaultSpec = serde_json::from_str(
        r#"{"target":{"model":"a"},"kind":"stream_cut","after_tokens":3,"ttl_s":60}"#,
    )
    .unwrap();
    assert_eq!(
        asked.target,
        Target::Some {
            provider: None,
            model: Some("a".into())
        }
    );
    assert_eq!(asked.kind, FaultKind::StreamCut { after_tokens: 3 });
    assert_eq!((asked.audience, asked.probability), (Audience::Me, 1.0));
}

#[test]
fn every_kind_of_fault() {
    let error = "overloaded_error".to_owned();
    for (kind, written) in [
        (FaultKind::ConnectionRefused, r#""connection_refused""#),
        (FaultKind::ConnectionReset, r#""connection_reset""#),
        (FaultKind::NoResponse, r#""no_response""#),
        (
            FaultKind::SlowFirstToken { ms: 5 },
            r#""slow_first_token","ms":5"#,
        ),
        (
            FaultKind::Latency {
                ms: 5,
                jitter_ms: 2,
            },
            r#""latency","ms":5,"jitter_ms":2"#,
        ),
        (
            FaultKind::StreamStall { after_tokens: 3 },
            r#""stream_stall","after_tokens":3"#,
        ),
        (
            FaultKind::MalformedEvent { at_token: 3 },
            r#""malformed_event","at_token":3"#,
        ),
        (
            FaultKind::InBandError { error },
            r#""in_band_error","error":"overloaded_error""#,
        ),
        (FaultKind::EmptyAnswer, r#""empty_answer""#),
        (
            FaultKind::Drip { tokens_per_s: 2.5 },
            r#""drip","tokens_per_s":2.5"#,
        ),
        (FaultKind::NoFinishReason, r#""no_finish_reason""#),
    ] {
        both(kind, &format!(r#"{{"kind":{written}}}"#));
    }
    let whole: FaultKind = serde_json::from_str(r#"{"kind":"drip","tokens_per_s":2}"#).unwrap();
    assert_eq!(whole, FaultKind::Drip { tokens_per_s: 2.0 });
    let unknown = serde_json::from_str::<FaultKind>(r#"{"kind":"flood"}"#).unwrap_err();
    assert!(unknown.to_string().contains("stream_stall"), "{unknown}");
}

#[test]
fn replays() {
    let fault = ReplayFault {
        target: Target::EVERYTHING,
        kind: FaultKind::StreamCut { after_tokens: 3 },
        probability: 1.0,
        first_n: None,
        seed: Some(7),
    };
    both(
        ReplayRequest {
            message_id: "m1".into(),
            fault: fault.clone(),
        },
        r#"{"message_id":"m1","fault":{"target":"*","kind":"stream_cut","after_tokens":3,"probability":1.0,"seed":7}}"#,
    );
    let short = r#"{"kind":"stream_cut","after_tokens":3,"seed":7}"#;
    assert_eq!(serde_json::from_str::<ReplayFault>(short).unwrap(), fault);
    let lines = [
        (
            ReplayLine::Begun {
                requested_model: "a".into(),
                chain: vec!["a".into(), "b".into()],
                seed: 7,
            },
            r#"{"type":"begun","requested_model":"a","chain":["a","b"],"seed":7}"#.to_owned(),
        ),
        (
            ReplayLine::Attempt { attempt: attempt() },
            format!(r#"{{"type":"attempt","attempt":{ATTEMPT}}}"#),
        ),
        (
            ReplayLine::Delta { text: "It".into() },
            r#"{"type":"delta","text":"It"}"#.to_owned(),
        ),
        (
            ReplayLine::Seam {
                from: "a".into(),
                to: "b".into(),
                mode: SeamMode::Restarted,
            },
            r#"{"type":"seam","from":"a","to":"b","mode":"restarted"}"#.to_owned(),
        ),
        (
            ReplayLine::Done {
                model_name: "b".into(),
                provider: "p".into(),
                fallback: true,
                finish_reason: Some("stop".into()),
                usage: None,
                cost: None,
                characters: 12,
            },
            r#"{"type":"done","model_name":"b","provider":"p","fallback":true,"finish_reason":"stop","usage":null,"cost":null,"characters":12}"#.to_owned(),
        ),
        (
            ReplayLine::Error {
                error: TurnError {
                    error: "Too late".into(),
                    kind: ErrorKind::DeadlineExceeded,
                },
            },
            r#"{"type":"error","error":"Too late","error_type":"deadline_exceeded"}"#.to_owned(),
        ),
    ];
    for (line, written) in lines {
        both(line, &written);
    }
}
