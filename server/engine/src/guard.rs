//! A guard that must see a whole answer: the text is held back until it has passed. Until then nothing commits, so that
//! an answer that is refused falls back unseen.

use std::collections::VecDeque;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::attempt::LAST_WORDS;
use crate::{Chunk, Chunks, FinishReason, Observed, Overlay, Settings, UpstreamError, Usage};

/// Judges whole answers.
pub trait ResponseGuard: Send + Sync {
    /// What it does meanwhile, for who waits.
    fn name(&self) -> &str;

    /// Lets an answer pass, or says why it does not.
    ///
    /// # Errors
    ///
    /// Why the answer is refused, in words for whoever reads the attempt.
    fn check(&self, answer: &str) -> Result<(), String>;
}

/// An answer that is read to its end before anybody is given it.
pub(crate) struct Held {
    pub(crate) chunks: Chunks,
    pub(crate) pending: VecDeque<Chunk>,
    pub(crate) usage: Option<Usage>,
    pub(crate) simulated: Option<Overlay>,
}

impl Held {
    /// Reads on to the end. What was read is pending then, and nothing else comes.
    pub(crate) async fn read(&mut self, settings: &Settings) -> Result<(), UpstreamError> {
        let (mut finished, mut reasoning) = (false, false);
        loop {
            let idle = settings.idle_limit(reasoning);
            let patience = if finished { LAST_WORDS.min(idle) } else { idle };
            let next = match timeout_at(Instant::now() + patience, self.chunks.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                // After a finish reason the answer is whole, whatever becomes of the connection.
                Ok(None | Some(Err(_))) | Err(_) if finished => break,
                Ok(Some(Err(error))) => return Err(error),
                Ok(None) => {
                    let said = "the stream ended without a finish reason".to_owned();
                    return Err(self.failed(Observed::Cut(said)));
                }
                Err(_) => return Err(self.failed(Observed::Stalled(idle))),
            };
            match next {
                Chunk::Usage(usage) => self.usage = Some(usage.updating(self.usage)),
                Chunk::Finish(FinishReason::ContentFilter) => {
                    let said = "the provider's safety system ended the answer".to_owned();
                    return Err(self.failed(Observed::Filtered(said)));
                }
                Chunk::End => {
                    self.pending.push_back(Chunk::End);
                    break;
                }
                chunk @ Chunk::Finish(_) => {
                    finished = true;
                    self.pending.push_back(chunk);
                }
                chunk @ (Chunk::Content(_)
                | Chunk::Reasoning(_)
                | Chunk::Signature(_)
                | Chunk::ToolCall(_)) => {
                    finished = false;
                    reasoning = matches!(chunk, Chunk::Reasoning(_));
                    self.pending.push_back(chunk);
                }
            }
        }
        self.chunks = stream::empty().boxed();
        Ok(())
    }

    /// Lets the answer pass, or not.
    pub(crate) fn judge(&self, guard: &dyn ResponseGuard) -> Result<(), UpstreamError> {
        let said = guard.check(&self.text());
        said.map_err(|why| self.failed(Observed::Rejected(why)))
    }

    /// The bytes of text that came so far.
    pub(crate) fn bytes(&self) -> usize {
        let texts = self.pending.iter().map(|chunk| match chunk {
            Chunk::Content(text) | Chunk::Reasoning(text) => text.len(),
            Chunk::ToolCall(call) => call.arguments.len(),
            Chunk::Signature(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => 0,
        });
        texts.sum()
    }

    fn text(&self) -> String {
        let texts = self.pending.iter().map(|chunk| match chunk {
            Chunk::Content(text) => text.as_str(),
            Chunk::Reasoning(_)
            | Chunk::Signature(_)
            | Chunk::ToolCall(_)
            | Chunk::Usage(_)
            | Chunk::Finish(_)
            | Chunk::End => "",
        });
        texts.collect()
    }

    fn failed(&self, observed: Observed) -> UpstreamError {
        UpstreamError {
            observed,
            simulated: self.simulated.clone(),
        }
    }
}
