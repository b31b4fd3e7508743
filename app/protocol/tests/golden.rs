//! The exact JSON of every frame of protocol version 1. A test that fails here means that the public contract changed.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;

use evenkeel_protocol::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn client(frame: ClientFrame, json: &str) {
    assert_eq!(serde_json::to_string(&frame).unwrap(), json);
    assert_eq!(serde_json::from_str::<ClientFrame>(json).unwrap(), frame);
}

fn server(frame: ServerFrame, json: &str) {
    assert_eq!(serde_json::to_string(&frame).unwrap(), json);
    assert_eq!(serde_json::from_str::<ServerFrame>(json).unwrap(), frame);
}

/// What both sides read and write outside the socket.
fn both<T>(value: T, json: &str)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
}

fn attempt() -> Attempt {
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

const ATTEMPT: &str = r#"{"index":0,"kind":"primary","state":"failed","model_name":"gpt-4o","provider":"openai","status_code":503,"reason":"provider_unavailable","detail":"overloaded","retry_in_ms":400,"started_at":"2026-11-20T08:00:00.25Z","first_token_ms":null,"duration_ms":31,"simulated":false}"#;

fn message() -> Message {
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

const MESSAGE: &str = r#"{"id":"m2","conversation_id":"c1","parent_id":"m1","role":"assistant","text":"Hello","status":"complete","created_at":"2026-11-20T08:00:00Z","model_name":"claude","requested_model":"gpt-4o","provider":"anthropic","fallback":true,"finish_reason":"stop","usage":{"input_tokens":3,"output_tokens":1},"cost":null,"attempts":[],"seams":[],"simulated":false,"run_id":"r1","error":null}"#;

#[test]
fn client_frames() {
    client(
        ClientFrame::Hello { protocol: 1 },
        r#"{"type":"hello","protocol":1}"#,
    );
    client(
        ClientFrame::Send(Send {
            request_id: "q".into(),
            conversation_id: None,
            parent_id: Some("m".into()),
            text: "hi".into(),
            edited_id: None,
            temporary: false,
            system_prompt: None,
            attachments: vec![],
            model: None,
            assistant: None,
        }),
        r#"{"type":"send","request_id":"q","conversation_id":null,"parent_id":"m","text":"hi","model":null}"#,
    );
    client(
        ClientFrame::Send(Send {
            request_id: "q".into(),
            conversation_id: None,
            parent_id: None,
            edited_id: Some("m".into()),
            temporary: true,
            system_prompt: Some("Be brief.".into()),
            text: "hi".into(),
            attachments: vec![Attachment {
                name: "a.txt".into(),
                media_type: "text/plain".into(),
                data: "aGk=".into(),
            }],
            model: Some("gpt-4o".into()),
            assistant: None,
        }),
        r#"{"type":"send","request_id":"q","conversation_id":null,"parent_id":null,"edited_id":"m","temporary":true,"system_prompt":"Be brief.","text":"hi","attachments":[{"name":"a.txt","media_type":"text/plain","data":"aGk="}],"model":"gpt-4o"}"#,
    );
    client(
        ClientFrame::Regenerate {
            request_id: "q".into(),
            message_id: "m".into(),
            model: None,
        },
        r#"{"type":"regenerate","request_id":"q","message_id":"m","model":null}"#,
    );
    client(
        ClientFrame::Stop { run_id: "r".into() },
        r#"{"type":"stop","run_id":"r"}"#,
    );
    client(
        ClientFrame::Subscribe {
            conversation_id: "c".into(),
            after: BTreeMap::from([("r".into(), 7)]),
        },
        r#"{"type":"subscribe","conversation_id":"c","after":{"r":7}}"#,
    );
    client(
        ClientFrame::Unsubscribe {
            conversation_id: "c".into(),
        },
        r#"{"type":"unsubscribe","conversation_id":"c"}"#,
    );
    client(
        ClientFrame::Watch {
            topics: vec![
                Topic::Health,
                Topic::Faults,
                Topic::Conversations,
                Topic::Forecast,
            ],
        },
        r#"{"type":"watch","topics":["health","faults","conversations","forecast"]}"#,
    );
    client(
        ClientFrame::Unwatch {
            topics: vec![Topic::Health],
        },
        r#"{"type":"unwatch","topics":["health"]}"#,
    );
    client(ClientFrame::Ping, r#"{"type":"ping"}"#);
}

#[test]
fn empty_and_null_fields_of_a_send_may_be_left_out() {
    let frame = serde_json::from_str(r#"{"type":"send","request_id":"q","text":"hi"}"#).unwrap();
    let ClientFrame::Send(send) = frame else {
        panic!("{frame:?}")
    };
    assert_eq!(
        (send.conversation_id, send.parent_id, send.model),
        (None, None, None)
    );
    serde_json::from_str::<ClientFrame>(r#"{"type":"subscribe","conversation_id":"c"}"#).unwrap();
    serde_json::from_str::<ClientFrame>(
        r#"{"type":"subscribe","conversation_id":"c","after":null}"#,
    )
    .unwrap();
    serde_json::from_str::<ClientFrame>(
        r#"{"type":"send","request_id":"q","text":"hi","attachments":null}"#,
    )
    .unwrap();
}

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
fn frames_outside_a_turn() {
    server(ServerFrame::Pong, r#"{"type":"pong"}"#);
    server(
        ServerFrame::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            user: User {
                id: "local".into(),
                name: "You".into(),
                roles: vec![Role::User, Role::Tester, Role::Admin],
            },
            models: vec![Model {
                id: "a".into(),
                provider: "p".into(),
                fallbacks: vec!["b".into()],
                demo: false,
            }],
            assistants: vec![],
            version: "0.1.0".into(),
            default_model: "a".into(),
        }),
        r#"{"type":"hello","protocol":1,"user":{"id":"local","name":"You","roles":["user","tester","admin"]},"models":[{"id":"a","provider":"p","fallbacks":["b"],"demo":false}],"assistants":[],"version":"0.1.0","default_model":"a"}"#,
    );
    let circuit = CircuitView {
        state: CircuitState::Open,
        forced: false,
        since: Some(at("2026-11-20T08:00:00Z")),
        next_probe_at: Some(at("2026-11-20T08:01:00Z")),
        reason: Some(Reason::Timeout),
        simulated: true,
    };
    server(
        ServerFrame::Health(HealthReport {
            assistants: vec![],
            snapshot: true,
            status: Status::Degraded,
            findings: vec![Finding {
                provider: "p".into(),
                model: None,
                circuit: circuit.clone(),
                status_code: Some(401),
                saved: 38,
                saved_by: Some("claude".into()),
            }],
            turns: TurnFigures {
                turns: 3,
                answered: 2,
                fallbacks: 1,
                exhausted: 1,
                total: Some(TOOK),
            },
            simulated_turns: None,
            alerts: vec![Alert {
                rule: "error_rate".into(),
                severity: Severity::Critical,
                state: AlertState::Firing,
                summary: "Too many".into(),
                value: Some(0.5),
                limit: Some(0.25),
                since: at("2026-11-20T08:00:00Z"),
            }],
            revision: 7,
            providers: vec![ProviderHealth {
                id: "p".into(),
                kind: "openai".into(),
                enabled: true,
                key_source: Some("environment".into()),
                recent: figures(),
                circuit: circuit.clone(),
                models: vec![ModelHealth {
                    id: "gtp-4o".into(),
                    circuit,
                    attempts: 3,
                    failures: 1,
                    in_flight: 0,
                    last_failure: None,
                    last_failure_at: None,
                    last_success_at: None,
                    listed: Some(false),
                    near_names: vec!["gpt-4o".to_owned()],
                    recent: figures(),
                    simulated: None,
                    headroom: Some(Headroom {
                        requests_left: Some(9),
                        requests_limit: Some(10),
                        tokens_left: None,
                        tokens_limit: None,
                        resets_at: None,
                        seen_at: at("2026-11-20T08:00:00Z"),
                    }),
                    latest: Some(bucket()),
                }],
            }],
        }),
        &HEALTH.replace("FIGURES", FIGURES).replace("BUCKET", BUCKET),
    );
    server(
        ServerFrame::Conversation(ConversationChange::Upserted {
            conversation: Conversation {
                id: "c".into(),
                title: "T".into(),
                title_source: TitleSource::Plain,
                system_prompt: None,
                temporary: false,
                created_at: at("2026-11-20T08:00:00Z"),
                updated_at: at("2026-11-20T08:00:00Z"),
            },
        }),
        r#"{"type":"conversation","change":"upserted","conversation":{"id":"c","title":"T","title_source":"plain","system_prompt":null,"temporary":false,"created_at":"2026-11-20T08:00:00Z","updated_at":"2026-11-20T08:00:00Z"}}"#,
    );
}

const TOOK: Percentiles = Percentiles {
    p50_ms: 1,
    p95_ms: 2,
    p99_ms: 3,
};

fn figures() -> Figures {
    Figures {
        answered: 2,
        failed: 1,
        reasons: vec![ReasonCount {
            reason: Reason::Timeout,
            count: 1,
        }],
        first_token: Some(TOOK),
        tokens_per_second: Some(12.5),
        input_tokens: 3,
        output_tokens: 4,
        cost: 0.5,
        ..Figures::default()
    }
}

fn bucket() -> Bucket {
    Bucket {
        start: at("2026-11-20T08:00:00Z"),
        answered: 1,
        failed: 0,
        simulated: 0,
        first_token_ms: Some(5),
        total_ms: None,
    }
}

const FIGURES: &str = r#"{"answered":2,"failed":1,"cancelled":0,"skipped":0,"reasons":[{"reason":"timeout","count":1}],"first_token":{"p50_ms":1,"p95_ms":2,"p99_ms":3},"total":null,"tokens_per_second":12.5,"input_tokens":3,"output_tokens":4,"cost":0.5}"#;
const BUCKET: &str = r#"{"start":"2026-11-20T08:00:00Z","answered":1,"failed":0,"simulated":0,"first_token_ms":5,"total_ms":null}"#;
const HEALTH: &str = r#"{"type":"health","snapshot":true,"status":"degraded","findings":[{"provider":"p","model":null,"circuit":{"state":"open","forced":false,"since":"2026-11-20T08:00:00Z","next_probe_at":"2026-11-20T08:01:00Z","reason":"timeout","simulated":true},"status_code":401,"saved":38,"saved_by":"claude"}],"turns":{"turns":3,"answered":2,"fallbacks":1,"exhausted":1,"total":{"p50_ms":1,"p95_ms":2,"p99_ms":3}},"simulated_turns":null,"alerts":[{"rule":"error_rate","severity":"critical","state":"firing","summary":"Too many","value":0.5,"limit":0.25,"since":"2026-11-20T08:00:00Z"}],"revision":7,"providers":[{"id":"p","kind":"openai","enabled":true,"key_source":"environment","circuit":{"state":"open","forced":false,"since":"2026-11-20T08:00:00Z","next_probe_at":"2026-11-20T08:01:00Z","reason":"timeout","simulated":true},"recent":FIGURES,"models":[{"id":"gtp-4o","circuit":{"state":"open","forced":false,"since":"2026-11-20T08:00:00Z","next_probe_at":"2026-11-20T08:01:00Z","reason":"timeout","simulated":true},"attempts":3,"failures":1,"in_flight":0,"last_failure":null,"last_failure_at":null,"last_success_at":null,"listed":false,"near_names":["gpt-4o"],"recent":FIGURES,"simulated":null,"headroom":{"requests_left":9,"requests_limit":10,"tokens_left":null,"tokens_limit":null,"resets_at":null,"seen_at":"2026-11-20T08:00:00Z"},"latest":BUCKET}]}]}"#;

#[test]
fn what_administrators_change() {
    both(
        Settings {
            revision: 7,
            scope: "global".into(),
            settings: vec![Setting {
                key: "resilience.timeout".into(),
                label: "Timeout".into(),
                help: "How long.".into(),
                kind: SettingKind::Duration,
                value: Some(SettingValue::Text("90s".into())),
                file: None,
                live: true,
                options: vec![],
            }],
        },
        r#"{"revision":7,"scope":"global","settings":[{"key":"resilience.timeout","label":"Timeout","help":"How long.","kind":"duration","value":"90s","file":null,"live":true,"options":[]}]}"#,
    );
    let change = |value| SettingChange {
        scope: "models/gpt-4.1".into(),
        key: "fallbacks".into(),
        value,
    };
    both(
        SettingsChange {
            revision: 7,
            preview: true,
            changes: vec![
                change(Some(SettingValue::List(vec!["claude".into()]))),
                change(Some(SettingValue::Switch(true))),
                change(Some(SettingValue::Number(0.5))),
                change(None),
            ],
        },
        r#"{"revision":7,"preview":true,"changes":[{"scope":"models/gpt-4.1","key":"fallbacks","value":["claude"]},{"scope":"models/gpt-4.1","key":"fallbacks","value":true},{"scope":"models/gpt-4.1","key":"fallbacks","value":0.5},{"scope":"models/gpt-4.1","key":"fallbacks","value":null}]}"#,
    );
    both(
        Effect {
            revision: 8,
            running_turns: 1,
            chains: vec![ChainEffect {
                model: "a".into(),
                before: vec!["a".into(), "b".into()],
                after: vec!["b".into()],
            }],
            warnings: vec!["It survives no outage.".into()],
        },
        r#"{"revision":8,"running_turns":1,"chains":[{"model":"a","before":["a","b"],"after":["b"]}],"warnings":["It survives no outage."]}"#,
    );
}

#[test]
fn what_administrators_read() {
    both(
        AttemptPage {
            attempts: vec![LoggedAttempt {
                assistant: Some("qa".into()),
                id: 4,
                attempt: attempt(),
                user: "local".into(),
                request_id: "r".into(),
                message_id: None,
                conversation_id: Some("c".into()),
            }],
            next: Some(3),
        },
        &format!(
            r#"{{"attempts":[{{"id":4,{},"user":"local","assistant":"qa","request_id":"r","message_id":null,"conversation_id":"c"}}],"next":3}}"#,
            ATTEMPT.trim_matches(['{', '}'])
        ),
    );
    both(
        Series {
            step_s: 5,
            models: vec![ModelSeries {
                model: "a".into(),
                buckets: vec![bucket()],
            }],
        },
        &format!(r#"{{"step_s":5,"models":[{{"model":"a","buckets":[{BUCKET}]}}]}}"#),
    );
}

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

#[test]
fn every_reason_has_its_public_string() {
    for reason in Reason::ALL {
        assert_eq!(
            serde_json::to_string(&reason).unwrap(),
            format!("\"{}\"", reason.as_str())
        );
    }
}

#[test]
fn forecast() {
    server(
        ServerFrame::Forecast(Forecast {
            models: vec![ModelForecast {
                model: "gpt-4o".into(),
                answers: Some("claude".into()),
                reason: Some(Reason::QuotaExhausted),
                retry_at: Some(at("2026-11-20T08:00:00Z")),
                simulated: false,
            }],
        }),
        r#"{"type":"forecast","models":[{"model":"gpt-4o","answers":"claude","reason":"quota_exhausted","retry_at":"2026-11-20T08:00:00Z","simulated":false}]}"#,
    );
}

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

#[test]
fn what_is_told_of_an_assistant() {
    both(
        Assistant {
            id: "qa".into(),
            name: "Questions and answers".into(),
            model: "a".into(),
        },
        r#"{"id":"qa","name":"Questions and answers","model":"a"}"#,
    );
    let turns = TurnFigures {
        turns: 3,
        answered: 2,
        fallbacks: 1,
        exhausted: 1,
        total: Some(TOOK),
    };
    let health = AssistantHealth {
        id: "qa".into(),
        name: "Questions and answers".into(),
        status: Status::Degraded,
        model: "a".into(),
        candidate: Some(Candidate {
            model: "b".into(),
            percent: 2.5,
        }),
        use_candidate: true,
        use_fallback: false,
        chain: vec!["a".into()],
        turns,
        candidate_turns: TurnFigures {
            turns: 0,
            answered: 0,
            fallbacks: 0,
            exhausted: 0,
            total: None,
        },
    };
    let told = r#"{"id":"qa","name":"Questions and answers","status":"degraded","model":"a","candidate":{"model":"b","percent":2.5},"use_candidate":true,"use_fallback":false,"chain":["a"],"turns":{"turns":3,"answered":2,"fallbacks":1,"exhausted":1,"total":{"p50_ms":1,"p95_ms":2,"p99_ms":3}},"candidate_turns":{"turns":0,"answered":0,"fallbacks":0,"exhausted":0,"total":null}}"#;
    both(health.clone(), told);
    server(
        ServerFrame::Health(HealthReport {
            snapshot: false,
            status: Status::Ok,
            findings: vec![],
            turns: health.turns.clone(),
            simulated_turns: None,
            alerts: vec![],
            revision: 7,
            providers: vec![],
            assistants: vec![health.clone()],
        }),
        &format!(
            r#"{{"type":"health","snapshot":false,"status":"ok","findings":[],"turns":{{"turns":3,"answered":2,"fallbacks":1,"exhausted":1,"total":{{"p50_ms":1,"p95_ms":2,"p99_ms":3}}}},"simulated_turns":null,"alerts":[],"revision":7,"providers":[],"assistants":[{told}]}}"#
        ),
    );
    both(
        Message {
            assistant: Some("qa".into()),
            ..message()
        },
        &MESSAGE.replace(
            r#""requested_model":"gpt-4o","#,
            r#""requested_model":"gpt-4o","assistant":"qa","#,
        ),
    );
}
