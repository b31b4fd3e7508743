//! Answers that break off, and who goes on with them.

use super::*;

fn cut(words: &[&str]) -> Call {
    let mut steps: Vec<_> = words.iter().map(|word| text(word)).collect();
    steps.push(Step::Fail(Observed::Cut("reset".into())));
    Call::Stream(steps)
}

fn says(words: &[&str]) -> Call {
    let mut steps: Vec<_> = words.iter().map(|word| text(word)).collect();
    steps.push(Step::Give(Chunk::Finish(FinishReason::Stop)));
    Call::Stream(steps)
}

fn seam(mode: SeamMode, at: u64) -> Vec<Seam> {
    vec![Seam {
        from: "a".into(),
        to: "b".into(),
        mode,
        at,
    }]
}

fn last(mut world: World) -> World {
    world.delivery = Delivery::Final;
    world
}

#[tokio::test(start_paused = true)]
async fn a_model_that_can_goes_on_from_the_partial_answer() {
    let world = World::new()
        .model("a", [cut(&["One two ", "three "])])
        .model("b", [says(&[" four", " five"])])
        .with(|b| b.prefill = true);
    let run = world.run().await;
    assert_eq!(run.text, "One two three four five");
    assert_eq!(run.seams, seam(SeamMode::Continued, 14));
    assert_eq!((run.model.as_deref(), run.end.is_ok()), (Some("b"), true));
    assert_eq!(world.asks(1), [Ask::Continue("One two three".into())]);
    assert_eq!(
        run.story(),
        [(K::Primary, S::Failed), (K::Fallback, S::Answered)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_refuses_to_go_on_is_asked_once_more_without() {
    let world = World::new()
        .model("a", [cut(&["One two"])])
        .model("b", [refuse(status(400)), says(&["One", " two three"])])
        .with(|b| b.prefill = true);
    let run = world.run().await;
    assert_eq!(run.text, "One two three");
    assert_eq!(run.seams, seam(SeamMode::Spliced, 7));
    assert_eq!(world.asks(1), [Ask::Continue("One two".into()), Ask::Whole]);
    let kinds = [K::Primary, K::Fallback, K::Retry];
    assert_eq!(run.story().map_kinds(), kinds);
}

trait Kinds {
    fn map_kinds(&self) -> Vec<AttemptKind>;
}

impl Kinds for Vec<(AttemptKind, AttemptState)> {
    fn map_kinds(&self) -> Vec<AttemptKind> {
        self.iter().map(|(kind, _)| *kind).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_next_model_repeats_is_withheld() {
    for delivery in [Delivery::Replaceable, Delivery::Final] {
        let mut world = World::new()
            .model("a", [cut(&["Hello wor"])])
            .model("b", [says(&["Hel", "lo\n", "world", "!"])]);
        world.delivery = delivery;
        let run = world.run().await;
        assert_eq!(run.text, "Hello world!");
        assert_eq!(run.seams, seam(SeamMode::Spliced, 9));
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_next_model_says_something_else_the_answer_is_replaced() {
    let world = World::new()
        .model("a", [cut(&["Hello wor"])])
        .model("b", [says(&["Hello", " there", "."])]);
    let run = world.run().await;
    assert_eq!(run.text, "Hello there.");
    assert_eq!(run.seams, seam(SeamMode::Restarted, 0));
    assert!(run.end.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_out_for_good_is_never_followed_by_something_else() {
    let world = last(
        World::new()
            .model("a", [cut(&["Hello wor"])])
            .model("b", [says(&["Hello", " there", "."])])
            .model("c", [says(&["Hello world"])]),
    );
    let run = world.run().await;
    assert_eq!((run.text.as_str(), run.seams.len()), ("Hello wor", 0));
    let reasons = [
        ("a", Reason::StreamInterrupted),
        ("b", Reason::ResponseRejected),
        ("c", Reason::DeadlineExceeded),
    ];
    assert_eq!(
        run.failures(),
        reasons.map(|(model, reason)| (model.to_owned(), reason))
    );
    assert_eq!(world.state(1), CircuitState::Closed);
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_answer_is_no_repetition() {
    let world = World::new()
        .model("a", [cut(&["Hello world and more"])])
        .model("b", [says(&["Hello world"])]);
    let run = world.run().await;
    assert_eq!(run.text, "Hello world");
    assert_eq!(run.seams, seam(SeamMode::Restarted, 0));
}

#[tokio::test(start_paused = true)]
async fn catching_up_is_waited_for_ten_seconds() {
    let slow = |wait| {
        Call::Stream(vec![
            text("Hello"),
            Step::Wait(wait),
            text(" world"),
            Step::Give(Chunk::End),
        ])
    };
    let with = |wait| {
        World::new()
            .model("a", [cut(&["Hello wo"])])
            .model("b", [slow(wait)])
    };
    let run = with(9 * SECOND).run().await;
    assert_eq!(run.seams, seam(SeamMode::Spliced, 8));
    let run = with(11 * SECOND).run().await;
    assert_eq!(run.seams, seam(SeamMode::Restarted, 0));
    assert_eq!(run.text, "Hello world");
    let run = last(with(11 * SECOND)).run().await;
    assert_eq!((run.text.as_str(), run.end.is_err()), ("Hello wo", true));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_breaks_off_while_it_catches_up_is_followed_by_the_next() {
    let world = World::new()
        .model("a", [cut(&["one two three"])])
        .model("b", [cut(&["one "])])
        .model("c", [says(&["one two three four"])]);
    let run = world.run().await;
    assert_eq!(run.text, "one two three four");
    assert_eq!(run.seams.len(), 1);
    assert_eq!(
        (run.seams[0].from.as_str(), run.seams[0].to.as_str()),
        ("a", "c")
    );
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_seams_in_one_answer() {
    let world = World::new()
        .model("a", [cut(&["one "])])
        .model("b", [cut(&["two "])])
        .with(|b| b.prefill = true)
        .model("c", [says(&["three"])])
        .with(|c| c.prefill = true);
    let run = world.run().await;
    assert_eq!(run.text, "one two three");
    assert_eq!(
        run.seams.iter().map(|seam| seam.at).collect::<Vec<_>>(),
        [4, 8]
    );
    assert_eq!(world.asks(2), [Ask::Continue("one two".into())]);
}

#[tokio::test(start_paused = true)]
async fn json_tool_calls_and_reasoning_are_never_joined() {
    let json = |mut world: World| {
        world.prompt.json = true;
        world
    };
    let call = Step::Give(Chunk::ToolCall(ToolCallDelta {
        name: Some("f".into()),
        arguments: "{\"a\":".into(),
        ..ToolCallDelta::default()
    }));
    let thought = Step::Give(Chunk::Reasoning("hm".into()));
    let broken = Step::Fail(Observed::Cut("reset".into()));
    let cases = [
        json(World::new().model("a", [cut(&["{\"a\":"])])),
        World::new().model("a", [Call::Stream(vec![call, broken.clone()])]),
        World::new().model("a", [Call::Stream(vec![text("x"), thought, broken])]),
    ];
    for world in cases {
        let mut world = world.model("b", [says(&["{}"])]).with(|b| b.prefill = true);
        let run = world.run().await;
        assert_eq!((run.text.as_str(), run.end.is_ok()), ("{}", true));
        assert_eq!(run.seams, seam(SeamMode::Restarted, 0));
        assert_eq!(world.asks(1), [Ask::Whole]);

        world.delivery = Delivery::Final;
        let run = world.run().await;
        assert!(run.end.is_err());
        assert_eq!(world.asked()[1], 1, "nobody is asked in vain");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_does_not_parse_and_a_stall_are_recovered_from_too() {
    for broken in [
        Step::Fail(Observed::Malformed("no JSON".into())),
        Step::Hang,
        Step::Fail(status(529)),
    ] {
        let world = World::new()
            .model("a", [Call::Stream(vec![text("one "), broken])])
            .model("b", [says(&["one two"])]);
        let run = world.run().await;
        assert_eq!((run.text.as_str(), run.end.is_ok()), ("one two", true));
        assert_eq!(world.running(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_interrupted_model_is_not_asked_again() {
    let world = World::new().model("a", [cut(&["one"]), says(&["one two"])]);
    let run = world.run().await;
    assert_eq!((run.text.as_str(), world.asked()), ("one", vec![1]));
    assert_eq!(run.failures().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_can_be_asked_for_piece_by_piece_and_dropped() {
    let world = World::new()
        .model("a", [cut(&["one "])])
        .model("b", [Call::Silence]);
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    let waited =
        async { while let Ok(Some(_)) = tokio::time::timeout(SECOND, answer.next()).await {} };
    waited.await;
    // The recovery went on where the last call had left it: one request, not one each time.
    for _ in 0..5 {
        assert!(tokio::time::timeout(SECOND, answer.next()).await.is_err());
    }
    assert_eq!(world.asked(), [1, 1]);
    drop(answer);
    assert_eq!(world.running(), 0);
    assert_eq!(log.attempts()[1].state, S::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn what_was_paid_for_the_broken_part_is_known() {
    let world = World::new()
        .model("a", [cut(&["twelve chars"])])
        .model("b", [says(&["twelve chars!"])]);
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    while answer.next().await.is_some() {}
    let [spent] = answer.spent() else {
        panic!("{:?}", answer.spent())
    };
    assert_eq!((spent.model.as_str(), spent.usage.output_tokens), ("a", 3));
}

/// A model that gives a word a second, for so many seconds.
fn drips(words: usize) -> Call {
    let drop = [text("more "), Step::Wait(SECOND)];
    Call::Stream(std::iter::repeat_n(drop, words).flatten().collect())
}

#[tokio::test(start_paused = true)]
async fn the_last_moment_is_the_turns_whoever_answers() {
    let mut world = World::new();
    world.settings.deadline = 10 * SECOND;
    world.settings.stream_deadline = 20 * SECOND;
    let mut world = world.model("a", [refuse(status(404))]);
    world.settings.stream_deadline = 90 * SECOND;
    let world = world.model("b", [drips(60)]);
    let started = Instant::now();
    let run = world.run().await;
    assert_eq!(started.elapsed(), 20 * SECOND);
    let reasons: Vec<_> = run.failures().into_iter().map(|(_, why)| why).collect();
    assert_eq!(reasons, [Reason::ModelNotFound, Reason::StreamInterrupted]);
}

#[tokio::test(start_paused = true)]
async fn from_the_deadline_on_nobody_is_asked_to_go_on() {
    for seconds in [10, 30] {
        let mut world = World::new();
        world.settings.deadline = 10 * SECOND;
        let world = world
            .model("a", [drips(seconds)])
            .model("b", [says(&["more more"])]);
        let run = world.run().await;
        assert_eq!(world.asked(), [1, 0]);
        assert_eq!(run.failures()[1].1, Reason::DeadlineExceeded);
        assert!(matches!(run.end, Err(NoAnswer::Interrupted { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_an_endless_answer_comes_to_its_end() {
    let world = World::new().model("a", [Call::Stream(vec![text("more "); 2_000])]);
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    let mut pieces = 0;
    while let Some(Progress::Chunk(_)) = answer.next().await {
        pieces += 1;
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(pieces, 900);
    assert_eq!((answer.next().await, world.running()), (None, 0));
}

/// All pieces of text that an answer gives.
async fn pieces(world: &World) -> Vec<String> {
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    let mut pieces = vec![];
    while let Some(progress) = answer.next().await {
        if let Progress::Chunk(Chunk::Content(text)) = progress {
            pieces.push(text);
        }
    }
    pieces
}

#[tokio::test(start_paused = true)]
async fn no_piece_of_text_is_empty_after_a_seam() {
    let begins = || World::new().model("a", [cut(&["One "])]);
    let goes_on = begins()
        .model("b", [says(&[" ", "two"])])
        .with(|b| b.prefill = true);
    assert_eq!(pieces(&goes_on).await, ["One ", "two"]);
    let call = Step::Give(Chunk::ToolCall(ToolCallDelta::default()));
    let calls_a_tool = begins().model("b", [Call::Stream(vec![call, Step::Give(Chunk::End)])]);
    assert_eq!(pieces(&calls_a_tool).await, ["One "]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_the_middle_ends_the_turn_unless_another_may_be_asked() {
    let refused = |last: Step| {
        let mut world = World::new();
        world.settings.on_content_filter = OnContentFilter::Fallback;
        let call = || Call::Stream(vec![text("one "), last.clone()]);
        let fallback = world.model("a", [call()]).model("b", [says(&["one two"])]);
        let end = World::new()
            .model("a", [call()])
            .model("b", [says(&["one two"])]);
        (end, fallback)
    };
    for last in [
        Step::Give(Chunk::Finish(FinishReason::ContentFilter)),
        Step::Fail(Observed::Filtered("SAFETY".into())),
    ] {
        let (end, fallback) = refused(last);
        assert!(matches!(end.run().await.end, Err(NoAnswer::Filtered(_))));
        assert_eq!(end.asked(), [1, 0]);
        assert_eq!(fallback.run().await.text, "one two");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_while_catching_up_ends_the_turn() {
    let filtered = Call::Stream(vec![
        text("one "),
        Step::Fail(Observed::Filtered("SAFETY".into())),
    ]);
    let world = World::new()
        .model("a", [cut(&["one two"])])
        .model("b", [filtered])
        .model("c", [says(&["one two three"])]);
    assert!(matches!(world.run().await.end, Err(NoAnswer::Filtered(_))));
    assert_eq!(world.asked(), [1, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn who_says_too_early_that_it_is_done_is_not_believed() {
    let finish = || Step::Give(Chunk::Finish(FinishReason::Stop));
    let early = Call::Stream(vec![finish(), text("one "), text("two"), finish()]);
    let world = World::new().model("a", [early]);
    let run = world.run().await;
    assert_eq!((run.text.as_str(), run.end.is_ok()), ("one two", true));

    let always = Call::Stream(vec![
        text("one "),
        finish(),
        text("two "),
        finish(),
        Step::Wait(9 * SECOND),
        text("three"),
        finish(),
        Step::Give(Chunk::End),
    ]);
    let run = World::new().model("a", [always]).run().await;
    assert_eq!(
        (run.text.as_str(), run.end.is_ok()),
        ("one two three", true)
    );
}

#[tokio::test(start_paused = true)]
async fn reasoning_comes_with_a_restart() {
    let thinks = Call::Stream(vec![
        Step::Give(Chunk::Reasoning("hm".into())),
        Step::Give(Chunk::Signature("proof".into())),
        text("other"),
        Step::Give(Chunk::End),
    ]);
    let world = World::new()
        .model("a", [cut(&["one"])])
        .model("b", [thinks]);
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    let mut pieces = vec![];
    while let Some(progress) = answer.next().await {
        pieces.push(progress);
    }
    let seam = pieces
        .iter()
        .position(|piece| matches!(piece, Progress::Seam(_)));
    let after = &pieces[seam.unwrap() + 1..];
    assert!(matches!(
        after,
        [
            Progress::Chunk(Chunk::Reasoning(_)),
            Progress::Chunk(Chunk::Signature(_)),
            Progress::Chunk(Chunk::Content(_)),
            Progress::Finished(_)
        ]
    ));
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_counted_is_believed_more_than_an_estimate() {
    let counted = Call::Stream(vec![
        Step::Give(Chunk::Usage(Usage {
            input_tokens: 12_000,
            output_tokens: 1,
            ..Usage::default()
        })),
        text("twelve chars"),
        Step::Fail(Observed::Cut("reset".into())),
    ]);
    let mut world = World::new()
        .model("a", [counted])
        .model("b", [says(&["twelve chars!"])]);
    world.prompt.tokens = 7_400;
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    while answer.next().await.is_some() {}
    let [spent] = answer.spent() else {
        panic!("{:?}", answer.spent())
    };
    assert_eq!(
        (spent.usage.input_tokens, spent.usage.output_tokens),
        (12_000, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_stands_still_while_it_repeats_has_broken_off() {
    let mut world = World::new();
    world.settings.idle_timeout = 5 * SECOND;
    let world = world
        .model("a", [cut(&["Hello world"])])
        .model("b", [Call::Stream(vec![text("Hello"), Step::Hang])])
        .model("c", [says(&["Hello world again"])]);
    let run = world.run().await;
    assert_eq!(
        (run.text.as_str(), run.model.as_deref()),
        ("Hello world again", Some("c"))
    );
    assert_eq!(run.attempts[1].reason, Some(Reason::StreamInterrupted));
    assert_eq!(run.attempts[1].duration, Some(5 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_given_is_paid_for_by_its_length() {
    let other = Call::Stream(vec![
        Step::Give(Chunk::Reasoning("r".repeat(20))),
        text(&"x".repeat(40)),
        Step::Give(Chunk::End),
    ]);
    let world = last(
        World::new()
            .model("a", [cut(&["Hello"])])
            .model("b", [other]),
    );
    let log = Arc::new(Log::default());
    let mut answer = world.turn(&log).answer().await.unwrap();
    while answer.next().await.is_some() {}
    let paid: Vec<_> = answer
        .spent()
        .iter()
        .map(|spent| (spent.model.to_string(), spent.usage.output_tokens))
        .collect();
    assert_eq!(paid, [("a".to_owned(), 2), ("b".to_owned(), 15)]);
}
