//! Which events of which run have been applied, so that none is applied twice and none is missed.

use std::collections::BTreeMap;

use evenkeel_protocol::{ConversationId, MessageId, RunId};

use super::Map;

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admit {
    /// It is the next one of the run that writes this answer.
    Apply(MessageId),
    /// It was applied before, or is none of this page's business.
    Ignore,
    /// Something before it is missing: follow the run anew.
    Gap,
}

#[derive(Clone, Debug)]
struct Run {
    conversation_id: ConversationId,
    answer_id: MessageId,
    seq: u64,
    ended: bool,
    /// The gap has been told.
    gap: bool,
}

/// The runs that this page has heard of.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    runs: Map<RunId, Run>,
    /// Runs whose beginning was missed, and which have been asked for.
    strangers: Vec<RunId>,
}

impl Runs {
    /// A run has begun, or is replayed from its beginning; false where it is known.
    pub fn begin(
        &mut self,
        run_id: &RunId,
        conversation_id: &ConversationId,
        answer_id: &MessageId,
        ended: bool,
    ) -> bool {
        if self.runs.contains(run_id) {
            return false;
        }
        let run = Run {
            conversation_id: conversation_id.clone(),
            answer_id: answer_id.clone(),
            seq: 1,
            ended,
            gap: false,
        };
        self.runs.insert(run_id.clone(), run);
        self.strangers.retain(|stranger| stranger != run_id);
        true
    }

    /// Whether an event is to be applied. `open` is the conversation that is shown.
    pub fn admit(&mut self, run_id: &RunId, seq: u64, open: Option<&ConversationId>) -> Admit {
        let Some(run) = self.runs.get_mut(run_id) else {
            if open.is_none() || self.strangers.contains(run_id) {
                return Admit::Ignore;
            }
            self.strangers.push(run_id.clone());
            return Admit::Gap;
        };
        if run.ended || seq <= run.seq || open != Some(&run.conversation_id) {
            return Admit::Ignore;
        }
        if seq > run.seq + 1 {
            return if std::mem::replace(&mut run.gap, true) {
                Admit::Ignore
            } else {
                Admit::Gap
            };
        }
        run.seq = seq;
        run.gap = false;
        Admit::Apply(run.answer_id.clone())
    }

    /// A run is over; the answer it wrote, where it is known, and whether this is news.
    pub fn end(&mut self, run_id: &RunId) -> Option<(MessageId, bool)> {
        self.strangers.retain(|stranger| stranger != run_id);
        let run = self.runs.get_mut(run_id)?;
        let news = !std::mem::replace(&mut run.ended, true);
        Some((run.answer_id.clone(), news))
    }

    /// How far each run of a conversation has been applied, of those that have not ended.
    pub fn after(&self, conversation_id: &ConversationId) -> BTreeMap<RunId, u64> {
        let mut after = BTreeMap::new();
        for (run_id, run) in self.runs.iter() {
            if !run.ended && run.conversation_id == *conversation_id {
                after.insert(run_id.clone(), run.seq);
            }
        }
        after
    }

    /// The conversation is left: whatever is replayed of its runs later is new.
    pub fn forget(&mut self, conversation_id: &ConversationId) {
        self.runs
            .retain(|_, run| run.conversation_id != *conversation_id);
        self.strangers.clear();
    }

    /// A new socket: every gap may be told again.
    pub fn reconnected(&mut self) {
        self.strangers.clear();
        for run in self.runs.values_mut() {
            run.gap = false;
        }
    }
}
