//! Several answers to one question, and several versions of one question.

use evenkeel_protocol::*;
use evenkeel_store::{Before, Begun, NewAnswer, NewTurn, StoreError};

use crate::support::{ME, STRANGER, Turn, World, second, started, world};

impl World {
    /// Makes a place for another answer; the run and the model are named after the request.
    async fn again(&self, request: u8, message_id: &MessageId) -> Result<Begun, StoreError> {
        let id = request.to_string();
        self.begin_answer(NewAnswer {
            assistant: None,
            principal: ME,
            request_id: &RequestId(id.clone()),
            message_id,
            run_id: &RunId(format!("run {id}")),
            requested_model: &ModelId(format!("model {id}")),
            now: second(request.into()),
        })
        .await
    }

    /// Asks a question in another version.
    async fn edit(
        &self,
        request: u8,
        turn: &Turn,
        edited: &MessageId,
    ) -> Result<Begun, StoreError> {
        let id = request.to_string();
        self.begin_turn(NewTurn {
            new_conversation: None,
            assistant: None,
            principal: ME,
            request_id: &RequestId(id.clone()),
            conversation: Some(&turn.conversation.id),
            parent_id: None,
            edited_id: Some(edited),
            temporary: false,
            system_prompt: None,
            files: &[],
            text: &format!("question {id}"),
            run_id: &RunId(format!("run {id}")),
            requested_model: &ModelId(format!("model {id}")),
            now: second(request.into()),
        })
        .await
    }
}

#[tokio::test]
async fn another_answer_stands_beside_the_first_whichever_message_is_named() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let by_question = started(world.again(2, &first.question.id).await.unwrap());
    let by_answer = started(world.again(3, &by_question.answer.id).await.unwrap());
    for again in [&by_question, &by_answer] {
        assert_eq!(again.question, first.question);
        assert_eq!(again.answer.parent_id, Some(first.question.id.clone()));
        assert_eq!(again.answer.status, MessageStatus::Streaming);
    }
    assert_eq!(by_answer.conversation.updated_at, second(3));
    let transcript = world.transcript(ME, &first.conversation.id).await.unwrap();
    assert_eq!(
        transcript.unwrap().messages,
        [
            first.question.clone(),
            first.answer,
            by_question.answer,
            by_answer.answer.clone()
        ]
    );
    // What is said next follows the newest answer, and knows nothing of the others.
    let next = world.ask(4, Some(&first.conversation.id), None).await;
    assert_eq!(next.question.parent_id, Some(by_answer.answer.id.clone()));
    let thread = world.thread(ME, &next.question.id).await.unwrap();
    let ids: Vec<_> = thread.into_iter().map(|message| message.id).collect();
    assert_eq!(
        ids,
        [first.question.id, by_answer.answer.id, next.question.id]
    );
}

#[tokio::test]
async fn a_request_for_another_answer_counts_once_and_shares_its_ids_with_turns() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let again = started(world.again(2, &first.question.id).await.unwrap());
    let before = Before {
        conversation_id: first.conversation.id.clone(),
        message_id: first.question.id.clone(),
        answer_id: again.answer.id.clone(),
        run_id: again.run(),
    };
    let twice = world.again(2, &first.answer.id).await.unwrap();
    assert_eq!(twice, Begun::Duplicate(before.clone()));
    let as_turn = world.begun_before(ME, &"2".into()).await.unwrap();
    assert_eq!(as_turn, Some(before));
    let of_turn = world.again(1, &first.answer.id).await.unwrap();
    assert!(
        matches!(of_turn, Begun::Duplicate(Before { answer_id, .. }) if answer_id == first.answer.id)
    );
}

#[tokio::test]
async fn a_message_that_is_not_there_is_not_answered_again() {
    let world = world().await;
    let mine = world.ask(1, None, None).await;
    let nowhere = world.again(2, &"nowhere".into()).await;
    assert!(matches!(nowhere, Err(StoreError::UnknownMessage)));
    let foreign = NewAnswer {
        assistant: None,
        principal: STRANGER,
        request_id: &"3".into(),
        message_id: &mine.question.id,
        run_id: &"run 3".into(),
        requested_model: &"model".into(),
        now: second(3),
    };
    let foreign = world.begin_answer(foreign).await;
    assert!(matches!(foreign, Err(StoreError::UnknownMessage)));
    world
        .delete(ME, &mine.conversation.id, second(4))
        .await
        .unwrap();
    let deleted = world.again(5, &mine.question.id).await;
    assert!(matches!(deleted, Err(StoreError::UnknownMessage)));
}

#[tokio::test]
async fn another_version_of_a_question_stands_beside_it() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let second_turn = world.ask(2, Some(&first.conversation.id), None).await;
    let edited = started(
        world
            .edit(3, &first, &second_turn.question.id)
            .await
            .unwrap(),
    );
    assert_eq!(edited.question.parent_id, Some(first.answer.id.clone()));
    assert_eq!(edited.question.text, "question 3");
    // The first question has no parent, nor has another version of it.
    let beginning = started(world.edit(4, &first, &first.question.id).await.unwrap());
    assert_eq!(beginning.question.parent_id, None);
    assert_eq!(beginning.conversation.title, "question 1");
    let thread = world.thread(ME, &beginning.question.id).await.unwrap();
    assert_eq!(thread.len(), 1);
}

#[tokio::test]
async fn only_a_question_of_the_conversation_is_edited() {
    let world = world().await;
    let mine = world.ask(1, None, None).await;
    let other = world.ask(2, None, None).await;
    for edited in [&mine.answer.id, &other.question.id, &"nowhere".into()] {
        let refused = world.edit(3, &mine, edited).await;
        assert!(matches!(refused, Err(StoreError::UnknownQuestion)));
    }
    let transcript = world.transcript(ME, &mine.conversation.id).await.unwrap();
    assert_eq!(transcript.unwrap().messages.len(), 2);
}
