//! A conversation as a file to keep: to read, or to import again.

mod markdown;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::document::Document;
use super::{Id, transcript};
use crate::api::download::download;
use crate::attachments::clean_name;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    format: Format,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Md,
    Json,
}

pub(crate) async fn export(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Wanted { format }) = wanted.map_err(|_| {
        Refusal::invalid("format: give md, to read it, or json, to import it again")
    })?;
    let transcript = transcript(&shared, &principal, &id).await?;
    let title = transcript.conversation.title.clone();
    let (ending, media_type, content) = match format {
        Format::Md => (
            "md",
            "text/markdown; charset=utf-8",
            markdown::write(&transcript).into_bytes(),
        ),
        Format::Json => {
            let (store, id) = (&shared.store, id.into());
            let files = store.conversation_files(&principal.id, &id).await?;
            let document = Document::of(transcript, files);
            let json = serde_json::to_vec(&document);
            let json = json.map_err(|error| Refusal::internal(&error))?;
            ("json", "application/json", json)
        }
    };
    Ok(download(&file_name(&title, ending), media_type, content))
}

/// The title as a name that every file system takes.
fn file_name(title: &str, ending: &str) -> String {
    let safe = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        c => c,
    };
    let title: String = title.chars().map(safe).collect();
    let title = title.trim_matches(|c: char| c == '-' || c.is_whitespace());
    let title = if title.is_empty() {
        "conversation"
    } else {
        title
    };
    clean_name(&format!("{title}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_title_makes_a_file_name() {
        let long = "x".repeat(200);
        for (title, expected) in [
            ("Why is the sky blue?", "Why is the sky blue.md"),
            ("a/b\\c: \"d\"", "a-b-c- -d.md"),
            ("../../etc/passwd", "-..-etc-passwd.md"),
            ("a\r\nb\u{202e}", "ab.md"),
            ("???", "conversation.md"),
            ("", "conversation.md"),
            ("\u{e9}t\u{e9} \u{1f600}", "\u{e9}t\u{e9} \u{1f600}.md"),
            (&long, &format!("{}.md", "x".repeat(117))),
        ] {
            assert_eq!(file_name(title, "md"), expected, "{title:?}");
        }
    }
}
