//! What the server says outside a turn.

use evenkeel_protocol::*;

use crate::samples::{BUCKET, TOOK, at, bucket, server};

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

const FIGURES: &str = r#"{"answered":2,"failed":1,"cancelled":0,"skipped":0,"reasons":[{"reason":"timeout","count":1}],"first_token":{"p50_ms":1,"p95_ms":2,"p99_ms":3},"total":null,"tokens_per_second":12.5,"input_tokens":3,"output_tokens":4,"cost":0.5}"#;

const HEALTH: &str = r#"{"type":"health","snapshot":true,"status":"degraded","findings":[{"provider":"p","model":null,"circuit":{"state":"open","forced":false,"since":"2026-11-20T08:00:00Z","next_probe_at":"2026-11-20T08:01:00Z","reason":"timeout","simulated":true},"status_code":401,"saved":38,"saved_by":"claude"}],"turns":{"turns":3,"answered":2,"fallbacks":1,"exhausted":1,"total":{"p50_ms":1,"p95_ms":2,"p99_ms":3}},"simulated_turns":null,"alerts":[{"rule":"error_rate","severity":"critical","state":"firing","summary":"Too many","value":0.5,"limit":0.25,"since":"2026-11-20T08:00:00Z"}],"revision":7,"providers":[{"id":"p","kind":"openai","enabled":true,"key_source":"environment","circuit":{"state":"open","forced":false,"since":"2026-11-20T08:00:00Z","next_probe_at":"2026-11-20T08:01:00Z","reason":"timeout","simulated":true},"recent":FIGURES,"models":[{"id":"gtp-4o","circuit":{"state":"open","forced":false,"since":"2026-11-20T08:00:00Z","next_probe_at":"2026-11-20T08:01:00Z","reason":"timeout","simulated":true},"attempts":3,"failures":1,"in_flight":0,"last_failure":null,"last_failure_at":null,"last_success_at":null,"listed":false,"near_names":["gpt-4o"],"recent":FIGURES,"simulated":null,"headroom":{"requests_left":9,"requests_limit":10,"tokens_left":null,"tokens_limit":null,"resets_at":null,"seen_at":"2026-11-20T08:00:00Z"},"latest":BUCKET}]}]}"#;
