//! What answers and attempts add up to.

use evenkeel_protocol::*;
use evenkeel_store::Account;

use crate::support::{ME, STRANGER, Turn, World, attempt, second, world};

/// An attempt that began at this millisecond.
fn tried(index: u32, state: AttemptState, began: i64) -> Attempt {
    Attempt {
        started_at: Timestamp::from_millisecond(began).unwrap(),
        first_token_ms: None,
        duration_ms: Some(10),
        simulated: false,
        ..attempt(index, state)
    }
}

impl World {
    /// A turn for model `m` that came to this end.
    async fn end(&self, request: u8, change: impl FnOnce(&mut Message)) -> Turn {
        let mut turn = self.ask(request, None, None).await;
        turn.answer.status = MessageStatus::Complete;
        turn.answer.requested_model = Some("m".into());
        turn.answer.attempts = vec![tried(0, AttemptState::Answered, 1000)];
        change(&mut turn.answer);
        let saved = self.save_answer(&turn.answer, 2, second(99)).await;
        assert!(saved.unwrap());
        turn
    }

    async fn account(&self) -> Account {
        let mut accounts = self.accounts(ME).await.unwrap();
        assert_eq!(accounts.len(), 1, "{accounts:?}");
        accounts.remove(0)
    }
}

fn nothing() -> Account {
    Account {
        requested_model: "m".into(),
        since: None,
        answers: 0,
        saved: 0,
        lost: 0,
        lost_ms: 0,
        cost: 0.0,
        usage: None,
        simulated: 0,
    }
}

fn seam(mode: SeamMode) -> Seam {
    Seam {
        from: "m".into(),
        to: "n".into(),
        mode,
        at: 0,
        discarded: Some("\"mode\":\"restarted\"".to_owned()),
    }
}

#[tokio::test]
async fn an_answer_that_came_at_once_was_not_saved() {
    use AttemptState::{Answered, Cancelled, Failed};
    let world = world().await;
    assert_eq!(world.accounts(ME).await.unwrap(), []);
    world.end(1, |_| {}).await;
    // A hedge that failed, or came too late, has saved nothing.
    world
        .end(2, |answer| {
            answer.attempts = vec![tried(0, Answered, 1000), tried(1, Failed, 2000)];
        })
        .await;
    world
        .end(3, |answer| {
            answer.attempts = vec![tried(0, Answered, 1000), tried(1, Cancelled, 2000)];
        })
        .await;
    let expected = Account {
        since: Some(second(1)),
        answers: 3,
        ..nothing()
    };
    assert_eq!(world.account().await, expected);
    assert_eq!(world.accounts(STRANGER).await.unwrap(), []);
}

#[tokio::test]
async fn a_retry_a_fallback_and_a_seam_save_an_answer_and_take_time() {
    use AttemptState::{Answered, Failed, Skipped};
    let world = world().await;
    world
        .end(1, |answer| {
            answer.attempts = vec![tried(0, Failed, 1000), tried(1, Answered, 1500)];
        })
        .await;
    assert_eq!(world.account().await.lost_ms, 500);
    // Spared, not asked: it is saved all the same, in no time.
    world
        .end(2, |answer| {
            answer.fallback = true;
            answer.attempts = vec![tried(0, Skipped, 1000), tried(1, Answered, 1000)];
        })
        .await;
    assert_eq!(world.account().await.lost_ms, 500);
    // It wrote for 3 s, and what it wrote was kept.
    let broke_off = Attempt {
        first_token_ms: Some(200),
        duration_ms: Some(3200),
        ..tried(0, Failed, 1000)
    };
    let seamed = |mode| {
        let attempts = vec![broke_off.clone(), tried(1, Answered, 4300)];
        move |answer: &mut Message| {
            answer.fallback = true;
            answer.seams = vec![seam(mode)];
            answer.attempts = attempts;
        }
    };
    world.end(3, seamed(SeamMode::Continued)).await;
    assert_eq!(world.account().await.lost_ms, 500 + 300);
    world.end(4, seamed(SeamMode::Restarted)).await;
    let expected = Account {
        since: Some(second(1)),
        answers: 4,
        saved: 4,
        lost_ms: 500 + 300 + 3300,
        ..nothing()
    };
    assert_eq!(world.account().await, expected);
}

#[tokio::test]
async fn what_saved_answers_cost_is_added_up_where_it_is_known() {
    let world = world().await;
    let priced = |input_tokens, cost| {
        move |answer: &mut Message| {
            answer.fallback = true;
            answer.usage = Some(Usage {
                input_tokens,
                output_tokens: 10,
            });
            answer.cost = cost;
        }
    };
    world.end(1, priced(100, Some(0.25))).await;
    world.end(2, priced(200, Some(0.5))).await;
    world.end(3, priced(400, None)).await;
    world
        .end(4, |answer| {
            priced(800, Some(1.0))(answer);
            answer.fallback = false;
        })
        .await;
    let account = world.account().await;
    assert_eq!((account.answers, account.saved), (4, 3));
    assert_eq!(account.cost, 0.75);
    let usage = Usage {
        input_tokens: 300,
        output_tokens: 20,
    };
    assert_eq!(account.usage, Some(usage));
}

#[tokio::test]
async fn what_nobody_could_answer_is_lost_and_other_ends_are_not() {
    let world = world().await;
    let exhausted = ErrorKind::FallbackExhausted {
        failures: vec![],
        retry_at: None,
    };
    for (request, status, kind) in [
        (1, MessageStatus::Failed, exhausted.clone()),
        (2, MessageStatus::Incomplete, exhausted),
        (3, MessageStatus::Failed, ErrorKind::DeadlineExceeded),
        (4, MessageStatus::Failed, ErrorKind::ContentFiltered),
        (5, MessageStatus::Cancelled, ErrorKind::Cancelled),
        (6, MessageStatus::Interrupted, ErrorKind::Internal),
    ] {
        let error = TurnError {
            error: "no".to_owned(),
            kind,
        };
        world
            .end(request, |answer| {
                answer.status = status;
                answer.error = Some(error);
            })
            .await;
    }
    let mut writing = world.ask(7, None, None).await.answer;
    writing.requested_model = Some("m".into());
    world.save_answer(&writing, 2, second(7)).await.unwrap();
    let expected = Account {
        since: Some(second(1)),
        lost: 3,
        ..nothing()
    };
    assert_eq!(world.account().await, expected);
}

#[tokio::test]
async fn the_simulated_is_counted_apart_and_the_deleted_not_at_all() {
    use AttemptState::{Answered, Failed};
    let world = world().await;
    let saved = |answer: &mut Message| {
        answer.attempts = vec![tried(0, Failed, 1000), tried(1, Answered, 1500)];
    };
    let turn = world.end(1, saved).await;
    world
        .end(2, |answer| {
            saved(answer);
            answer.simulated = true;
        })
        .await;
    let account = world.account().await;
    let counts = (account.answers, account.saved, account.simulated);
    assert_eq!(counts, (1, 1, 1));
    world
        .delete(ME, &turn.conversation.id, second(3))
        .await
        .unwrap();
    let expected = Account {
        simulated: 1,
        ..nothing()
    };
    assert_eq!(world.account().await, expected);
    world.restore(ME, &turn.conversation.id).await.unwrap();
    assert_eq!(world.account().await.answers, 1);
}

#[tokio::test]
async fn each_model_that_was_asked_for_has_its_account() {
    let world = world().await;
    world.end(1, |_| {}).await;
    world
        .end(2, |answer| answer.requested_model = Some("n".into()))
        .await;
    let accounts = world.accounts(ME).await.unwrap();
    let models: Vec<_> = accounts
        .iter()
        .map(|account| (account.requested_model.as_str(), account.answers))
        .collect();
    assert_eq!(models, [("m", 1), ("n", 1)]);
}
