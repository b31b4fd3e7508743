//! The record of a turn's attempts: what the chat, the log and the metrics show.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Failure, ModelId, ProviderId, Reason, Usage};

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptKind {
    /// The first request on the first leg.
    Primary,
    /// A further request on the same leg.
    Retry,
    /// The first request on a later leg.
    Fallback,
    /// The first request on a second leg, beside a first one that has said nothing yet.
    Hedge,
    /// The one request of a half-open circuit.
    Probe,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// The request is out.
    Started,
    /// The first content came.
    Answering,
    /// The whole answer came.
    Answered,
    /// It failed.
    Failed,
    /// It was never sent.
    Skipped,
    /// The turn ended first.
    Cancelled,
}

/// One attempt, or one that was spared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Its place in the turn, from 0.
    pub index: u32,
    /// Why it was made.
    pub kind: AttemptKind,
    /// Where it stands.
    pub state: AttemptState,
    /// The leg's model.
    pub model: ModelId,
    /// The leg's provider.
    pub provider: ProviderId,
    /// The HTTP status, where one came.
    pub status_code: Option<u16>,
    /// Why it failed or was skipped.
    pub reason: Option<Reason>,
    /// What the provider said, scrubbed.
    pub detail: Option<String>,
    /// When the same leg will be asked again, counted from its end.
    pub retry_in: Option<Duration>,
    /// How often the same leg may be asked again in all, where it will be.
    pub retry_limit: Option<u32>,
    /// When it was sent or skipped.
    pub started: Instant,
    /// From the start to the first token.
    pub first_token: Option<Duration>,
    /// From the start to the end, once it has ended.
    pub duration: Option<Duration>,
    /// Its tokens, where the provider said.
    pub usage: Option<Usage>,
    /// A fault of the debug pane had its hand in it.
    pub simulated: bool,
}

/// Told of each attempt when it begins and each time it changes; the same `index` means the same attempt.
pub trait Observer: Send + Sync {
    /// How the attempt now stands.
    fn attempt(&self, record: &AttemptRecord);
}

/// An attempt under way. It reports its own end: where it is dropped without one, the turn ended first.
pub(crate) struct Recording {
    record: AttemptRecord,
    observer: Arc<dyn Observer>,
}

impl Recording {
    pub(crate) fn start(record: AttemptRecord, observer: Arc<dyn Observer>) -> Self {
        observer.attempt(&record);
        Self { record, observer }
    }

    pub(crate) fn opened(&mut self, simulated: bool) {
        self.record.simulated |= simulated;
    }

    /// How long the first token took, from the start to the first call of this.
    pub(crate) fn first_token(&mut self) -> Duration {
        *self
            .record
            .first_token
            .get_or_insert_with(|| self.record.started.elapsed())
    }

    /// It has passed.
    pub(crate) fn passed(&mut self) {
        self.record.detail = None;
        self.observer.attempt(&self.record);
    }

    pub(crate) fn answering(&mut self) {
        self.first_token();
        self.record.state = AttemptState::Answering;
        self.record.status_code = Some(200);
        self.observer.attempt(&self.record);
    }

    /// The first content came, and is held back until the answer is whole and has passed.
    pub(crate) fn held(&mut self, why: &str) {
        self.record.detail = Some(why.to_owned());
        self.answering();
    }

    /// What the provider has said of its tokens.
    pub(crate) fn used(&mut self, usage: Option<Usage>) {
        self.record.usage = usage;
    }

    /// What was used by an attempt that came to nothing after its first content.
    pub(crate) fn wasted(&self) -> Option<Usage> {
        self.record.usage
    }

    pub(crate) fn answered(mut self) {
        self.end(AttemptState::Answered);
    }

    /// It failed, and the same leg is asked again: when, and how often at most.
    pub(crate) fn retried(mut self, failure: &Failure, after: Duration, limit: u32) {
        self.record.retry_in = Some(after);
        self.record.retry_limit = Some(limit);
        self.failed(failure);
    }

    pub(crate) fn failed(mut self, failure: &Failure) {
        self.record.status_code = failure.status_code;
        self.record.reason = Some(failure.reason);
        self.record.detail = Some(failure.detail.clone());
        self.record.simulated |= failure.simulated.is_some();
        self.end(AttemptState::Failed);
    }

    fn end(&mut self, state: AttemptState) {
        self.record.state = state;
        self.record.duration = Some(self.record.started.elapsed());
        self.observer.attempt(&self.record);
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        match self.record.state {
            AttemptState::Started | AttemptState::Answering => self.end(AttemptState::Cancelled),
            AttemptState::Answered
            | AttemptState::Failed
            | AttemptState::Skipped
            | AttemptState::Cancelled => {}
        }
    }
}
