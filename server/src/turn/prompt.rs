//! The prompt of a turn: the question with all that led to it, and the files of each message.

use std::collections::HashMap;

use evenkeel_protocol::{Message, MessageId, MessageRole};
use evenkeel_providers::{self as providers, Prompt, Speaker};
use evenkeel_store::File;

use crate::attachments::ALL_BYTES;
use crate::config::GuardsConfig;
use crate::error::Refusal;
use crate::guards::{self, Guarded};
use crate::shared::Shared;

/// The prompt of a turn that is asked again, where it may be sent.
///
/// # Errors
///
/// Where it may not be.
pub async fn admitted(
    shared: &Shared,
    principal: &str,
    question: &Message,
    told_first: Option<&str>,
    guards: GuardsConfig,
) -> Result<Guarded, Refusal> {
    let guarded = of(shared, principal, question, told_first, guards);
    guarded.await?.admitted()
}

/// `told_first` is what the assistant's models are told before what the conversation's are.
///
/// Files that were sent earlier in the thread are sent again: a model remembers nothing. All of them together may be as
/// large as those of one message, the newest first; beyond that only their names are told.
pub(super) async fn of(
    shared: &Shared,
    principal: &str,
    question: &Message,
    told_first: Option<&str>,
    guards: GuardsConfig,
) -> Result<Guarded, Refusal> {
    let store = &shared.store;
    let thread = store.thread(principal, &question.id).await?;
    let files = store.thread_files(principal, &question.id, ALL_BYTES as u64);
    let files = files.await?;
    let said = thread.iter().map(|message| {
        let speaker = match message.role {
            MessageRole::User => Speaker::User,
            MessageRole::Assistant => Speaker::Assistant,
        };
        (
            speaker,
            message.text.as_str(),
            of_message(&files, &message.id),
        )
    });
    let said = said.filter(|(_, text, files)| !text.is_empty() || !files.is_empty());
    let told = store.told_first(principal, &question.conversation_id);
    let told = told.await?;
    let told: Vec<_> = told_first.into_iter().chain(told.as_deref()).collect();
    let told = told.join("\n\n");
    let told = Some(told.as_str()).filter(|told| !told.is_empty());
    let told = told.into_iter().map(|text| (Speaker::System, text, vec![]));
    let prompt = Prompt::with_files(told.chain(said));
    let asked = thread.iter().find(|message| message.id == question.id);
    let of = |own: bool| {
        let messages = thread.iter().map(|message| &message.id);
        let messages = messages.filter(|id| (**id == question.id) == own);
        let files = messages.filter_map(|id| files.get(id));
        files.flat_map(|files| texts(files)).collect()
    };
    let read = guards::Read {
        text: asked.map_or_else(String::new, |message| message.text.clone()),
        files: of(true),
        earlier: of(false),
    };
    guards::chat(guards, prompt, read).await
}

/// The texts among these files, with their names; those that are only named are not among them.
pub(super) fn texts(files: &[File]) -> impl Iterator<Item = (String, String)> {
    let texts = files
        .iter()
        .filter(|file| !file.media_type.starts_with("image/") && !file.content.is_empty());
    texts.map(|file| {
        let text = String::from_utf8_lossy(&file.content).into_owned();
        (file.name.clone(), text)
    })
}

fn of_message<'f>(
    files: &'f HashMap<MessageId, Vec<File>>,
    message: &MessageId,
) -> Vec<providers::File<'f>> {
    let files = files.get(message).into_iter().flatten();
    files
        .map(|file| providers::File {
            name: &file.name,
            media_type: &file.media_type,
            content: &file.content,
        })
        .collect()
}
