//! Files that are sent with a message: what is taken, who is shown them, and how they come back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::socket::{send, text};
use crate::support::{Server, Socket, Upstream, server};

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn attached(name: &str, content: &[u8]) -> Value {
    json!({"name": name, "media_type": "application/octet-stream", "data": STANDARD.encode(content)})
}

fn with(mut send: Value, attachments: &[Value]) -> Value {
    send["attachments"] = json!(attachments);
    send
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The message of the attempt's end in the last frame.
fn answer(frames: &[Value]) -> &Value {
    &frames.last().unwrap()["message"]
}

#[tokio::test]
async fn files_are_shown_to_the_model_kept_and_shown_again() {
    let a = Upstream::answering(&["seen"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let files = [attached("../notes.md", b"# Hi"), attached("dot.gif", GIF)];
    let frames = socket
        .ask(with(send("1", "what is this?", "a"), &files))
        .await;
    assert_eq!(answer(&frames)["text"], "seen");
    let shown = json!([
        {"type": "text", "text": "Image: dot.gif"},
        {"type": "image_url", "image_url": {"url": format!("data:image/gif;base64,{}", STANDARD.encode(GIF))}},
        {"type": "text", "text": "notes.md:\n```\n# Hi\n```\n\nwhat is this?"},
    ]);
    assert_eq!(body(&a.requests()[0])["messages"][0]["content"], shown);

    let conversation = frames[0]["conversation_id"].as_str().unwrap();
    let (_, transcript) = server
        .get(&format!("/api/conversations/{conversation}"))
        .await;
    let kept = &transcript["messages"][0]["attachments"];
    assert_eq!(
        (&kept[0]["name"], &kept[0]["media_type"], &kept[0]["size"]),
        (&json!("notes.md"), &json!("text/markdown"), &json!(4))
    );
    assert_eq!(
        (&kept[1]["name"], &kept[1]["media_type"]),
        (&json!("dot.gif"), &json!("image/gif"))
    );
    for (file, kind, content) in [
        (&kept[0], "text/markdown; charset=utf-8", &b"# Hi"[..]),
        (&kept[1], "image/gif", GIF),
    ] {
        let path = format!("/api/attachments/{}", file["id"].as_str().unwrap());
        let response = server.http.get(server.url(&path)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], kind);
        let name = file["name"].as_str().unwrap();
        assert_eq!(
            headers["content-disposition"],
            format!("attachment; filename*=UTF-8''{name}")
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(response.bytes().await.unwrap(), content);
    }

    // A later turn shows them again.
    let mut later = send("2", "and now?", "a");
    later["conversation_id"] = json!(conversation);
    socket.ask(later).await;
    let messages = body(&a.requests()[1])["messages"].clone();
    assert_eq!(messages[0]["content"], shown);
    assert_eq!(messages[2]["content"], "and now?");

    // What is deleted is gone.
    let path = format!("/api/conversations/{conversation}");
    let deleted = server.http.delete(server.url(&path)).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let path = format!("/api/attachments/{}", kept[0]["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.0, 404);
    assert_eq!(server.get("/api/attachments/nothing").await.0, 404);
}

#[tokio::test]
async fn a_model_that_cannot_see_is_passed_over_and_says_so() {
    let a = Upstream::answering(&["from a"]).await;
    let b = Upstream::answering(&["from b"]).await;
    let config = server::config(&[&a, &b], "").replace(
        "name = \"a-upstream\"",
        "name = \"a-upstream\"\ncapabilities = [\"tools\"]",
    );
    let server = Server::start(&config).await;
    let mut socket = Socket::open(&server).await;
    let frames = socket
        .ask(with(send("1", "", "a"), &[attached("dot.gif", GIF)]))
        .await;
    let message = answer(&frames);
    assert_eq!(
        (&message["text"], &message["fallback"]),
        (&json!("from b"), &json!(true))
    );
    let skipped = &message["attempts"][0];
    assert_eq!(
        (&skipped["state"], &skipped["reason"], &skipped["detail"]),
        (
            &json!("skipped"),
            &json!("not_capable"),
            &json!("it cannot see images")
        )
    );
    assert!(a.requests().is_empty());
    // A text needs no sight.
    let frames = socket
        .ask(with(
            send("2", "look", "a"),
            &[attached("a.txt", b"only text")],
        ))
        .await;
    assert_eq!(answer(&frames)["text"], "from a");
    let (_, list) = server.get("/api/conversations").await;
    // Where nothing was written, the file gives the title.
    assert_eq!(list["conversations"][1]["title"], "dot.gif");
}

#[tokio::test]
async fn the_demo_says_what_it_was_sent_and_its_default_cannot_see() {
    let server = Server::start("").await;
    let mut socket = Socket::open(&server).await;
    let files = [attached("dot.gif", GIF), attached("a.txt", b"one\ntwo")];
    let frames = socket
        .ask(with(send("1", "count to 3", "demo-swift"), &files))
        .await;
    let message = answer(&frames);
    assert_eq!(message["model_name"], "demo-steady");
    assert_eq!(message["attempts"][0]["reason"], "not_capable");
    let said = text(&frames);
    assert!(
        said.starts_with("You sent **1 image** (dot.gif) and **1 text file** (a.txt, 2 lines)."),
        "{said}"
    );
    assert!(said.contains("\n\n1 2 3\n\n"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_by_name_and_nothing_is_kept() {
    let server = Server::start("").await;
    let mut socket = Socket::open(&server).await;
    let many: Vec<_> = (0..11).map(|_| attached("a.txt", b"a")).collect();
    for (files, expected) in [
        (
            vec![
                attached("a.txt", b"a"),
                attached("paper.pdf", b"%PDF-1.4 x"),
            ],
            "attachments[1] (paper.pdf): is application/pdf; only text (UTF-8) and images (PNG, JPEG, GIF, WebP) can be sent; send its text, or pictures of its pages",
        ),
        (many, "attachments: there are 11, and a message can have 10"),
        (
            vec![json!({"name": "a", "media_type": "", "data": "?"})],
            "attachments[0] (a): its data is no base64",
        ),
    ] {
        socket
            .say(with(send("1", "look", "demo-swift"), &files))
            .await;
        let refused = socket.hear().await;
        assert_eq!(
            (
                &refused["type"],
                &refused["error_type"],
                &refused["request_id"]
            ),
            (&json!("error"), &json!("invalid_request"), &json!("1"))
        );
        let said = refused["error"].as_str().unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
    // Nothing at all is still nothing.
    socket.say(send("1", " ", "demo-swift")).await;
    assert_eq!(socket.hear().await["error"], "text: write something first");
    let (_, list) = server.get("/api/conversations").await;
    assert_eq!(list["conversations"], json!([]));
}

#[tokio::test]
async fn twenty_mebibytes_pass_and_a_frame_beyond_the_limit_is_refused_with_words() {
    let a = Upstream::answering(&["seen"]).await;
    let server = Server::with_upstreams(&[&a], "").await;
    let mut socket = Socket::open(&server).await;
    let mut large = GIF.to_vec();
    large.resize(5 * 1024 * 1024, 0);
    let files: Vec<_> = (0..4)
        .map(|place| attached(&format!("{place}.gif"), &large))
        .collect();
    let frames = socket.ask(with(send("1", "look", "a"), &files)).await;
    assert_eq!(answer(&frames)["text"], "seen");
    let content = body(&a.requests()[0])["messages"][0]["content"].clone();
    assert_eq!(content.as_array().unwrap().len(), 9);

    socket
        .say(send("2", &"x".repeat(33 * 1024 * 1024), "a"))
        .await;
    let refused = socket.hear().await;
    assert_eq!(refused["request_id"], "2");
    let said = refused["error"].as_str().unwrap();
    assert!(said.contains("longer than 32 MiB"), "{said}");
    // The socket goes on.
    let frames = socket.ask(send("3", "hello", "a")).await;
    assert_eq!(answer(&frames)["text"], "seen");

    // One that is too long even to be read ends the connection, with words as well. Its head is enough.
    let length = (65_u64 * 1024 * 1024).to_be_bytes();
    let head = [&[0x81, 0xff][..], &length, &[0; 4]].concat();
    socket.say_raw(&head).await;
    let refused = socket.hear().await;
    let said = refused["error"].as_str().unwrap();
    assert!(said.starts_with("the frame cannot be read"), "{said}");
    assert_eq!(server.get("/livez").await.0, 200);
}
