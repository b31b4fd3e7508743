//! An answer in which what was withheld is put back.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;

use evenkeel_engine::{Answer, Chunk, Progress, SeamMode, ToolCallDelta};

use super::pii::Restorer;

/// The engine's answer, with what placeholders stand for in their place.
pub struct RestoredAnswer {
    answer: Answer,
    restorer: Restorer,
    /// Each tool call comes in pieces of its own.
    calls: BTreeMap<u32, Restorer>,
    /// Scalars of the text so far: seams are told in what is shown.
    shown: u64,
    /// What comes next without asking the answer.
    next: VecDeque<Progress>,
}

impl RestoredAnswer {
    /// The answer to a guarded prompt.
    pub fn new(answer: Answer, restorer: Restorer) -> Self {
        Self {
            answer,
            restorer,
            calls: BTreeMap::new(),
            shown: 0,
            next: VecDeque::new(),
        }
    }

    /// The next piece; none once the end has been told. Dropping the future loses nothing: it can be asked again.
    pub async fn next(&mut self) -> Option<Progress> {
        if self.restorer.is_idle() {
            return self.answer.next().await;
        }
        loop {
            if let Some(next) = self.next.pop_front() {
                return Some(next);
            }
            let progress = self.answer.next().await?;
            self.take(progress);
        }
    }

    fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Chunk(Chunk::Content(text)) => {
                let shown = self.restorer.push(&text);
                self.content(shown);
            }
            Progress::Chunk(Chunk::ToolCall(call)) => {
                let restorer = self.calls.entry(call.index);
                let restorer = restorer.or_insert_with(|| self.restorer.anew());
                let arguments = restorer.push(&call.arguments);
                let call = ToolCallDelta { arguments, ..call };
                self.next.push_back(Progress::Chunk(Chunk::ToolCall(call)));
            }
            Progress::Seam(mut seam) => {
                if seam.mode == SeamMode::Restarted {
                    self.restorer = self.restorer.anew();
                    self.calls.clear();
                    self.shown = 0;
                }
                seam.at = self.shown;
                self.next.push_back(Progress::Seam(seam));
            }
            end @ (Progress::Finished(_) | Progress::Broken(_)) => {
                let rest = self.restorer.flush();
                self.content(rest);
                for (index, mut restorer) in std::mem::take(&mut self.calls) {
                    let arguments = restorer.flush();
                    if !arguments.is_empty() {
                        let call = ToolCallDelta {
                            index,
                            arguments,
                            ..ToolCallDelta::default()
                        };
                        self.next.push_back(Progress::Chunk(Chunk::ToolCall(call)));
                    }
                }
                self.next.push_back(end);
            }
            other @ Progress::Chunk(
                Chunk::Reasoning(_)
                | Chunk::Signature(_)
                | Chunk::Usage(_)
                | Chunk::Finish(_)
                | Chunk::End,
            ) => self.next.push_back(other),
        }
    }

    fn content(&mut self, text: String) {
        if !text.is_empty() {
            self.shown += text.chars().count() as u64;
            self.next.push_back(Progress::Chunk(Chunk::Content(text)));
        }
    }
}

impl Deref for RestoredAnswer {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}
