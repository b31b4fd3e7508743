//! Assistants: who is asked next, what is said to the server for it, and whose an answer is before it has come.

use super::*;

fn qa(model: Option<&str>) -> Choice {
    Choice {
        assistant: Some("qa".into()),
        model: model.map(Into::into),
    }
}

fn by(id: &str, assistant: Option<&str>, model: &str) -> Message {
    let mut answer = message(id, None, MessageRole::Assistant, "b");
    answer.assistant = assistant.map(Into::into);
    answer.requested_model = Some(model.into());
    answer
}

fn open(messages: Vec<Message>) -> State {
    let mut boot = boot(BootPage::Conversation(transcript(messages)));
    boot.hello.assistants = vec![Assistant {
        id: "qa".into(),
        name: "Questions and answers".into(),
        model: "a".into(),
    }];
    State::from(boot)
}

fn begins(state: &mut State, request: &str) -> Message {
    state.apply(Heard::Accepted {
        run_id: "r9".into(),
        seq: 1,
        request_id: request.into(),
        conversation_id: "c".into(),
        message_id: "q9".into(),
        answer_id: "a9".into(),
    });
    state.open.get(&"a9".into()).unwrap().message.clone()
}

#[test]
fn the_newest_answer_s_assistant_is_asked_next() {
    assert_eq!(open(vec![]).usual(), asked("a"));
    let mut question = message("3", Some("2"), MessageRole::User, "and?");
    let first = by("1", Some("qa"), "b");
    assert_eq!(open(vec![first.clone()]).usual(), qa(None));
    question.parent_id = Some("1".into());
    assert_eq!(open(vec![first.clone(), question]).usual(), qa(None));

    let mut newer = by("2", None, "b");
    newer.parent_id = Some("1".into());
    assert_eq!(open(vec![first, newer]).usual(), asked("b"));
}

#[test]
fn an_assistant_that_is_gone_is_passed_over() {
    assert_eq!(open(vec![by("1", Some("gone"), "b")]).usual(), asked("b"));
    assert_eq!(
        open(vec![by("1", Some("gone"), "gone")]).usual(),
        asked("a")
    );
}

#[test]
fn a_message_names_its_assistant_and_the_answer_is_that_assistant_s_at_once() {
    let mut state = open(vec![]);
    let frame = state.send("q".into(), "Hello?".into(), None, qa(None), at(0));
    let ClientFrame::Send(send) = frame else {
        panic!("it is not sent");
    };
    assert_eq!((send.assistant.as_deref(), send.model), (Some("qa"), None));
    let answer = begins(&mut state, "q");
    assert_eq!(answer.assistant.as_deref(), Some("qa"));
    // Which model it is, the first attempt says.
    assert_eq!(answer.requested_model, None);
    assert_eq!(state.usual(), qa(None));
    state.apply(Heard::Attempt {
        run_id: "r9".into(),
        seq: 2,
        attempt: attempt(0, "tuned", AttemptKind::Primary, AttemptState::Answering),
    });
    let answer = &state.open.get(&"a9".into()).unwrap().message;
    assert_eq!(answer.requested_model, Some("tuned".into()));
    assert!(!answer.fallback);
}

#[test]
fn another_model_can_be_asked_for_an_assistant_and_in_another_version_of_a_question() {
    let mut state = open(vec![message("1", None, MessageRole::User, "Hello")]);
    let text = "Hello?".into();
    let frame = state.edit("e".into(), "1".into(), text, qa(Some("b")), at(0));
    let ClientFrame::Send(send) = frame else {
        panic!("it is not sent");
    };
    assert_eq!(send.assistant.as_deref(), Some("qa"));
    assert_eq!(send.model, Some("b".into()));
    assert_eq!(begins(&mut state, "e").requested_model, Some("b".into()));
}

#[test]
fn asked_again_an_answer_keeps_its_assistant() {
    let mut question = message("q9", None, MessageRole::User, "Hello?");
    question.status = MessageStatus::Complete;
    let mut first = by("1", Some("qa"), "a");
    first.parent_id = Some("q9".into());
    let mut state = open(vec![question, first.clone()]);
    let before = Choice::again(&first, &state.hello).unwrap();
    assert_eq!(before, qa(None));
    let frame = state.ask_again(Again {
        request_id: "x".into(),
        conversation_id: "c".into(),
        question: "q9".into(),
        of: "1".into(),
        model: before.model,
        assistant: before.assistant,
        at: at(1),
    });
    // Of the answer, not of the question: that is how the server knows which assistant.
    assert_eq!(
        frame,
        Some(ClientFrame::Regenerate {
            request_id: "x".into(),
            message_id: "1".into(),
            model: None,
        })
    );
    assert_eq!(begins(&mut state, "x").assistant.as_deref(), Some("qa"));

    let gone = by("2", Some("gone"), "b");
    assert_eq!(Choice::again(&gone, &state.hello), Some(asked("b")));
    let question = message("3", None, MessageRole::User, "?");
    assert_eq!(Choice::again(&question, &state.hello), None);
}
