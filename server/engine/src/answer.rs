//! An answer under way: a turn that has committed. It can no longer fall back unseen, but where it breaks off another leg
//! may go on with it.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::attempt::{Committed, LAST_WORDS};
use crate::joint::Shown;
use crate::recover::{Recovered, Seam, recover};
use crate::walk::Walk;
use crate::{
    Chunk, Delivery, Failure, FinishReason, LegFailure, ModelId, NoAnswer, Observed, ProviderId,
    Spent, UpstreamError, Usage, classify,
};

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
    /// The model before broke off, and another one goes on.
    Seam(Seam),
    /// It is whole.
    Finished(Finished),
    /// It broke off, and nothing is left to go on with. What came until now is all there is.
    Broken(NoAnswer),
}

/// The stream of one answer. Dropping it closes the upstream connection and counts against no circuit.
pub struct Answer {
    state: State,
    delivery: Delivery,
    model: ModelId,
    provider: ProviderId,
    fallback: bool,
    simulated: bool,
    spent: Vec<Spent>,
}

enum State {
    Streaming(Box<Streaming>),
    Recovering(BoxFuture<'static, Recovered>),
    Over,
}

/// A leg's stream, and the walk that can go on from it.
struct Streaming {
    committed: Committed,
    walk: Walk,
    shown: Shown,
    finish: Option<FinishReason>,
    /// A finish reason was followed by more of the answer: the next one is believed less.
    premature: bool,
    /// Since when something is waited for; the stream may be silent for only so long.
    waiting: Option<Instant>,
    /// Bytes of the answer that this leg has given.
    bytes: usize,
}

/// What a leg's stream comes to.
enum Event {
    Chunk(Chunk),
    Finished(Finished),
    /// Another leg may go on.
    Interrupted(Failure),
    /// Nobody is to go on.
    Ended(Failure, NoAnswer),
}

impl Answer {
    pub(crate) fn new(committed: Committed, walk: Walk, delivery: Delivery) -> Self {
        Self {
            model: committed.leg.model.clone(),
            provider: committed.leg.provider.clone(),
            fallback: committed.place > 0,
            simulated: committed.simulated.is_some() || walk.is_simulated(),
            spent: vec![],
            delivery,
            state: State::Streaming(Box::new(Streaming::new(committed, walk, Shown::default()))),
        }
    }

    /// The model that answers now.
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

    /// What was paid for answers that nobody got; known once this one is at its end.
    pub fn spent(&self) -> &[Spent] {
        &self.spent
    }

    /// The next piece; none once the end has been told. Dropping the future loses nothing: it can be asked again.
    pub async fn next(&mut self) -> Option<Progress> {
        loop {
            let event = match &mut self.state {
                State::Over => return None,
                State::Recovering(recovery) => {
                    let recovered = recovery.await;
                    return Some(self.recovered(recovered));
                }
                State::Streaming(streaming) => match streaming.next().await {
                    Event::Chunk(chunk) => return Some(Progress::Chunk(chunk)),
                    end @ (Event::Finished(_) | Event::Interrupted(_) | Event::Ended(..)) => end,
                },
            };
            let State::Streaming(streaming) = std::mem::replace(&mut self.state, State::Over)
            else {
                return None;
            };
            match event {
                Event::Chunk(chunk) => return Some(Progress::Chunk(chunk)),
                Event::Finished(finished) => {
                    self.spent = streaming.answered();
                    return Some(Progress::Finished(finished));
                }
                Event::Ended(failure, end) => {
                    self.spent = streaming.gave_up(&failure);
                    return Some(Progress::Broken(end));
                }
                Event::Interrupted(failure) => {
                    self.simulated |= failure.simulated.is_some();
                    let recovery = streaming.recover(&failure, self.delivery);
                    self.state = State::Recovering(recovery);
                }
            }
        }
    }

    fn recovered(&mut self, recovered: Recovered) -> Progress {
        let Recovered { walk, shown, end } = recovered;
        self.simulated |= walk.is_simulated();
        match end {
            Ok((committed, seam)) => {
                self.model = committed.leg.model.clone();
                self.provider = committed.leg.provider.clone();
                self.fallback = committed.place > 0;
                self.simulated |= committed.simulated.is_some();
                let shown = if seam.at == 0 {
                    Shown::default()
                } else {
                    shown
                };
                self.state = State::Streaming(Box::new(Streaming::new(committed, walk, shown)));
                Progress::Seam(seam)
            }
            Err(end) => {
                self.spent = walk.spent;
                self.state = State::Over;
                Progress::Broken(end)
            }
        }
    }
}

impl Streaming {
    fn new(committed: Committed, walk: Walk, shown: Shown) -> Self {
        Self {
            committed,
            walk,
            shown,
            finish: None,
            premature: false,
            waiting: None,
            bytes: 0,
        }
    }

    async fn next(&mut self) -> Event {
        loop {
            let deadline = self.walk.last_moment();
            let idle = self.committed.leg.settings.idle_limit(self.shown.reasoning);
            if self.finish.is_none() && Instant::now() >= deadline {
                // A reader who is slower than the model would otherwise never wait, and never come to an end.
                return self.failed(Observed::Endless);
            }
            let next = match self.committed.pending.pop_front() {
                Some(chunk) => Ok(Some(Ok(chunk))),
                None => {
                    let patience = if self.finish.is_some() && !self.premature {
                        LAST_WORDS.min(idle)
                    } else {
                        idle
                    };
                    // Kept over calls that were given up, and not counted while nobody asked.
                    let since = *self.waiting.get_or_insert_with(Instant::now);
                    let until = (since + patience).min(deadline);
                    timeout_at(until, self.committed.chunks.next()).await
                }
            };
            self.waiting = None;
            return match next {
                Ok(Some(Ok(
                    chunk @ (Chunk::Content(_)
                    | Chunk::Reasoning(_)
                    | Chunk::Signature(_)
                    | Chunk::ToolCall(_)),
                ))) => match self.given(chunk) {
                    Some(chunk) => Event::Chunk(chunk),
                    None => continue,
                },
                Ok(Some(Ok(Chunk::Usage(usage)))) => {
                    self.committed.usage = Some(usage.updating(self.committed.usage));
                    continue;
                }
                Ok(Some(Ok(Chunk::Finish(FinishReason::ContentFilter)))) => {
                    let said = "the provider's safety system ended the answer".to_owned();
                    self.failed(Observed::Filtered(said))
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
                    self.failed(Observed::Cut(said))
                }
                Ok(Some(Err(error))) => self.failed_by(&error),
                Err(_) if Instant::now() >= deadline => self.failed(Observed::Endless),
                Err(_) => self.failed(Observed::Stalled(idle)),
            };
        }
    }

    /// What of a chunk is given out: a text that goes on with another may begin with white space that is there already.
    fn given(&mut self, chunk: Chunk) -> Option<Chunk> {
        // Some say with every piece that they are done.
        self.premature |= self.finish.take().is_some();
        let chunk = match chunk {
            Chunk::Content(text) => {
                let new = self.committed.owed.new_part(&text);
                if new.is_empty() {
                    return None;
                }
                self.bytes += new.len();
                if new.len() == text.len() {
                    Chunk::Content(text)
                } else {
                    Chunk::Content(new.to_owned())
                }
            }
            Chunk::Reasoning(text) => {
                self.bytes += text.len();
                Chunk::Reasoning(text)
            }
            Chunk::ToolCall(call) => {
                self.bytes += call.arguments.len();
                Chunk::ToolCall(call)
            }
            other @ (Chunk::Signature(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End) => {
                other
            }
        };
        self.shown.add(&chunk);
        Some(chunk)
    }

    fn finished(&mut self) -> Event {
        Event::Finished(Finished {
            finish_reason: self.finish.take(),
            usage: self.committed.usage,
        })
    }

    fn failed(&mut self, observed: Observed) -> Event {
        let simulated = self.committed.simulated.clone();
        self.failed_by(&UpstreamError {
            observed,
            simulated,
        })
    }

    fn failed_by(&mut self, error: &UpstreamError) -> Event {
        let leg = &self.committed.leg;
        let failure = classify(error, &self.walk.scrubber).on(leg);
        if failure.ends_turn(&leg.settings) {
            let refused = LegFailure::of(leg, &failure);
            return Event::Ended(failure, NoAnswer::Filtered(refused));
        }
        if matches!(error.observed, Observed::Endless) {
            let leg_failure = LegFailure::of(leg, &failure);
            let failures = self.walk.failures_with(self.committed.place, leg_failure);
            return Event::Ended(failure, NoAnswer::Interrupted { failures });
        }
        Event::Interrupted(failure)
    }

    /// The answer is whole.
    fn answered(mut self) -> Vec<Spent> {
        self.committed.recording.used(self.committed.usage);
        self.committed
            .permit
            .succeeded(self.committed.simulated.is_some());
        self.committed.recording.answered();
        self.walk.spent
    }

    /// It broke off, and nobody goes on with it.
    fn gave_up(self, failure: &Failure) -> Vec<Spent> {
        let mut walk = self.walk;
        walk.abandon(self.committed, failure, self.bytes);
        walk.spent
    }

    /// It broke off: the walk goes on from here.
    fn recover(self, failure: &Failure, delivery: Delivery) -> BoxFuture<'static, Recovered> {
        let Self {
            committed,
            mut walk,
            shown,
            bytes,
            ..
        } = self;
        let from = committed.leg.model.clone();
        walk.abandon(committed, failure, bytes);
        recover(walk, shown, from, delivery).boxed()
    }
}
