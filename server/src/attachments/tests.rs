use super::*;

/// The beginning of a PNG that says it is so large.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

fn gif() -> Vec<u8> {
    b"GIF89a\x02\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x02\0\x01\0\0\x02\x02D\n\0;".to_vec()
}

fn attached(name: &str, content: &[u8]) -> Attachment {
    Attachment {
        name: name.to_owned(),
        media_type: "application/x-whatever".to_owned(),
        data: STANDARD.encode(content),
    }
}

fn refused(attachments: &[Attachment]) -> String {
    read(attachments).unwrap_err().error.error
}

#[test]
fn the_content_says_what_a_file_is_and_the_name_only_which_kind_of_text() {
    for (name, content, expected) in [
        ("a.txt", &b"hello"[..], "text/plain"),
        ("README.md", b"# hello", "text/markdown"),
        ("a.CSV", b"a;b", "text/csv"),
        ("a.json", b"{}", "application/json"),
        ("a.png", b"no picture at all", "text/plain"),
        ("page.html", b"<script>alert(1)</script>", "text/plain"),
        ("notes", "h\u{e9}llo \u{1b}[1m".as_bytes(), "text/plain"),
        ("car.txt", b"BMW", "text/plain"),
        ("gif.txt", b"GIF89a is a format", "text/plain"),
        ("a.txt", &gif(), "image/gif"),
        ("a.txt", &png(3, 4), "image/png"),
    ] {
        assert_eq!(media_type(name, content), Ok(expected), "{name}");
    }
}

#[test]
fn everything_else_is_refused_with_the_mend() {
    let utf16: Vec<u8> = "hi".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, expected) in [
        (&b""[..], "is empty"),
        (b"%PDF-1.7 all in ASCII", "is application/pdf; only text"),
        (b"%PDF-1.7\n\xff\xff", "is application/pdf; only text"),
        (
            b"PK\x03\x04\xff\xff\xff\xff",
            "is application/zip; only text",
        ),
        (b"\x7fELF\x02\x01\x01\0", "only text"),
        (&utf16, "is neither text nor an image; only text (UTF-8)"),
        (
            b"BM\xff\xff\xff\xff\0\0",
            "is image/bmp; only text (UTF-8) and images",
        ),
        (
            b"\x89PNG\r\n\x1a\n\0",
            "begins like image/png and is broken",
        ),
        (&png(0, 7), "begins like image/png and is broken"),
        (&png(3, 20_000), "is 3 by 20000 pixels"),
        (&vec![b'x'; TEXT_BYTES + 1], "more than 512 KiB"),
    ] {
        let said = media_type("f", content).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
    let mut large = png(3, 4);
    large.resize(IMAGE_BYTES + 1, 0);
    assert!(media_type("f", &large).unwrap_err().contains("5 MiB"));
    large.truncate(IMAGE_BYTES);
    assert_eq!(media_type("f", &large), Ok("image/png"));
    assert!(media_type("f", &vec![b'x'; TEXT_BYTES]).is_ok());
}

#[test]
fn a_message_has_ten_files_of_twenty_mebibytes_at_most() {
    let small = attached("a.txt", b"a");
    assert_eq!(read(&vec![small.clone(); 10]).unwrap().len(), 10);
    assert!(refused(&vec![small; 11]).starts_with("attachments: there are 11"));

    let mut picture = png(3, 4);
    picture.resize(IMAGE_BYTES, 0);
    let picture = attached("p.png", &picture);
    assert_eq!(read(&vec![picture.clone(); 4]).unwrap().len(), 4);
    let mut one_more = vec![picture; 4];
    one_more.push(attached("a.txt", b"a"));
    let said = refused(&one_more);
    assert!(
        said.starts_with("attachments[4] (a.txt): the files together"),
        "{said}"
    );
}

#[test]
fn what_is_no_base64_is_refused_by_its_place() {
    let mut bad = attached("../secret/a.txt", b"a");
    bad.data = "not base64!".to_owned();
    assert!(refused(&[bad]).starts_with("attachments[0] (a.txt): its data is no base64"));
}

#[test]
fn names_lose_folders_and_what_cannot_be_seen() {
    for (name, expected) in [
        ("a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("../..", "file"),
        ("", "file"),
        (" .hidden ", "hidden"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("gpj.\u{202e}\u{61c}exe", "gpj.exe"),
        ("\u{e9}t\u{e9}.md", "\u{e9}t\u{e9}.md"),
    ] {
        assert_eq!(clean_name(name), expected, "{name:?}");
    }
    let long = clean_name(&format!("{}.json", "\u{fc}".repeat(300)));
    assert_eq!(long.chars().count(), NAME_CHARACTERS);
    assert!(long.ends_with("\u{fc}.json"));
}
