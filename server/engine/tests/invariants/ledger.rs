//! What one turn did: the requests that its models saw, and the attempts that the engine told of.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_engine::*;
use tokio::time::Instant;

use crate::script::Question;
use crate::shadow::Visit;
use crate::world::World;

/// One leg of a turn, in the engine's order.
pub struct LegFacts {
    pub model: usize,
    pub provider: usize,
    pub owner: usize,
    /// The overlays that lay over its circuits when the turn began.
    pub overlays: Vec<u32>,
    pub fault_aimed: bool,
    pub max_retry_after: Duration,
}

/// One turn.
pub struct Ledger {
    pub id: u64,
    pub started: Instant,
    pub question: Question,
    pub legs: Vec<LegFacts>,
    book: Mutex<Book>,
}

#[derive(Default)]
pub struct Book {
    pub calls: Vec<Seen>,
    pub attempts: Vec<Attempt>,
    pub running: usize,
    pub complaints: Vec<String>,
}

/// A request that a model saw.
#[derive(Debug)]
pub struct Seen {
    pub model: usize,
    pub ask: Ask,
    pub opened: Instant,
    /// What it has given.
    pub text: String,
    pub tools: String,
    /// It came to its proper end.
    pub finished: bool,
    /// It asked to be left alone for so long.
    pub retry_after: Option<Duration>,
}

/// An attempt that the engine told of.
#[derive(Debug)]
pub struct Attempt {
    pub record: AttemptRecord,
    pub model: usize,
    pub answering: bool,
    pub visit: Option<Arc<Visit>>,
}

impl Attempt {
    pub fn sent(&self) -> bool {
        self.record.state != AttemptState::Skipped
    }

    pub fn end(&self) -> Option<Instant> {
        Some(self.record.started + self.record.duration?)
    }
}

impl Ledger {
    pub fn new(id: u64, question: Question, legs: Vec<LegFacts>) -> Self {
        Self {
            id,
            started: Instant::now(),
            question,
            legs,
            book: Mutex::default(),
        }
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn leg(&self, model: usize) -> Option<&LegFacts> {
        self.legs.iter().find(|leg| leg.model == model)
    }

    /// A model sees a request.
    pub fn opened(self: &Arc<Self>, model: usize, ask: Ask) -> Guard {
        let mut book = self.book();
        book.running += 1;
        book.calls.push(Seen {
            model,
            ask,
            opened: Instant::now(),
            text: String::new(),
            tools: String::new(),
            finished: false,
            retry_after: None,
        });
        Guard {
            call: book.calls.len() - 1,
            ledger: self.clone(),
        }
    }
}

/// A request under way.
pub struct Guard {
    ledger: Arc<Ledger>,
    call: usize,
}

impl Guard {
    pub fn gave(&self, chunk: &Chunk) {
        let mut book = self.ledger.book();
        let seen = &mut book.calls[self.call];
        match chunk {
            Chunk::Content(text) => seen.text.push_str(text),
            Chunk::ToolCall(part) => seen.tools.push_str(&part.arguments),
            Chunk::Finish(FinishReason::ContentFilter) => {}
            Chunk::Finish(_) | Chunk::End => seen.finished = true,
            Chunk::Reasoning(_) | Chunk::Signature(_) | Chunk::Usage(_) => {}
        }
    }

    pub fn failed(&self, observed: &Observed) {
        if let Observed::Status { retry_after, .. } = observed {
            self.ledger.book().calls[self.call].retry_after = *retry_after;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.ledger.book().running -= 1;
    }
}

/// What the engine tells of a turn, checked as it comes.
pub struct Watcher {
    pub world: Arc<World>,
    pub ledger: Arc<Ledger>,
}

impl Observer for Watcher {
    fn attempt(&self, record: &AttemptRecord) {
        let mut book = self.ledger.book();
        let book = &mut *book;
        let index = record.index as usize;
        let model = number(record.model.as_str());
        let Some(leg) = self.ledger.leg(model) else {
            book.complaints
                .push(format!("{} is not in the chain", record.model));
            return;
        };
        if record.provider.as_str() != format!("p{}", leg.provider) {
            book.complaints
                .push(format!("{record:?} names a foreign provider"));
        }
        if let Some(detail) = &record.detail {
            self.world.listen_for_secrets(detail);
        }
        let mut shadow = self.world.shadow();
        let ended = record.duration.is_some();
        let next = index == book.attempts.len();
        let known = book.attempts.get_mut(index);
        match (known, record.state) {
            (None, AttemptState::Started | AttemptState::Skipped) if next => {
                let visit = if record.state == AttemptState::Skipped {
                    shadow.skipped();
                    None
                } else if record.kind == AttemptKind::Retry {
                    let mut earlier = book.attempts.iter().rev();
                    let earlier = earlier.find(|attempt| attempt.model == model && attempt.sent());
                    let visit = earlier.and_then(|attempt| attempt.visit.clone());
                    if let Some(visit) = &visit {
                        shadow.retried(visit);
                    }
                    visit
                } else {
                    Some(shadow.admitted(&self.ledger, leg, record, &book.attempts))
                };
                if let AttemptKind::Retry | AttemptKind::Hedge = record.kind
                    && record.state == AttemptState::Started
                    && let Err(complaint) = self.world.spend_from_budget()
                {
                    book.complaints.push(complaint);
                }
                book.attempts.push(Attempt {
                    record: record.clone(),
                    model,
                    answering: false,
                    visit,
                });
            }
            (Some(known), AttemptState::Answering)
                if known.record.state == AttemptState::Started && !ended =>
            {
                known.answering = true;
                known.record = record.clone();
                if let Some(visit) = &known.visit {
                    shadow.answering(visit);
                }
            }
            (Some(known), AttemptState::Answered)
                if known.record.state == AttemptState::Answering && ended =>
            {
                known.record = record.clone();
            }
            (Some(known), AttemptState::Failed | AttemptState::Cancelled)
                if matches!(
                    known.record.state,
                    AttemptState::Started | AttemptState::Answering
                ) && ended =>
            {
                known.record = record.clone();
                if let Some(visit) = &known.visit {
                    let mut calls = book.calls.iter().rev();
                    let seen = calls.find(|seen| seen.model == model);
                    let rest = seen.and_then(|seen| seen.retry_after);
                    shadow.ended(visit, leg, record, rest);
                }
            }
            (known, _) => {
                let known = known.map(|known| known.record.clone());
                book.complaints
                    .push(format!("{record:?} cannot follow {known:?}"));
            }
        }
    }
}

/// The number in a name such as `m3`.
pub fn number(name: &str) -> usize {
    name.get(1..)
        .and_then(|number| number.parse().ok())
        .unwrap_or(usize::MAX)
}
