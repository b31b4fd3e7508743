mod assistants;
mod branches;
mod list;
mod replay;
mod send;
mod turns;
mod window;

use evenkeel_protocol::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn asked(model: &str) -> Choice {
    ModelId::from(model).into()
}

fn run() -> RunId {
    "r".into()
}

fn attempt(index: u32, model: &str, kind: AttemptKind, state: AttemptState) -> Attempt {
    Attempt {
        index,
        kind,
        state,
        model_name: model.into(),
        provider: "p".into(),
        status_code: None,
        reason: (state == AttemptState::Failed).then_some(Reason::ProviderUnavailable),
        detail: None,
        retry_in_ms: None,
        started_at: at(i64::from(index)),
        first_token_ms: None,
        duration_ms: None,
        retry_limit: None,
        usage: None,
        cost: None,
        simulated: false,
    }
}

fn message(id: &str, parent: Option<&str>, role: MessageRole, text: &str) -> Message {
    Message {
        assistant: None,
        id: id.into(),
        conversation_id: "c".into(),
        parent_id: parent.map(Into::into),
        role,
        text: text.to_owned(),
        status: MessageStatus::Complete,
        created_at: at(0),
        model_name: (role == MessageRole::Assistant).then(|| "b".into()),
        requested_model: (role == MessageRole::Assistant).then(|| "a".into()),
        provider: None,
        fallback: role == MessageRole::Assistant,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts: Vec::new(),
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        run_id: (role == MessageRole::Assistant).then(run),
        error: None,
    }
}

fn transcript(messages: Vec<Message>) -> Transcript {
    let conversation = Conversation {
        id: "c".into(),
        title: "t".into(),
        title_source: TitleSource::Plain,
        system_prompt: None,
        temporary: false,
        created_at: at(0),
        updated_at: at(0),
    };
    Transcript {
        conversation,
        messages,
    }
}

fn boot(page: BootPage) -> Boot {
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        user: User {
            id: "u".into(),
            name: "U".into(),
            roles: vec![Role::Admin],
        },
        models: ["a", "b"]
            .map(|id| Model {
                id: id.into(),
                provider: "p".into(),
                fallbacks: vec![],
                demo: false,
            })
            .to_vec(),
        assistants: vec![],
        version: "0".into(),
        default_model: "a".into(),
    };
    Boot {
        hello,
        conversations: vec![],
        clock: Default::default(),
        page,
    }
}

/// A turn as the server keeps it: its first frame, its events, its end.
fn turn(pieces: &[String], end: bool) -> Vec<Heard> {
    let text: String = pieces.concat();
    let mut frames = vec![Heard::Accepted {
        run_id: run(),
        seq: 0,
        request_id: "q".into(),
        conversation_id: "c".into(),
        message_id: "m1".into(),
        answer_id: "m2".into(),
    }];
    for attempt in [
        attempt(0, "a", AttemptKind::Primary, AttemptState::Started),
        attempt(0, "a", AttemptKind::Primary, AttemptState::Failed),
        attempt(1, "b", AttemptKind::Fallback, AttemptState::Started),
        attempt(1, "b", AttemptKind::Fallback, AttemptState::Answering),
    ] {
        frames.push(Heard::Attempt {
            run_id: run(),
            seq: 0,
            attempt,
        });
    }
    for text in pieces {
        frames.push(Heard::Delta {
            run_id: run(),
            seq: 0,
            text: text.clone(),
        });
    }
    if end {
        let message = message("m2", Some("m1"), MessageRole::Assistant, &text);
        frames.push(Heard::Done {
            run_id: run(),
            seq: 0,
            message,
        });
    }
    for (index, frame) in frames.iter_mut().enumerate() {
        number(frame, index as u64 + 1);
    }
    frames
}

fn number(frame: &mut Heard, place: u64) {
    match frame {
        Heard::Accepted { seq, .. }
        | Heard::Attempt { seq, .. }
        | Heard::Delta { seq, .. }
        | Heard::Seam { seq, .. }
        | Heard::Done { seq, .. } => *seq = place,
        Heard::Error { seq, .. } => *seq = Some(place),
        Heard::Hello(_)
        | Heard::Health(_)
        | Heard::Fault(_)
        | Heard::Conversation(_)
        | Heard::Forecast(_)
        | Heard::Pong => {}
    }
}

/// A page that has just sent its first message.
fn asking() -> State {
    let mut state = State::from(boot(BootPage::New));
    state.send("q".into(), "Hello?".into(), None, asked("a"), at(0));
    state
}

/// What the server replays when it is asked to.
fn replay(state: &State, frames: &[Heard]) -> Vec<Heard> {
    let Some(ClientFrame::Subscribe { after, .. }) = state.subscription() else {
        return vec![];
    };
    let last = after.get(&run()).copied().unwrap_or(0);
    frames
        .iter()
        .filter(|frame| frame.place().unwrap().1 > last)
        .cloned()
        .collect()
}

fn shown(state: &State) -> Vec<Arc<Entry>> {
    state
        .open
        .shown()
        .iter()
        .map(|id| Arc::clone(state.open.get(id).unwrap()))
        .collect()
}
