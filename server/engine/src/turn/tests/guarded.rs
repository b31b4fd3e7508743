//! Answers that are held back until a guard has let them pass.

use tokio::time::timeout;

use super::*;

/// Lets nothing pass that says "no".
struct NoNo;

impl ResponseGuard for NoNo {
    fn name(&self) -> &str {
        "looking for a no"
    }

    fn check(&self, answer: &str) -> Result<(), String> {
        match answer.contains("no") {
            true => Err("it says no".to_owned()),
            false => Ok(()),
        }
    }
}

/// The text of the answer, with the record; or why there is none.
async fn run(world: &World) -> (Result<String, NoAnswer>, Vec<AttemptRecord>, Vec<Spent>) {
    let log = Arc::new(Log::default());
    let turn = world.turn(&log).guarded(Arc::new(NoNo));
    let mut answer = match turn.answer().await {
        Ok(answer) => answer,
        Err(none) => return (Err(none), log.attempts(), vec![]),
    };
    let mut text = String::new();
    loop {
        match answer.next().await.unwrap() {
            Progress::Chunk(Chunk::Content(more)) => text.push_str(&more),
            Progress::Finished(_) => {
                return (Ok(text), log.attempts(), answer.spent().to_vec());
            }
            other @ (Progress::Chunk(_) | Progress::Seam(_) | Progress::Broken(_)) => {
                panic!("{other:?}")
            }
        }
    }
}

/// These words, so many seconds apart.
fn slowly(words: &[&str], seconds: u32) -> Call {
    let steps = words
        .iter()
        .flat_map(|word| [Step::Wait(SECOND * seconds), text(word)]);
    let end = [
        Step::Give(Chunk::Usage(Usage {
            input_tokens: 7,
            output_tokens: 3,
            ..Usage::default()
        })),
        Step::Give(Chunk::Finish(FinishReason::Stop)),
        Step::Give(Chunk::End),
    ];
    Call::Stream(steps.chain(end).collect())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_passes_comes_whole_and_not_before() {
    let world = World::new().model("a", [slowly(&["y", "e", "s"], 9)]);
    let log = Arc::new(Log::default());
    let started = Instant::now();
    let turn = world.turn(&log).guarded(Arc::new(NoNo));
    let answering = turn.answer();
    tokio::pin!(answering);
    assert!(timeout(SECOND * 20, &mut answering).await.is_err());
    let held = &log.attempts()[0];
    assert_eq!(
        (held.state, held.detail.as_deref(), held.first_token),
        (S::Answering, Some("looking for a no"), Some(SECOND * 9))
    );
    // Longer than the first token may take, and each word within the time of a silence.
    let mut answer = answering.await.unwrap();
    assert_eq!(started.elapsed(), SECOND * 27);
    let passed = &log.attempts()[0];
    assert_eq!(
        (passed.state, passed.detail.as_deref()),
        (S::Answering, None)
    );
    for word in ["y", "e", "s"] {
        let expected = Progress::Chunk(Chunk::Content(word.to_owned()));
        assert_eq!(answer.next().await, Some(expected));
    }
    assert!(matches!(answer.next().await, Some(Progress::Finished(_))));
    assert_eq!(started.elapsed(), SECOND * 27);
    let record = &log.attempts()[0];
    assert_eq!(
        (record.state, record.detail.as_deref()),
        (S::Answered, None)
    );
    assert_eq!(record.usage.unwrap().output_tokens, 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_refused_falls_back_unseen_and_counts_against_no_circuit() {
    let world = World::new()
        .model("a", [slowly(&["no ", "way"], 1)])
        .model("b", [answers("yes")]);
    let (text, attempts, spent) = run(&world).await;
    assert_eq!(text.unwrap(), "yes");
    let first = &attempts[0];
    assert_eq!(
        (first.state, first.reason, first.detail.as_deref()),
        (
            S::Failed,
            Some(Reason::ResponseRejected),
            Some("it says no")
        )
    );
    assert_eq!(first.usage.unwrap().input_tokens, 7);
    assert_eq!(
        (attempts[1].kind, attempts[1].state),
        (K::Fallback, S::Answered)
    );
    // It was paid for.
    assert_eq!((spent.len(), spent[0].model.as_str()), (1, "a"));
    assert_eq!(spent[0].usage.output_tokens, 3);
    assert_eq!(world.asked(), [1, 1]);
    for _ in 0..5 {
        run(&world).await.0.unwrap();
    }
    assert_eq!(world.state(0), CircuitState::Closed);
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_passes_the_turn_is_exhausted_with_that_reason() {
    let world = World::new()
        .model("a", [answers("no")])
        .model("b", [answers("no no")]);
    let (none, ..) = run(&world).await;
    let Err(NoAnswer::Exhausted { failures, .. }) = none else {
        panic!("{none:?}")
    };
    let reasons: Vec<_> = failures.iter().map(|failure| failure.reason).collect();
    assert_eq!(reasons, [Reason::ResponseRejected; 2]);
    assert_eq!(world.asked(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_while_it_is_held_back_falls_back_unseen_as_well() {
    for broken in [
        Call::Stream(vec![text("y"), Step::Fail(Observed::Cut("cut".into()))]),
        Call::Stream(vec![text("y"), Step::Hang]),
        Call::Stream(vec![text("y")]),
    ] {
        let world = World::new()
            .model("a", [broken])
            .model("b", [answers("yes")]);
        let (text, attempts, spent) = run(&world).await;
        assert_eq!(text.unwrap(), "yes");
        assert_eq!(attempts[0].reason, Some(Reason::StreamInterrupted));
        assert_eq!((attempts.len(), spent.len()), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_with_a_finish_reason_alone_is_whole() {
    let steps = vec![text("yes"), Step::Give(Chunk::Finish(FinishReason::Stop))];
    let world = World::new().model("a", [Call::Stream(steps)]);
    assert_eq!(run(&world).await.0.unwrap(), "yes");
}
