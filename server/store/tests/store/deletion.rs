//! Deleting conversations, bringing them back, and what is gone for good.

use evenkeel_protocol::*;
use evenkeel_store::{Change, NewTurn, StoreError};

use crate::support::{ME, Turn, World, second, started, world};

impl World {
    /// Begins a temporary conversation, at the second that `request` says.
    async fn ask_temporarily(&self, request: u8) -> Turn {
        let id = request.to_string();
        let begun = self
            .begin_turn(NewTurn {
                new_conversation: None,
                assistant: None,
                principal: ME,
                request_id: &RequestId(id.clone()),
                conversation: None,
                parent_id: None,
                edited_id: None,
                temporary: true,
                system_prompt: Some("Rhyme."),
                files: &[],
                text: "psst",
                run_id: &RunId(format!("run {id}")),
                requested_model: &"model".into(),
                now: second(request.into()),
            })
            .await;
        started(begun.unwrap())
    }

    /// How many rows a table has.
    async fn rows(&self, table: &'static str) -> i64 {
        let count = match table {
            "messages" => "SELECT COUNT(*) FROM messages",
            _ => "SELECT COUNT(*) FROM conversations",
        };
        let mut raw = self.raw().await;
        sqlx::query_scalar(count).fetch_one(&mut raw).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_deleted_is_nowhere_and_comes_back_whole() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    let kept = world.ask(2, None, None).await;
    let id = &turn.conversation.id;
    turn.answer.status = MessageStatus::Complete;
    turn.answer.text = "Because.".to_owned();
    world.save_answer(&turn.answer, 3, second(3)).await.unwrap();
    let before = world.transcript(ME, id).await.unwrap();

    assert!(world.delete(ME, id, second(9)).await.unwrap());
    assert!(!world.delete(ME, id, second(10)).await.unwrap());
    assert_eq!(world.conversation(ME, id).await.unwrap(), None);
    assert_eq!(world.transcript(ME, id).await.unwrap(), None);
    assert_eq!(world.latest_run(ME, id).await.unwrap(), None);
    assert_eq!(world.last_asked(ME, id).await.unwrap(), None);
    assert_eq!(world.ended_run(ME, &turn.run()).await.unwrap(), None);
    assert!(world.thread(ME, &turn.answer.id).await.unwrap().is_empty());
    assert_eq!(world.question(ME, &turn.answer.id).await.unwrap(), None);
    let change = Change {
        title: Some("Other"),
        ..Change::default()
    };
    assert_eq!(world.change(ME, id, change).await.unwrap(), None);
    assert_eq!(world.title_by_model(ME, id, "x").await.unwrap(), None);
    let list = world.conversations(ME, 9).await.unwrap();
    assert_eq!(list, std::slice::from_ref(&kept.conversation));

    let restored = world.restore(ME, id).await.unwrap().unwrap();
    assert_eq!(world.transcript(ME, id).await.unwrap(), before);
    assert_eq!(world.restore(ME, id).await.unwrap(), Some(restored.clone()));
    assert_eq!(world.conversations(ME, 9).await.unwrap()[0], restored);
}

#[tokio::test]
async fn a_request_of_a_deleted_conversation_is_refused_and_stands_again_when_it_is_restored() {
    let world = world().await;
    let turn = world.ask(1, None, None).await;
    let id = &turn.conversation.id;
    world.delete(ME, id, second(2)).await.unwrap();
    let before = world.begun_before(ME, &"1".into()).await;
    assert!(matches!(before, Err(StoreError::Deleted)));
    let (request_id, run_id, model) = ("3".into(), "run 3".into(), "model".into());
    let further = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &request_id,
        conversation: Some(id),
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        files: &[],
        text: "And?",
        run_id: &run_id,
        requested_model: &model,
        now: second(3),
    };
    let into_it = world.begin_turn(further).await;
    assert!(matches!(into_it, Err(StoreError::NotFound)));
    world.restore(ME, id).await.unwrap().unwrap();
    assert!(world.begun_before(ME, &"1".into()).await.unwrap().is_some());
    started(world.begin_turn(further).await.unwrap());
}

#[tokio::test]
async fn an_answer_that_ends_after_its_deletion_is_there_when_it_is_restored() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    let id = &turn.conversation.id;
    world.delete(ME, id, second(2)).await.unwrap();
    turn.answer.status = MessageStatus::Cancelled;
    turn.answer.text = "Beca".to_owned();
    assert!(world.save_answer(&turn.answer, 4, second(3)).await.unwrap());
    assert_eq!(world.conversation(ME, id).await.unwrap(), None);
    world.restore(ME, id).await.unwrap().unwrap();
    let transcript = world.transcript(ME, id).await.unwrap().unwrap();
    assert_eq!(transcript.messages, [turn.question, turn.answer]);
}

#[tokio::test]
async fn what_was_deleted_long_enough_ago_is_purged_with_all_branches() {
    let world = world().await;
    let turn = world.ask(1, None, None).await;
    let id = &turn.conversation.id;
    world.ask(2, Some(id), Some(&turn.answer.id)).await;
    world.ask(3, Some(id), Some(&turn.answer.id)).await;
    let kept = world.ask(4, None, None).await;
    world.delete(ME, id, second(10)).await.unwrap();
    assert_eq!(world.purge(second(9), second(0)).await.unwrap(), 0);
    assert_eq!(world.rows("messages").await, 8);
    assert_eq!(world.purge(second(10), second(0)).await.unwrap(), 1);
    assert_eq!(world.rows("messages").await, 2);
    assert_eq!(world.restore(ME, id).await.unwrap(), None);
    assert!(world.begun_before(ME, &"1".into()).await.unwrap().is_none());
    let list = world.conversations(ME, 9).await.unwrap();
    assert_eq!(list, [kept.conversation]);
}

#[tokio::test]
async fn a_temporary_conversation_is_in_no_list_and_gone_when_it_is_deleted() {
    let world = world().await;
    let turn = world.ask_temporarily(1).await;
    let id = &turn.conversation.id;
    assert!(turn.conversation.temporary);
    assert_eq!(turn.conversation.system_prompt.as_deref(), Some("Rhyme."));
    assert!(world.conversations(ME, 9).await.unwrap().is_empty());
    let transcript = world.transcript(ME, id).await.unwrap().unwrap();
    assert_eq!(transcript.conversation, turn.conversation);
    assert!(world.delete(ME, id, second(2)).await.unwrap());
    assert_eq!(world.rows("conversations").await, 0);
    assert_eq!(world.restore(ME, id).await.unwrap(), None);
}

#[tokio::test]
async fn a_temporary_conversation_is_purged_when_nothing_was_written_in_it_for_long() {
    let world = world().await;
    let old = world.ask_temporarily(1).await;
    let used = world.ask_temporarily(2).await;
    world.ask(9, Some(&used.conversation.id), None).await;
    assert_eq!(world.purge(second(0), second(8)).await.unwrap(), 1);
    let gone = world.conversation(ME, &old.conversation.id).await.unwrap();
    assert_eq!(gone, None);
    let kept = world.conversation(ME, &used.conversation.id).await.unwrap();
    assert!(kept.is_some());
    assert_eq!(world.purge(second(0), Timestamp::MAX).await.unwrap(), 1);
    assert_eq!(world.rows("conversations").await, 0);
}

#[tokio::test]
async fn of_a_temporary_conversation_no_word_stays_in_the_file() {
    let world = world().await;
    let mut turn = world.ask_temporarily(1).await;
    turn.answer.status = MessageStatus::Complete;
    turn.answer.text = "xylophone ".repeat(2000);
    assert!(world.save_answer(&turn.answer, 4, second(3)).await.unwrap());
    let mut kept = world.ask(2, None, None).await;
    kept.answer.status = MessageStatus::Complete;
    kept.answer.text = "trumpet".to_owned();
    assert!(world.save_answer(&kept.answer, 4, second(3)).await.unwrap());
    let id = &turn.conversation.id;
    let file = world.directory.path().join("evenkeel.db");
    let world = world.reopen().await;
    let holds = || String::from_utf8_lossy(&std::fs::read(&file).unwrap()).contains("xylophone");
    assert!(holds());
    assert!(world.delete(ME, id, second(4)).await.unwrap());
    let world = world.reopen().await;
    assert!(!holds());
    assert_eq!(world.rows("conversations").await, 1);
    let found = world.search(ME, "trumpet", 9).await.unwrap();
    assert_eq!(found.len(), 1);
    // The index holds what the tables hold, and nothing else.
    let check = "INSERT INTO messages_index (messages_index, rank) VALUES ('integrity-check', 1)";
    let mut raw = world.raw().await;
    sqlx::query(check).execute(&mut raw).await.unwrap();
}
