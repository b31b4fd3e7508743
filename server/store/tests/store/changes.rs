//! Titles, what models are told first, suggestions.

use evenkeel_protocol::{MessageStatus, TitleSource};
use evenkeel_store::Change;

use crate::support::{ME, second, world};

#[tokio::test]
async fn a_conversation_is_changed_in_what_is_named_and_keeps_its_place() {
    let world = world().await;
    let conversation = world.ask(1, None, None).await.conversation;
    let id = &conversation.id;
    let change = |title, system_prompt| Change {
        title,
        system_prompt,
    };
    let renamed = world.change(ME, id, change(Some("Blue"), None)).await;
    let renamed = renamed.unwrap().unwrap();
    assert_eq!(renamed.title, "Blue");
    assert_eq!(renamed.title_source, TitleSource::Person);
    assert_eq!(renamed.system_prompt, None);
    assert_eq!(renamed.updated_at, conversation.updated_at);

    let told = world
        .change(ME, id, change(None, Some(Some("Rhyme."))))
        .await;
    let told = told.unwrap().unwrap();
    assert_eq!(told.title, "Blue");
    assert_eq!(told.system_prompt.as_deref(), Some("Rhyme."));
    assert_eq!(
        world.told_first(ME, id).await.unwrap().as_deref(),
        Some("Rhyme.")
    );
    let untold = world.change(ME, id, change(None, Some(None))).await;
    let untold = untold.unwrap().unwrap();
    assert_eq!(untold, renamed);
    assert_eq!(world.conversation(ME, id).await.unwrap(), Some(untold));
}

#[tokio::test]
async fn a_prompt_alone_leaves_the_title_to_a_model() {
    let world = world().await;
    let id = world.ask(1, None, None).await.conversation.id;
    let change = Change {
        title: None,
        system_prompt: Some(Some("Rhyme.")),
    };
    let changed = world.change(ME, &id, change).await.unwrap().unwrap();
    assert_eq!(changed.title_source, TitleSource::Plain);
}

#[tokio::test]
async fn a_model_gives_a_title_once_and_never_over_a_persons() {
    let world = world().await;
    let first = world.ask(1, None, None).await.conversation;
    let titled = world.title_by_model(ME, &first.id, "Blue skies").await;
    let titled = titled.unwrap().unwrap();
    assert_eq!(titled.title, "Blue skies");
    assert_eq!(titled.title_source, TitleSource::Model);
    let again = world.title_by_model(ME, &first.id, "Red skies").await;
    assert_eq!(again.unwrap(), None);

    let other = world.ask(2, None, None).await.conversation;
    let mine = Change {
        title: Some("Mine"),
        ..Change::default()
    };
    let mine = world.change(ME, &other.id, mine).await.unwrap();
    let theirs = world.title_by_model(ME, &other.id, "Theirs").await;
    assert_eq!(theirs.unwrap(), None);
    assert_eq!(world.conversation(ME, &other.id).await.unwrap(), mine);
}

#[tokio::test]
async fn suggestions_are_kept_with_a_complete_answer() {
    let world = world().await;
    let mut turn = world.ask(1, None, None).await;
    let suggestions = ["Why?".to_owned(), "How \"so\"?".to_owned()];
    let save = |id| world.save_suggestions(ME, id, &suggestions);
    assert!(!save(&turn.answer.id).await.unwrap(), "it is being written");
    assert!(!save(&turn.question.id).await.unwrap());
    turn.answer.status = MessageStatus::Complete;
    world.save_answer(&turn.answer, 2, second(2)).await.unwrap();
    assert!(save(&turn.answer.id).await.unwrap());
    let transcript = world.transcript(ME, &turn.conversation.id).await.unwrap();
    assert_eq!(transcript.unwrap().messages[1].suggestions, suggestions);

    world
        .delete(ME, &turn.conversation.id, second(3))
        .await
        .unwrap();
    assert!(!save(&turn.answer.id).await.unwrap());
}
