//! Messages that wait for an answer to end: each is sent once, under the id it was given when it was written, whichever
//! tab sends it and however often.

use evenkeel_protocol::read::{Object, Take, Wrong};
use evenkeel_protocol::{Attachment, ErrorKind, Message, MessageStatus, ModelId, RequestId};
use serde::Serialize;

use super::{Choice, Map, read_json};

/// The names under which the browser keeps the queues begin like this.
pub const QUEUE: &str = "queue:";

/// What has waited longer than this, in milliseconds, is not sent without being asked for again.
const STALE_MS: i64 = 60 * 60 * 1000;

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// The id under which it is going to be sent.
    pub request_id: RequestId,
    /// Its text.
    pub text: String,
    /// The model that was chosen.
    pub model: Option<ModelId>,
    /// The assistant that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant: Option<String>,
    /// Its files; they are too large to be kept by the browser.
    #[serde(skip)]
    pub files: Vec<Attachment>,
    /// So many files were left behind when the page was closed.
    pub lost_files: usize,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
}

impl Take for Queued {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            request_id: object.field("request_id")?,
            text: object.field("text")?,
            model: object.field("model")?,
            assistant: object.field("assistant")?,
            files: Vec::new(),
            lost_files: object
                .field::<Option<u32>>("lost_files")?
                .unwrap_or_default() as usize,
            at: object.field("at")?,
        })
    }
}

impl Queued {
    /// Who was chosen to answer it.
    pub fn choice(&self) -> Option<Choice> {
        let choice = Choice {
            assistant: self.assistant.clone(),
            model: self.model.clone(),
        };
        (choice != Choice::default()).then_some(choice)
    }
}

/// It was written long ago.
pub fn stale(queued: &Queued, now: i64) -> bool {
    now - queued.at > STALE_MS
}

/// Why a queue waits though no answer is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nobody could answer the last question.
    Exhausted,
    /// It was written long ago.
    Stale,
    /// Its files are gone.
    Incomplete,
}

/// What to do with the first message of a queue when no answer is being written.
pub fn held(first: &Queued, newest: Option<&Message>, now: i64) -> Option<Held> {
    let exhausted = newest.is_some_and(|message| {
        let kind = message.error.as_ref().map(|error| &error.kind);
        message.status == MessageStatus::Failed
            && matches!(kind, Some(ErrorKind::FallbackExhausted { .. }))
    });
    if exhausted {
        Some(Held::Exhausted)
    } else if first.lost_files > 0 {
        Some(Held::Incomplete)
    } else if stale(first, now) {
        Some(Held::Stale)
    } else {
        None
    }
}

/// A queue as it is kept; none where nothing waits.
pub fn written(queue: &[Queued]) -> Option<String> {
    let kept: Vec<Queued> = queue
        .iter()
        .map(|queued| Queued {
            lost_files: queued.lost_files + queued.files.len(),
            files: vec![],
            ..queued.clone()
        })
        .collect();
    // Such a structure always has a JSON form.
    (!kept.is_empty())
        .then(|| serde_json::to_string(&kept).ok())
        .flatten()
}

/// A queue as it was kept, with the files that this page has for its messages.
pub fn read(json: Option<&str>, files: &Map<RequestId, Vec<Attachment>>) -> Vec<Queued> {
    let mut queue: Vec<Queued> = json.and_then(read_json).unwrap_or_default();
    for queued in &mut queue {
        if let Some(here) = files.get(&queued.request_id) {
            queued.files.clone_from(here);
            queued.lost_files = queued.lost_files.saturating_sub(here.len());
        }
    }
    queue
}

#[cfg(test)]
mod tests;
