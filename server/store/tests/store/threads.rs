//! Prompts out of branching conversations.

use evenkeel_protocol::{MessageRole, MessageStatus};
use evenkeel_store::ThreadMessage;

use crate::support::{ME, second, world};

fn texts(thread: &[ThreadMessage]) -> Vec<&str> {
    thread.iter().map(|message| message.text.as_str()).collect()
}

#[tokio::test]
async fn a_thread_leaves_other_branches_out() {
    let world = world().await;
    let mut root = world.ask(1, None, None).await;
    root.answer.text = "answer 1".to_owned();
    root.answer.status = MessageStatus::Incomplete;
    world.save_answer(&root.answer, 2, second(1)).await.unwrap();
    let conversation = Some(&root.conversation.id);
    let left = world.ask(2, conversation, Some(&root.answer.id)).await;
    let right = world.ask(3, conversation, Some(&root.answer.id)).await;
    let leaf = world.ask(4, conversation, Some(&left.answer.id)).await;

    let thread = world.thread(ME, &leaf.question.id).await.unwrap();
    assert_eq!(
        texts(&thread),
        ["question 1", "answer 1", "question 2", "", "question 4"]
    );
    let answer = ThreadMessage {
        id: root.answer.id.clone(),
        role: MessageRole::Assistant,
        status: MessageStatus::Incomplete,
        text: "answer 1".to_owned(),
    };
    assert_eq!(thread[1], answer);
    let thread = world.thread(ME, &right.question.id).await.unwrap();
    assert_eq!(texts(&thread), ["question 1", "answer 1", "question 3"]);
    let thread = world.thread(ME, &root.question.id).await.unwrap();
    assert_eq!(texts(&thread), ["question 1"]);
    assert!(
        world
            .thread(ME, &"nothing".into())
            .await
            .unwrap()
            .is_empty()
    );
}
