use evenkeel_protocol::*;
use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
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
        simulated: false,
    }
}

fn message(id: &str, parent: Option<&str>, role: MessageRole, text: &str) -> Message {
    Message {
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
        simulated: false,
        run_id: (role == MessageRole::Assistant).then(run),
        error: None,
    }
}

fn transcript(messages: Vec<Message>) -> Transcript {
    let conversation = Conversation {
        id: "c".into(),
        title: "t".into(),
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
        page,
    }
}

/// A turn as the server keeps it: its first frame, its events, its end.
fn turn(pieces: &[String], end: bool) -> Vec<ServerFrame> {
    let text: String = pieces.concat();
    let mut frames = vec![ServerFrame::Accepted {
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
        frames.push(ServerFrame::Attempt {
            run_id: run(),
            seq: 0,
            attempt,
        });
    }
    for text in pieces {
        frames.push(ServerFrame::Delta {
            run_id: run(),
            seq: 0,
            text: text.clone(),
        });
    }
    if end {
        let message = message("m2", Some("m1"), MessageRole::Assistant, &text);
        frames.push(ServerFrame::Done {
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

fn number(frame: &mut ServerFrame, place: u64) {
    match frame {
        ServerFrame::Accepted { seq, .. }
        | ServerFrame::Attempt { seq, .. }
        | ServerFrame::Delta { seq, .. }
        | ServerFrame::Seam { seq, .. }
        | ServerFrame::Done { seq, .. } => *seq = place,
        ServerFrame::Error { seq, .. } => *seq = Some(place),
        ServerFrame::Hello(_)
        | ServerFrame::Health(_)
        | ServerFrame::Fault(_)
        | ServerFrame::Conversation(_)
        | ServerFrame::Pong => {}
    }
}

/// A page that has just sent its first message.
fn asking() -> State {
    let mut state = State::from(boot(BootPage::New));
    state.send("q".into(), "Hello?".into(), None, "a".into(), at(0));
    state
}

/// What the server replays when it is asked to.
fn replay(state: &State, frames: &[ServerFrame]) -> Vec<ServerFrame> {
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
    let id = state.open.newest().unwrap();
    state
        .open
        .path_to(id)
        .iter()
        .map(|id| Arc::clone(state.open.get(id).unwrap()))
        .collect()
}

#[derive(Clone, Debug)]
enum Mishap {
    Deliver(usize),
    Repeat(prop::sample::Index),
    Lose(usize),
    Reconnect,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        4 => (1..4_usize).prop_map(Mishap::Deliver),
        1 => any::<prop::sample::Index>().prop_map(Mishap::Repeat),
        1 => (1..3_usize).prop_map(Mishap::Lose),
        1 => Just(Mishap::Reconnect),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_happens_on_the_way_the_transcript_is_the_same(
        pieces in prop::collection::vec("[a-z \n#*-]{1,9}", 0..10),
        mishaps in prop::collection::vec(mishap(), 0..24),
        end in any::<bool>(),
    ) {
        let frames = turn(&pieces, end);
        let mut straight = asking();
        for frame in frames.clone() {
            straight.apply(frame);
        }
        let mut state = asking();
        let mut next = 0;
        for mishap in mishaps {
            let incoming = match mishap {
                Mishap::Deliver(count) => {
                    let to = (next + count).min(frames.len());
                    let some = frames[next..to].to_vec();
                    next = to;
                    some
                }
                // The first frame is never lost: without it there is no turn to follow yet.
                Mishap::Lose(count) if next > 0 => {
                    next = (next + count).min(frames.len());
                    vec![]
                }
                Mishap::Lose(_) => vec![],
                Mishap::Repeat(index) if next > 0 => vec![frames[index.index(next)].clone()],
                Mishap::Repeat(_) => vec![],
                Mishap::Reconnect if next > 0 => replay(&state, &frames[..next]),
                Mishap::Reconnect => vec![],
            };
            for frame in incoming {
                if state.apply(frame).resubscribe {
                    for frame in replay(&state, &frames[..next]) {
                        state.apply(frame);
                    }
                }
            }
        }
        for frame in frames[next..].iter().cloned() {
            if state.apply(frame).resubscribe {
                for frame in replay(&state, &frames) {
                    state.apply(frame);
                }
            }
        }
        for frame in replay(&state, &frames) {
            state.apply(frame);
        }
        prop_assert_eq!(shown(&state), shown(&straight));
        prop_assert_eq!(state.items(), straight.items());
        prop_assert_eq!(state.busy(), !end);
    }

    #[test]
    fn a_page_that_comes_in_the_middle_shows_the_same_in_the_end(
        pieces in prop::collection::vec("[a-z \n#*-]{1,9}", 0..10),
        seen in any::<prop::sample::Index>(),
        end in any::<bool>(),
    ) {
        let frames = turn(&pieces, end);
        let mut straight = asking();
        for frame in frames.clone() {
            straight.apply(frame);
        }
        // The server stores text now and then; the page is rendered from what is stored.
        let stored: String = pieces[..seen.index(pieces.len() + 1)].concat();
        let mut answer = message("m2", Some("m1"), MessageRole::Assistant, &stored);
        answer.status = MessageStatus::Streaming;
        let mut question = message("m1", None, MessageRole::User, "Hello?");
        question.created_at = at(0);
        let page = BootPage::Conversation(transcript(vec![question, answer]));
        let mut state = State::from(boot(page));
        let frames = replay(&state, &frames);
        for frame in frames {
            state.apply(frame);
        }
        let text = |state: &State| shown(state).iter().map(|entry| entry.message.text.clone()).collect::<Vec<_>>();
        prop_assert_eq!(text(&state), text(&straight));
        prop_assert_eq!(state.busy(), !end);
    }
}

#[test]
fn a_new_conversation_takes_its_id_and_keeps_what_was_asked() {
    let mut state = asking();
    assert!(state.busy());
    assert_eq!(state.items(), [Item::Pending("q".into())]);
    let changes = state.apply(turn(&[], false).remove(0));
    assert_eq!(changes.opened, Some("c".into()));
    assert_eq!(
        state.items(),
        [Item::Message("m1".into()), Item::Message("m2".into())]
    );
    assert_eq!(state.open.get(&"m1".into()).unwrap().message.text, "Hello?");
    assert!(state.pending.is_empty());
    assert_eq!(state.running(), Some(run()));
}

#[test]
fn a_send_is_repeated_under_its_own_id_until_it_is_accepted() {
    let mut state = asking();
    let sends = |state: &State| {
        state
            .opening()
            .into_iter()
            .filter(|frame| matches!(frame, ClientFrame::Send(_)))
            .count()
    };
    assert_eq!((sends(&state), sends(&state)), (1, 1));
    state.apply(turn(&[], false).remove(0));
    assert_eq!(sends(&state), 0);
}

#[test]
fn a_refused_send_is_kept_and_can_be_taken_back() {
    let mut state = asking();
    let error = TurnError {
        error: "Too long.".into(),
        kind: ErrorKind::InvalidRequest,
    };
    state.apply(ServerFrame::Error {
        run_id: None,
        seq: None,
        request_id: Some("q".into()),
        error: error.clone(),
        message: None,
    });
    assert!(!state.busy());
    assert_eq!(state.pending[0].refused, Some(error));
    assert_eq!(state.withdraw(&"q".into()).unwrap().send.text, "Hello?");
    assert!(state.items().is_empty());
}

#[test]
fn another_tab_s_message_is_fetched() {
    let mut state = State::from(boot(BootPage::Conversation(transcript(vec![]))));
    let changes = state.apply(turn(&[], false).remove(0));
    assert!(changes.reload);
    let question = message("m1", None, MessageRole::User, "Hello?");
    let mut answer = message("m2", Some("m1"), MessageRole::Assistant, "");
    answer.status = MessageStatus::Streaming;
    for frame in turn(&["Hi".into()], false).into_iter().skip(1) {
        state.apply(frame);
    }
    state.transcript(transcript(vec![question, answer]));
    let texts: Vec<_> = shown(&state)
        .iter()
        .map(|entry| entry.message.text.clone())
        .collect();
    assert_eq!(texts, ["Hello?", "Hi"]);
}

#[test]
fn an_answer_of_which_only_the_end_was_seen_is_fetched_with_its_question() {
    let mut state = State::from(boot(BootPage::Conversation(transcript(vec![]))));
    let end = turn(&["Hi".into()], true).pop().unwrap();
    assert!(state.apply(end.clone()).reload);
    let messages = vec![
        message("m1", None, MessageRole::User, "Hello?"),
        message("m2", Some("m1"), MessageRole::Assistant, "Hi"),
    ];
    state.transcript(transcript(messages));
    assert_eq!(shown(&state).len(), 2);
    assert!(!state.apply(end).reload);
}

#[test]
fn frames_of_a_conversation_that_was_left_change_nothing() {
    let mut state = asking();
    let frames = turn(&["Hi".into()], true);
    state.apply(frames[0].clone());
    let said = state.show(Some("other".into()));
    assert!(matches!(
        &said[..],
        [
            ClientFrame::Unsubscribe { .. },
            ClientFrame::Subscribe { .. }
        ]
    ));
    for frame in frames {
        let changes = state.apply(frame);
        assert!(changes.opened.is_none());
    }
    assert!(state.items().is_empty());
    assert!(!state.busy());
}

#[test]
fn the_newest_path_is_shown() {
    let messages = vec![
        message("1", None, MessageRole::User, "a"),
        message("2", Some("1"), MessageRole::Assistant, "b"),
        message("3", Some("2"), MessageRole::User, "c"),
        message("4", Some("3"), MessageRole::Assistant, "d"),
        message("5", Some("2"), MessageRole::User, "e"),
    ];
    let state = State::from(boot(BootPage::Conversation(transcript(messages))));
    let ids: Vec<_> = ["1", "2", "5"].map(|id| Item::Message(id.into())).into();
    assert_eq!(state.items(), ids);
}

#[test]
fn a_message_that_is_asked_anew_takes_the_place_of_what_followed() {
    let messages = vec![
        message("1", None, MessageRole::User, "a"),
        message("2", Some("1"), MessageRole::Assistant, "b"),
        message("3", Some("2"), MessageRole::User, "c"),
    ];
    let mut state = State::from(boot(BootPage::Conversation(transcript(messages))));
    state.send("q".into(), "c".into(), Some("2".into()), "a".into(), at(0));
    assert_eq!(
        state.items(),
        [
            Item::Message("1".into()),
            Item::Message("2".into()),
            Item::Pending("q".into())
        ]
    );
}

#[test]
fn the_usual_model_is_the_conversation_s_last_one() {
    assert_eq!(State::from(boot(BootPage::New)).usual_model(), "a".into());
    let mut answer = message("2", Some("1"), MessageRole::Assistant, "b");
    answer.requested_model = Some("b".into());
    let mut gone = message("3", Some("2"), MessageRole::Assistant, "b");
    gone.requested_model = Some("withdrawn".into());
    let state = State::from(boot(BootPage::Conversation(transcript(vec![answer, gone]))));
    assert_eq!(state.usual_model(), "b".into());
}

#[test]
fn an_exhausted_turn_keeps_the_question_and_says_why() {
    let mut state = asking();
    state.apply(turn(&[], false).remove(0));
    let kind = ErrorKind::FallbackExhausted {
        failures: vec![],
        retry_at: None,
    };
    let error = TurnError {
        error: "Nobody could answer.".into(),
        kind,
    };
    let changes = state.apply(ServerFrame::Error {
        run_id: Some(run()),
        seq: Some(2),
        request_id: None,
        error: error.clone(),
        message: None,
    });
    assert_eq!(changes.say.as_deref(), Some("Could not answer."));
    let answer = state.open.get(&"m2".into()).unwrap();
    assert_eq!(answer.message.status, MessageStatus::Failed);
    assert_eq!(answer.message.error, Some(error));
    assert_eq!(state.open.get(&"m1".into()).unwrap().message.text, "Hello?");
    assert!(!state.busy());
}

#[test]
fn a_restart_mid_answer_begins_the_text_anew() {
    let mut state = asking();
    for frame in turn(&["Hel".into()], false) {
        state.apply(frame);
    }
    let seq = turn(&["Hel".into()], false).len() as u64;
    let (from, to) = ("b".into(), "a".into());
    let mode = SeamMode::Restarted;
    state.apply(ServerFrame::Seam {
        run_id: run(),
        seq: seq + 1,
        from,
        to,
        mode,
        at: 0,
    });
    state.apply(ServerFrame::Delta {
        run_id: run(),
        seq: seq + 2,
        text: "Good day".into(),
    });
    let answer = state.open.get(&"m2".into()).unwrap();
    assert_eq!(answer.message.text, "Good day");
    assert_eq!(answer.message.model_name, Some("a".into()));
    assert!(!answer.message.fallback);
}

#[test]
fn lists_follow_their_changes() {
    let mut state = State::from(boot(BootPage::New));
    let entry = |id: &str, second| Conversation {
        id: id.into(),
        title: id.into(),
        created_at: at(0),
        updated_at: at(second),
    };
    let upsert =
        |conversation| ServerFrame::Conversation(ConversationChange::Upserted { conversation });
    for (id, second) in [("x", 1), ("y", 3), ("z", 2), ("x", 4)] {
        state.apply(upsert(entry(id, second)));
    }
    let ids: Vec<_> = state
        .conversations
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    assert_eq!(ids, ["x", "y", "z"]);
    state.apply(ServerFrame::Conversation(ConversationChange::Deleted {
        conversation_id: "y".into(),
    }));
    assert_eq!(state.conversations.len(), 2);

    let circuit = CircuitView {
        state: CircuitState::Closed,
        forced: false,
        since: None,
        next_probe_at: None,
        reason: None,
        simulated: false,
    };
    let provider = |id: &str, state| ProviderHealth {
        id: id.into(),
        kind: "demo".into(),
        circuit: CircuitView {
            state,
            ..circuit.clone()
        },
        models: vec![],
    };
    let report = |snapshot, providers| {
        ServerFrame::Health(HealthReport {
            snapshot,
            status: Status::Ok,
            providers,
        })
    };
    state.apply(report(
        true,
        vec![
            provider("p", CircuitState::Closed),
            provider("q", CircuitState::Closed),
        ],
    ));
    state.apply(report(false, vec![provider("q", CircuitState::Open)]));
    let health = state.health.clone().unwrap();
    assert_eq!(health.providers.len(), 2);
    assert_eq!(health.providers[1].circuit.state, CircuitState::Open);
}
