//! Messages on their way: with what goes with them, from one page to the next, and past a server that was stopping.

use evenkeel_protocol::{Attachment, ErrorKind};

use super::*;

fn refusal(kind: ErrorKind) -> Heard {
    Heard::Error {
        run_id: None,
        seq: None,
        request_id: Some("q".into()),
        error: TurnError {
            error: "no".into(),
            kind,
        },
        message: None,
    }
}

fn sends(state: &State) -> Vec<evenkeel_protocol::Send> {
    let mut sends = vec![];
    for frame in state.opening() {
        if let ClientFrame::Send(send) = frame {
            sends.push(send);
        }
    }
    sends
}

fn hello() -> Heard {
    Heard::Hello(boot(BootPage::New).hello)
}

#[test]
fn files_and_instructions_go_with_a_message_and_instructions_only_with_the_first() {
    let file = Attachment {
        name: "a.txt".into(),
        media_type: "text/plain".into(),
        data: "YQ==".into(),
    };
    let mut state = asking();
    let frame = state.accompany(&"q".into(), vec![file.clone()], Some("Be brief.".into()));
    let Some(ClientFrame::Send(send)) = frame else {
        panic!("it is not sent");
    };
    assert_eq!(send.attachments, [file]);
    assert_eq!(send.system_prompt.as_deref(), Some("Be brief."));
    assert_eq!(sends(&state), [send]);

    let page = BootPage::Conversation(transcript(vec![]));
    let mut begun = State::from(boot(page));
    begun.send("q".into(), "Again".into(), None, asked("a"), at(0));
    begun.accompany(&"q".into(), vec![], Some("Be brief.".into()));
    assert_eq!(sends(&begun)[0].system_prompt, None);
}

#[test]
fn what_the_last_page_had_on_its_way_is_sent_once_by_this_one() {
    let [send] = &sends(&asking())[..] else {
        panic!("it is not on its way");
    };
    let mut state = State::from(boot(BootPage::New));
    assert!(state.adopt(send.clone(), at(0)).is_some());
    assert_eq!(state.adopt(send.clone(), at(0)), None);
    assert_eq!(&sends(&state)[..], std::slice::from_ref(send));
    for frame in turn(&["Hi".into()], true) {
        state.apply(frame);
    }
    assert_eq!(sends(&state), []);
    assert_eq!(shown(&state)[0].message.text, "Hello?");
}

#[test]
fn a_server_that_was_stopping_is_asked_again_and_one_that_says_no_is_not() {
    let mut state = asking();
    state.apply(refusal(ErrorKind::Internal));
    assert!(state.pending[0].refused.is_some());
    assert!(!state.busy());
    assert_eq!(sends(&state).len(), 1);
    state.apply(hello());
    assert!(state.pending[0].refused.is_none());

    state.apply(refusal(ErrorKind::InvalidRequest));
    state.apply(hello());
    assert!(state.pending[0].refused.is_some());
    assert_eq!(sends(&state), []);
}
