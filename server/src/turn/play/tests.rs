use evenkeel_store::{Begun, NewTurn};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

#[tokio::test]
async fn an_answer_that_ends_while_the_database_is_busy_is_saved_when_it_is_not() {
    let folder = TempDir::new().unwrap();
    let shared = Shared::for_tests(&folder).await;
    let (request_id, run_id, model) = ("request".into(), "run".into(), "model".into());
    let turn = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: "local",
        request_id: &request_id,
        conversation: None,
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        files: &[],
        text: "Hello",
        run_id: &run_id,
        requested_model: &model,
        now: shared.clock.now(),
    };
    let Begun::Started { answer, .. } = shared.store.begin_turn(turn).await.unwrap() else {
        unreachable!("it is new")
    };
    let run = Run::begin(run_id, "local".into(), request_id, answer).unwrap();
    run.delta("The whole answer.".to_owned());

    let file = folder.path().join("evenkeel.db");
    let file = format!("sqlite://{}", file.display());
    let mut raw = SqliteConnection::connect(&file).await.unwrap();
    let busy =
        "CREATE TRIGGER busy BEFORE UPDATE ON messages BEGIN SELECT RAISE(ABORT, 'busy'); END";
    sqlx::query(busy).execute(&mut raw).await.unwrap();
    let finishing = finish(&shared, &run, None, None);
    tokio::pin!(finishing);
    let early = timeout(Duration::from_millis(100), &mut finishing).await;
    assert!(early.is_err(), "it has given up");
    sqlx::query("DROP TRIGGER busy")
        .execute(&mut raw)
        .await
        .unwrap();
    finishing.await;

    let stored = shared.store.ended_run("local", &run.id).await.unwrap();
    let answer = stored.unwrap().answer;
    assert_eq!(
        (answer.text.as_str(), answer.status),
        ("The whole answer.", MessageStatus::Complete)
    );
}
