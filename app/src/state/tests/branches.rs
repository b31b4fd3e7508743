//! Versions of questions and answers: whatever comes, and whatever is chosen, one way from the first message to a last one is shown.

use proptest::prelude::*;

use super::*;

fn question(id: &str, parent: Option<&str>) -> Message {
    message(id, parent, MessageRole::User, id)
}

fn answered(id: &str, parent: &str) -> Message {
    message(id, Some(parent), MessageRole::Assistant, id)
}

fn state(messages: Vec<Message>) -> State {
    State::from(boot(BootPage::Conversation(transcript(messages))))
}

fn ids(state: &State) -> Vec<String> {
    let name = |item: Item| match item {
        Item::Message(id) => id.to_string(),
        Item::Pending(id) => format!("pending {id}"),
        Item::Again(id) => format!("again {id}"),
    };
    state.items().into_iter().map(name).collect()
}

fn versions(state: &State, id: &str) -> (usize, usize) {
    let id = id.into();
    let (place, versions) = state.open.versions(&id).unwrap();
    (place, versions.len())
}

fn accepted(run: &str, request: &str, question: &str, answer: &str) -> Heard {
    Heard::Accepted {
        run_id: run.into(),
        seq: 1,
        request_id: request.into(),
        conversation_id: "c".into(),
        message_id: question.into(),
        answer_id: answer.into(),
    }
}

fn again(state: &mut State, request: &str, question: &str) -> Option<ClientFrame> {
    state.ask_again(Again {
        request_id: request.into(),
        conversation_id: "c".into(),
        question: question.into(),
        of: question.into(),
        model: Some("b".into()),
        assistant: None,
        at: at(9),
    })
}

/// Two questions, the first with two answers, of which the second one goes on.
fn forked() -> State {
    state(vec![
        question("q1", None),
        answered("a1", "q1"),
        question("q2", Some("a1")),
        answered("a2", "q2"),
        answered("a1b", "q1"),
    ])
}

#[test]
fn another_version_is_shown_with_what_follows_it() {
    let mut state = forked();
    assert_eq!(ids(&state), ["q1", "a1b"]);
    assert_eq!(versions(&state, "a1b"), (1, 2));
    assert_eq!(versions(&state, "q1"), (0, 1));
    let shape = state.open.shape();
    state.choose(&"a1".into());
    assert_ne!(state.open.shape(), shape);
    assert_eq!(ids(&state), ["q1", "a1", "q2", "a2"]);
    state.choose(&"a1b".into());
    assert_eq!(ids(&state), ["q1", "a1b"]);
}

#[test]
fn what_is_sent_follows_what_is_shown() {
    let parent = |state: &mut State| {
        let frame = state.send("q".into(), "x".into(), None, asked("a"), at(1));
        let ClientFrame::Send(send) = frame else {
            panic!()
        };
        send.parent_id
    };
    assert_eq!(parent(&mut forked()), None);
    let mut state = forked();
    state.choose(&"a1".into());
    assert_eq!(parent(&mut state), Some("a2".into()));
    assert_eq!(ids(&state), ["q1", "a1", "q2", "a2", "pending q"]);
    state.apply(accepted("r9", "q", "q3", "a3"));
    assert_eq!(ids(&state), ["q1", "a1", "q2", "a2", "q3", "a3"]);
}

#[test]
fn an_edited_question_takes_its_place_at_once() {
    let mut state = forked();
    state.choose(&"a1".into());
    let frame = state.edit("e".into(), "q2".into(), "Better".into(), asked("b"), at(1));
    let ClientFrame::Send(send) = &frame else {
        panic!("{frame:?}")
    };
    assert_eq!(
        (&send.edited_id, &send.parent_id),
        (&Some("q2".into()), &None)
    );
    assert_eq!(ids(&state), ["q1", "a1", "pending e"]);
    assert!(state.opening().contains(&frame), "it is said again");
    state.apply(accepted("r9", "e", "q2b", "a2b"));
    assert_eq!(ids(&state), ["q1", "a1", "q2b", "a2b"]);
    assert_eq!(versions(&state, "q2b"), (1, 2));
    assert!(!state.opening().contains(&frame));
}

#[test]
fn the_first_question_can_be_edited() {
    let mut state = forked();
    state.edit("e".into(), "q1".into(), "Better".into(), asked("b"), at(1));
    assert_eq!(ids(&state), ["pending e"]);
    state.apply(accepted("r9", "e", "q1b", "a9"));
    assert_eq!(ids(&state), ["q1b", "a9"]);
    assert_eq!(versions(&state, "q1b"), (1, 2));
    state.choose(&"q1".into());
    assert_eq!(ids(&state), ["q1", "a1b"]);
}

#[test]
fn an_answer_is_asked_for_again_once() {
    let mut state = forked();
    state.choose(&"a1".into());
    let frame = again(&mut state, "g", "q1").unwrap();
    assert_eq!(again(&mut state, "h", "q1"), None, "it is on its way");
    assert_eq!(ids(&state), ["q1", "again g"]);
    assert!(state.busy());
    let said = |state: &State| state.opening().iter().filter(|one| **one == frame).count();
    assert_eq!((said(&state), said(&state)), (1, 1));
    state.apply(accepted("r9", "g", "q1", "a1c"));
    assert_eq!(said(&state), 0);
    assert_eq!(ids(&state), ["q1", "a1c"]);
    assert_eq!(versions(&state, "a1c"), (2, 3));
    let entry = state.open.get(&"a1c".into()).unwrap();
    assert_eq!(entry.message.requested_model, Some("b".into()));
    state.apply(accepted("r9", "g", "q1", "a1c"));
    assert_eq!(ids(&state), ["q1", "a1c"]);
}

#[test]
fn a_refused_regeneration_is_told_and_shows_what_was_there() {
    let mut state = forked();
    again(&mut state, "g", "q1");
    let error = TurnError {
        error: "Too often.".into(),
        kind: ErrorKind::RateLimited,
    };
    let changes = state.apply(Heard::Error {
        run_id: None,
        seq: None,
        request_id: Some("g".into()),
        error,
        message: None,
    });
    assert_eq!(changes.complaint.as_deref(), Some("Too often."));
    assert_eq!(ids(&state), ["q1", "a1b"]);
    assert!(!state.busy());
}

#[test]
fn what_another_tab_asks_again_leaves_this_one_where_it_is() {
    let mut state = state(vec![question("q1", None), answered("a1", "q1")]);
    state.apply(accepted("r9", "other", "q1", "a1b"));
    assert_eq!(ids(&state), ["q1", "a1"]);
    assert_eq!(versions(&state, "a1"), (0, 2));
    assert!(!state.busy(), "what is shown is not being written");
    // So does what is fetched.
    let fetched = vec![
        question("q1", None),
        answered("a1", "q1"),
        answered("a1b", "q1"),
        answered("a1c", "q1"),
    ];
    state.transcript(transcript(fetched));
    assert_eq!(ids(&state), ["q1", "a1"]);
    assert_eq!(versions(&state, "a1"), (0, 3));
    // What it asks below, is shown.
    state.apply(accepted("r10", "elsewhere", "q2", "a2"));
    let fetched = vec![
        question("q1", None),
        answered("a1", "q1"),
        question("q2", Some("a1")),
        answered("a2", "q2"),
    ];
    state.transcript(transcript(fetched));
    assert_eq!(ids(&state), ["q1", "a1", "q2", "a2"]);
}

#[test]
fn two_answers_are_written_at_once_and_the_shown_one_is_stopped() {
    let mut state = state(vec![question("q1", None), answered("a1", "q1")]);
    for (request, answer, run) in [("g", "a1b", "r1"), ("h", "a1c", "r2")] {
        again(&mut state, request, "q1");
        state.apply(accepted(run, request, "q1", answer));
    }
    for (run, text) in [("r1", "one"), ("r2", "two"), ("r1", " more")] {
        let seq = if text == " more" { 3 } else { 2 };
        state.apply(Heard::Delta {
            run_id: run.into(),
            seq,
            text: text.into(),
        });
    }
    let text = |state: &State, id: &str| state.open.get(&id.into()).unwrap().message.text.clone();
    assert_eq!(
        (text(&state, "a1b"), text(&state, "a1c")),
        ("one more".into(), "two".into())
    );
    assert_eq!(state.running(), Some("r2".into()));
    state.choose(&"a1b".into());
    assert_eq!(state.running(), Some("r1".into()));
    state.choose(&"a1".into());
    assert_eq!((state.running(), state.busy()), (None, false));
    let Some(ClientFrame::Subscribe { after, .. }) = state.subscription() else {
        panic!()
    };
    assert_eq!(after.len(), 2, "both are followed");
}

#[derive(Clone, Debug)]
enum Step {
    Send { text: bool },
    Edit(prop::sample::Index),
    Again(prop::sample::Index),
    Accept(prop::sample::Index),
    Refuse(prop::sample::Index),
    Foreign(prop::sample::Index),
    Done(prop::sample::Index),
    Choose(prop::sample::Index),
    Fetch(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = || any::<prop::sample::Index>();
    prop_oneof![
        1 => any::<bool>().prop_map(|text| Step::Send { text }),
        1 => index().prop_map(Step::Edit),
        1 => index().prop_map(Step::Again),
        2 => index().prop_map(Step::Accept),
        1 => index().prop_map(Step::Refuse),
        2 => index().prop_map(Step::Foreign),
        1 => index().prop_map(Step::Done),
        2 => index().prop_map(Step::Choose),
        1 => index().prop_map(Step::Fetch),
    ]
}

/// What the server would have, and says.
#[derive(Default)]
struct Server {
    messages: Vec<Message>,
    asked: Vec<ClientFrame>,
    counter: usize,
}

impl Server {
    fn name(&mut self, kind: &str) -> String {
        self.counter += 1;
        format!("{kind}{:03}", self.counter)
    }

    fn questions(&self) -> Vec<MessageId> {
        let of_person = |one: &&Message| one.role == MessageRole::User;
        let questions = self.messages.iter().filter(of_person);
        questions.map(|one| one.id.clone()).collect()
    }

    fn accept(&mut self, frame: &ClientFrame) -> Option<Heard> {
        let (request_id, question) = match frame {
            ClientFrame::Send(send) => {
                let parent = match &send.edited_id {
                    Some(edited) => {
                        let edited = self.messages.iter().find(|one| one.id == *edited)?;
                        edited.parent_id.clone()
                    }
                    None => send
                        .parent_id
                        .clone()
                        .or_else(|| self.messages.last().map(|one| one.id.clone())),
                };
                let id = self.name("q");
                let parent = parent.map(|parent| parent.to_string());
                self.messages.push(question(&id, parent.as_deref()));
                (send.request_id.clone(), MessageId(id))
            }
            ClientFrame::Regenerate {
                request_id,
                message_id,
                ..
            } => (request_id.clone(), message_id.clone()),
            other @ (ClientFrame::Hello { .. }
            | ClientFrame::Stop { .. }
            | ClientFrame::Subscribe { .. }
            | ClientFrame::Unsubscribe { .. }
            | ClientFrame::Watch { .. }
            | ClientFrame::Unwatch { .. }
            | ClientFrame::Ping) => panic!("{other:?}"),
        };
        let (id, run) = (self.name("a"), self.name("r"));
        let mut answer = answered(&id, question.as_str());
        answer.status = MessageStatus::Streaming;
        answer.run_id = Some(run.as_str().into());
        self.messages.push(answer);
        Some(accepted(&run, request_id.as_str(), question.as_str(), &id))
    }
}

/// A way from a message that follows none which is known, to one that none follows.
fn is_a_path(state: &State, known: &[Message]) -> Result<(), TestCaseError> {
    let shown: Vec<_> = state.open.shown().to_vec();
    let mut before: Option<&MessageId> = None;
    for id in &shown {
        let parent = state.open.get(id).unwrap().message.parent_id.as_ref();
        let parent = parent.filter(|parent| state.open.get(parent).is_some());
        prop_assert_eq!(parent, before);
        before = Some(id);
    }
    let follows = |one: &&Message| {
        state.open.get(&one.id).is_some() && one.parent_id.as_ref() == before && before.is_some()
    };
    prop_assert_eq!(
        known.iter().find(follows),
        None,
        "something follows the end"
    );
    prop_assert!(!shown.is_empty() || known.iter().all(|one| state.open.get(&one.id).is_none()));
    // What is on its way stands behind a beginning of such a way, and nothing stands there twice.
    let items = state.items();
    let stored = items.iter().filter(|item| matches!(item, Item::Message(_)));
    let stored = stored.count();
    prop_assert!(
        items[..stored]
            .iter()
            .all(|item| matches!(item, Item::Message(_)))
    );
    let unique: std::collections::HashSet<_> = items.iter().collect();
    prop_assert_eq!(unique.len(), items.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn in_any_order_of_frames_and_choices_one_whole_branch_is_shown(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut server = Server {
            messages: vec![question("q", None), answered("a", "q")],
            ..Server::default()
        };
        let mut state = state(server.messages.clone());
        for step in steps {
            match step {
                Step::Send { text } => {
                    let id = server.name("s");
                    let text = if text { "x" } else { "y" };
                    let frame = state.send(id.as_str().into(), text.into(), None, asked("a"), at(1));
                    server.asked.push(frame);
                }
                Step::Edit(index) => {
                    let edited = index.get(&server.questions()).clone();
                    if state.open.get(&edited).is_some() {
                        let id = server.name("s");
                        server.asked.push(state.edit(id.as_str().into(), edited, "z".into(), asked("a"), at(1)));
                    }
                }
                Step::Again(index) => {
                    let id = server.name("s");
                    let asked = index.get(&server.questions()).clone();
                    server.asked.extend(again(&mut state, &id, asked.as_str()));
                }
                Step::Accept(index) if !server.asked.is_empty() => {
                    let frame = server.asked.remove(index.index(server.asked.len()));
                    if let Some(accepted) = server.accept(&frame) {
                        state.apply(accepted.clone());
                        if let Heard::Accepted { answer_id, .. } = accepted
                            && state.pending.is_empty()
                            && state.again.is_empty()
                            && state.open.get(&answer_id).is_some()
                        {
                            prop_assert!(state.open.shown().contains(&answer_id), "one's own is followed");
                        }
                    }
                }
                Step::Refuse(index) if !server.asked.is_empty() => {
                    let frame = server.asked.remove(index.index(server.asked.len()));
                    let request_id = if let ClientFrame::Regenerate { request_id, .. } = frame {
                        request_id
                    } else if let ClientFrame::Send(send) = frame {
                        send.request_id
                    } else {
                        panic!("{frame:?}")
                    };
                    let error = TurnError { error: "No.".into(), kind: ErrorKind::RateLimited };
                    state.apply(Heard::Error { run_id: None, seq: None, request_id: Some(request_id), error, message: None });
                }
                Step::Accept(_) | Step::Refuse(_) => {}
                Step::Foreign(index) => {
                    let before = state.open.shown().to_vec();
                    let message_id = index.get(&server.questions()).clone();
                    let foreign = ClientFrame::Regenerate { request_id: "foreign".into(), message_id, model: None };
                    if let Some(accepted) = server.accept(&foreign) {
                        state.apply(accepted);
                        prop_assert!(state.open.shown().starts_with(&before), "what is read stays");
                    }
                }
                Step::Done(index) => {
                    let message = index.get(&server.messages).clone();
                    if message.role == MessageRole::Assistant {
                        let run_id = message.run_id.clone().unwrap();
                        let message = Message { status: MessageStatus::Complete, ..message };
                        state.apply(Heard::Done { run_id, seq: 9, message });
                    }
                }
                Step::Choose(index) => {
                    let id = index.get(&server.messages).id.clone();
                    state.choose(&id);
                    if state.open.get(&id).is_some() && state.open.path_to(&id)[0].as_str() == "q" {
                        prop_assert!(state.open.shown().contains(&id));
                    }
                }
                Step::Fetch(index) => {
                    let before = state.open.shown().to_vec();
                    // The fetched page may be older than what the socket has said.
                    let some = 2 + index.index(server.messages.len() - 1);
                    let some = server.messages[..some].to_vec();
                    state.transcript(transcript(some));
                    if before.first().is_some_and(|first| state.open.get(first).unwrap().message.parent_id.is_none()) {
                        prop_assert!(state.open.shown().starts_with(&before), "what is read stays");
                    }
                }
            }
            is_a_path(&state, &server.messages)?;
        }
        state.transcript(transcript(server.messages.clone()));
        is_a_path(&state, &server.messages)?;
        let page = BootPage::Conversation(transcript(server.messages.clone()));
        let reloaded = State::from(boot(page));
        prop_assert!(reloaded.open.shown().contains(&server.messages.last().unwrap().id), "a reload shows the newest");
    }
}
