//! An answer under way: a turn that has committed, and can no longer fall back.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::attempt::Committed;
use crate::{
    Chunk, FinishReason, LegFailure, ModelId, NoAnswer, Observed, ProviderId, Reason, Scrubber,
    UpstreamError, Usage, classify,
};

/// After a finish reason the answer is whole; only the token counts may still come, and they are not waited for longer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A complete answer's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Why the model stopped; none where the family's end mark came without one.
    pub finish_reason: Option<FinishReason>,
    /// Tokens, where the provider said.
    pub usage: Option<Usage>,
}

/// What comes next of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Content, reasoning or a part of a tool call.
    Chunk(Chunk),
    /// It is whole.
    Finished(Finished),
    /// It broke off, and nothing is left to go on with. What came until now is all there is.
    Broken(NoAnswer),
}

/// The stream of one answer. Dropping it closes the upstream connection and counts against no circuit.
pub struct Answer {
    committed: Option<Committed>,
    model: ModelId,
    provider: ProviderId,
    fallback: bool,
    simulated: bool,
    tried: Vec<LegFailure>,
    finish: Option<FinishReason>,
    /// When something last came; the stream may be silent for only so long after it.
    heard: Instant,
    deadline: Instant,
    scrubber: Arc<Scrubber>,
}

impl Answer {
    pub(crate) fn new(
        committed: Committed,
        tried: Vec<LegFailure>,
        deadline: Instant,
        scrubber: Arc<Scrubber>,
    ) -> Self {
        Self {
            model: committed.leg.model.clone(),
            provider: committed.leg.provider.clone(),
            fallback: committed.fallback,
            simulated: committed.simulated.is_some()
                || tried.iter().any(|failure| failure.simulated),
            committed: Some(committed),
            tried,
            finish: None,
            heard: Instant::now(),
            deadline,
            scrubber,
        }
    }

    /// The model that answers.
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// Its provider.
    pub fn provider(&self) -> &ProviderId {
        &self.provider
    }

    /// It is not the chain's first.
    pub fn fallback(&self) -> bool {
        self.fallback
    }

    /// A fault of the debug pane had its hand in this turn.
    pub fn simulated(&self) -> bool {
        self.simulated
    }

    /// The next piece; none once the end has been told. Dropping the future loses nothing: it can be asked again.
    pub async fn next(&mut self) -> Option<Progress> {
        let committed = self.committed.as_mut()?;
        if let Some(chunk) = committed.pending.pop_front() {
            return Some(Progress::Chunk(chunk));
        }
        loop {
            let idle = committed.leg.settings.idle_limit(false);
            let patience = if self.finish.is_some() {
                LAST_WORDS.min(idle)
            } else {
                idle
            };
            let until = (self.heard + patience).min(self.deadline);
            let next = timeout_at(until, committed.chunks.next()).await;
            self.heard = Instant::now();
            let end = match next {
                Ok(Some(Ok(
                    chunk @ (Chunk::Content(_)
                    | Chunk::Reasoning(_)
                    | Chunk::Signature(_)
                    | Chunk::ToolCall(_)),
                ))) => Progress::Chunk(chunk),
                Ok(Some(Ok(Chunk::Usage(usage)))) => {
                    committed.usage = Some(usage.after(committed.usage));
                    continue;
                }
                Ok(Some(Ok(Chunk::Finish(FinishReason::ContentFilter)))) => {
                    let said = "the provider's safety system ended the answer".to_owned();
                    self.broken(Observed::Filtered(said))
                }
                Ok(Some(Ok(Chunk::Finish(reason)))) => {
                    self.finish = Some(reason);
                    continue;
                }
                Ok(Some(Ok(Chunk::End))) => self.finished(),
                // After a finish reason the answer is whole, whatever becomes of the connection.
                Ok(None | Some(Err(_))) | Err(_) if self.finish.is_some() => self.finished(),
                Ok(None) => {
                    let said = "the stream ended without a finish reason".to_owned();
                    self.broken(Observed::Cut(said))
                }
                Ok(Some(Err(error))) => self.broken_by(error),
                Err(_) if Instant::now() >= self.deadline => self.broken(Observed::Endless),
                Err(_) => self.broken(Observed::Stalled(idle)),
            };
            return Some(end);
        }
    }

    fn finished(&mut self) -> Progress {
        let usage = self.committed.take().and_then(|committed| {
            if let Some(permit) = committed.permit {
                permit.succeeded();
            }
            committed.recording.answered();
            committed.usage
        });
        Progress::Finished(Finished {
            finish_reason: self.finish.take(),
            usage,
        })
    }

    fn broken(&mut self, observed: Observed) -> Progress {
        let simulated = self
            .committed
            .as_ref()
            .and_then(|committed| committed.simulated.clone());
        self.broken_by(UpstreamError {
            observed,
            simulated,
        })
    }

    fn broken_by(&mut self, error: UpstreamError) -> Progress {
        let failure = classify(&error, &self.scrubber);
        if let Some(committed) = self.committed.take() {
            if let Some(permit) = committed.permit {
                permit.failed(&failure);
            }
            committed.recording.failed(&failure, None);
        }
        let this = LegFailure {
            model: self.model.clone(),
            provider: self.provider.clone(),
            status_code: failure.status_code,
            reason: failure.reason,
            detail: Some(failure.detail),
            simulated: failure.simulated.is_some(),
        };
        if failure.reason == Reason::ContentFiltered {
            return Progress::Broken(NoAnswer::Filtered(this));
        }
        let mut failures = std::mem::take(&mut self.tried);
        failures.push(this);
        Progress::Broken(NoAnswer::Interrupted { failures })
    }
}
