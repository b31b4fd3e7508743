//! Any answer comes back as it was written.

use evenkeel_protocol::*;
use proptest::option;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::{ME, second, world};

/// What a column of whole numbers holds.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_000_u64, 0..=i64::MAX.unsigned_abs()]
}

/// A time as stored: whole milliseconds.
fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_i64).prop_map(|at| Timestamp::from_millisecond(at).unwrap())
}

/// A time with all that a timestamp can hold, as inside an error's JSON.
fn exact_time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_000)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn model() -> impl Strategy<Value = ModelId> {
    text().prop_map(ModelId)
}

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(&Reason::ALL[..])
}

fn kind() -> impl Strategy<Value = AttemptKind> {
    use AttemptKind::{Fallback, Hedge, Primary, Probe, Retry};
    prop::sample::select(&[Primary, Retry, Fallback, Hedge, Probe][..])
}

fn state() -> impl Strategy<Value = AttemptState> {
    use AttemptState::{Answered, Answering, Cancelled, Failed, Skipped, Started};
    prop::sample::select(&[Started, Answering, Answered, Failed, Skipped, Cancelled][..])
}

fn ended() -> impl Strategy<Value = MessageStatus> {
    use MessageStatus::{Cancelled, Complete, Failed, Incomplete, Interrupted};
    prop::sample::select(&[Complete, Incomplete, Interrupted, Cancelled, Failed][..])
}

fn failure() -> impl Strategy<Value = ModelFailure> {
    (
        model(),
        option::of(any::<u16>()),
        reason(),
        option::of(text()),
    )
        .prop_map(|(model_name, status_code, reason, detail)| ModelFailure {
            model_name,
            status_code,
            reason,
            detail,
        })
}

fn error() -> impl Strategy<Value = TurnError> {
    let exhausted = (
        prop::collection::vec(failure(), 0..4),
        option::of(exact_time()),
    )
        .prop_map(|(failures, retry_at)| ErrorKind::FallbackExhausted { failures, retry_at });
    let kind = prop_oneof![
        exhausted,
        Just(ErrorKind::ContentFiltered),
        Just(ErrorKind::Cancelled),
        Just(ErrorKind::DeadlineExceeded),
        Just(ErrorKind::InvalidRequest),
        Just(ErrorKind::NotAllowed),
        Just(ErrorKind::RateLimited),
        Just(ErrorKind::Internal),
    ];
    (text(), kind).prop_map(|(error, kind)| TurnError { error, kind })
}

fn usage() -> impl Strategy<Value = Option<Usage>> {
    option::of(
        (count(), count()).prop_map(|(input_tokens, output_tokens)| Usage {
            input_tokens,
            output_tokens,
        }),
    )
}

prop_compose! {
    fn attempt()(
        (kind, state, model_name, provider) in (kind(), state(), model(), text()),
        (status_code, reason) in (option::of(any::<u16>()), option::of(reason())),
        (detail, retry_in_ms) in (option::of(text()), option::of(count())),
        (first_token_ms, duration_ms) in (option::of(count()), option::of(count())),
        (started_at, simulated) in (time(), any::<bool>()),
        (retry_limit, usage, cost) in (option::of(any::<u32>()), usage(), option::of(0.0..1e12_f64)),
    ) -> Attempt {
        Attempt {
            index: 0, kind, state, model_name, provider: ProviderId(provider), status_code, reason,
            detail, retry_in_ms, started_at, first_token_ms, duration_ms, simulated,
            retry_limit, usage, cost,
        }
    }
}

fn seam() -> impl Strategy<Value = Seam> {
    use SeamMode::{Continued, Restarted, Spliced};
    let mode = prop::sample::select(&[Continued, Spliced, Restarted][..]);
    (model(), model(), mode, any::<u64>(), option::of(text())).prop_map(
        |(from, to, mode, at, discarded)| Seam {
            from,
            to,
            mode,
            at,
            discarded,
        },
    )
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    prop::collection::vec(attempt(), 0..5).prop_map(|mut attempts| {
        for (attempt, index) in attempts.iter_mut().zip(0..) {
            attempt.index = index;
        }
        attempts
    })
}

prop_compose! {
    fn notice()(
        guard in prop::sample::select(vec![Guard::Pii, Guard::Injection, Guard::Grounding]),
        kind in text(), count in count(), file in option::of(text()),
    ) -> GuardNotice {
        GuardNotice { guard, kind, count, file }
    }
}

prop_compose! {
    /// An answer that has ended; what ties it to its conversation is left to `tied`.
    fn answer()(
        (text, status, attempts) in (text(), ended(), attempts()),
        seams in prop::collection::vec(seam(), 0..3),
        (model_name, requested_model) in (option::of(model()), option::of(model())),
        (provider, finish_reason) in (option::of(text()), option::of(text())),
        (usage, cost) in (usage(), option::of(0.0..1e12_f64)),
        (fallback, simulated, error) in (any::<bool>(), any::<bool>(), option::of(error())),
        guards in prop::collection::vec(notice(), 0..3),
    ) -> Message {
        Message {
            assistant: None,
            id: "".into(), conversation_id: "".into(), parent_id: None, run_id: None,
            role: MessageRole::Assistant, created_at: second(0),
            text, status, attempts, seams, model_name, requested_model,
            provider: provider.map(ProviderId), finish_reason, cost, fallback, simulated, error,
            usage, attachments: vec![], suggestions: vec![], guards,
        }
    }
}

/// The answer in the place of the one that has begun.
fn tied(answer: Message, begun: &Message) -> Message {
    Message {
        id: begun.id.clone(),
        conversation_id: begun.conversation_id.clone(),
        parent_id: begun.parent_id.clone(),
        run_id: begun.run_id.clone(),
        created_at: begun.created_at,
        ..answer
    }
}

#[test]
fn any_answer_comes_back_as_it_was_written() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(world());
    // Each case deletes its conversation, so that all of them can use the same request.
    proptest!(ProptestConfig::with_cases(128), |(answer in answer(), seq in count())| {
        runtime.block_on(async {
            let turn = world.ask(1, None, None).await;
            let id = &turn.conversation.id;
            let answer = tied(answer, &turn.answer);
            prop_assert!(world.save_answer(&answer, seq, second(2)).await.unwrap());
            let ended = world.ended_run(ME, &turn.run()).await.unwrap().unwrap();
            prop_assert_eq!(&ended.answer, &answer);
            prop_assert_eq!(ended.last_seq, seq);
            let transcript = world.transcript(ME, id).await.unwrap().unwrap();
            prop_assert_eq!(transcript.messages, vec![turn.question, answer]);
            world.remove(id).await;
            Ok(())
        })?;
    });
}
