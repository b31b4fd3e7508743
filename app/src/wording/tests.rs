use evenkeel_protocol::{MessageRole, Seam, SeamMode, Timestamp, TurnError, Usage};

use super::*;

fn attempt(model: &str, kind: AttemptKind, state: AttemptState, ms: i64) -> Attempt {
    Attempt {
        index: 0,
        kind,
        state,
        model_name: model.into(),
        provider: "p".into(),
        status_code: None,
        reason: None,
        detail: None,
        retry_in_ms: None,
        started_at: Timestamp::from_millisecond(1_790_000_000_000 + ms).unwrap(),
        first_token_ms: None,
        duration_ms: None,
        retry_limit: None,
        usage: None,
        cost: None,
        simulated: false,
    }
}

fn failed(model: &str, reason: Reason, status: u16) -> Attempt {
    Attempt {
        reason: Some(reason),
        status_code: Some(status),
        ..attempt(model, AttemptKind::Primary, AttemptState::Failed, 0)
    }
}

fn message(attempts: Vec<Attempt>) -> Message {
    Message {
        assistant: None,
        id: "m".into(),
        conversation_id: "c".into(),
        parent_id: None,
        role: MessageRole::Assistant,
        text: String::new(),
        status: MessageStatus::Complete,
        created_at: Timestamp::UNIX_EPOCH,
        model_name: Some("claude-sonnet".into()),
        requested_model: Some("gpt-4o".into()),
        provider: None,
        fallback: true,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts,
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        run_id: Some("r1".into()),
        error: None,
    }
}

#[test]
fn the_fallback_line() {
    let steps_in = attempt(
        "claude-sonnet",
        AttemptKind::Fallback,
        AttemptState::Answered,
        800,
    );
    let line = fallback(&message(vec![
        failed("gpt-4o", Reason::QuotaExhausted, 429),
        steps_in.clone(),
    ]));
    assert_eq!(
        line.unwrap(),
        "gpt-4o could not answer (rate limited) · claude-sonnet stepped in · +0.8 s"
    );
    let line = fallback(&message(vec![
        failed("gpt-4o", Reason::ModelNotFound, 404),
        failed("o3", Reason::ProviderUnavailable, 503),
        steps_in,
    ]));
    assert_eq!(
        line.unwrap(),
        "gpt-4o could not answer (model not found) · nor could o3 (overloaded) · claude-sonnet stepped in · +0.8 s"
    );
    let same = Message {
        model_name: Some("gpt-4o".into()),
        ..message(vec![])
    };
    assert_eq!(fallback(&same), None);
}

fn seam_of(from: &str, to: &str, mode: SeamMode) -> Seam {
    Seam {
        from: from.into(),
        to: to.into(),
        mode,
        at: 3,
        discarded: None,
    }
}

#[test]
fn the_fallback_line_of_an_answer_that_broke_off() {
    let broke_off = |model: &str| failed(model, Reason::StreamInterrupted, 200);
    let answered = attempt(
        "claude-sonnet",
        AttemptKind::Fallback,
        AttemptState::Answered,
        9_000,
    );
    let line = |from: &str, mode, first| {
        fallback(&Message {
            seams: vec![seam_of(from, "claude-sonnet", mode)],
            ..message(vec![first, broke_off(from), answered.clone()])
        })
        .unwrap()
    };
    let first = broke_off("gpt-4o");
    for mode in [SeamMode::Continued, SeamMode::Spliced] {
        assert_eq!(
            line("gpt-4o", mode, first.clone()),
            "gpt-4o broke off · claude-sonnet went on from there"
        );
    }
    assert_eq!(
        line("gpt-4o", SeamMode::Restarted, first),
        "gpt-4o broke off · claude-sonnet began anew"
    );
    let refused = failed("gpt-4o", Reason::QuotaExhausted, 429);
    assert_eq!(
        line("o3", SeamMode::Continued, refused),
        "gpt-4o could not answer (rate limited) · o3 broke off · claude-sonnet went on from there"
    );
    let cut = Message {
        status: MessageStatus::Incomplete,
        seams: vec![seam_of("gpt-4o", "claude-sonnet", SeamMode::Spliced)],
        ..message(vec![broke_off("gpt-4o"), broke_off("claude-sonnet")])
    };
    assert_eq!(
        fallback(&cut).unwrap(),
        "gpt-4o broke off · claude-sonnet went on from there, and broke off"
    );
    // The one that was asked for could not at first, and went on in the end.
    let back = Message {
        model_name: Some("gpt-4o".into()),
        seams: vec![seam_of("o3", "gpt-4o", SeamMode::Continued)],
        ..message(vec![broke_off("o3")])
    };
    assert_eq!(
        fallback(&back).unwrap(),
        "o3 broke off · gpt-4o went on from there"
    );
}

#[test]
fn a_model_that_was_only_slower_did_not_fail() {
    let slow = attempt("gpt-4o", AttemptKind::Primary, AttemptState::Cancelled, 0);
    let faster = attempt(
        "claude-sonnet",
        AttemptKind::Hedge,
        AttemptState::Answered,
        2_000,
    );
    let message = message(vec![slow, faster]);
    assert_eq!(
        fallback(&message).unwrap(),
        "gpt-4o had said nothing yet · claude-sonnet, asked in parallel, was faster · +2.0 s"
    );
    assert_eq!(
        announce(&message),
        "Answered by claude-sonnet, which was faster than gpt-4o."
    );
    assert_eq!(kind(AttemptKind::Hedge), "asked in parallel");
}

#[test]
fn a_seam_in_words() {
    let of = |mode, discarded: Option<&str>| Seam {
        discarded: discarded.map(str::to_owned),
        ..seam_of("a", "b", mode)
    };
    for (seam_of, what, live, end) in [
        (
            of(SeamMode::Continued, None),
            "a broke off here. b was given its text and continued it.",
            "a broke off. b goes on.",
            "Answered by b, which went on where a broke off.",
        ),
        (
            of(SeamMode::Spliced, None),
            "a broke off here. b began anew, said the same up to here, and was spliced in.",
            "a broke off. b goes on.",
            "Answered by b, which went on where a broke off.",
        ),
        (
            of(SeamMode::Restarted, Some("x")),
            "a broke off. b said something else and restarted the answer.",
            "a broke off. b begins the answer anew.",
            "Answered by b, which began anew where a broke off.",
        ),
    ] {
        assert_eq!(seam(&seam_of), what);
        assert_eq!(goes_on(&seam_of), live);
        let answered = Message {
            seams: vec![seam_of],
            ..message(vec![])
        };
        assert_eq!(announce(&answered), end);
        let cut = Message {
            status: MessageStatus::Incomplete,
            ..answered
        };
        assert_eq!(announce(&cut), "The answer broke off.");
    }
}

#[test]
fn a_model_that_repeats_what_is_shown_is_catching_up() {
    let mut message = Message {
        model_name: Some("gpt-4o".into()),
        ..message(vec![failed("gpt-4o", Reason::StreamInterrupted, 200)])
    };
    assert_eq!(
        progress(&message.attempts).unwrap().to_string(),
        "gpt-4o broke off"
    );
    assert_eq!(catching_up(&message), None);
    let behind = attempt("o3", AttemptKind::Fallback, AttemptState::Answering, 0);
    message.attempts.push(behind);
    assert_eq!(progress(&message.attempts), None);
    assert_eq!(catching_up(&message).unwrap(), "o3 is catching up …");
    message.model_name = Some("o3".into());
    assert_eq!(catching_up(&message), None);
}

#[test]
fn what_happens_meanwhile() {
    let mut attempts = vec![attempt(
        "gpt-4o",
        AttemptKind::Primary,
        AttemptState::Started,
        0,
    )];
    assert_eq!(progress(&attempts).unwrap().to_string(), "Asking gpt-4o …");
    attempts[0] = Attempt {
        retry_in_ms: Some(400),
        retry_limit: Some(2),
        duration_ms: Some(300),
        ..failed("gpt-4o", Reason::ProviderUnavailable, 503)
    };
    assert_eq!(
        progress(&attempts).unwrap().to_string(),
        "gpt-4o: overloaded, trying again in 0.4 s (1 of 2)"
    );
    let ended = attempts[0].started_at.as_millisecond() + 300;
    let wait = progress(&attempts).unwrap().wait.unwrap();
    assert_eq!((wait.ms, wait.until), (400, ended + 400));
    attempts.push(attempt(
        "gpt-4o",
        AttemptKind::Retry,
        AttemptState::Started,
        400,
    ));
    assert_eq!(
        progress(&attempts).unwrap().to_string(),
        "gpt-4o: trying again … (1 of 2)"
    );
    let unlimited: Vec<_> = attempts
        .iter()
        .map(|attempt| Attempt {
            retry_limit: None,
            ..attempt.clone()
        })
        .collect();
    assert_eq!(
        progress(&unlimited).unwrap().to_string(),
        "gpt-4o: trying again … (retry 1)"
    );
    attempts.push(attempt(
        "claude-sonnet",
        AttemptKind::Fallback,
        AttemptState::Started,
        800,
    ));
    assert_eq!(
        progress(&attempts).unwrap().to_string(),
        "Falling back to claude-sonnet …"
    );
    attempts.push(attempt(
        "claude-sonnet",
        AttemptKind::Fallback,
        AttemptState::Answering,
        800,
    ));
    assert_eq!(progress(&attempts), None);
    assert_eq!(progress(&[]), None);
    let mut held = attempts.clone();
    if let Some(held) = held.last_mut() {
        held.state = AttemptState::Answering;
        held.detail = Some("checked".to_owned());
    }
    let said = progress(&held).unwrap().to_string();
    assert!(
        said.ends_with("has answered; checking the answer against its sources …"),
        "{said}"
    );
}

#[test]
fn times_as_people_say_them() {
    assert_eq!(
        [0, 31, 99, 100, 840, 9_949, 9_950, 14_400].map(seconds),
        [
            "under 0.1 s",
            "under 0.1 s",
            "under 0.1 s",
            "0.1 s",
            "0.8 s",
            "9.9 s",
            "10 s",
            "14 s"
        ]
    );
    assert_eq!(
        [0, 1, 100, 350, 2_000].map(tenths),
        ["0.0 s", "0.1 s", "0.1 s", "0.4 s", "2.0 s"]
    );
    assert_eq!(
        [-5, 1, 1_000, 59_001, 185_000, 3_720_000].map(countdown),
        [
            "0 s",
            "1 s",
            "1 s",
            "1 min 00 s",
            "3 min 05 s",
            "1 h 02 min"
        ]
    );
}

#[test]
fn every_reason_has_its_words_and_somebody_who_can_fix_it() {
    for why in Reason::ALL {
        assert!(!reason(why, None).is_empty());
        assert!(explain(why, None).ends_with('.'));
        let failure = ModelFailure {
            model_name: "m".into(),
            status_code: None,
            reason: why,
            detail: None,
        };
        assert!(Fixer::ALL.contains(&Fixer::of(&failure)));
    }
    let broke = ModelFailure {
        model_name: "m".into(),
        status_code: Some(402),
        reason: Reason::QuotaExhausted,
        detail: None,
    };
    assert_eq!(Fixer::of(&broke), Fixer::Administrator);
}

#[test]
fn the_summary_is_not_said_twice() {
    let text = "None of the 2 models could answer.\n• a: overloaded\n• b: no key\n\nTry again in a moment.";
    let expected = (
        "None of the 2 models could answer.".to_owned(),
        vec!["Try again in a moment.".to_owned()],
    );
    assert_eq!(summary(text), expected);
    assert_eq!(summary("").0, "No model could answer.");
}

#[test]
fn what_support_is_given() {
    let failures = [ModelFailure {
        model_name: "gpt-4o".into(),
        status_code: Some(401),
        reason: Reason::AuthError,
        detail: Some("bad key".into()),
    }];
    let text = for_support(&message(vec![]), "No model could answer.", &failures);
    assert!(
        text.contains("run: r1") && text.contains("- gpt-4o: auth_error HTTP 401: bad key"),
        "{text}"
    );
}

#[test]
fn how_an_answer_ended() {
    let mut message = Message {
        status: MessageStatus::Failed,
        ..message(vec![])
    };
    let kind = ErrorKind::FallbackExhausted {
        failures: vec![],
        retry_at: None,
    };
    message.error = Some(TurnError {
        error: "x".into(),
        kind,
    });
    assert_eq!(ended(&message), None);
    message.error = Some(TurnError {
        error: "Too slow.".into(),
        kind: ErrorKind::DeadlineExceeded,
    });
    assert_eq!(ended(&message).unwrap(), "Too slow.");
    message.status = MessageStatus::Cancelled;
    assert_eq!(ended(&message).unwrap(), "You stopped this answer.");
    assert_eq!(announce(&message), "Stopped.");
}

#[test]
fn what_the_timeline_says() {
    let first = Attempt {
        duration_ms: Some(300),
        ..failed("gpt-4o", Reason::QuotaExhausted, 429)
    };
    assert_eq!(outcome(&first), "failed (rate limited) after 0.3 s");
    let skipped = Attempt {
        state: AttemptState::Skipped,
        reason: Some(Reason::CircuitOpen),
        ..first.clone()
    };
    assert_eq!(outcome(&skipped), "not asked (resting after failures)");
    let usage = Usage {
        input_tokens: 12,
        output_tokens: 3,
    };
    let answered = Attempt {
        first_token_ms: Some(120),
        usage: Some(usage),
        cost: Some(0.0021),
        ..attempt("o3", AttemptKind::Fallback, AttemptState::Answered, 800)
    };
    let told = facts(&answered, first.started_at);
    for fact in [
        ("Began", "0.8 s after the question"),
        ("First token", "after 0.1 s"),
        ("Tokens", "12 in, 3 out"),
        ("Cost", "$0.0021"),
    ] {
        assert!(told.contains(&(fact.0, fact.1.to_owned())), "{told:?}");
    }
    assert_eq!(facts(&first, first.started_at)[1].1, "at once");
    assert_eq!(
        [0.0, 0.00001, 0.01, 1.2].map(cost),
        ["$0.00", "under $0.0001", "$0.0100", "$1.20"]
    );
    assert_eq!(
        [(0, 20), (40, 20), (1500, 500), (20_000, 10_000)].map(|(ms, step)| mark(ms, step)),
        ["0", "40 ms", "1.5 s", "20 s"]
    );
}
