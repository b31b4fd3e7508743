use evenkeel_store::{Begun, NewTurn};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::*;

const ME: &str = "local";

async fn begin_turn(shared: &Shared, request: &str, temporary: bool) -> Begun {
    let turn = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &request.into(),
        conversation: None,
        parent_id: None,
        edited_id: None,
        temporary,
        system_prompt: None,
        files: &[],
        text: "Hello",
        run_id: &request.into(),
        requested_model: &"model".into(),
        now: shared.clock.now(),
    };
    shared.store.begin_turn(turn).await.unwrap()
}

async fn count(folder: &TempDir) -> i64 {
    let file = folder.path().join("evenkeel.db");
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    sqlx::query_scalar("SELECT COUNT(*) FROM conversations")
        .fetch_one(&mut raw)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_deleted_goes_after_an_hour_and_what_is_temporary_after_a_day() {
    let folder = TempDir::new().unwrap();
    let shared = Shared::for_tests(&folder).await;
    tokio::time::pause();
    // A paused clock runs on by itself while nothing but the database is waited for, but not beside a blocking task.
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let blocking = tokio::task::spawn_blocking(move || ended.recv());
    begin_turn(&shared, "kept", false).await;
    begin_turn(&shared, "temporary", true).await;
    let Begun::Started { conversation, .. } = begin_turn(&shared, "deleted", false).await else {
        unreachable!("it is new")
    };
    let now = shared.clock.now();
    assert!(
        shared
            .store
            .delete(ME, &conversation.id, now)
            .await
            .unwrap()
    );

    let moment = Duration::from_millis(1);
    for (time, left) in [
        (RESTORABLE - moment, 3),
        (moment, 2),
        (TEMPORARY - RESTORABLE - moment, 2),
        (moment, 1),
        (TEMPORARY, 1),
    ] {
        tokio::time::advance(time).await;
        round(&shared).await.unwrap();
        assert_eq!(count(&folder).await, left, "{time:?}");
    }
    assert_eq!(shared.store.conversations(ME, 9).await.unwrap().len(), 1);
    drop(end);
    blocking.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn no_temporary_conversation_outlives_the_server() {
    let folder = TempDir::new().unwrap();
    let shared = Shared::for_tests(&folder).await;
    begin_turn(&shared, "kept", false).await;
    begin_turn(&shared, "temporary", true).await;
    begin(&shared.store, shared.clock.now()).await.unwrap();
    assert_eq!(count(&folder).await, 1);
    assert_eq!(shared.store.conversations(ME, 9).await.unwrap().len(), 1);
}
