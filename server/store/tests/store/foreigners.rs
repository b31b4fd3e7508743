//! What belongs to one principal does not exist for another.

use evenkeel_protocol::MessageStatus;

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
    assert_eq!(world.last_model(STRANGER, id).await.unwrap(), None);
    assert_eq!(world.latest_run(STRANGER, id).await.unwrap(), None);
    assert_eq!(world.ended_run(STRANGER, &turn.run()).await.unwrap(), None);
    assert_eq!(world.rename(STRANGER, id, "Mine").await.unwrap(), None);
    assert!(!world.delete(STRANGER, id).await.unwrap());

    let transcript = world.transcript(ME, id).await.unwrap().unwrap();
    assert_eq!(transcript.conversation, turn.conversation);
    assert_eq!(transcript.messages, [turn.question, turn.answer]);
}
