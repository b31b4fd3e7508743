//! A store in a directory of its own, and short ways to write into it.

use std::ops::Deref;

use evenkeel_protocol::*;
use evenkeel_store::{Begun, NewTurn, Store};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

pub(crate) const ME: &str = "local";
pub(crate) const STRANGER: &str = "stranger";

/// A store, and the directory that lives as long.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) directory: TempDir,
}

impl Deref for World {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// A turn that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) conversation: Conversation,
    pub(crate) question: Message,
    pub(crate) answer: Message,
}

impl Turn {
    pub(crate) fn run(&self) -> RunId {
        self.answer.run_id.clone().unwrap()
    }
}

pub(crate) async fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open("sqlite://evenkeel.db", directory.path())
        .await
        .unwrap();
    World { store, directory }
}

impl World {
    /// Closes the store and opens its file anew.
    pub(crate) async fn reopen(self) -> World {
        self.store.close().await;
        let store = Store::open("sqlite://evenkeel.db", self.directory.path())
            .await
            .unwrap();
        World { store, ..self }
    }

    /// A connection past the store.
    pub(crate) async fn raw(&self) -> SqliteConnection {
        let file = self.directory.path().join("evenkeel.db");
        SqliteConnection::connect(&format!("sqlite://{}", file.display()))
            .await
            .unwrap()
    }

    /// Deletes a conversation for good.
    pub(crate) async fn remove(&self, id: &ConversationId) {
        assert!(self.delete(ME, id, second(9)).await.unwrap());
        assert_eq!(self.purge(second(9), second(0)).await.unwrap(), 1);
    }

    /// Begins a turn of my own, second after second as `request` counts; the run and the model are named after it.
    pub(crate) async fn ask(
        &self,
        request: u8,
        conversation: Option<&ConversationId>,
        parent: Option<&MessageId>,
    ) -> Turn {
        let id = request.to_string();
        let begun = self
            .begin_turn(NewTurn {
                new_conversation: None,
                assistant: None,
                principal: ME,
                request_id: &RequestId(id.clone()),
                conversation,
                parent_id: parent,
                edited_id: None,
                temporary: false,
                system_prompt: None,
                files: &[],
                text: &format!("question {id}"),
                run_id: &RunId(format!("run {id}")),
                requested_model: &ModelId(format!("model {id}")),
                now: second(request.into()),
            })
            .await
            .unwrap();
        started(begun)
    }
}

pub(crate) fn started(begun: Begun) -> Turn {
    match begun {
        Begun::Started {
            conversation,
            question,
            answer,
        } => Turn {
            conversation,
            question,
            answer,
        },
        Begun::Duplicate(_) => panic!("a duplicate"),
    }
}

pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An attempt with every field filled in.
pub(crate) fn attempt(index: u32, state: AttemptState) -> Attempt {
    Attempt {
        index,
        kind: AttemptKind::Primary,
        state,
        model_name: "gpt-4o".into(),
        provider: "openai".into(),
        status_code: Some(503),
        reason: Some(Reason::ProviderUnavailable),
        detail: Some("overloaded".into()),
        retry_in_ms: Some(400),
        started_at: second(1),
        first_token_ms: Some(20),
        duration_ms: Some(31),
        retry_limit: None,
        usage: None,
        cost: None,
        simulated: true,
    }
}
