//! What is done to a turn for safety's sake: personal data is kept from providers, and planted instructions are looked for.
//! Patterns, not proofs.

pub mod grounding;
pub mod injection;
pub mod pii;
mod prompt;
mod restored;

use evenkeel_protocol::GuardNotice;
use regex::Regex;

pub use prompt::{Guarded, Read, call, chat};
pub use restored::RestoredAnswer;

use crate::config::{Config, GuardsConfig, Injection, Pii};
use crate::error::Refusal;
use crate::shared::Shared;
use injection::{Finding, inspect};

/// A text of more bytes is read beside the tasks that others wait for.
const LARGE: usize = 64 * 1024;

/// A fixed pattern of this program.
#[expect(
    clippy::expect_used,
    reason = "every pattern is a constant, and the tests compile all of them"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this program")
}

/// The guards of a turn of this assistant's, or of no assistant's.
pub fn of(config: &Config, assistant: Option<&str>) -> GuardsConfig {
    let mut all = config.assistants.iter();
    let own = assistant.and_then(|id| all.find(|assistant| assistant.id == id));
    own.map_or(config.guards, |assistant| assistant.guards)
}

/// Whether personal data is withheld anywhere; what is asked beside the turns withholds it then, whoever's turn it is
/// about: its answer is none the worse for it.
pub fn redacts_somewhere(config: &Config) -> bool {
    let assistants = config.assistants.iter().map(|assistant| &assistant.guards);
    let mut all = assistants.chain([&config.guards]);
    all.any(|guards| guards.pii == Pii::Redact)
}

/// Does work on so many bytes of text without keeping others waiting.
async fn beside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    if bytes <= LARGE {
        return Ok(work());
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down.
            Err(_) => Err(Refusal::draining()),
        },
    }
}

/// A file's text with its name.
type Named = (String, String);

/// Refuses what looks like a planted instruction, where that is to be refused.
///
/// # Errors
///
/// Names the rule, and what can be done.
pub async fn admit(
    shared: &Shared,
    guards: GuardsConfig,
    text: &str,
    files: impl Iterator<Item = Named>,
    request_id: &str,
) -> Result<(), Refusal> {
    if guards.injection != Injection::Block {
        return Ok(());
    }
    let (text, files) = (text.to_owned(), files.collect::<Vec<_>>());
    let bytes = text.len() + files.iter().map(|(_, text)| text.len()).sum::<usize>();
    let found = beside(bytes, move || inspect_all(&text, &files)).await?;
    refuse(shared, &found, request_id)
}

fn inspect_all(text: &str, files: &[Named]) -> Vec<Finding> {
    let in_files = files
        .iter()
        .flat_map(|(name, text)| inspect(text, Some(name)));
    inspect(text, None).into_iter().chain(in_files).collect()
}

fn refuse(shared: &Shared, found: &[Finding], request_id: &str) -> Result<(), Refusal> {
    let Some(first) = found.first() else {
        return Ok(());
    };
    let notices: Vec<_> = found.iter().map(Finding::notice).collect();
    triggered(shared, &notices, request_id);
    let place = match &first.file {
        Some(file) => format!("{file}, line {}", first.line),
        None => format!("the message, line {}", first.line),
    };
    let (rule, meaning) = (first.rule.as_str(), first.rule.meaning());
    Err(Refusal::not_allowed(&format!(
        "The guard against planted instructions refuses this: {place}, {meaning} (rule {rule}). Take that part out or put it in quotation marks; an administrator can set guards.injection to \"warn\"."
    )))
}

/// Logs and counts what guards did; never the text.
pub fn triggered(shared: &Shared, notices: &[GuardNotice], request_id: &str) {
    for notice in notices {
        let (guard, kind, count) = (notice.guard.as_str(), notice.kind.as_str(), notice.count);
        tracing::info!(guard, kind, count, request_id, "guard_triggered");
        let counter = &shared.metrics.guards;
        counter.with_label_values(&[guard, kind]).inc_by(count);
    }
}
