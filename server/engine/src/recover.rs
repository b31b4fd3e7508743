//! Recovery in the middle of an answer: another leg goes on with it, repeats it until it catches up, or replaces it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::attempt::Committed;
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

/// What has been given out of an answer.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// Parts of tool calls are out: two halves of a call make no whole.
    pub(crate) tool_calls: bool,
    /// The last that came was reasoning, in the middle of which nobody can take over.
    pub(crate) reasoning: bool,
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
    let joinable = !shown.tool_calls && !shown.reasoning && !walk.prompt().json;
    if !joinable && delivery == Delivery::Final {
        return Err(None);
    }
    let partial = joinable.then(|| shown.text.trim_end());
    let partial = partial.filter(|partial| !partial.is_empty()).map(Arc::from);
    let purpose = Purpose::Recover(partial);
    loop {
        let mut committed = walk.next_commit(&purpose).await?;
        if committed.continues {
            without_double_space(&mut committed.pending, &shown.text);
            return Ok((committed, SeamMode::Continued));
        }
        if !joinable {
            return Ok((committed, SeamMode::Restarted));
        }
        match (splice(&mut committed, &shown.text).await, delivery) {
            (Splice::CaughtUp, _) => return Ok((committed, SeamMode::Spliced)),
            (Splice::Differs, Delivery::Replaceable) => {
                return Ok((committed, SeamMode::Restarted));
            }
            (Splice::Differs, Delivery::Final) => {
                let failure = Failure::differs();
                walk.note(committed.place, &committed.leg, &failure);
                walk.spend(&committed.leg, committed.usage, 0);
                committed.broke_off(&failure);
                return Err(None);
            }
            (Splice::Failed(error), _) => {
                let failure = classify(&error, &walk.scrubber).on(&committed.leg);
                walk.note(committed.place, &committed.leg, &failure);
                walk.spend(&committed.leg, committed.usage, 0);
                committed.broke_off(&failure);
            }
        }
    }
}

/// The model was given the text without the white space at its end, and may begin with some of its own. What is pending
/// holds one piece of text, its first, and no piece is ever empty.
fn without_double_space(pending: &mut VecDeque<Chunk>, shown: &str) {
    if !shown.ends_with(char::is_whitespace) {
        return;
    }
    pending.retain_mut(|chunk| match chunk {
        Chunk::Content(text) => {
            *text = text.trim_start().to_owned();
            !text.is_empty()
        }
        Chunk::Reasoning(_)
        | Chunk::Signature(_)
        | Chunk::ToolCall(_)
        | Chunk::Usage(_)
        | Chunk::Finish(_)
        | Chunk::End => true,
    });
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

/// Reads on while the new answer repeats what is shown.
async fn splice(committed: &mut Committed, shown: &str) -> Splice {
    let until = Instant::now() + CATCHING_UP;
    let idle = committed.leg.settings.idle_timeout;
    let mut overlap = Overlap::new(shown);
    let mut withheld = String::new();
    loop {
        let next = match committed.pending.pop_front() {
            Some(chunk) => Some(Ok(chunk)),
            None => {
                let patience = until.min(Instant::now() + idle);
                match timeout_at(patience, committed.chunks.next()).await {
                    Ok(next) => next,
                    Err(_) if patience == until => break,
                    Err(_) => return Splice::failed(committed, Observed::Stalled(idle)),
                }
            }
        };
        match next {
            Some(Ok(Chunk::Content(text))) => match overlap.compare(&text) {
                Compared::Repeats => withheld.push_str(&text),
                Compared::Differs => {
                    withheld.push_str(&text);
                    break;
                }
                Compared::GoesOn(rest) => {
                    if !rest.is_empty() {
                        let rest = Chunk::Content(rest.to_owned());
                        committed.pending.push_front(rest);
                    }
                    return Splice::CaughtUp;
                }
            },
            // Nobody needs the reasoning that led to what is shown already.
            Some(Ok(Chunk::Reasoning(_) | Chunk::Signature(_))) => {}
            Some(Ok(Chunk::Usage(usage))) => committed.usage = Some(usage.after(committed.usage)),
            Some(Ok(chunk @ (Chunk::ToolCall(_) | Chunk::Finish(_) | Chunk::End))) => {
                committed.pending.push_front(chunk);
                break;
            }
            Some(Err(error)) => return Splice::Failed(error),
            None => {
                let said = "the stream ended without a finish reason".to_owned();
                return Splice::failed(committed, Observed::Cut(said));
            }
        }
    }
    if !withheld.is_empty() {
        committed.pending.push_front(Chunk::Content(withheld));
    }
    Splice::Differs
}

impl Splice {
    fn failed(committed: &Committed, observed: Observed) -> Self {
        Self::Failed(UpstreamError {
            observed,
            simulated: committed.simulated.clone(),
        })
    }
}

/// A comparison of a new answer with one that is shown, white space aside.
struct Overlap<'s> {
    /// What the new answer has not repeated yet.
    rest: &'s str,
    ends_with_space: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Compared<'t> {
    /// All of it was shown before.
    Repeats,
    /// It has caught up; this is what follows on.
    GoesOn(&'t str),
    /// It is not what is shown.
    Differs,
}

impl<'s> Overlap<'s> {
    fn new(shown: &'s str) -> Self {
        Self {
            rest: shown.trim(),
            ends_with_space: shown.ends_with(char::is_whitespace),
        }
    }

    fn compare<'t>(&mut self, text: &'t str) -> Compared<'t> {
        for (at, character) in text.char_indices() {
            if self.rest.is_empty() {
                return self.goes_on(text.get(at..).unwrap_or_default());
            }
            if character.is_whitespace() {
                continue;
            }
            let mut shown = self.rest.chars();
            if shown.next() != Some(character) {
                return Compared::Differs;
            }
            self.rest = shown.as_str().trim_start();
        }
        if self.rest.is_empty() {
            self.goes_on("")
        } else {
            Compared::Repeats
        }
    }

    fn goes_on<'t>(&self, rest: &'t str) -> Compared<'t> {
        Compared::GoesOn(if self.ends_with_space {
            rest.trim_start()
        } else {
            rest
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_aside() {
        for (shown, text, expected) in [
            ("Hello wor", "Hello  world", Compared::GoesOn("ld")),
            ("Hello ", "Hello world", Compared::GoesOn("world")),
            ("Hello", "Hello world", Compared::GoesOn(" world")),
            ("Hello", "Hello", Compared::GoesOn("")),
            ("Hello there", "Hello", Compared::Repeats),
            ("Hello", "Help", Compared::Differs),
            ("a\n\nb", "a b c", Compared::GoesOn(" c")),
            (" ", "x", Compared::GoesOn("x")),
            ("é", "éa", Compared::GoesOn("a")),
        ] {
            assert_eq!(
                Overlap::new(shown).compare(text),
                expected,
                "{shown:?} {text:?}"
            );
        }
    }

    proptest! {
        /// However the repetition is cut into pieces, what follows on is what follows on.
        #[test]
        fn pieces_make_no_difference(shown in "[a-c ]{1,20}", rest in "[a-c]{1,10}", cuts in prop::collection::vec(0_usize..30, 0..5)) {
            let whole = format!("{shown}{rest}");
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < whole.len()).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let mut overlap = Overlap::new(&shown);
            let mut followed: Option<String> = None;
            for pair in cuts.windows(2) {
                let piece = &whole[pair[0]..pair[1]];
                match &mut followed {
                    Some(followed) => followed.push_str(piece),
                    None => match overlap.compare(piece) {
                        Compared::Repeats => {}
                        Compared::GoesOn(rest) => followed = Some(rest.to_owned()),
                        Compared::Differs => prop_assert!(false, "{piece:?} of {whole:?} differs"),
                    },
                }
            }
            let followed = followed.unwrap_or_default();
            prop_assert_eq!(followed.trim_start(), &*rest);
        }
    }
}
