//! What is known of the assistant that was asked for.

use evenkeel_protocol::{AttemptState, MessageStatus, Timestamp};
use evenkeel_store::{AttemptFilter, CallAttempts, Import, LastAsked, NewAnswer, NewTurn, TurnEnd};

use crate::support::{ME, Turn, World, attempt, second, started, world};

async fn ask_the_assistant(world: &World) -> Turn {
    let conversation = "the conversation".into();
    let (request, run, model) = ("1".into(), "run 1".into(), "tuned".into());
    let turn = NewTurn {
        principal: ME,
        request_id: &request,
        conversation: None,
        new_conversation: Some(&conversation),
        parent_id: None,
        edited_id: None,
        temporary: false,
        system_prompt: None,
        text: "question",
        files: &[],
        run_id: &run,
        requested_model: &model,
        assistant: Some("qa"),
        now: second(1),
    };
    started(world.begin_turn(turn).await.unwrap())
}

#[tokio::test]
async fn an_answer_keeps_the_assistant_that_was_asked_and_its_conversation_the_id_it_was_given() {
    let world = world().await;
    let turn = ask_the_assistant(&world).await;
    assert_eq!(turn.conversation.id.as_str(), "the conversation");
    assert_eq!(turn.answer.assistant.as_deref(), Some("qa"));
    let last = |model: &str, assistant: Option<&str>| LastAsked {
        model: Some(model.into()),
        assistant: assistant.map(str::to_owned),
    };
    let asked = world.last_asked(ME, &turn.conversation.id);
    assert_eq!(asked.await.unwrap(), Some(last("tuned", Some("qa"))));
    let (request, run, model) = ("2".into(), "run 2".into(), "plain".into());
    let again = NewAnswer {
        principal: ME,
        request_id: &request,
        message_id: &turn.answer.id,
        run_id: &run,
        requested_model: &model,
        assistant: None,
        now: second(2),
    };
    let again = started(world.begin_answer(again).await.unwrap());
    assert_eq!(again.answer.assistant, None);
    let asked = world.last_asked(ME, &turn.conversation.id);
    assert_eq!(asked.await.unwrap(), Some(last("plain", None)));
}

#[tokio::test]
async fn attempts_of_turns_and_of_calls_are_found_by_their_assistant() {
    let world = world().await;
    let mut answer = ask_the_assistant(&world).await.answer;
    answer.status = MessageStatus::Complete;
    answer.attempts = vec![attempt(0, AttemptState::Answered)];
    assert!(world.save_answer(&answer, 1, second(3)).await.unwrap());
    let calls = [("call", Some("qa")), ("other call", None)];
    let calls = calls.map(|(request_id, assistant)| CallAttempts {
        principal: ME.into(),
        request_id: request_id.into(),
        assistant: assistant.map(Into::into),
        attempts: vec![attempt(0, AttemptState::Failed)],
    });
    world.record_attempts(&calls).await.unwrap();
    let found = async |assistant: &str| {
        let filter = AttemptFilter {
            assistant: Some(assistant.to_owned()),
            ..AttemptFilter::default()
        };
        let found = world.logged_attempts(&filter, None, 9, ME).await.unwrap();
        assert!(
            found
                .iter()
                .all(|it| it.assistant.as_deref() == Some(assistant))
        );
        found
            .into_iter()
            .map(|it| it.request_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(found("qa").await, ["call", "1"]);
    assert_eq!(found("support").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_turns_end_keeps_its_place_among_the_assistants_100() {
    let world = world().await;
    let end = |assistant: Option<&str>, share| TurnEnd {
        ended_at: second(5),
        duration_ms: 10,
        asked: "tuned".into(),
        answered_by: Some("tuned".into()),
        outcome: "answered".to_owned(),
        simulated: false,
        assistant: assistant.map(str::to_owned),
        share,
    };
    let ends = [
        end(Some("qa"), Some(4.062_5)),
        end(Some("qa"), None),
        end(None, None),
    ];
    world.record(&[], &ends).await.unwrap();
    let kept = world.ended_turns(second(0), Timestamp::MAX).await.unwrap();
    assert_eq!(kept, ends);
}

#[tokio::test]
async fn an_imported_answer_keeps_its_assistant() {
    let world = world().await;
    let turn = ask_the_assistant(&world).await;
    let mut answer = turn.answer;
    answer.status = MessageStatus::Complete;
    let import = Import {
        title: "title".into(),
        title_source: turn.conversation.title_source,
        system_prompt: None,
        created_at: second(1),
        updated_at: second(2),
        messages: vec![(turn.question, vec![]), (answer, vec![])],
    };
    let written = world.import(ME, &import).await.unwrap();
    let transcript = world.transcript(ME, &written.id).await.unwrap().unwrap();
    let assistants = transcript.messages.iter().map(|it| it.assistant.as_deref());
    assert_eq!(assistants.collect::<Vec<_>>(), [None, Some("qa")]);
}
