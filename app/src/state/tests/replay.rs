//! Whatever is lost, repeated or cut on the way, the transcript becomes the same.

use proptest::prelude::*;

use super::*;

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
