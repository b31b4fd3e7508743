//! What the store cannot have written is named, never guessed at.

use evenkeel_protocol::AttemptState;
use evenkeel_store::StoreError;

use crate::support::{ME, attempt, second, world};

#[tokio::test]
async fn what_does_not_fit_is_named_by_table_and_column() {
    for (damage, table, column) in [
        (
            "UPDATE messages SET status = 'glorious'",
            "messages",
            "status",
        ),
        ("UPDATE messages SET role = 'system'", "messages", "role"),
        (
            "UPDATE messages SET input_tokens = -1",
            "messages",
            "input_tokens",
        ),
        ("UPDATE messages SET error = '{'", "messages", "error"),
        ("UPDATE messages SET text = x'ff'", "messages", "text"),
        ("UPDATE messages SET seams = '[{}]'", "messages", "seams"),
        (
            "UPDATE conversations SET updated_at = 9223372036854775807",
            "conversations",
            "updated_at",
        ),
        (
            "UPDATE attempts SET reason = 'bad luck'",
            "attempts",
            "reason",
        ),
        ("UPDATE attempts SET kind = 'last'", "attempts", "kind"),
        ("UPDATE attempts SET state = 'lost'", "attempts", "state"),
        (
            "UPDATE attempts SET status_code = 65536",
            "attempts",
            "status_code",
        ),
    ] {
        let world = world().await;
        let mut turn = world.ask(1, None, None).await;
        turn.answer.attempts = vec![attempt(0, AttemptState::Started)];
        world.save_answer(&turn.answer, 2, second(1)).await.unwrap();
        sqlx::query(damage)
            .execute(&mut world.raw().await)
            .await
            .unwrap();
        let error = world
            .transcript(ME, &turn.conversation.id)
            .await
            .unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { table: t, column: c } if (t, c) == (table, column)),
            "{damage}: {error}"
        );
    }
}
