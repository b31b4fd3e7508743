//! Pages to test with.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test uses what it needs of it"
)]

use evenkeel_app::{Boot, BootPage, Clock};
use evenkeel_protocol::*;

/// An answer that tries what a hostile model would try.
pub const HOSTILE: &str = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n\
    [bad](javascript:alert(1)) [good](https://example.org) ![i](https://x.example/i.png)\n\n\
    ```html\n</code></pre><script>alert(2)</script>\n```\n\n| a |\n|---|\n| <b>c</b> |\n";

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_790_000_000_000 + ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub fn entry() -> Conversation {
    Conversation {
        id: "c1".into(),
        title: "About keels".into(),
        title_source: TitleSource::Plain,
        system_prompt: None,
        temporary: false,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub fn boot(page: BootPage) -> Boot {
    let model = |id: &str| Model {
        id: id.into(),
        provider: "demo-harbour".into(),
        fallbacks: vec![],
        demo: true,
    };
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        user: User {
            id: "local".into(),
            name: "You".into(),
            roles: vec![Role::User, Role::Tester, Role::Admin],
        },
        models: vec![model("demo-swift"), model("demo-steady")],
        assistants: vec![],
        version: "0".into(),
        default_model: "demo-swift".into(),
    };
    Boot {
        hello,
        conversations: vec![entry()],
        clock: Clock::default(),
        page,
    }
}

pub fn message(id: &str, parent: Option<&str>, role: MessageRole, text: &str) -> Message {
    Message {
        assistant: None,
        id: id.into(),
        conversation_id: "c1".into(),
        parent_id: parent.map(Into::into),
        role,
        text: text.to_owned(),
        status: MessageStatus::Complete,
        created_at: at(0),
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
        error: None,
    }
}

fn attempt(index: u32, model: &str, kind: AttemptKind, state: AttemptState, ms: i64) -> Attempt {
    Attempt {
        index,
        kind,
        state,
        model_name: model.into(),
        provider: "demo-harbour".into(),
        status_code: Some(200),
        reason: None,
        detail: None,
        retry_in_ms: None,
        started_at: at(ms),
        first_token_ms: None,
        duration_ms: Some(300),
        retry_limit: None,
        usage: None,
        cost: None,
        simulated: false,
    }
}

pub fn fallback_answer(text: &str) -> Message {
    let failed = Attempt {
        status_code: Some(429),
        reason: Some(Reason::QuotaExhausted),
        simulated: true,
        ..attempt(
            0,
            "demo-swift",
            AttemptKind::Primary,
            AttemptState::Failed,
            0,
        )
    };
    Message {
        model_name: Some("demo-steady".into()),
        requested_model: Some("demo-swift".into()),
        provider: Some("demo-harbour".into()),
        fallback: true,
        simulated: true,
        run_id: Some("r1".into()),
        attempts: vec![
            failed,
            attempt(
                1,
                "demo-steady",
                AttemptKind::Fallback,
                AttemptState::Answered,
                800,
            ),
        ],
        ..message("m2", Some("m1"), MessageRole::Assistant, text)
    }
}

/// An answer that was begun anew, and then continued where the text has a `|`.
pub fn resumed_answer(text: &str) -> Message {
    let at = text.chars().position(|character| character == '|').unwrap();
    let broke_off = |index, model, kind| Attempt {
        reason: Some(Reason::StreamInterrupted),
        ..attempt(index, model, kind, AttemptState::Failed, 0)
    };
    let seam = |from: &str, to: &str, mode, at, discarded: Option<&str>| Seam {
        from: from.into(),
        to: to.into(),
        mode,
        at,
        discarded: discarded.map(str::to_owned),
    };
    let restarted = seam(
        "demo-swift",
        "demo-steady",
        SeamMode::Restarted,
        0,
        Some("<b>discarded</b>"),
    );
    let continued = seam(
        "demo-steady",
        "demo-calm",
        SeamMode::Continued,
        at as u64,
        None,
    );
    Message {
        model_name: Some("demo-calm".into()),
        attempts: vec![
            broke_off(0, "demo-swift", AttemptKind::Primary),
            broke_off(1, "demo-steady", AttemptKind::Fallback),
            attempt(
                2,
                "demo-calm",
                AttemptKind::Fallback,
                AttemptState::Answered,
                900,
            ),
        ],
        seams: vec![restarted, continued],
        simulated: false,
        ..fallback_answer(&text.replacen('|', "", 1))
    }
}

pub fn exhausted_answer() -> Message {
    let failure = |model: &str, reason| ModelFailure {
        model_name: model.into(),
        status_code: None,
        reason,
        detail: Some("as the provider says".into()),
    };
    let kind = ErrorKind::FallbackExhausted {
        failures: vec![
            failure("demo-swift", Reason::AuthError),
            failure("demo-steady", Reason::ProviderUnavailable),
        ],
        retry_at: Some(at(30_000)),
    };
    Message {
        status: MessageStatus::Failed,
        error: Some(TurnError {
            error: "None of the 2 models could answer.".into(),
            kind,
        }),
        run_id: Some("r1".into()),
        ..message("m2", Some("m1"), MessageRole::Assistant, "")
    }
}

pub fn conversation(answer: Message) -> Transcript {
    let question = message("m1", None, MessageRole::User, "What keeps a boat upright?");
    Transcript {
        conversation: entry(),
        messages: vec![question, answer],
    }
}

pub fn report(state: CircuitState) -> HealthReport {
    let circuit = |state| CircuitView {
        state,
        forced: false,
        since: Some(at(0)),
        next_probe_at: None,
        reason: (state != CircuitState::Closed).then_some(Reason::ProviderUnavailable),
        simulated: false,
    };
    let model = ModelHealth {
        id: "demo-swift".into(),
        circuit: circuit(state),
        attempts: 3,
        failures: 1,
        in_flight: 0,
        last_failure: None,
        last_failure_at: None,
        last_success_at: None,
        listed: None,
        near_names: vec![],
        recent: Figures::default(),
        simulated: None,
        headroom: None,
        latest: None,
    };
    let ill = state != CircuitState::Closed;
    let finding = Finding {
        provider: "demo-harbour".into(),
        model: Some("demo-swift".into()),
        circuit: circuit(state),
        status_code: Some(503),
        saved: 2,
        saved_by: Some("demo-steady".into()),
    };
    let alert = Alert {
        rule: "primary_circuit_open".into(),
        severity: Severity::Warning,
        state: AlertState::Firing,
        summary: "The circuit of the first model is open".into(),
        value: None,
        limit: None,
        since: at(0),
    };
    HealthReport {
        assistants: vec![],
        snapshot: true,
        status: if ill { Status::Degraded } else { Status::Ok },
        findings: ill.then_some(finding).into_iter().collect(),
        turns: TurnFigures::default(),
        simulated_turns: None,
        alerts: ill.then_some(alert).into_iter().collect(),
        revision: 0,
        providers: vec![ProviderHealth {
            id: "demo-harbour".into(),
            kind: "demo".into(),
            enabled: true,
            key_source: None,
            recent: Figures::default(),
            circuit: circuit(CircuitState::Closed),
            models: vec![model],
        }],
    }
}

pub fn fault() -> Fault {
    Fault {
        id: "f1".into(),
        spec: FaultSpec {
            target: Target::EVERYTHING,
            audience: Audience::Me,
            kind: FaultKind::HttpStatus {
                status: 429,
                retry_after_s: None,
                message: None,
            },
            probability: 1.0,
            first_n: None,
            seed: Some(7),
            ttl_s: 60,
            note: None,
        },
        armed_at: at(0),
        expires_at: at(60_000),
        hits: 0,
    }
}
