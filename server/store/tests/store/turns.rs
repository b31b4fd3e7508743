//! Beginning turns.

use evenkeel_protocol::*;
use evenkeel_store::{Before, Begun, NewTurn, Store, StoreError};

use crate::support::{ME, STRANGER, second, started, world};

#[tokio::test]
async fn a_first_turn_makes_a_conversation() {
    let world = world().await;
    let now: Timestamp = "2026-11-20T08:00:00.123456789Z".parse().unwrap();
    let stored: Timestamp = "2026-11-20T08:00:00.123Z".parse().unwrap();
    let begun = world
        .begin_turn(NewTurn {
            new_conversation: None,
            assistant: None,
            principal: ME,
            request_id: &"request".into(),
            conversation: None,
            parent_id: None,
            edited_id: None,
            temporary: false,
            system_prompt: None,
            files: &[],
            text: "Why is the sky blue?\nI wonder.",
            run_id: &"run".into(),
            requested_model: &"gpt-4o".into(),
            now,
        })
        .await
        .unwrap();
    let turn = started(begun);

    assert_eq!(turn.conversation.title, "Why is the sky blue?");
    assert_eq!(turn.conversation.created_at, stored);
    assert_eq!(turn.conversation.updated_at, stored);

    let question = Message {
        assistant: None,
        id: turn.question.id.clone(),
        conversation_id: turn.conversation.id.clone(),
        parent_id: None,
        role: MessageRole::User,
        text: "Why is the sky blue?\nI wonder.".to_owned(),
        status: MessageStatus::Complete,
        created_at: stored,
        model_name: None,
        requested_model: None,
        provider: None,
        fallback: false,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts: vec![],
        seams: vec![],
        attachments: vec![],
        suggestions: vec![],
        guards: vec![],
        simulated: false,
        run_id: None,
        error: None,
    };
    let answer = Message {
        id: turn.answer.id.clone(),
        parent_id: Some(turn.question.id.clone()),
        role: MessageRole::Assistant,
        text: String::new(),
        status: MessageStatus::Streaming,
        requested_model: Some("gpt-4o".into()),
        run_id: Some("run".into()),
        ..question.clone()
    };
    assert_eq!(turn.question, question);
    assert_eq!(turn.answer, answer);

    let transcript = world
        .transcript(ME, &turn.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(transcript.conversation, turn.conversation);
    assert_eq!(transcript.messages, [question, answer]);
}

#[tokio::test]
async fn a_further_turn_follows_the_newest_message_or_the_one_it_names() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let conversation = Some(&first.conversation.id);
    let second_turn = world.ask(2, conversation, None).await;
    assert_eq!(
        second_turn.question.parent_id,
        Some(first.answer.id.clone())
    );
    assert_eq!(second_turn.conversation.title, "question 1");
    assert_eq!(second_turn.conversation.created_at, second(1));
    assert_eq!(second_turn.conversation.updated_at, second(2));
    let branch = world.ask(3, conversation, Some(&first.answer.id)).await;
    assert_eq!(branch.question.parent_id, Some(first.answer.id));
    let after_branch = world.ask(4, conversation, None).await;
    assert_eq!(after_branch.question.parent_id, Some(branch.answer.id));
}

#[tokio::test]
async fn a_place_that_is_not_there_is_refused_and_nothing_written() {
    let world = world().await;
    let mine = world.ask(1, None, None).await;
    let other = world.ask(2, None, None).await;
    let (request_id, run_id, model) = ("request".into(), "run".into(), "model".into());
    let turn = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &request_id,
        conversation: Some(&mine.conversation.id),
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        text: "And then?",
        files: &[],
        run_id: &run_id,
        requested_model: &model,
        now: second(9),
    };

    let nowhere = ConversationId::from("nowhere");
    let unknown = NewTurn {
        conversation: Some(&nowhere),
        ..turn
    };
    assert!(matches!(
        world.begin_turn(unknown).await,
        Err(StoreError::NotFound)
    ));
    let foreign = NewTurn {
        principal: STRANGER,
        ..turn
    };
    assert!(matches!(
        world.begin_turn(foreign).await,
        Err(StoreError::NotFound)
    ));
    let elsewhere = NewTurn {
        parent_id: Some(&other.answer.id),
        ..turn
    };
    assert!(matches!(
        world.begin_turn(elsewhere).await,
        Err(StoreError::UnknownParent)
    ));
    let orphan = NewTurn {
        conversation: None,
        ..elsewhere
    };
    assert!(matches!(
        world.begin_turn(orphan).await,
        Err(StoreError::UnknownParent)
    ));

    let list = world.conversations(ME, 9).await.unwrap();
    assert_eq!(list, [other.conversation, mine.conversation.clone()]);
    assert!(world.conversations(STRANGER, 9).await.unwrap().is_empty());
    let transcript = world
        .transcript(ME, &mine.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(transcript.messages.len(), 2);
    // The refused request has left no trace: it can be sent again.
    started(world.begin_turn(turn).await.unwrap());
}

#[tokio::test]
async fn a_request_runs_once_for_each_principal() {
    let world = world().await;
    let first = world.ask(1, None, None).await;
    let again = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &"1".into(),
        conversation: None,
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        files: &[],
        text: "question 1",
        run_id: &"another run".into(),
        requested_model: &"model".into(),
        now: second(2),
    };
    let duplicate = Begun::Duplicate(Before {
        conversation_id: first.conversation.id.clone(),
        message_id: first.question.id.clone(),
        answer_id: first.answer.id.clone(),
        run_id: first.run(),
    });
    assert_eq!(world.begin_turn(again).await.unwrap(), duplicate);
    assert_eq!(
        world.conversations(ME, 9).await.unwrap(),
        [first.conversation]
    );
    let same_id = NewTurn {
        principal: STRANGER,
        ..again
    };
    started(world.begin_turn(same_id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_that_arrives_many_times_at_once_runs_once() {
    let world = world().await;
    // Several rounds: in the first ones the pool has few connections yet, and there is little at once.
    for round in 0..16 {
        let arrivals: Vec<_> = (0..8)
            .map(|arrival| tokio::spawn(arrive(world.store.clone(), round, arrival)))
            .collect();
        let (mut answers, mut runs) = (Vec::new(), 0);
        for arrival in arrivals {
            match arrival.await.unwrap() {
                Begun::Started { answer, .. } => {
                    runs += 1;
                    answers.push(answer.id);
                }
                Begun::Duplicate(Before { answer_id, .. }) => answers.push(answer_id),
            }
        }
        assert_eq!(runs, 1);
        answers.dedup();
        assert_eq!(answers.len(), 1);
    }
    assert_eq!(world.conversations(ME, 99).await.unwrap().len(), 16);
}

/// Sends the request of a round once more.
async fn arrive(store: Store, round: u32, arrival: u32) -> Begun {
    let turn = NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &RequestId(format!("request {round}")),
        conversation: None,
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        files: &[],
        text: "Hello",
        run_id: &RunId(format!("run {round}.{arrival}")),
        requested_model: &"model".into(),
        now: second(1),
    };
    store.begin_turn(turn).await.unwrap()
}
