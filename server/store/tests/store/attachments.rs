//! Files that were sent with a message.

use evenkeel_protocol::{ConversationId, MessageId, ModelId, RequestId, RunId};
use evenkeel_store::{File, NewTurn};

use crate::support::{ME, STRANGER, Turn, World, second, started, world};

fn file(name: &str, content: &[u8]) -> File {
    File {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        content: content.to_vec(),
    }
}

struct Asked<'a> {
    request: &'a str,
    conversation: Option<&'a ConversationId>,
    edited: Option<&'a MessageId>,
    text: &'a str,
    files: &'a [File],
}

async fn ask(store: &World, asked: Asked<'_>) -> Turn {
    let model = ModelId::from("m");
    let (request_id, run_id) = (RequestId::from(asked.request), RunId::from(asked.request));
    let begun = store.begin_turn(NewTurn {
        new_conversation: None,
        assistant: None,
        principal: ME,
        request_id: &request_id,
        conversation: asked.conversation,
        parent_id: None,
        edited_id: asked.edited,
        temporary: false,
        system_prompt: None,
        text: asked.text,
        files: asked.files,
        run_id: &run_id,
        requested_model: &model,
        now: second(1),
    });
    started(begun.await.unwrap())
}

#[tokio::test]
async fn they_come_back_as_they_were_and_to_their_owner_alone() {
    let store = world().await;
    let files = [file("b.txt", b"\x00\xff"), file("a.txt", b"hello")];
    let asked = Asked {
        request: "1",
        conversation: None,
        edited: None,
        text: " ",
        files: &files,
    };
    let turn = ask(&store, asked).await;
    assert_eq!(turn.conversation.title, "b.txt");
    let told = &turn.question.attachments;
    assert_eq!(
        (told[0].name.as_str(), told[0].size, told[1].size),
        ("b.txt", 2, 5)
    );
    let transcript = store.transcript(ME, &turn.conversation.id).await.unwrap();
    let messages = transcript.unwrap().messages;
    assert_eq!(&messages[0].attachments, told);
    assert!(messages[1].attachments.is_empty());
    for (told, file) in told.iter().zip(&files) {
        let found = store.attachment(ME, &told.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(file));
        assert_eq!(store.attachment(STRANGER, &told.id).await.unwrap(), None);
    }
    // What is deleted is seen by nobody, and goes when it is purged.
    assert!(
        store
            .delete(ME, &turn.conversation.id, second(2))
            .await
            .unwrap()
    );
    assert_eq!(store.attachment(ME, &told[0].id).await.unwrap(), None);
    store.purge(second(9), second(0)).await.unwrap();
    let mut raw = store.raw().await;
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM attachments")
        .fetch_one(&mut raw)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_thread_has_those_of_its_messages_and_of_no_other_branch() {
    let store = world().await;
    let (one, other) = ([file("one.txt", b"1")], [file("other.txt", b"2")]);
    let first = Asked {
        request: "1",
        conversation: None,
        edited: None,
        text: "look",
        files: &one,
    };
    let first = ask(&store, first).await;
    let conversation = Some(&first.conversation.id);
    let version = |request, files| Asked {
        request,
        conversation,
        edited: Some(&first.question.id),
        text: "look again",
        files,
    };
    // Another version that brings none has those of the one before.
    let kept = ask(&store, version("2", &[])).await;
    assert_eq!(kept.question.attachments[0].name, "one.txt");
    assert_ne!(
        kept.question.attachments[0].id,
        first.question.attachments[0].id
    );
    let own = ask(&store, version("3", &other)).await;
    for (turn, expected) in [(&first, &one), (&kept, &one), (&own, &other)] {
        let files = store.thread_files(ME, &turn.answer.id, 1000).await.unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[&turn.question.id], *expected);
    }
    let files = store
        .thread_files(STRANGER, &own.answer.id, 1000)
        .await
        .unwrap();
    assert!(files.is_empty());
}

#[tokio::test]
async fn of_a_thread_the_newest_files_come_with_their_content() {
    let store = world().await;
    let begun = |request, conversation, files| Asked {
        request,
        conversation,
        edited: None,
        text: "look",
        files,
    };
    let (one, two) = ([file("1", b"12345")], [file("2", b"123"), file("3", b"12")]);
    let first = ask(&store, begun("1", None, &one)).await;
    let conversation = Some(&first.conversation.id);
    let last = ask(&store, begun("2", conversation, &two)).await;
    for (bytes, expected) in [
        (10, [5, 3, 2]),
        (9, [0, 3, 2]),
        (4, [0, 0, 2]),
        (0, [0, 0, 0]),
    ] {
        let files = store
            .thread_files(ME, &last.question.id, bytes)
            .await
            .unwrap();
        let of = |turn: &Turn| {
            files[&turn.question.id]
                .iter()
                .map(|file| file.content.len())
        };
        let sizes: Vec<_> = of(&first).chain(of(&last)).collect();
        assert_eq!(sizes, expected, "{bytes}");
    }
}
