//! The conversation list, what is known of a conversation's runs, and settings.

use evenkeel_protocol::{AttemptState, ConversationId, MessageStatus};
use evenkeel_store::LastAsked;

use crate::support::{ME, attempt, second, world};

#[tokio::test]
async fn the_list_begins_with_what_was_written_last() {
    let world = world().await;
    let old = world.ask(1, None, None).await;
    let new = world.ask(2, None, None).await;
    let list = world.conversations(ME, 9).await.unwrap();
    assert_eq!(list, [new.conversation.clone(), old.conversation.clone()]);

    let old = world.ask(3, Some(&old.conversation.id), None).await;
    let list = world.conversations(ME, 9).await.unwrap();
    assert_eq!(list, [old.conversation.clone(), new.conversation.clone()]);
    assert_eq!(
        world.conversations(ME, 1).await.unwrap(),
        [old.conversation]
    );
}

#[tokio::test]
async fn a_transcript_gives_each_answer_its_own_attempts() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let second_turn = world.ask(2, Some(&first.conversation.id), None).await;
    let mut answers = [first.answer, second_turn.answer];
    for (answer, attempts) in answers.iter_mut().zip(1..) {
        answer.status = MessageStatus::Complete;
        answer.attempts = (0..=attempts)
            .map(|index| attempt(index, AttemptState::Failed))
            .collect();
        world.save_answer(answer, 4, second(3)).await.unwrap();
    }
    let [one, two] = answers;
    let transcript = world
        .transcript(ME, &first.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        transcript.messages,
        [first.question, one, second_turn.question, two]
    );
}

#[tokio::test]
async fn the_last_run_and_model_are_known() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let id = &first.conversation.id;
    world.ask(2, None, None).await;
    assert_eq!(
        world.latest_run(ME, id).await.unwrap(),
        Some("run 1".into())
    );
    let model = |id: &str| {
        Some(LastAsked {
            model: Some(id.into()),
            assistant: None,
        })
    };
    assert_eq!(world.last_asked(ME, id).await.unwrap(), model("model 1"));
    world.ask(3, Some(id), Some(&first.answer.id)).await;
    assert_eq!(
        world.latest_run(ME, id).await.unwrap(),
        Some("run 3".into())
    );
    assert_eq!(world.last_asked(ME, id).await.unwrap(), model("model 3"));
    let nowhere = ConversationId::from("nowhere");
    assert_eq!(world.latest_run(ME, &nowhere).await.unwrap(), None);
    assert_eq!(world.last_asked(ME, &nowhere).await.unwrap(), None);
}

#[tokio::test]
async fn a_setting_has_its_latest_value() {
    let world = world().await;
    assert_eq!(world.setting("order").await.unwrap(), None);
    world.set_setting("order", "a").await.unwrap();
    world.set_setting("order", "b").await.unwrap();
    world.set_setting("other", "").await.unwrap();
    assert_eq!(world.setting("order").await.unwrap().as_deref(), Some("b"));
    assert_eq!(world.setting("other").await.unwrap().as_deref(), Some(""));
}
