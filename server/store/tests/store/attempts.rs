//! Attempts of calls without a conversation, and the columns that the log of attempts is to filter by.

use evenkeel_protocol::AttemptState;
use sqlx::Row;

use crate::support::{ME, attempt, second, world};

#[tokio::test]
async fn attempts_of_a_call_are_kept_without_a_message() {
    let world = world().await;
    let attempts = [
        attempt(0, AttemptState::Failed),
        attempt(1, AttemptState::Answered),
    ];
    world.record_attempts(ME, "call", &attempts).await.unwrap();
    world
        .record_attempts(ME, "other call", &attempts)
        .await
        .unwrap();

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

    world.delete(ME, &turn.conversation.id).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT COUNT(*) FROM attempts) + (SELECT COUNT(*) FROM messages)",
    )
    .fetch_one(&mut world.raw().await)
    .await
    .unwrap();
    assert_eq!(left, 0);
}
