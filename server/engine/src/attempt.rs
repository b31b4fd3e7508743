//! One upstream request until its first content: typed timers, and the classification of what went wrong.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use crate::guard::Held;
use crate::joint::Owed;
use crate::layers::LegPermit;
use crate::record::Recording;
use crate::{
    Ask, Chunk, Chunks, Failure, FinishReason, Leg, Observed, Opened, Overlay, ResponseGuard,
    Scrubber, UpstreamError, Usage, classify,
};

/// After a finish reason an answer is over; what else comes is not waited for longer.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// A request about to be sent.
pub(crate) struct Attempt {
    pub(crate) leg: Arc<Leg>,
    pub(crate) ask: Ask,
    /// Until the first token.
    pub(crate) limit: Duration,
    pub(crate) scrubber: Arc<Scrubber>,
    pub(crate) recording: Recording,
    /// Set with the first token, be it content or reasoning.
    pub(crate) spoke: Arc<AtomicBool>,
    /// Holds the answer back until it has passed.
    pub(crate) guard: Option<Arc<dyn ResponseGuard>>,
    /// The prompt's tokens, for an answer that is paid for and refused.
    pub(crate) prompt_tokens: u64,
}

/// How an attempt went until its first content.
pub(crate) type Ran = Result<Begun, (Failure, Recording)>;

/// An attempt under way. Dropping it closes its connection.
pub(crate) type Running = BoxFuture<'static, Ran>;

/// An attempt whose first content has come.
pub(crate) struct Begun {
    chunks: Chunks,
    recording: Recording,
    simulated: Option<Overlay>,
    /// What came until the first content, that included.
    pending: VecDeque<Chunk>,
    usage: Option<Usage>,
    continues: bool,
}

/// A leg that has committed.
pub(crate) struct Committed {
    pub(crate) place: usize,
    pub(crate) leg: Arc<Leg>,
    /// The circuits' permit; what a probe has used up at its first content is no more in it.
    pub(crate) permit: LegPermit,
    pub(crate) recording: Recording,
    pub(crate) chunks: Chunks,
    /// What has come and was not given out yet.
    pub(crate) pending: VecDeque<Chunk>,
    pub(crate) usage: Option<Usage>,
    pub(crate) simulated: Option<Overlay>,
    /// It goes on with the partial answer that it was given.
    pub(crate) continues: bool,
    /// White space that it may repeat.
    pub(crate) owed: Owed,
}

impl Attempt {
    /// Sends the request and waits for its first content.
    pub(crate) async fn run(mut self) -> Ran {
        match self.first_content().await {
            Ok(held) => match self.pass(held).await {
                Ok(held) => Ok(Begun {
                    chunks: held.chunks,
                    recording: self.recording,
                    simulated: held.simulated,
                    pending: held.pending,
                    usage: held.usage,
                    continues: matches!(self.ask, Ask::Continue(_)),
                }),
                Err(error) => Err(self.failed(&error)),
            },
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(self, error: &UpstreamError) -> (Failure, Recording) {
        let failure = classify(error, &self.scrubber).on(&self.leg);
        (failure, self.recording)
    }

    /// Lets the answer go on at once where there is no guard, else once it is whole and has passed.
    async fn pass(&mut self, mut held: Held) -> Result<Held, UpstreamError> {
        let Some(guard) = self.guard.clone() else {
            self.recording.answering();
            return Ok(held);
        };
        self.recording.held(guard.name());
        let read = held.read(&self.leg.settings).await;
        match read.and_then(|()| held.judge(&*guard)) {
            Ok(()) => {
                self.recording.passed();
                Ok(held)
            }
            Err(error) => {
                let output = held.bytes().div_ceil(4) as u64;
                let usage = Usage::estimated(held.usage, self.prompt_tokens, output);
                self.recording.used(Some(usage));
                Err(error)
            }
        }
    }

    async fn first_content(&mut self) -> Result<Held, UpstreamError> {
        // Armed before the request is sent.
        let mut until = Instant::now() + self.limit;
        let mut silence = Observed::FirstTokenTimeout(self.limit);
        let opened = timeout_at(until, self.leg.upstream.open(self.ask.clone())).await;
        let Opened {
            simulated,
            mut chunks,
        } = opened.map_err(|_| UpstreamError {
            observed: silence.clone(),
            simulated: None,
        })??;
        let failed = |observed| UpstreamError {
            observed,
            simulated: simulated.clone(),
        };
        self.recording.opened(simulated.is_some());
        let (mut pending, mut usage, mut finished) = (VecDeque::new(), None, false);
        loop {
            let next = timeout_at(until, chunks.next())
                .await
                .map_err(|_| failed(silence.clone()))?;
            match next {
                Some(Ok(chunk @ (Chunk::Content(_) | Chunk::ToolCall(_)))) => {
                    self.first_token(simulated.is_some());
                    pending.push_back(chunk);
                    return Ok(Held {
                        chunks,
                        pending,
                        usage,
                        simulated,
                    });
                }
                Some(Ok(chunk @ Chunk::Reasoning(_))) => {
                    self.first_token(simulated.is_some());
                    pending.push_back(chunk);
                    let limit = self.leg.settings.idle_limit(true);
                    until = Instant::now() + limit;
                    silence = Observed::Stalled(limit);
                }
                Some(Ok(chunk @ Chunk::Signature(_))) => pending.push_back(chunk),
                Some(Ok(Chunk::Usage(tokens))) => usage = Some(tokens.updating(usage)),
                Some(Ok(Chunk::Finish(FinishReason::ContentFilter))) => {
                    let said = "the provider's safety system refused".to_owned();
                    return Err(failed(Observed::Filtered(said)));
                }
                // Some say that they are done before they begin: what comes right after is believed more.
                Some(Ok(Chunk::Finish(_))) => {
                    until = until.min(Instant::now() + LAST_WORDS);
                    silence = Observed::Empty;
                    finished = true;
                }
                Some(Ok(Chunk::End)) => return Err(failed(Observed::Empty)),
                Some(Err(error)) => return Err(error),
                None if finished => return Err(failed(Observed::Empty)),
                None => {
                    let said = "the stream ended before any answer".to_owned();
                    return Err(failed(Observed::Cut(said)));
                }
            }
        }
    }

    fn first_token(&mut self, simulated: bool) {
        if self.spoke.swap(true, Ordering::Relaxed) {
            return;
        }
        let after = self.recording.first_token();
        if !simulated {
            let circuits = self.leg.circuits.real();
            circuits.first_token(&self.leg.model, after);
        }
    }
}

impl Begun {
    /// Joins what the stream needs to go on. A probe's first content closes its circuit.
    pub(crate) fn commit(self, place: usize, leg: Arc<Leg>, mut permit: LegPermit) -> Committed {
        permit.probed(self.simulated.is_some());
        Committed {
            place,
            leg,
            permit,
            recording: self.recording,
            chunks: self.chunks,
            pending: self.pending,
            usage: self.usage,
            simulated: self.simulated,
            continues: self.continues,
            owed: Owed::default(),
        }
    }
}

impl Committed {
    /// It broke off: the circuits learn of it, and the record says so, and what was spent on it.
    pub(crate) fn broke_off(mut self, failure: &Failure, spent: Option<Usage>) {
        self.recording.used(spent);
        self.permit.failed(failure);
        self.recording.failed(failure);
    }
}
