//! Short questions that are asked beside the turns, for a title and for what could be asked next. They are nobody's turn:
//! the cheapest models that are well get one try each and a few seconds, and where none answers nothing is lost.

mod flights;
mod suggestions;
mod title;
mod words;

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Answer, Chunk, Delivery, Progress, SeamMode, Turn};
use evenkeel_providers::{Caller, Prompt, Speaker};
use evenkeel_store::CallAttempts;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use uuid::Uuid;

pub use self::flights::Flights;
pub use self::suggestions::suggestions;
pub use self::title::title;
use crate::attempt_log::Noted;
use crate::catalog;
use crate::guards;
use crate::guards::pii::Redactor;
use crate::recorder::{Recorder, Whose};
use crate::shared::Shared;

/// What comes later is of no use.
const DEADLINE: Duration = Duration::from_secs(10);

/// What is asked for is a line or three; a model that thinks first needs room for that as well.
const TOKENS: u32 = 1_000;

/// An answer of more bytes is not what was asked for.
const ANSWER_BYTES: usize = 4_000;

/// What the cheapest model that is well says to this order about what was said; none where none is, or none answers.
async fn ask(
    shared: &Arc<Shared>,
    principal: &Arc<str>,
    order: &str,
    said: &[(&str, &str)],
) -> Option<String> {
    let catalog = shared.catalog();
    let mut redactor = Redactor::new(said.iter().map(|(_, text)| *text));
    let redacts = guards::redacts_somewhere(&shared.config());
    let words = words::about(order, said, |text| {
        if redacts {
            redactor.redact(text).into_owned()
        } else {
            text.to_owned()
        }
    });
    let prompt = Prompt::conversation([(Speaker::User, words.as_str())]).at_most(TOKENS);
    let prompt = Arc::new(prompt);
    let caller = Caller::aside(principal.clone());
    let chain = catalog.cheapest_chain(&prompt, &caller, DEADLINE)?;
    let whose = Whose {
        principal: principal.clone(),
        request_id: Uuid::now_v7().to_string().into(),
        assistant: None,
    };
    let request_id = whose.request_id.clone();
    let noted = Arc::new(Noted::default());
    let noting = noted.clone();
    let recorder = Recorder::new(shared.clone(), whose, move |attempt| noting.note(attempt));
    let turn = Turn::new(
        chain,
        catalog::facts(&prompt),
        Delivery::Replaceable,
        Arc::new(recorder),
        shared.scrubber.clone(),
        shared.budget.clone(),
        SmallRng::from_os_rng(),
    );
    let text = match turn.answer().await {
        Ok(answer) => read(answer).await,
        Err(_) => None,
    };
    shared.attempts.keep(CallAttempts {
        principal: principal.clone(),
        request_id,
        assistant: None,
        attempts: noted.take(),
    });
    let restorer = redactor.restorer();
    text.map(|text| restorer.whole(&text))
}

/// The whole answer, where it comes to its end.
async fn read(mut answer: Answer) -> Option<String> {
    let mut text = String::new();
    while let Some(progress) = answer.next().await {
        match progress {
            Progress::Chunk(Chunk::Content(more)) => {
                text.push_str(&more);
                if text.len() > ANSWER_BYTES {
                    return None;
                }
            }
            Progress::Chunk(
                Chunk::Reasoning(_)
                | Chunk::Signature(_)
                | Chunk::ToolCall(_)
                | Chunk::Usage(_)
                | Chunk::Finish(_)
                | Chunk::End,
            ) => {}
            Progress::Seam(seam) => {
                if seam.mode == SeamMode::Restarted {
                    text.clear();
                }
            }
            Progress::Finished(_) => return Some(text),
            Progress::Broken(_) => return None,
        }
    }
    None
}
