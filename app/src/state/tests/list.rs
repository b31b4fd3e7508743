//! Conversations that are deleted, come back, or are temporary.

use super::*;

fn open() -> State {
    let question = message("m1", None, MessageRole::User, "Hello?");
    State::from(boot(BootPage::Conversation(transcript(vec![question]))))
}

fn deleted() -> Heard {
    Heard::Conversation(ConversationChange::Deleted {
        conversation_id: "c".into(),
    })
}

#[test]
fn a_deleted_conversation_that_is_brought_back_is_fetched_and_followed_again() {
    let mut state = open();
    state.apply(deleted());
    assert_eq!(state.open.phase, Phase::Deleted);
    let conversation = transcript(vec![]).conversation;
    let back = ConversationChange::Upserted { conversation };
    let changes = state.apply(Heard::Conversation(back.clone()));
    assert_eq!(state.open.phase, Phase::Loading);
    assert!(changes.reload && changes.resubscribe);
    let again = state.apply(Heard::Conversation(back));
    assert!(!again.reload && !again.resubscribe);
}

#[test]
fn a_deletion_of_another_conversation_leaves_this_one() {
    let mut state = open();
    state.apply(Heard::Conversation(ConversationChange::Deleted {
        conversation_id: "other".into(),
    }));
    assert_eq!(state.open.phase, Phase::Ready);
}

#[test]
fn a_deletion_that_nobody_heard_is_noticed_at_the_next_look() {
    let mut state = open();
    state.no_transcript(&"c".into(), Phase::Failed);
    assert_eq!(
        state.open.phase,
        Phase::Ready,
        "a refresh that failed says nothing"
    );
    state.no_transcript(&"c".into(), Phase::Missing);
    assert_eq!(state.open.phase, Phase::Deleted);
}

#[test]
fn what_never_was_there_was_not_deleted() {
    let mut state = State::from(boot(BootPage::New));
    state.show(Some("x".into()));
    state.no_transcript(&"x".into(), Phase::Missing);
    assert_eq!(state.open.phase, Phase::Missing);
}

#[test]
fn a_temporary_conversation_begins_with_its_first_message_alone() {
    let mut state = State::from(boot(BootPage::New));
    state.temporary = true;
    let ClientFrame::Send(first) = state.send("q".into(), "Hello?".into(), None, asked("a"), at(0))
    else {
        panic!("a message is sent")
    };
    assert!(first.temporary && first.conversation_id.is_none());
    let frames = turn(&["Hi".to_owned()], true);
    for frame in frames {
        state.apply(frame);
    }
    assert!(state.open.temporary);
    let ClientFrame::Send(second) = state.send("r".into(), "And?".into(), None, asked("a"), at(1))
    else {
        panic!("a message is sent")
    };
    assert!(!second.temporary);

    state.show(None);
    assert!(!state.open.temporary && !state.temporary);
}
