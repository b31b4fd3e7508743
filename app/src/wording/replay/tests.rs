//! What came of a turn, then and under a fault.

use evenkeel_protocol::{ErrorKind, SeamMode, TurnError};

use super::*;
use crate::state::read_json;

fn attempt(model: &str, state: &str, start_ms: u64, took_ms: u64) -> Attempt {
    let json = format!(
        r#"{{"index":{start_ms},"kind":"primary","state":"{state}","model_name":"{model}","provider":"p",
        "started_at":"2026-11-20T08:00:00.{start_ms:03}Z","duration_ms":{took_ms},"simulated":true}}"#
    );
    read_json(&json).unwrap()
}

fn stored(status: &str, model: &str, fallback: bool, attempts: Vec<Attempt>) -> Message {
    let json = format!(
        r#"{{"id":"m","conversation_id":"c","role":"assistant","text":"","status":"{status}","fallback":{fallback},
        "created_at":"2026-11-20T08:00:00Z","model_name":"{model}","attempts":[],"simulated":false}}"#
    );
    Message {
        attempts,
        ..read_json(&json).unwrap()
    }
}

fn run(attempts: Vec<Attempt>, end: Option<ReplayEnd>) -> Replay {
    let mut replay = Replay::default();
    (replay.attempts, replay.end) = (attempts, end);
    replay
}

fn by(model: &str, fallback: bool) -> Option<ReplayEnd> {
    Some(ReplayEnd::Answered {
        model: model.into(),
        fallback,
        characters: 1,
    })
}

#[test]
fn then_and_now_in_a_sentence() {
    let answered = attempt("gpt-4o", "answered", 0, 1200);
    let message = stored("complete", "gpt-4o", false, vec![answered]);
    let failed = attempt("gpt-4o", "failed", 0, 300);
    let stepped_in = |after| {
        let attempts = vec![failed.clone(), attempt("claude", "answered", after, 500)];
        run(attempts, by("claude", true))
    };
    assert_eq!(
        then_and_under(&message, "overloaded", &stepped_in(900)),
        "Then: gpt-4o answered in 1.2 s; under “overloaded”: claude stepped in after 0.9 s."
    );
    assert_eq!(under(&stepped_in(50)), "claude stepped in at once");
    let mut broke_off = stepped_in(900);
    let seam = ("gpt-4o".into(), "claude".into(), SeamMode::Spliced);
    broke_off.seams.push(seam);
    assert_eq!(under(&broke_off), "gpt-4o broke off, and claude went on");
    let retried = Attempt {
        retry_in_ms: Some(100),
        ..failed.clone()
    };
    let attempts = vec![retried, attempt("gpt-4o", "answered", 400, 600)];
    let again = run(attempts, by("gpt-4o", false));
    assert_eq!(under(&again), "gpt-4o answered in 1.0 s, asked twice");
    let error = TurnError {
        error: "None".to_owned(),
        kind: ErrorKind::DeadlineExceeded,
    };
    let nobody = run(vec![failed.clone()], Some(ReplayEnd::Failed(error)));
    assert_eq!(under(&nobody), "no model could answer, after 0.3 s");
    assert_eq!(under(&run(vec![failed], None)), "asking gpt-4o …");
    let stopped = run(vec![], Some(ReplayEnd::Stopped));
    assert_eq!(under(&stopped), "it was stopped");
}

#[test]
fn what_was_then() {
    let message = |status| then(&stored(status, "a", false, vec![]));
    assert_eq!(message("failed"), "no model could answer");
    assert_eq!(message("incomplete"), "a broke off, and nobody went on");
    assert_eq!(message("cancelled"), "it was stopped");
}
