//! Between the engine's words and the wire's. Each match is exhaustive: a new word on one side must be decided here.

use evenkeel_engine as engine;
use evenkeel_protocol as wire;
use evenkeel_providers as providers;

use crate::clock::Clock;

/// A reason.
pub fn reason(reason: engine::Reason) -> wire::Reason {
    use engine::Reason as E;
    use wire::Reason as W;
    match reason {
        E::ModelNotFound => W::ModelNotFound,
        E::QuotaExhausted => W::QuotaExhausted,
        E::AuthError => W::AuthError,
        E::ProviderUnavailable => W::ProviderUnavailable,
        E::ProviderError => W::ProviderError,
        E::ResponseRejected => W::ResponseRejected,
        E::Unknown => W::Unknown,
        E::Timeout => W::Timeout,
        E::ConnectionFailed => W::ConnectionFailed,
        E::StreamInterrupted => W::StreamInterrupted,
        E::ContextLengthExceeded => W::ContextLengthExceeded,
        E::ContentFiltered => W::ContentFiltered,
        E::CircuitOpen => W::CircuitOpen,
        E::NotCapable => W::NotCapable,
        E::DeadlineExceeded => W::DeadlineExceeded,
    }
}

/// An attempt's kind.
pub fn kind(kind: engine::AttemptKind) -> wire::AttemptKind {
    match kind {
        engine::AttemptKind::Primary => wire::AttemptKind::Primary,
        engine::AttemptKind::Retry => wire::AttemptKind::Retry,
        engine::AttemptKind::Fallback => wire::AttemptKind::Fallback,
        engine::AttemptKind::Hedge => wire::AttemptKind::Hedge,
        engine::AttemptKind::Probe => wire::AttemptKind::Probe,
    }
}

/// How another model went on.
pub fn seam_mode(mode: engine::SeamMode) -> wire::SeamMode {
    match mode {
        engine::SeamMode::Continued => wire::SeamMode::Continued,
        engine::SeamMode::Spliced => wire::SeamMode::Spliced,
        engine::SeamMode::Restarted => wire::SeamMode::Restarted,
    }
}

/// An attempt's state.
pub fn attempt_state(state: engine::AttemptState) -> wire::AttemptState {
    match state {
        engine::AttemptState::Started => wire::AttemptState::Started,
        engine::AttemptState::Answering => wire::AttemptState::Answering,
        engine::AttemptState::Answered => wire::AttemptState::Answered,
        engine::AttemptState::Failed => wire::AttemptState::Failed,
        engine::AttemptState::Skipped => wire::AttemptState::Skipped,
        engine::AttemptState::Cancelled => wire::AttemptState::Cancelled,
    }
}

/// An attempt.
pub fn attempt(record: &engine::AttemptRecord, clock: &Clock) -> wire::Attempt {
    let milliseconds = |time: std::time::Duration| time.as_millis() as u64;
    wire::Attempt {
        index: record.index,
        kind: kind(record.kind),
        state: attempt_state(record.state),
        model_name: record.model.as_str().into(),
        provider: record.provider.as_str().into(),
        status_code: record.status_code,
        reason: record.reason.map(reason),
        detail: record.detail.clone(),
        retry_in_ms: record.retry_in.map(milliseconds),
        started_at: clock.at(record.started),
        first_token_ms: record.first_token.map(milliseconds),
        duration_ms: record.duration.map(milliseconds),
        retry_limit: record.retry_limit,
        usage: record.usage.map(usage),
        cost: None,
        simulated: record.simulated,
    }
}

/// A leg's failure.
pub fn failure(failure: &engine::LegFailure) -> wire::ModelFailure {
    wire::ModelFailure {
        model_name: failure.model.as_str().into(),
        status_code: failure.status_code,
        reason: reason(failure.reason),
        detail: failure.detail.clone(),
    }
}

/// How a turn ended that has no whole answer.
pub fn no_answer(end: &engine::NoAnswer, clock: &Clock) -> wire::TurnError {
    match end {
        engine::NoAnswer::Exhausted { failures, retry_at } => wire::TurnError {
            error: engine::summarise(failures, None),
            kind: wire::ErrorKind::FallbackExhausted {
                failures: failures.iter().map(failure).collect(),
                retry_at: retry_at.map(|at| clock.at(at)),
            },
        },
        engine::NoAnswer::Interrupted { failures } => wire::TurnError {
            error: engine::summarise_interruption(failures),
            kind: wire::ErrorKind::FallbackExhausted {
                failures: failures.iter().map(failure).collect(),
                retry_at: None,
            },
        },
        engine::NoAnswer::Filtered(refused) => wire::TurnError {
            error: format!(
                "{} refused to answer: {}",
                refused.model,
                refused
                    .detail
                    .as_deref()
                    .unwrap_or("its safety system objected")
            ),
            kind: wire::ErrorKind::ContentFiltered,
        },
        engine::NoAnswer::DeadlineExceeded => wire::TurnError {
            error: "The time for this answer was over before any model had answered.".to_owned(),
            kind: wire::ErrorKind::DeadlineExceeded,
        },
    }
}

/// A circuit.
pub fn circuit(view: &engine::CircuitView, clock: &Clock) -> wire::CircuitView {
    wire::CircuitView {
        state: match view.state {
            engine::CircuitState::Closed => wire::CircuitState::Closed,
            engine::CircuitState::HalfOpen => wire::CircuitState::HalfOpen,
            engine::CircuitState::Open => wire::CircuitState::Open,
        },
        forced: view.forced,
        since: view.since.map(|at| clock.at(at)),
        next_probe_at: view.until.map(|at| clock.at(at)),
        reason: view.cause.map(reason),
        simulated: view.simulated,
    }
}

/// What a turn could expect that asks for a model or an assistant now.
pub fn forecast(asked: &str, outlook: &engine::Outlook, clock: &Clock) -> wire::ModelForecast {
    wire::ModelForecast {
        model: asked.into(),
        answers: outlook.answers.as_ref().map(|id| id.as_str().into()),
        reason: Some(reason(outlook.reason)),
        retry_at: outlook.retry_at.map(|at| clock.at(at)),
        simulated: outlook.simulated,
    }
}

/// An armed fault.
pub fn fault(armed: &providers::Armed, clock: &Clock) -> wire::Fault {
    let order = &armed.order;
    let target = match &order.target {
        providers::Target {
            provider: None,
            model: None,
        } => wire::Target::EVERYTHING,
        providers::Target { provider, model } => wire::Target::Some {
            provider: provider.as_ref().map(|id| id.as_str().into()),
            model: model.as_ref().map(|id| id.as_str().into()),
        },
    };
    wire::Fault {
        id: armed.id.to_string().into(),
        spec: wire::FaultSpec {
            target,
            audience: match &order.audience {
                providers::Audience::Only(_) => wire::Audience::Me,
                providers::Audience::Everyone => wire::Audience::Everyone,
            },
            kind: fault_kind(&order.kind),
            probability: order.probability,
            first_n: order.first_n,
            seed: Some(order.seed),
            ttl_s: order.ttl.as_secs(),
            note: order.note.clone(),
        },
        armed_at: clock.at(armed.armed),
        expires_at: clock.at(armed.expires()),
        hits: armed.hits,
    }
}

/// What a provider still lets through.
pub fn headroom(headroom: &providers::Headroom, clock: &Clock) -> wire::Headroom {
    wire::Headroom {
        requests_left: headroom.requests_left,
        requests_limit: headroom.requests_limit,
        tokens_left: headroom.tokens_left,
        tokens_limit: headroom.tokens_limit,
        resets_at: headroom.resets.map(|at| clock.at(at)),
        seen_at: clock.at(headroom.seen),
    }
}

/// What a fault does.
pub fn fault_kind(kind: &providers::FaultKind) -> wire::FaultKind {
    use providers::FaultKind as P;
    use wire::FaultKind as W;
    let ms = |time: &std::time::Duration| time.as_millis() as u64;
    match kind {
        P::HttpStatus {
            status,
            retry_after_s,
            message,
        } => W::HttpStatus {
            status: status.as_u16(),
            retry_after_s: *retry_after_s,
            message: message.clone(),
        },
        P::ConnectionRefused => W::ConnectionRefused,
        P::ConnectionReset => W::ConnectionReset,
        P::NoResponse => W::NoResponse,
        P::SlowFirstToken { delay } => W::SlowFirstToken { ms: ms(delay) },
        P::Latency { delay, jitter } => W::Latency {
            ms: ms(delay),
            jitter_ms: ms(jitter),
        },
        P::StreamCut { after_tokens } => W::StreamCut {
            after_tokens: *after_tokens,
        },
        P::StreamStall { after_tokens } => W::StreamStall {
            after_tokens: *after_tokens,
        },
        P::MalformedEvent { at_token } => W::MalformedEvent {
            at_token: *at_token,
        },
        P::InBandError { error } => W::InBandError {
            error: error.clone(),
        },
        P::EmptyAnswer => W::EmptyAnswer,
        P::Drip { tokens_per_s } => W::Drip {
            tokens_per_s: *tokens_per_s,
        },
        P::NoFinishReason => W::NoFinishReason,
    }
}

/// Token counts.
pub fn usage(usage: engine::Usage) -> wire::Usage {
    wire::Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
    }
}

/// The failures of a turn that no model could answer whole.
pub fn failures(end: &engine::NoAnswer) -> Option<&[engine::LegFailure]> {
    match end {
        engine::NoAnswer::Exhausted { failures, .. }
        | engine::NoAnswer::Interrupted { failures } => Some(failures),
        engine::NoAnswer::Filtered(_) | engine::NoAnswer::DeadlineExceeded => None,
    }
}
