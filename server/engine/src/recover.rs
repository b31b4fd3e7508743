//! Recovery in the middle of an answer: another leg goes on with it, repeats it until it catches up, or replaces it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::attempt::Committed;
use crate::joint::{Compared, Overlap, Owed, Shown};
use crate::walk::{Purpose, Walk};
use crate::{
    Chunk, Delivery, Failure, LegFailure, ModelId, NoAnswer, Observed, UpstreamError, classify,
};

/// How long a leg that starts over may be withheld while it repeats what is shown.
const CATCHING_UP: Duration = Duration::from_secs(10);

/// How another leg went on with an answer that broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeamMode {
    /// It was given the partial answer and went on from there.
    Continued,
    /// It began anew, and what it repeated was withheld.
    Spliced,
    /// It began anew, and what comes now is the whole answer.
    Restarted,
}

/// Where an answer changed its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seam {
    /// The model that broke off.
    pub from: ModelId,
    /// The model that goes on.
    pub to: ModelId,
    /// How.
    pub mode: SeamMode,
    /// Where, in Unicode scalars of the text; 0 where it was restarted.
    pub at: u64,
}

/// What came of a recovery.
pub(crate) struct Recovered {
    pub(crate) walk: Walk,
    pub(crate) shown: Shown,
    pub(crate) end: Result<(Committed, Seam), NoAnswer>,
}

/// Walks on from an answer that broke off, until a leg goes on with it.
pub(crate) async fn recover(
    mut walk: Walk,
    shown: Shown,
    from: ModelId,
    delivery: Delivery,
) -> Recovered {
    let deadline = walk.deadline();
    let resumed = if Instant::now() < deadline {
        timeout_at(deadline, resume(&mut walk, &shown, delivery)).await
    } else {
        // Recoveries are over with the deadline: nobody is asked for an answer that has no time left to come.
        Ok(Err(None))
    };
    let end = match resumed {
        Ok(Ok((committed, mode))) => {
            let at = match mode {
                SeamMode::Restarted => 0,
                SeamMode::Continued | SeamMode::Spliced => shown.text.chars().count() as u64,
            };
            let to = committed.leg.model.clone();
            Ok((committed, Seam { from, to, mode, at }))
        }
        Ok(Err(Some(filtered))) => Err(NoAnswer::Filtered(filtered)),
        Ok(Err(None)) | Err(_) => Err(NoAnswer::Interrupted {
            failures: walk.failures(),
        }),
    };
    Recovered { walk, shown, end }
}

async fn resume(
    walk: &mut Walk,
    shown: &Shown,
    delivery: Delivery,
) -> Result<(Committed, SeamMode), Option<LegFailure>> {
    let joinable = !shown.tool_calls && !shown.reasoning && !walk.prompt.json;
    if !joinable && delivery == Delivery::Final {
        return Err(None);
    }
    let partial = joinable.then(|| shown.text.trim_end());
    let partial = partial.filter(|partial| !partial.is_empty()).map(Arc::from);
    let purpose = Purpose::Recover(partial);
    loop {
        let mut committed = walk.next_commit(&purpose).await?;
        if committed.continues {
            committed.owed = Owed::after(&shown.text);
            return Ok((committed, SeamMode::Continued));
        }
        if !joinable {
            return Ok((committed, SeamMode::Restarted));
        }
        match (splice(&mut committed, &shown.text).await, delivery) {
            (Splice::CaughtUp, _) => {
                committed.owed = Owed::after(&shown.text);
                return Ok((committed, SeamMode::Spliced));
            }
            (Splice::Differs, Delivery::Replaceable) => {
                return Ok((committed, SeamMode::Restarted));
            }
            (Splice::Differs, Delivery::Final) => {
                let failure = Failure::differs();
                let output = written(&committed.pending);
                walk.abandon(committed, &failure, output);
                return Err(None);
            }
            (Splice::Failed(error), _) => {
                let failure = classify(&error, &walk.scrubber).on(&committed.leg);
                let refused = LegFailure::of(&committed.leg, &failure);
                let ends_turn = failure.ends_turn(&committed.leg.settings);
                let output = written(&committed.pending);
                walk.abandon(committed, &failure, output);
                if ends_turn {
                    return Err(Some(refused));
                }
            }
        }
    }
}

/// About how many bytes of text were paid for.
fn written(chunks: &VecDeque<Chunk>) -> usize {
    let texts = chunks.iter().map(|chunk| match chunk {
        Chunk::Content(text) | Chunk::Reasoning(text) => text.len(),
        Chunk::ToolCall(call) => call.arguments.len(),
        Chunk::Signature(_) | Chunk::Usage(_) | Chunk::Finish(_) | Chunk::End => 0,
    });
    texts.sum()
}

/// How a leg that starts over compares with what is shown.
enum Splice {
    /// It has repeated all of it; what is pending follows on.
    CaughtUp,
    /// It says something else, or takes too long; what is pending is its answer from the beginning.
    Differs,
    /// It broke off as well.
    Failed(UpstreamError),
}

/// Reads on while the new answer repeats what is shown. What was read and is not a repetition is pending again.
async fn splice(committed: &mut Committed, shown: &str) -> Splice {
    let mut withheld = VecDeque::new();
    let splice = compare(committed, shown, &mut withheld).await;
    match splice {
        Splice::CaughtUp => {}
        Splice::Differs | Splice::Failed(_) => {
            withheld.append(&mut committed.pending);
            committed.pending = withheld;
        }
    }
    splice
}

async fn compare(committed: &mut Committed, shown: &str, withheld: &mut VecDeque<Chunk>) -> Splice {
    let until = Instant::now() + CATCHING_UP;
    let idle = committed.leg.settings.idle_timeout;
    let mut overlap = Overlap::new(shown);
    loop {
        let next = match committed.pending.pop_front() {
            Some(chunk) => Some(Ok(chunk)),
            None => {
                let patience = until.min(Instant::now() + idle);
                match timeout_at(patience, committed.chunks.next()).await {
                    Ok(next) => next,
                    Err(_) if patience == until => return Splice::Differs,
                    Err(_) => return Splice::failed(committed, Observed::Stalled(idle)),
                }
            }
        };
        match next {
            Some(Ok(Chunk::Content(text))) => match overlap.compare(&text) {
                Compared::Repeats => withheld.push_back(Chunk::Content(text)),
                Compared::Differs => {
                    withheld.push_back(Chunk::Content(text));
                    return Splice::Differs;
                }
                Compared::GoesOn(rest) => {
                    if !rest.is_empty() {
                        let rest = Chunk::Content(rest.to_owned());
                        committed.pending.push_front(rest);
                    }
                    return Splice::CaughtUp;
                }
            },
            // Nobody needs the reasoning that led to what is shown already, unless all of it comes anew.
            Some(Ok(chunk @ (Chunk::Reasoning(_) | Chunk::Signature(_)))) => {
                withheld.push_back(chunk);
            }
            Some(Ok(Chunk::Usage(usage))) => {
                committed.usage = Some(usage.updating(committed.usage));
            }
            Some(Ok(chunk @ (Chunk::ToolCall(_) | Chunk::Finish(_) | Chunk::End))) => {
                withheld.push_back(chunk);
                return Splice::Differs;
            }
            Some(Err(error)) => return Splice::Failed(error),
            None => {
                let said = "the stream ended without a finish reason".to_owned();
                return Splice::failed(committed, Observed::Cut(said));
            }
        }
    }
}

impl Splice {
    fn failed(committed: &Committed, observed: Observed) -> Self {
        Self::Failed(UpstreamError {
            observed,
            simulated: committed.simulated.clone(),
        })
    }
}
