//! One upstream request until its first content: typed timers, and the classification of what went wrong.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::record::Recording;
use crate::{
    Ask, Chunk, Chunks, Failure, FinishReason, Leg, LegPermit, Observed, Overlay, Scrubber,
    UpstreamError, Usage, classify,
};

/// A request about to be sent.
pub(crate) struct Attempt<'t> {
    pub(crate) leg: &'t Leg,
    /// Until the first token.
    pub(crate) limit: Duration,
    pub(crate) scrubber: &'t Scrubber,
    pub(crate) recording: Recording,
}

/// An attempt whose first content has come, and whose turn can no longer fall back.
pub(crate) struct Begun {
    chunks: Chunks,
    recording: Recording,
    simulated: Option<Overlay>,
    /// What came until the first content, that included.
    pending: VecDeque<Chunk>,
    usage: Option<Usage>,
}

/// A leg that has committed.
pub(crate) struct Committed {
    pub(crate) leg: Leg,
    /// The circuit's permit; a probe has used it up at its first content.
    pub(crate) permit: Option<LegPermit>,
    pub(crate) recording: Recording,
    pub(crate) chunks: Chunks,
    pub(crate) pending: VecDeque<Chunk>,
    pub(crate) usage: Option<Usage>,
    pub(crate) simulated: Option<Overlay>,
    pub(crate) fallback: bool,
}

impl Attempt<'_> {
    /// Sends the request and waits for its first content.
    pub(crate) async fn run(mut self) -> Result<Begun, (Failure, Recording)> {
        match self.first_content().await {
            Ok((chunks, pending, usage, simulated)) => {
                self.recording.answering();
                Ok(Begun {
                    chunks,
                    recording: self.recording,
                    simulated,
                    pending,
                    usage,
                })
            }
            Err(error) => Err((classify(&error, self.scrubber), self.recording)),
        }
    }

    async fn first_content(
        &mut self,
    ) -> Result<(Chunks, VecDeque<Chunk>, Option<Usage>, Option<Overlay>), UpstreamError> {
        // Armed before the request is sent.
        let mut until = Instant::now() + self.limit;
        let mut silence = Observed::FirstTokenTimeout(self.limit);
        let mut simulated = None;
        let failed = |observed, simulated| UpstreamError {
            observed,
            simulated,
        };

        let opened = match timeout_at(until, self.leg.upstream.open(Ask::Whole)).await {
            Ok(opened) => opened?,
            Err(_) => return Err(failed(silence, simulated)),
        };
        simulated = simulated.or(opened.simulated);
        self.recording.opened(simulated.is_some());
        let (mut chunks, mut pending, mut usage) = (opened.chunks, VecDeque::new(), None);
        loop {
            let next = match timeout_at(until, chunks.next()).await {
                Ok(next) => next,
                Err(_) => return Err(failed(silence, simulated)),
            };
            match next {
                Some(Ok(chunk @ (Chunk::Content(_) | Chunk::ToolCall(_)))) => {
                    pending.push_back(chunk);
                    return Ok((chunks, pending, usage, simulated));
                }
                Some(Ok(chunk @ Chunk::Reasoning(_))) => {
                    self.recording.first_token();
                    pending.push_back(chunk);
                    let limit = self.leg.settings.idle_limit(true);
                    until = Instant::now() + limit;
                    silence = Observed::Stalled(limit);
                }
                Some(Ok(chunk @ Chunk::Signature(_))) => pending.push_back(chunk),
                Some(Ok(Chunk::Usage(tokens))) => usage = Some(tokens.after(usage)),
                Some(Ok(Chunk::Finish(FinishReason::ContentFilter))) => {
                    let said = "the provider's safety system refused".to_owned();
                    return Err(failed(Observed::Filtered(said), simulated));
                }
                Some(Ok(Chunk::Finish(_) | Chunk::End)) => {
                    return Err(failed(Observed::Empty, simulated));
                }
                Some(Err(error)) => return Err(error),
                None => {
                    let said = "the stream ended before any answer".to_owned();
                    return Err(failed(Observed::Cut(said), simulated));
                }
            }
        }
    }
}

impl Begun {
    /// Joins what the stream needs to go on. A probe's first content closes its circuit.
    pub(crate) fn commit(self, leg: Leg, permit: LegPermit, fallback: bool) -> Committed {
        let Self {
            chunks,
            recording,
            simulated,
            pending,
            usage,
        } = self;
        let permit = if permit.is_probe() {
            permit.succeeded();
            None
        } else {
            Some(permit)
        };
        Committed {
            leg,
            permit,
            recording,
            chunks,
            pending,
            usage,
            simulated,
            fallback,
        }
    }
}
