//! Opening the database, and finding everything again.

use evenkeel_store::{Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Row, SqlitePool};

use crate::support::{ME, attempt, second, world};
use evenkeel_protocol::{AttemptState, ErrorKind, MessageStatus};

#[tokio::test]
async fn a_relative_file_is_in_the_data_directory_which_is_made() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("not/yet/there");
    Store::open("sqlite://deeper/own.db", &data).await.unwrap();
    assert!(data.join("deeper/own.db").is_file());
}

#[tokio::test]
async fn an_absolute_file_is_where_it_says() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("own.db");
    let data = root.path().join("data");
    let url = format!("sqlite://{}", file.display());
    Store::open(&url, &data).await.unwrap();
    assert!(file.is_file());
    assert!(!data.exists());
}

#[tokio::test]
async fn a_name_is_only_ever_a_name() {
    let root = tempfile::tempdir().unwrap();
    Store::open("sqlite://:memory:", root.path()).await.unwrap();
    assert!(root.path().join(":memory:").is_file());
}

#[tokio::test]
async fn other_urls_are_refused_without_being_repeated() {
    let root = tempfile::tempdir().unwrap();
    for url in [
        "postgres://me:hunter2@db/evenkeel",
        "hunter2",
        "",
        "sqlite:hunter2.db",
        "sqlite://",
        "sqlite://me:hunter2@db/evenkeel",
        "sqlite://evenkeel.db?password=hunter2",
    ] {
        let error = Store::open(url, root.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::UnsupportedUrl), "{url}");
        assert!(
            error
                .to_string()
                .contains("postgres:// arrives with a later version; use sqlite://")
        );
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), "").unwrap();
    let error = Store::open("sqlite://file/own.db", root.path())
        .await
        .unwrap_err();
    assert!(matches!(&error, StoreError::Open { path, .. } if path.ends_with("file/own.db")));
    assert!(error.to_string().contains("own.db"));
}

#[tokio::test]
async fn readers_do_not_wait_for_writers() {
    let world = world().await;
    let mode = sqlx::query("PRAGMA journal_mode")
        .fetch_one(&mut world.raw().await)
        .await
        .unwrap();
    assert_eq!(mode.get::<String, _>(0), "wal");
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    turn.answer.text = "Because.".to_owned();
    turn.answer.status = MessageStatus::Complete;
    turn.answer.attempts = vec![attempt(0, AttemptState::Answered)];
    world.save_answer(&turn.answer, 7, second(2)).await.unwrap();
    world.set_setting("order", "a,b").await.unwrap();
    let before = world
        .transcript(ME, &turn.conversation.id)
        .await
        .unwrap()
        .unwrap();

    let world = world.reopen().await;
    let after = world
        .transcript(ME, &turn.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(after, before);
    assert_eq!(after.messages, [turn.question, turn.answer]);
    assert_eq!(
        world.setting("order").await.unwrap().as_deref(),
        Some("a,b")
    );
}

#[tokio::test]
async fn what_a_stopped_server_left_unfinished_is_interrupted() {
    let world = world().await;
    let mut whole = world.ask(1, None, None).await.answer;
    whole.status = MessageStatus::Complete;
    whole.attempts = vec![attempt(0, AttemptState::Answered)];
    world.save_answer(&whole, 3, second(2)).await.unwrap();
    let mut broken = world.ask(3, None, None).await.answer;
    broken.text = "So f".to_owned();
    broken.attempts = vec![
        attempt(0, AttemptState::Failed),
        attempt(1, AttemptState::Answering),
        attempt(2, AttemptState::Started),
    ];
    world.save_answer(&broken, 5, second(4)).await.unwrap();
    world.ask(5, None, None).await;

    let world = world.reopen().await;
    assert_eq!(world.interrupt_unfinished().await.unwrap(), 2);
    assert_eq!(world.interrupt_unfinished().await.unwrap(), 0);

    let kept = world.ended_run(ME, &"run 1".into()).await.unwrap().unwrap();
    assert_eq!(kept.answer, whole);
    let ended = world.ended_run(ME, &"run 3".into()).await.unwrap().unwrap();
    assert_eq!(ended.last_seq, 5);
    assert_eq!(ended.answer.text, "So f");
    assert_eq!(ended.answer.status, MessageStatus::Interrupted);
    let error = ended.answer.error.unwrap();
    assert_eq!(error.kind, ErrorKind::Internal);
    assert_eq!(
        error.error,
        "The server stopped while this answer was being written."
    );
    let states: Vec<_> = ended
        .answer
        .attempts
        .iter()
        .map(|attempt| attempt.state)
        .collect();
    assert_eq!(
        states,
        [
            AttemptState::Failed,
            AttemptState::Cancelled,
            AttemptState::Cancelled
        ]
    );
}

#[tokio::test]
async fn what_an_earlier_version_has_kept_is_found_by_search() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("evenkeel.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let mut earlier = sqlx::migrate!("./migrations");
    earlier.migrations = earlier.migrations[..3].to_vec().into();
    let pool = SqlitePool::connect_with(options).await.unwrap();
    earlier.run(&pool).await.unwrap();
    let rows = "INSERT INTO conversations (id, principal, title, created_at, updated_at)
                VALUES ('c', 'local', 'Old times', 1, 1);
                INSERT INTO messages (id, conversation_id, principal, role, status, text, created_at)
                VALUES ('q', 'c', 'local', 'user', 'complete', 'long ago', 1),
                       ('a', 'c', 'local', 'assistant', 'streaming', 'far away', 1)";
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    pool.close().await;

    let store = Store::open("sqlite://evenkeel.db", directory.path())
        .await
        .unwrap();
    store.interrupt_unfinished().await.unwrap();
    for words in ["old", "ago", "away"] {
        let found = store.search(ME, words, 9).await.unwrap();
        assert_eq!(found.len(), 1, "{words}");
    }
}
