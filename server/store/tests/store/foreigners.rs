//! What belongs to one principal does not exist for another.

use evenkeel_protocol::MessageStatus;
use evenkeel_store::Change;

use crate::support::{ME, STRANGER, second, world};

#[tokio::test]
async fn a_stranger_finds_nothing_and_changes_nothing() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    turn.answer.status = MessageStatus::Complete;
    world.save_answer(&turn.answer, 2, second(1)).await.unwrap();
    let id = &turn.conversation.id;

    assert!(world.conversations(STRANGER, 9).await.unwrap().is_empty());
    assert_eq!(world.conversation(STRANGER, id).await.unwrap(), None);
    assert_eq!(world.transcript(STRANGER, id).await.unwrap(), None);
    assert!(
        world
            .thread(STRANGER, &turn.answer.id)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.last_asked(STRANGER, id).await.unwrap(), None);
    assert_eq!(world.latest_run(STRANGER, id).await.unwrap(), None);
    assert_eq!(world.ended_run(STRANGER, &turn.run()).await.unwrap(), None);
    assert_eq!(world.told_first(STRANGER, id).await.unwrap(), None);
    assert_eq!(
        world.question(STRANGER, &turn.answer.id).await.unwrap(),
        None
    );
    let change = Change {
        title: Some("Mine"),
        system_prompt: Some(None),
    };
    assert_eq!(world.change(STRANGER, id, change).await.unwrap(), None);
    assert_eq!(
        world.title_by_model(STRANGER, id, "Mine").await.unwrap(),
        None
    );
    let none = world.save_suggestions(STRANGER, &turn.answer.id, &[]).await;
    assert!(!none.unwrap());
    assert!(!world.delete(STRANGER, id, second(2)).await.unwrap());
    assert!(world.delete(ME, id, second(2)).await.unwrap());
    assert_eq!(world.restore(STRANGER, id).await.unwrap(), None);
    world.restore(ME, id).await.unwrap().unwrap();

    let transcript = world.transcript(ME, id).await.unwrap().unwrap();
    assert_eq!(transcript.conversation, turn.conversation);
    assert_eq!(transcript.messages, [turn.question, turn.answer]);
}
