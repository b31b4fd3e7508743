//! Answers while they stream, and when they have ended.

use evenkeel_protocol::*;

use crate::support::{ME, attempt, second, world};

#[tokio::test]
async fn a_checkpoint_is_what_a_reader_sees() {
    let world = world().await;
    let turn = world.ask(1, None, None).await;
    let id = &turn.conversation.id;
    let mut answer = turn.answer;
    answer.text = "The sky".to_owned();
    answer.attempts = vec![attempt(0, AttemptState::Started)];
    assert!(world.save_answer(&answer, 3, second(5)).await.unwrap());
    let transcript = world.transcript(ME, id).await.unwrap().unwrap();
    assert_eq!(transcript.messages[1], answer);
    assert_eq!(transcript.conversation.updated_at, second(1));
    assert_eq!(world.ended_run(ME, &"run 1".into()).await.unwrap(), None);

    answer.text = "The sky is".to_owned();
    answer.model_name = Some("claude".into());
    answer.provider = Some("anthropic".into());
    answer.fallback = true;
    answer.attempts = vec![
        attempt(0, AttemptState::Failed),
        Attempt {
            kind: AttemptKind::Fallback,
            ..attempt(1, AttemptState::Answering)
        },
    ];
    answer.seams = vec![Seam {
        from: "gpt-4o".into(),
        to: "claude".into(),
        mode: SeamMode::Restarted,
        at: 0,
        discarded: Some("The sea".to_owned()),
    }];
    assert!(world.save_answer(&answer, 6, second(6)).await.unwrap());
    let transcript = world.transcript(ME, id).await.unwrap().unwrap();
    assert_eq!(transcript.messages[1], answer);
}

#[tokio::test]
async fn an_end_is_final() {
    let world = world().await;
    let turn = world.ask(1, None, None).await;
    let mut answer = turn.answer.clone();
    answer.text = "The sky is blue.".to_owned();
    answer.status = MessageStatus::Complete;
    assert!(world.save_answer(&answer, 9, second(7)).await.unwrap());

    // A checkpoint that comes late.
    assert!(!world.save_answer(&turn.answer, 8, second(8)).await.unwrap());
    let ended = world.ended_run(ME, &turn.run()).await.unwrap().unwrap();
    assert_eq!(ended.answer, answer);
    assert_eq!(ended.last_seq, 9);
    let conversation = world
        .conversation(ME, &turn.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(conversation.updated_at, second(7));
}

#[tokio::test]
async fn an_answer_whose_conversation_is_gone_is_not_written() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    world.remove(&turn.conversation.id).await;
    turn.answer.status = MessageStatus::Complete;
    turn.answer.attempts = vec![attempt(0, AttemptState::Answered)];
    assert!(!world.save_answer(&turn.answer, 9, second(2)).await.unwrap());
    assert_eq!(world.ended_run(ME, &turn.run()).await.unwrap(), None);
}

#[tokio::test]
async fn a_question_is_not_written_over() {
    let world = world().await;
    let turn = world.ask(1, None, None).await;
    let other = Message {
        text: "something else".to_owned(),
        ..turn.question.clone()
    };
    assert!(!world.save_answer(&other, 1, second(2)).await.unwrap());
    let transcript = world
        .transcript(ME, &turn.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(transcript.messages[0], turn.question);
}

#[tokio::test]
async fn an_absurd_count_costs_no_answer() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    turn.answer.status = MessageStatus::Complete;
    turn.answer.usage = Some(Usage {
        input_tokens: u64::MAX,
        output_tokens: 1,
    });
    assert!(world.save_answer(&turn.answer, 1, second(2)).await.unwrap());
    let ended = world.ended_run(ME, &turn.run()).await.unwrap().unwrap();
    let largest = i64::MAX.unsigned_abs();
    assert_eq!(
        ended.answer.usage,
        Some(Usage {
            input_tokens: largest,
            output_tokens: 1
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_answers_stream_at_once() {
    let world = world().await;
    let mut answers = Vec::new();
    for request in 0..12 {
        answers.push(world.ask(request, None, None).await.answer);
    }
    let writers: Vec<_> = answers
        .into_iter()
        .map(|mut answer| {
            let store = world.store.clone();
            tokio::spawn(async move {
                for seq in 1..=20 {
                    answer.text.push_str("word ");
                    assert!(store.save_answer(&answer, seq, second(1)).await.unwrap());
                }
                answer.status = MessageStatus::Complete;
                assert!(store.save_answer(&answer, 21, second(2)).await.unwrap());
                answer
            })
        })
        .collect();
    for writer in writers {
        let answer = writer.await.unwrap();
        let run = answer.run_id.clone().unwrap();
        assert_eq!(
            world.ended_run(ME, &run).await.unwrap().unwrap().answer,
            answer
        );
    }
}
