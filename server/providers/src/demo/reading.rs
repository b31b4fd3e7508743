//! What the demo understands of a request: the last question, what came with it, and whether something is to be made of a
//! conversation.

use serde_json::Value;

use crate::prompt::IMAGE;

/// The last question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// What was asked, without its files.
    pub(super) text: String,
    /// The names of the images; where one has none, that.
    pub(super) images: Vec<String>,
    /// The names of the text files, and how many lines they have.
    pub(super) files: Vec<(String, usize)>,
    /// Of all of it.
    pub(super) characters: usize,
}

/// Something that is to be made of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task<'a> {
    /// A title; for what was asked first.
    Title(&'a str),
    /// Questions that could be asked next.
    Questions(&'a str),
}

impl Asked {
    #[cfg(test)]
    pub(super) fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// What is to be made, where the question holds a conversation and says so before it.
    pub(super) fn task(&self) -> Option<Task<'_>> {
        let (order, conversation) = self.text.split_once("<conversation>")?;
        let (conversation, _) = conversation.rsplit_once("</conversation>")?;
        if order.contains("questions") {
            return Some(Task::Questions(conversation));
        }
        let question = conversation.split_once("User: ")?.1;
        let question = question.split("\nAssistant: ").next()?;
        order.contains("title").then_some(Task::Title(question))
    }
}

/// Reads the last message of the user.
pub(super) fn read(request: &Value) -> Asked {
    let messages = request.get("messages").and_then(Value::as_array);
    let mut messages = messages.into_iter().flatten().rev();
    let last = messages.find(|message| message["role"] == "user");
    match last.map(|message| &message["content"]) {
        Some(Value::String(text)) => of_parts(vec![text], vec![]),
        Some(Value::Array(parts)) => {
            let (mut texts, mut images, mut name) = (vec![], vec![], None);
            for part in parts {
                if let Some(text) = part["text"].as_str() {
                    name = text.strip_prefix(IMAGE);
                    if name.is_none() {
                        texts.push(text);
                    }
                } else if part["type"] == "image_url" {
                    images.push(name.take().unwrap_or("without a name").to_owned());
                }
            }
            of_parts(texts, images)
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Asked::default()
        }
    }
}

fn of_parts(texts: Vec<&str>, images: Vec<String>) -> Asked {
    let all = texts.join("\n");
    let (mut rest, mut files) = (&*all, vec![]);
    while let Some((file, after)) = first_file(rest) {
        files.push(file);
        rest = after.trim_start();
    }
    Asked {
        text: rest.to_owned(),
        images,
        files,
        characters: all.chars().count(),
    }
}

/// A file that the text begins with: its name, a colon, and the content in a fence.
fn first_file(text: &str) -> Option<((String, usize), &str)> {
    let (name, rest) = text.split_once(":\n")?;
    let (fence, rest) = rest.split_once('\n')?;
    if name.contains('\n') || fence.len() < 3 || !fence.bytes().all(|byte| byte == b'`') {
        return None;
    }
    let end = format!("\n{fence}");
    let at = rest.find(&end)?;
    let (content, after) = (rest.get(..at)?, rest.get(at + end.len()..)?);
    Some(((name.to_owned(), content.lines().count()), after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{File, Prompt, Speaker};

    fn asked(text: &str, files: Vec<File<'_>>) -> Asked {
        let prompt = Prompt::with_files([
            (Speaker::User, "earlier", vec![]),
            (Speaker::User, text, files),
        ]);
        read(&Value::Object(prompt.body().clone()))
    }

    #[test]
    fn files_are_told_from_the_question() {
        let file = |name, media_type, content| File {
            name,
            media_type,
            content,
        };
        let read = asked(
            "what is this?",
            vec![
                file("a.md", "text/markdown", b"```\ncode\n```"),
                file("cat.png", "image/png", b"x"),
                file("b.txt", "text/plain", b"one\n\nthree\n"),
            ],
        );
        assert_eq!(read.text, "what is this?");
        assert_eq!(read.images, ["cat.png"]);
        assert_eq!(
            read.files,
            [("a.md".to_owned(), 3), ("b.txt".to_owned(), 3)]
        );
        assert_eq!(asked("note:\n```x", vec![]).files, []);
    }

    #[test]
    fn images_of_other_callers_have_no_name() {
        let parts = json!([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:"}}]);
        let read = read(&json!({"messages": [{"role": "user", "content": parts}]}));
        assert_eq!((read.text.as_str(), read.images.len()), ("look", 1));
    }

    #[test]
    fn a_conversation_is_something_to_make_something_of() {
        let conversation = "<conversation>\nUser: why?\nAssistant: so\n</conversation>";
        let title = Asked::text(&format!("Give this a title.\n{conversation}"));
        assert_eq!(title.task(), Some(Task::Title("why?")));
        let next = Asked::text(&format!("Suggest questions.\n{conversation}"));
        assert!(matches!(next.task(), Some(Task::Questions(_))));
        assert_eq!(Asked::text("give it a title").task(), None);
    }
}
