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

fn seam() -> impl Strategy<Value = Option<(prop::sample::Index, SeamMode)>> {
    use SeamMode::{Continued, Restarted, Spliced};
    let mode = prop::sample::select(&[Continued, Spliced, Restarted][..]);
    prop::option::of((any::<prop::sample::Index>(), mode))
}

/// A turn in which another model goes on after some of the pieces.
fn turn_with_seam(
    pieces: &[String],
    seam: Option<(prop::sample::Index, SeamMode)>,
    end: bool,
) -> Vec<Heard> {
    let mut frames = turn(pieces, end);
    let Some((index, mode)) = seam.filter(|_| !pieces.is_empty()) else {
        return frames;
    };
    let (before, after) = pieces.split_at(1 + index.index(pieces.len()));
    let restarted = mode == SeamMode::Restarted;
    let at = if restarted {
        0
    } else {
        before.concat().chars().count() as u64
    };
    let first = frames
        .iter()
        .position(|frame| matches!(frame, Heard::Delta { .. }))
        .unwrap();
    frames.insert(
        first + before.len(),
        Heard::Seam {
            run_id: run(),
            seq: 0,
            from: "b".into(),
            to: "c".into(),
            mode,
            at,
        },
    );
    if let Some(Heard::Done { message, .. }) = frames.last_mut() {
        message.model_name = Some("c".into());
        message.seams = vec![Seam {
            from: "b".into(),
            to: "c".into(),
            mode,
            at,
            discarded: restarted.then(|| before.concat()),
        }];
        if restarted {
            message.text = after.concat();
        }
    }
    for (index, frame) in frames.iter_mut().enumerate() {
        number(frame, index as u64 + 1);
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_happens_on_the_way_the_transcript_is_the_same(
        pieces in prop::collection::vec("[a-z \n#*-]{1,9}", 0..10),
        seam in seam(),
        mishaps in prop::collection::vec(mishap(), 0..24),
        end in any::<bool>(),
    ) {
        let frames = turn_with_seam(&pieces, seam, end);
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
        seam in seam(),
        end in any::<bool>(),
    ) {
        let frames = turn_with_seam(&pieces, seam, end);
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
        let text = |state: &State| {
            let seams = |entry: &Arc<Entry>| (entry.message.text.clone(), entry.message.seams.clone());
            shown(state).iter().map(seams).collect::<Vec<_>>()
        };
        prop_assert_eq!(text(&state), text(&straight));
        prop_assert_eq!(state.busy(), !end);
    }
}
