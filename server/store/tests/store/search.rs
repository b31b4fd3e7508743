//! Finding conversations by their words.

use evenkeel_protocol::*;
use evenkeel_store::{Change, NewTurn};
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Executor};
use tokio::runtime::Runtime;

use crate::support::{ME, STRANGER, Turn, World, second, started, world};

impl World {
    /// A conversation with one question and its whole answer.
    async fn say(&self, request: u8, question: &str, answer: &str, temporary: bool) -> Turn {
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
                temporary,
                system_prompt: None,
                files: &[],
                text: question,
                run_id: &RunId(id),
                requested_model: &"model".into(),
                now: second(request.into()),
            })
            .await;
        let mut turn = started(begun.unwrap());
        turn.answer.text = answer.to_owned();
        self.save_answer(&turn.answer, 2, second(request.into()))
            .await
            .unwrap();
        turn.answer.status = MessageStatus::Complete;
        self.save_answer(&turn.answer, 3, second(request.into()))
            .await
            .unwrap();
        turn
    }

    /// Where the words are found: each conversation's id with the message, if it is not the title.
    async fn places(&self, words: &str) -> Vec<(ConversationId, Option<MessageId>)> {
        let hits = self.search(ME, words, 50).await.unwrap().into_iter();
        hits.map(|hit| (hit.conversation.id, hit.message_id))
            .collect()
    }
}

/// An excerpt with its hits in brackets.
fn marked(hit: &SearchHit) -> String {
    let pieces = hit.excerpt.iter().map(|piece| match piece.hit {
        true => format!("[{}]", piece.text),
        false => piece.text.clone(),
    });
    pieces.collect()
}

#[tokio::test]
async fn words_are_found_in_questions_answers_and_titles() {
    let world = world().await;
    let sky = world
        .say(
            1,
            "Hello\nwhy is the sky blue?",
            "Rayleigh scattering.",
            false,
        )
        .await;
    let sea = world.say(2, "The sea", "It mirrors the sky.", false).await;
    let found = world.search(ME, "scattering", 50).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].conversation,
        world
            .conversation(ME, &sky.conversation.id)
            .await
            .unwrap()
            .unwrap()
    );
    assert_eq!(found[0].message_id.as_ref(), Some(&sky.answer.id));
    assert_eq!(marked(&found[0]), "Rayleigh [scattering].");
    let both = world.places("sky").await;
    assert_eq!(both.len(), 2);
    assert!(both.contains(&(sky.conversation.id.clone(), Some(sky.question.id.clone()))));
    assert!(both.contains(&(sea.conversation.id.clone(), Some(sea.answer.id.clone()))));
    // In a title: no message, and before all that is in messages.
    let titled = world.search(ME, "sea", 50).await.unwrap();
    assert_eq!(titled[0].message_id, None);
    assert_eq!(marked(&titled[0]), "The [sea]");
    assert_eq!(titled.len(), 1, "the same conversation once");
}

#[tokio::test]
async fn all_words_must_stand_together_and_the_last_may_be_a_beginning() {
    let world = world().await;
    let blue = world
        .say(1, "x\nA Straße under a blué sky", "", false)
        .await;
    world.say(2, "x\nblue cheese", "", false).await;
    let place = [(blue.conversation.id, Some(blue.question.id))];
    for words in [
        "sky blue",
        "blue sk",
        "BLUE SKY",
        "blué sky",
        "straße sky",
        "under-a sky",
    ] {
        assert_eq!(world.places(words).await, place, "{words}");
    }
    for words in ["sk blue", "sky cheese", "lue", "under-blue"] {
        assert_eq!(world.places(words).await, [], "{words}");
    }
    assert_eq!(world.places("bl").await.len(), 2);
}

#[tokio::test]
async fn no_word_is_syntax() {
    let world = world().await;
    world.say(1, "x\nplain words", "", false).await;
    let said = world
        .say(2, "x\nNEAR the \"quoted\" AND text:odd", "", false)
        .await;
    let place = [(said.conversation.id, Some(said.question.id))];
    for words in [
        "NEAR",
        "AND",
        "\"quoted\"",
        "\"quoted",
        "text:odd",
        "near(the",
        "text : odd",
        "^near",
    ] {
        assert_eq!(world.places(words).await, place, "{words}");
    }
    for words in [
        "plain NOT words",
        "words OR nothing",
        "plain*x",
        "*",
        "()",
        "{text}: plain +",
        "\0",
    ] {
        assert_eq!(world.places(words).await, [], "{words}");
    }
}

#[tokio::test]
async fn an_excerpt_is_cut_around_the_words_and_knows_no_marks_but_its_own() {
    let world = world().await;
    let long = format!(
        "x\n{} needle \u{e000}<b>\u{e001} {}",
        "hay ".repeat(200),
        "straw ".repeat(200)
    );
    world.say(1, &long, "", false).await;
    let hits = world.search(ME, "needle", 50).await.unwrap();
    let text = marked(&hits[0]);
    assert!(
        text.contains("hay  [needle] \u{e000}<b>\u{e001} straw"),
        "{text}"
    );
    assert!(text.starts_with('…') && text.ends_with('…'), "{text}");
    assert!(text.len() < 300, "{text}");
}

#[tokio::test]
async fn a_conversation_is_found_once_at_its_best_place() {
    let world = world().await;
    let first = world
        .say(
            1,
            "x\nmoon and many other words beside it that count",
            "",
            false,
        )
        .await;
    let id = &first.conversation.id;
    let best = world.ask(2, Some(id), None).await;
    let mut answer = best.answer;
    answer.text = "moon moon".to_owned();
    answer.status = MessageStatus::Complete;
    world.save_answer(&answer, 2, second(2)).await.unwrap();
    assert_eq!(world.places("moon").await, [(id.clone(), Some(answer.id))]);
    for request in 10..20 {
        world.say(request, "x\nmoon", "", false).await;
    }
    assert_eq!(world.search(ME, "moon", 50).await.unwrap().len(), 11);
    assert_eq!(world.search(ME, "moon", 4).await.unwrap().len(), 4);
}

#[tokio::test]
async fn strangers_the_deleted_and_the_temporary_are_not_found() {
    let world = world().await;
    let turn = world.say(1, "needle", "needle", false).await;
    world.say(2, "needle", "needle", true).await;
    let place = [(turn.conversation.id.clone(), None)];
    assert_eq!(world.places("needle").await, place);
    assert_eq!(world.search(STRANGER, "needle", 50).await.unwrap(), []);
    world
        .delete(ME, &turn.conversation.id, second(3))
        .await
        .unwrap();
    assert_eq!(world.places("needle").await, []);
    world.restore(ME, &turn.conversation.id).await.unwrap();
    assert_eq!(world.places("needle").await, place);
}

#[tokio::test]
async fn the_index_follows_what_is_changed_and_purged() {
    let world = world().await;
    let mut streaming = world.ask(1, None, None).await;
    streaming.answer.text = "half of it".to_owned();
    world
        .save_answer(&streaming.answer, 2, second(1))
        .await
        .unwrap();
    assert_eq!(world.places("half").await, [], "it is not at its end");
    let id = &streaming.conversation.id;
    let renamed = Change {
        title: Some("Mine"),
        ..Change::default()
    };
    world.change(ME, id, renamed).await.unwrap();
    assert_eq!(world.places("mine").await, [(id.clone(), None)]);
    assert_eq!(
        world.places("question").await.len(),
        1,
        "in the message, no more in the title"
    );
    world.interrupt_unfinished().await.unwrap();
    assert_eq!(world.places("half").await.len(), 1);
    world.check_index().await;

    world.say(2, "kept", "kept too", false).await;
    world.remove(id).await;
    assert_eq!(world.places("half").await, []);
    assert_eq!(world.places("mine").await, []);
    world.check_index().await;
}

impl World {
    /// The index must hold what the tables hold, nothing more and nothing else.
    async fn check_index(&self) {
        let mut raw = self.raw().await;
        for index in ["messages_index", "titles_index"] {
            let check =
                format!("INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)");
            raw.execute(sqlx::raw_sql(AssertSqlSafe(check)))
                .await
                .unwrap();
        }
    }
}

#[test]
fn whatever_is_typed_gets_an_answer() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(world());
    runtime.block_on(world.say(1, "some \"words\" here, (and) there", "NOT much", false));
    proptest!(ProptestConfig::with_cases(256), |(words in "\\PC{0,40}|[\"'*(){}:^+\\-a-c NOTAND]{0,40}")| {
        let found = runtime.block_on(world.search(ME, &words, 50));
        prop_assert!(found.is_ok(), "{words:?}: {found:?}");
    });
}
