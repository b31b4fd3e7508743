//! Attempts of calls without a conversation, and the columns that the log of attempts is to filter by.

use evenkeel_protocol::{Attempt, AttemptState};
use evenkeel_store::CallAttempts;
use sqlx::Row;

use crate::support::{ME, World, attempt, second, world};

#[tokio::test]
async fn attempts_of_a_call_are_kept_without_a_message() {
    let world = world().await;
    let calls = ["call", "other call"].map(|id| CallAttempts {
        assistant: None,
        principal: ME.into(),
        request_id: id.into(),
        attempts: vec![
            attempt(0, AttemptState::Failed),
            attempt(1, AttemptState::Answered),
        ],
    });
    world.record_attempts(&calls).await.unwrap();

    let rows = sqlx::query(
        "SELECT * FROM attempts WHERE request_id = 'call' AND message_id IS NULL ORDER BY place",
    )
    .fetch_all(&mut world.raw().await)
    .await
    .unwrap();
    assert_eq!(rows.len(), 2);
    let last = &rows[1];
    assert_eq!(last.get::<String, _>("principal"), ME);
    assert_eq!(last.get::<i64, _>("attempt_index"), 1);
    assert_eq!(last.get::<String, _>("kind"), "primary");
    assert_eq!(last.get::<String, _>("state"), "answered");
    assert_eq!(last.get::<String, _>("model_name"), "gpt-4o");
    assert_eq!(last.get::<String, _>("provider"), "openai");
    assert_eq!(last.get::<i64, _>("status_code"), 503);
    assert_eq!(last.get::<String, _>("reason"), "provider_unavailable");
    assert_eq!(last.get::<String, _>("detail"), "overloaded");
    assert_eq!(last.get::<i64, _>("retry_in_ms"), 400);
    assert_eq!(last.get::<i64, _>("started_at"), 1000);
    assert_eq!(last.get::<i64, _>("first_token_ms"), 20);
    assert_eq!(last.get::<i64, _>("duration_ms"), 31);
    assert!(last.get::<bool, _>("simulated"));
    assert_eq!(world.interrupt_unfinished().await.unwrap(), 0);
}

/// The request ids in the order of insertion.
async fn requests(world: &World) -> Vec<String> {
    sqlx::query_scalar("SELECT request_id FROM attempts ORDER BY place")
        .fetch_all(&mut world.raw().await)
        .await
        .unwrap()
}

fn call(request: String, began: i64, attempts: u32) -> CallAttempts {
    let attempts = (0..attempts).map(|index| Attempt {
        started_at: second(began),
        ..attempt(index, AttemptState::Answered)
    });
    CallAttempts {
        assistant: None,
        principal: ME.into(),
        request_id: request.into(),
        attempts: attempts.collect(),
    }
}

#[tokio::test]
async fn any_number_of_calls_is_written_whole_and_in_order() {
    let world = world().await;
    world.record_attempts(&[]).await.unwrap();
    let mut expected: Vec<String> = vec![];
    for (batch, length) in [1, 31, 32, 33, 100].into_iter().enumerate() {
        let calls = (0..length).map(|number| call(format!("{batch}-{number}"), 1, number % 3));
        let calls: Vec<_> = calls.collect();
        for call in &calls {
            expected.extend(call.attempts.iter().map(|_| call.request_id.to_string()));
        }
        world.record_attempts(&calls).await.unwrap();
    }
    assert_eq!(requests(&world).await, expected);
}

#[tokio::test]
async fn old_attempts_of_calls_are_forgotten_a_few_at_a_time_and_those_of_answers_stay() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    turn.answer.attempts = vec![attempt(0, AttemptState::Started)];
    world.save_answer(&turn.answer, 2, second(2)).await.unwrap();
    let calls = [1, 2, 3, 4, 5].map(|began| call(began.to_string(), began, 1));
    world.record_attempts(&calls).await.unwrap();
    let forget = || world.forget_attempts(second(4), 2);
    assert_eq!(forget().await.unwrap(), 2);
    assert_eq!(forget().await.unwrap(), 1);
    assert_eq!(forget().await.unwrap(), 0);
    assert_eq!(requests(&world).await, ["1", "4", "5"]);
    let kept = world.transcript(ME, &turn.conversation.id).await.unwrap();
    assert_eq!(kept.unwrap().messages[1].attempts, turn.answer.attempts);
}

#[tokio::test]
async fn attempts_of_an_answer_name_its_principal_and_request_and_go_with_it() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    turn.answer.attempts = vec![attempt(0, AttemptState::Started)];
    world.save_answer(&turn.answer, 2, second(2)).await.unwrap();
    let owners: Vec<(String, String, String)> =
        sqlx::query_as("SELECT message_id, principal, request_id FROM attempts")
            .fetch_all(&mut world.raw().await)
            .await
            .unwrap();
    assert_eq!(owners, [(turn.answer.id.0, ME.to_owned(), "1".to_owned())]);

    world.remove(&turn.conversation.id).await;
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT COUNT(*) FROM attempts) + (SELECT COUNT(*) FROM messages)",
    )
    .fetch_one(&mut world.raw().await)
    .await
    .unwrap();
    assert_eq!(left, 0);
}
