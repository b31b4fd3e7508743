//! What of a long conversation is on the page.

use super::*;
use crate::state::{Item, newest};

fn long(count: usize) -> Transcript {
    let messages = (0..count).map(|place| {
        let parent = place.checked_sub(1).map(|place| format!("m{place}"));
        let role = if place % 2 == 0 {
            MessageRole::User
        } else {
            MessageRole::Assistant
        };
        message(&format!("m{place}"), parent.as_deref(), role, "text")
    });
    transcript(messages.collect())
}

fn opened(whole: &Transcript) -> State {
    State::from(boot(BootPage::of(whole.clone())))
}

fn on_page(state: &State) -> Vec<String> {
    let id = |item: &Item| match item {
        Item::Message(id) => id.to_string(),
        Item::Pending(_) | Item::Again(_) => "unsent".to_owned(),
    };
    state.items().iter().map(id).collect()
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|place| format!("m{place}")).collect()
}

#[test]
fn a_short_conversation_opens_as_a_whole() {
    for count in [0, 1, 30] {
        let (_, partial) = newest(long(count));
        assert!(!partial, "{count}");
        let mut state = opened(&long(count));
        assert_eq!(on_page(&state), names(0..count));
        assert!(!state.open.widen(10));
        assert_eq!(on_page(&state), names(0..count));
    }
}

#[test]
fn a_long_one_opens_with_its_end_and_becomes_whole() {
    let whole = long(100);
    let mut state = opened(&whole);
    assert!(state.open.partial());
    assert_eq!(on_page(&state), names(70..100));

    state.open.widen(0);
    let changes = state.transcript(whole);
    assert!(changes.messages.contains(&"m5".into()));
    assert!(!state.open.partial());
    assert_eq!(on_page(&state), names(70..100), "it is fetched, not shown");

    assert!(state.open.widen(20));
    assert_eq!(on_page(&state), names(50..100));
    assert_eq!(state.open.before_page(&"m40".into()), Some(10));
    assert_eq!(state.open.before_page(&"m60".into()), Some(0));
    assert_eq!(state.open.before_page(&"x".into()), None);
    assert!(!state.open.widen(1000));
    assert_eq!(on_page(&state), names(0..100));
}

#[test]
fn what_was_fetched_before_the_page_was_ready_changes_nothing_on_it() {
    let whole = long(100);
    let mut state = opened(&whole);
    state.transcript(whole);
    assert_eq!(on_page(&state), names(70..100));
}

#[test]
fn a_new_message_pushes_no_other_one_off_the_page() {
    let mut state = opened(&long(100));
    state.open.widen(0);
    state.send("q".into(), "and now?".into(), None, asked("m"), at(0));
    let page = on_page(&state);
    assert_eq!(page.first(), Some(&"m70".to_owned()));
    assert_eq!(page.len(), 31);
}

#[test]
fn a_conversation_that_is_fetched_later_opens_with_its_end_as_well() {
    let whole = long(100);
    let mut state = State::from(boot(BootPage::New));
    state.show(Some(whole.conversation.id.clone()));
    state.transcript(whole);
    assert!(!state.open.partial());
    assert_eq!(on_page(&state), names(70..100));
    assert!(state.open.widen(30));
    assert_eq!(on_page(&state), names(40..100));
}

#[test]
fn the_end_has_the_other_versions_of_its_messages() {
    let mut whole = long(100);
    // An old version of an answer with what followed it, and another beginning.
    let extra = |id, parent| message(id, parent, MessageRole::Assistant, "other");
    whole.messages.insert(96, extra("beside", Some("m94")));
    whole.messages.insert(97, extra("below", Some("beside")));
    whole.messages.insert(1, extra("far", Some("m0")));
    let (end, partial) = newest(whole.clone());
    assert!(partial);
    let ids: Vec<_> = end.messages.iter().map(|one| one.id.as_str()).collect();
    assert!(ids.contains(&"beside"));
    assert!(!ids.contains(&"below") && !ids.contains(&"far"));

    let mut state = opened(&whole);
    assert_eq!(on_page(&state), names(70..100));
    let (place, versions) = state.open.versions(&"m95".into()).unwrap();
    assert_eq!((place, versions.len()), (0, 2));
    state.open.widen(0);
    state.transcript(whole);
    assert_eq!(on_page(&state), names(70..100));
    state.choose(&"below".into());
    assert_eq!(on_page(&state).last(), Some(&"below".to_owned()));
}

#[test]
fn parts_stay_what_they_are_when_an_older_one_comes() {
    let whole = long(100);
    let mut state = opened(&whole);
    let parts = |state: &State| state.parts(&state.items());
    assert_eq!(parts(&state), [0]);
    state.open.widen(0);
    state.transcript(whole);
    state.open.widen(10);
    assert_eq!(parts(&state), [10, 0]);
    state.open.widen(20);
    assert_eq!(parts(&state), [30, 20, 0]);
    state.send("q".into(), "and now?".into(), None, asked("m"), at(0));
    assert_eq!(parts(&state), [30, 20, 0], "the newest part has grown");
    state.open.widen(1000);
    assert_eq!(parts(&state), [70, 60, 40, 0]);
}
