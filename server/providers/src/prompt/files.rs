//! Files in a message: a text stands in a fence under its name, an image is a part of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A file that goes with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'t> {
    /// Its name.
    pub name: &'t str,
    /// Its media type: an image's, or that of a kind of text.
    pub media_type: &'t str,
    /// Its bytes; none where it was sent before and is only named now.
    pub content: &'t [u8],
}

impl File<'_> {
    fn is_image(&self) -> bool {
        self.media_type.starts_with("image/") && !self.content.is_empty()
    }
}

/// What stands before an image, so that it can be spoken of by its name.
pub(crate) const IMAGE: &str = "Image: ";

/// A message's content. The files come first: models do better when the question follows on what it is about. One text
/// where there is no image: not every provider takes lists.
pub(super) fn content(text: &str, files: &[File<'_>]) -> Value {
    let texts = files.iter().filter(|file| !file.is_image());
    let mut said: Vec<_> = texts.map(fenced).collect();
    if !text.is_empty() {
        said.push(text.to_owned());
    }
    let said = said.join("\n\n");
    let images: Vec<_> = files.iter().filter(|file| file.is_image()).collect();
    if images.is_empty() {
        return said.into();
    }
    let shown = images.into_iter().flat_map(|image| {
        let (kind, data) = (image.media_type, STANDARD.encode(image.content));
        [
            json!({"type": "text", "text": format!("{IMAGE}{}", image.name)}),
            json!({"type": "image_url", "image_url": {"url": format!("data:{kind};base64,{data}")}}),
        ]
    });
    let said = (!said.is_empty()).then(|| json!({"type": "text", "text": said}));
    shown.chain(said).collect()
}

/// A text under its name, in a fence that is longer than any in it.
fn fenced(file: &File<'_>) -> String {
    if file.content.is_empty() {
        return format!(
            "({} was sent here, and is too long ago to be sent again.)",
            file.name
        );
    }
    let text = String::from_utf8_lossy(file.content);
    let text = text.trim_start_matches('\u{feff}').trim_end_matches('\n');
    let longest = text.split(|c| c != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    // A name that begins like a fence would be one.
    let name = file.name.trim_start_matches(['`', '~', ' ']);
    format!("{name}:\n{fence}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: File<'_> = File {
        name: "cat.png",
        media_type: "image/png",
        content: b"\x89PNG",
    };

    fn note(content: &[u8]) -> File<'_> {
        File {
            name: "note.md",
            media_type: "text/markdown",
            content,
        }
    }

    #[test]
    fn texts_are_fenced_under_their_names_before_the_question() {
        assert_eq!(content("why?", &[]), json!("why?"));
        assert_eq!(
            content("why?", &[note(b"\xef\xbb\xbfone\ntwo\n"), note(b"three")]),
            json!("note.md:\n```\none\ntwo\n```\n\nnote.md:\n```\nthree\n```\n\nwhy?")
        );
        assert_eq!(
            content("", &[note(b"a ```` b")]),
            json!("note.md:\n`````\na ```` b\n`````")
        );
        let named = File {
            name: "```.md",
            ..note(b"n")
        };
        assert_eq!(content("", &[named]), json!(".md:\n```\nn\n```"));
    }

    #[test]
    fn what_is_not_sent_again_is_named() {
        let gone = File {
            content: b"",
            ..PICTURE
        };
        assert_eq!(
            content("what?", &[gone, note(b"n")]),
            json!(
                "(cat.png was sent here, and is too long ago to be sent again.)\n\nnote.md:\n```\nn\n```\n\nwhat?"
            )
        );
    }

    #[test]
    fn images_are_parts_under_their_names() {
        assert_eq!(
            content("what?", &[note(b"n"), PICTURE]),
            json!([
                {"type": "text", "text": "Image: cat.png"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "text", "text": "note.md:\n```\nn\n```\n\nwhat?"},
            ])
        );
        assert_eq!(content("", &[PICTURE]).as_array().unwrap().len(), 2);
    }

    #[test]
    fn every_family_is_shown_images_in_its_own_words() {
        use evenkeel_engine::Ask;

        use crate::openai::Dialect;
        use crate::{ModelFacts, Prompt, Speaker, anthropic, gemini, ollama, openai};

        let prompt = Prompt::with_files([(Speaker::User, "what?", vec![PICTURE])]);
        assert!(prompt.needs_vision());
        let (url, ask) = ("http://127.0.0.1/v1".parse().unwrap(), Ask::Whole);
        let facts = ModelFacts::default();
        for (request, expected) in [
            (
                openai::request(&url, Dialect::Plain, &prompt, "m", &ask),
                r#"{"image_url":{"url":"data:image/png;base64,iVBORw=="},"type":"image_url"}"#,
            ),
            (
                anthropic::request(&url, &prompt, "m", &ask),
                r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}}"#,
            ),
            (
                gemini::request(&url, &prompt, "m", &ask),
                r#"{"inlineData":{"mimeType":"image/png","data":"iVBORw=="}}"#,
            ),
            (
                ollama::request(&url, &prompt, "m", facts, &ask),
                r#""images":["iVBORw=="]"#,
            ),
        ] {
            let body = String::from_utf8(request.unwrap().1).unwrap();
            assert!(body.contains(expected), "{body}");
            assert!(
                body.contains("Image: cat.png") && body.contains("what?"),
                "{body}"
            );
        }
    }
}
