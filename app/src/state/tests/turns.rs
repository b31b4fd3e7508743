//! What each frame does.

use super::*;

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
    state.apply(Heard::Error {
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
    state.send("q".into(), "c".into(), Some("2".into()), asked("a"), at(0));
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
    assert_eq!(State::from(boot(BootPage::New)).usual(), asked("a"));
    let mut answer = message("2", Some("1"), MessageRole::Assistant, "b");
    answer.requested_model = Some("b".into());
    let mut gone = message("3", Some("2"), MessageRole::Assistant, "b");
    gone.requested_model = Some("withdrawn".into());
    let state = State::from(boot(BootPage::Conversation(transcript(vec![answer, gone]))));
    assert_eq!(state.usual(), asked("b"));
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
    let changes = state.apply(Heard::Error {
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
fn an_answer_that_is_held_back_is_nobodys_yet() {
    let mut state = asking();
    let mut frames = turn(&[], false);
    let Some(Heard::Attempt { attempt, .. }) = frames.last_mut() else {
        panic!()
    };
    attempt.detail = Some("checked".to_owned());
    let mut passed = attempt.clone();
    passed.detail = None;
    let seq = frames.len() as u64;
    for frame in frames {
        state.apply(frame);
    }
    let model = |state: &State| {
        let answer = state.open.get(&"m2".into()).unwrap();
        answer.message.model_name.clone()
    };
    assert_eq!(model(&state), None);
    state.apply(Heard::Attempt {
        run_id: run(),
        seq: seq + 1,
        attempt: passed,
    });
    assert_eq!(model(&state), Some("b".into()));
}

/// An answer of which "Hel" has come from b, and then another model goes on.
fn broken_off(mode: SeamMode, at: u64) -> (State, Changes) {
    let mut state = asking();
    let mut frames = turn(&["Hel".into()], false);
    let attempt = |seq, state| Heard::Attempt {
        run_id: run(),
        seq,
        attempt: attempt(2, "c", AttemptKind::Fallback, state),
    };
    let seq = frames.len() as u64;
    frames.push(attempt(seq + 1, AttemptState::Started));
    frames.push(attempt(seq + 2, AttemptState::Answering));
    for frame in frames {
        state.apply(frame);
    }
    // What the other model says is compared, and not shown yet.
    let answer = state.open.get(&"m2".into()).unwrap();
    assert_eq!(answer.message.model_name, Some("b".into()));
    let changes = state.apply(Heard::Seam {
        run_id: run(),
        seq: seq + 3,
        from: "b".into(),
        to: "c".into(),
        mode,
        at,
    });
    state.apply(Heard::Delta {
        run_id: run(),
        seq: seq + 4,
        text: "lo".into(),
    });
    (state, changes)
}

fn marks(entry: &Entry) -> usize {
    let nodes = entry.blocks().iter().flat_map(|block| &block.nodes);
    let all: String = nodes.map(|node| format!("{node:?}")).collect();
    all.matches("Seam(").count()
}

#[test]
fn a_model_that_goes_on_is_marked_where_it_does() {
    for mode in [SeamMode::Continued, SeamMode::Spliced] {
        let (state, changes) = broken_off(mode, 3);
        assert_eq!(changes.say.unwrap(), "b broke off. c goes on.");
        let answer = state.open.get(&"m2".into()).unwrap();
        let seam = Seam {
            from: "b".into(),
            to: "c".into(),
            mode,
            at: 3,
            discarded: None,
        };
        assert_eq!(answer.message.seams, [seam]);
        assert_eq!(answer.message.text, "Hello");
        assert_eq!(answer.message.model_name, Some("c".into()));
        assert_eq!(answer.message.provider, Some("p".into()));
        assert!(answer.message.fallback);
        let expected = vec![
            Node::Text("Hel".into()),
            Node::Seam(0),
            Node::Text("lo".into()),
        ];
        assert_eq!(
            answer.blocks().get(0).unwrap().nodes,
            [Node::Paragraph(expected)]
        );
    }
}

#[test]
fn a_restart_begins_the_text_anew_and_keeps_what_it_discards() {
    let (state, changes) = broken_off(SeamMode::Restarted, 0);
    assert_eq!(
        changes.say.unwrap(),
        "b broke off. c begins the answer anew."
    );
    let answer = state.open.get(&"m2".into()).unwrap();
    assert_eq!(answer.message.text, "lo");
    assert_eq!(answer.message.seams[0].discarded.as_deref(), Some("Hel"));
    assert_eq!(marks(answer), 0);
}

#[test]
fn what_the_server_kept_of_an_answer_has_the_same_marks() {
    for (mode, at) in [(SeamMode::Continued, 3), (SeamMode::Restarted, 0)] {
        let (mut state, _) = broken_off(mode, at);
        let shown = state.open.get(&"m2".into()).unwrap().clone();
        let mut whole = shown.message.clone();
        whole.status = MessageStatus::Complete;
        let page = BootPage::Conversation(transcript(vec![whole.clone()]));
        let reloaded = State::from(boot(page));
        let changes = state.apply(Heard::Done {
            run_id: run(),
            seq: 99,
            message: whole,
        });
        assert_eq!(
            state.open.get(&"m2".into()).unwrap().blocks(),
            shown.blocks(),
            "{:?}",
            changes.say
        );
        assert_eq!(
            reloaded.open.get(&"m2".into()).unwrap().blocks(),
            shown.blocks()
        );
    }
}

#[test]
fn a_run_that_is_replayed_from_its_beginning_has_each_seam_once() {
    let mut answer = message("m2", Some("m1"), MessageRole::Assistant, "Hello");
    answer.status = MessageStatus::Streaming;
    let seam = Seam {
        from: "b".into(),
        to: "a".into(),
        mode: SeamMode::Spliced,
        at: 3,
        discarded: None,
    };
    answer.seams = vec![seam.clone()];
    let question = message("m1", None, MessageRole::User, "Hello?");
    let page = BootPage::Conversation(transcript(vec![question, answer]));
    let mut state = State::from(boot(page));
    let mut frames = turn(&["Hel".into()], false);
    frames.push(Heard::Seam {
        run_id: run(),
        seq: frames.len() as u64 + 1,
        from: "b".into(),
        to: "a".into(),
        mode: SeamMode::Spliced,
        at: 3,
    });
    for frame in frames {
        state.apply(frame);
    }
    let answer = state.open.get(&"m2".into()).unwrap();
    assert_eq!(answer.message.seams, [seam]);
    assert_eq!((answer.message.text.as_str(), marks(answer)), ("Hel", 1));
    assert!(!answer.message.fallback);
}

#[test]
fn lists_follow_their_changes() {
    let mut state = State::from(boot(BootPage::New));
    let entry = |id: &str, second| Conversation {
        id: id.into(),
        title: id.into(),
        title_source: TitleSource::Plain,
        system_prompt: None,
        temporary: false,
        created_at: at(0),
        updated_at: at(second),
    };
    let upsert = |conversation| Heard::Conversation(ConversationChange::Upserted { conversation });
    for (id, second) in [("x", 1), ("y", 3), ("z", 2), ("x", 4)] {
        state.apply(upsert(entry(id, second)));
    }
    let ids: Vec<_> = state
        .conversations
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    assert_eq!(ids, ["x", "y", "z"]);
    state.apply(Heard::Conversation(ConversationChange::Deleted {
        conversation_id: "y".into(),
    }));
    assert_eq!(state.conversations.len(), 2);
}
