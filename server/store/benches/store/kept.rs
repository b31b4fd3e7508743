//! Conversations: 1,000 of them with 20,000 messages, and 100,000 attempts.

use std::hint::black_box;

use criterion::Criterion;
use evenkeel_protocol::*;
use evenkeel_store::{Begun, Import, NewTurn, Store};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const ME: &str = "local";
const CONVERSATIONS: usize = 1000;
const TURNS: usize = 10;
const ATTEMPTS: u32 = 10;

/// Words of every frequency: the first is in most texts, the last in hardly any.
fn text(seed: usize) -> String {
    let mut state = seed as u64;
    let words = (0..80).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let even = (state >> 40) as f64 / (1u64 << 24) as f64;
        format!("w{}", (even * even * even * 5000.0) as u64)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn attempt(index: u32) -> Attempt {
    Attempt {
        index,
        kind: AttemptKind::Retry,
        state: if index + 1 == ATTEMPTS {
            AttemptState::Answered
        } else {
            AttemptState::Failed
        },
        model_name: "model".into(),
        provider: "provider".into(),
        status_code: Some(503),
        reason: Some(Reason::ProviderUnavailable),
        detail: Some("overloaded".to_owned()),
        retry_in_ms: None,
        retry_limit: None,
        started_at: Timestamp::from_second(i64::from(index)).unwrap(),
        first_token_ms: None,
        duration_ms: Some(10),
        usage: None,
        cost: None,
        simulated: false,
    }
}

fn message(place: usize, seed: usize) -> Message {
    let answers = place % 2 == 1;
    Message {
        assistant: None,
        id: place.to_string().into(),
        conversation_id: "".into(),
        parent_id: place.checked_sub(1).map(|parent| parent.to_string().into()),
        role: if answers {
            MessageRole::Assistant
        } else {
            MessageRole::User
        },
        text: text(seed),
        status: MessageStatus::Complete,
        created_at: Timestamp::UNIX_EPOCH,
        model_name: answers.then(|| "model".into()),
        requested_model: answers.then(|| "model".into()),
        provider: None,
        fallback: false,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts: if answers {
            (0..ATTEMPTS).map(attempt).collect()
        } else {
            vec![]
        },
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        run_id: None,
        error: None,
    }
}

async fn fill(folder: &TempDir) -> Store {
    let store = Store::open("sqlite://evenkeel.db", folder.path())
        .await
        .unwrap();
    for conversation in 0..CONVERSATIONS {
        let seed = conversation * TURNS * 2;
        let import = Import {
            title: text(seed).chars().take(60).collect(),
            title_source: TitleSource::Plain,
            system_prompt: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            messages: (0..TURNS * 2)
                .map(|place| (message(place, seed + place), vec![]))
                .collect(),
        };
        store.import(ME, &import).await.unwrap();
    }
    // As if they had been answered here.
    let file = folder.path().join("evenkeel.db");
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    sqlx::query("UPDATE messages SET run_id = place WHERE role = 'assistant'")
        .execute(&mut raw)
        .await
        .unwrap();
    store
}

async fn streaming(store: &Store) -> Message {
    let turn = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &"request".into(),
        conversation: None,
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        text: "Hello",
        files: &[],
        run_id: &"run".into(),
        requested_model: &"model".into(),
        now: Timestamp::UNIX_EPOCH,
    };
    let begun = store.begin_turn(turn).await.unwrap();
    let Begun::Started { mut answer, .. } = begun else {
        unreachable!("it is new")
    };
    answer.text = (0..50).map(text).collect();
    answer
}

/// Search, the receipt, the list, and an answer's checkpoint.
pub fn benches(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = TempDir::new().unwrap();
    let store = runtime.block_on(fill(&folder));
    for (name, words) in [
        ("search, a rare word", "w4990"),
        ("search, a word that most texts hold", "w0"),
        ("search, the beginning of a tenth of all words", "w4"),
        ("search, three words", "w0 w1 w2"),
        ("search, nothing", "zebra"),
    ] {
        c.bench_function(name, |b| {
            b.iter(|| {
                runtime
                    .block_on(store.search(ME, black_box(words), 50))
                    .unwrap()
            });
        });
    }
    c.bench_function("receipt", |b| {
        b.iter(|| runtime.block_on(store.accounts(ME)).unwrap());
    });
    c.bench_function("conversations, a list of 500", |b| {
        b.iter(|| runtime.block_on(store.conversations(ME, 500)).unwrap());
    });
    let answer = runtime.block_on(streaming(&store));
    c.bench_function("checkpoint of 16 kB", |b| {
        b.iter(|| {
            let saved = store.save_answer(&answer, 2, Timestamp::UNIX_EPOCH);
            assert!(runtime.block_on(saved).unwrap());
        });
    });
}
