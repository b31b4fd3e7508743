use std::sync::LazyLock;

use evenkeel_protocol::AttemptKind;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::broadcast;

use super::*;

struct World {
    directory: TempDir,
    store: Store,
    lost: IntCounter,
    log: AttemptLog,
}

async fn world() -> World {
    let directory = TempDir::new().unwrap();
    let store = Store::open("sqlite://evenkeel.db", directory.path())
        .await
        .unwrap();
    let lost = IntCounter::new("lost", "lost").unwrap();
    World {
        log: AttemptLog::start(store.clone(), Clock::start(), lost.clone()),
        directory,
        store,
        lost,
    }
}

impl World {
    async fn raw(&self) -> SqliteConnection {
        let file = self.directory.path().join("evenkeel.db");
        SqliteConnection::connect(&format!("sqlite://{}", file.display()))
            .await
            .unwrap()
    }

    async fn kept(&self) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM attempts")
            .fetch_one(&mut self.raw().await)
            .await
            .unwrap()
    }
}

fn call(attempts: u32, started_at: Timestamp) -> CallAttempts {
    let attempt = |index| Attempt {
        index,
        kind: AttemptKind::Primary,
        state: AttemptState::Answered,
        model_name: "a".into(),
        provider: "p".into(),
        status_code: None,
        reason: None,
        detail: None,
        retry_in_ms: None,
        started_at,
        first_token_ms: None,
        duration_ms: None,
        retry_limit: None,
        usage: None,
        cost: None,
        simulated: false,
    };
    CallAttempts {
        principal: "local".into(),
        request_id: "r".into(),
        assistant: None,
        attempts: (0..attempts).map(attempt).collect(),
    }
}

#[tokio::test]
async fn closing_writes_what_is_left_in_batches() {
    let world = world().await;
    for _ in 0..2 * BATCH + 1 {
        world.log.keep(call(2, Timestamp::now()));
    }
    world.log.close().await;
    assert_eq!((world.kept().await, world.lost.get()), (2002, 0));
}

#[tokio::test]
async fn a_full_queue_is_counted_and_nobody_waits() {
    let world = world().await;
    for _ in 0..QUEUE + 3 {
        world.log.keep(call(1, Timestamp::now()));
    }
    assert_eq!(world.lost.get(), 3);
}

#[tokio::test]
async fn what_the_database_refuses_is_tried_again() {
    let world = world().await;
    let mut heard = LOG.subscribe();
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'full'); END";
    sqlx::query(refuse)
        .execute(&mut world.raw().await)
        .await
        .unwrap();
    world.log.keep(call(2, Timestamp::now()));
    loop {
        let line = heard.recv().await.unwrap();
        if line.contains("attempts_not_saved") && line.contains("calls=1 ") {
            break;
        }
    }
    sqlx::query("DROP TRIGGER refuse")
        .execute(&mut world.raw().await)
        .await
        .unwrap();
    world.log.close().await;
    assert_eq!((world.kept().await, world.lost.get()), (2, 0));
}

#[tokio::test]
async fn what_cannot_be_written_at_the_end_is_counted() {
    let world = world().await;
    world.store.close().await;
    for _ in 0..BATCH + 1 {
        world.log.keep(call(3, Timestamp::now()));
    }
    world.log.close().await;
    assert_eq!(world.lost.get(), 3 * (BATCH as u64 + 1));
}

#[tokio::test]
async fn attempts_older_than_thirty_days_are_forgotten_at_the_start() {
    let before = world().await;
    let old = Timestamp::now() - KEPT - SignedDuration::from_hours(1);
    before.log.keep(call(1, old));
    before.log.keep(call(1, Timestamp::now()));
    before.log.close().await;
    assert_eq!(before.kept().await, 2);
    let again = AttemptLog::start(before.store.clone(), Clock::start(), before.lost.clone());
    while before.kept().await > 1 {}
    again.close().await;
    assert_eq!(before.kept().await, 1);
}

/// What is logged, by every test of this program: a subscriber for one thread alone would miss what others have found
/// nobody to listen to.
static LOG: LazyLock<broadcast::Sender<String>> = LazyLock::new(|| {
    let log = broadcast::Sender::new(100_000);
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || Lines(lines.clone()))
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log
});

struct Lines(broadcast::Sender<String>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Nobody may be listening.
        let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
