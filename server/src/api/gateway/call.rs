//! One call of `/v1`: its attempts are kept when it is over, however it ends; its texts never are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_engine::{Answer, FinishReason, ModelId, NoAnswer, Seam};
use evenkeel_protocol::{Attempt, SeamMode, TurnError};
use evenkeel_store::CallAttempts;
use serde::Serialize;
use tokio::time::Instant;

use super::Asked;
use crate::attempt_log::Noted;
use crate::calls::Counted;
use crate::catalog::Choice;
use crate::error::Refusal;
use crate::health::EndedTurn;
use crate::shared::Shared;
use crate::translate;

/// See the module.
pub(in super::super) struct Call {
    pub(super) shared: Arc<Shared>,
    principal: Arc<str>,
    pub(super) request_id: Arc<str>,
    requested: ModelId,
    assistant: Option<Arc<str>>,
    share: Option<f64>,
    attempts: Noted,
    began: Instant,
    /// How it ended, and when, once that is known.
    outcome: Mutex<Option<(&'static str, Instant)>>,
    /// The server waits for it before it stops.
    _running: tokio_util::task::task_tracker::TaskTrackerToken,
    /// It is counted among the turns under way.
    _counted: Counted,
}

/// What the last chunk says of the turn: the `evenkeel` object.
#[derive(Serialize)]
pub(in super::super) struct LastWord<'c> {
    pub(in super::super) requested_model: &'c str,
    pub(in super::super) model: &'c str,
    provider: &'c str,
    pub(in super::super) fallback: bool,
    pub(in super::super) attempts: usize,
    simulated: bool,
    seams: Vec<WireSeam<'c>>,
    /// The provider's own, where it is none of the words that the form knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'c str>,
}

/// Where another model went on.
#[derive(Serialize)]
pub(in super::super) struct WireSeam<'s> {
    from: &'s str,
    to: &'s str,
    mode: SeamMode,
    at: u64,
}

impl<'s> From<&'s Seam> for WireSeam<'s> {
    fn from(seam: &'s Seam) -> Self {
        Self {
            from: seam.from.as_str(),
            to: seam.to.as_str(),
            mode: translate::seam_mode(seam.mode),
            at: seam.at,
        }
    }
}

impl Call {
    pub(super) fn new(asked: &Asked, choice: &Choice) -> Self {
        let shared = &asked.shared;
        Self {
            principal: asked.principal.id.clone(),
            request_id: asked.request_id.clone(),
            requested: choice.model.clone(),
            assistant: choice.assistant.clone(),
            share: choice.share,
            attempts: Noted::default(),
            began: Instant::now(),
            outcome: Mutex::default(),
            _running: shared.tasks.token(),
            _counted: shared.calls.begin(choice.assistant.clone()),
            shared: shared.clone(),
        }
    }

    /// The final word on this answer, or the word of the moment.
    pub(in super::super) fn last_word<'c>(
        &'c self,
        answer: &'c Answer,
        seams: &'c [Seam],
        reason: Option<&'c FinishReason>,
    ) -> LastWord<'c> {
        LastWord {
            requested_model: self.requested.as_str(),
            model: answer.model().as_str(),
            provider: answer.provider().as_str(),
            fallback: *answer.model() != self.requested,
            attempts: self.attempts.sent(),
            simulated: answer.simulated(),
            seams: seams.iter().map(WireSeam::from).collect(),
            finish_reason: match reason {
                Some(FinishReason::Other(word)) => Some(word),
                Some(
                    FinishReason::Stop
                    | FinishReason::StopSequence(_)
                    | FinishReason::Length
                    | FinishReason::ToolCalls
                    | FinishReason::ContentFilter,
                )
                | None => None,
            },
        }
    }

    pub(super) fn note(&self, attempt: Attempt) {
        self.attempts.note(attempt);
    }

    pub(super) fn refuse(&self, end: &NoAnswer) -> Refusal {
        self.ended(end).into()
    }

    /// Takes note of an end without a whole answer.
    fn ended(&self, end: &NoAnswer) -> TurnError {
        let error = translate::no_answer(end, &self.shared.clock);
        self.shared.exhausted(end, &self.request_id);
        self.outcome(error.kind.as_str());
        error
    }

    /// Takes note that an answer broke off for good.
    pub(super) fn broke_off(&self, end: &NoAnswer) -> TurnError {
        self.ended(end)
    }

    /// Takes note that another model goes on.
    pub(super) fn resumed(&self, seam: &Seam) {
        let (from, to) = (seam.from.as_str(), seam.to.as_str());
        let request_id = &*self.request_id;
        tracing::warn!(from, to, mode = ?seam.mode, request_id, "stream_resumed");
    }

    /// Takes note of a whole answer.
    pub(super) fn finished(&self) {
        self.outcome("answered");
    }

    pub(super) fn outcome(&self, outcome: &'static str) {
        *lock(&self.outcome) = Some((outcome, Instant::now()));
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Where nothing is noted, the caller left.
        let left = || ("cancelled", Instant::now());
        let (outcome, ended) = lock(&self.outcome).unwrap_or_else(left);
        let attempts = self.attempts.take();
        self.shared.turn_ended(&EndedTurn {
            principal: &self.principal,
            asked: self.requested.as_str(),
            assistant: self.assistant.as_deref(),
            share: self.share,
            outcome,
            attempts: &attempts,
            ended_at: self.shared.clock.at(ended),
            took: ended.duration_since(self.began),
        });
        self.shared.attempts.keep(CallAttempts {
            principal: self.principal.clone(),
            request_id: self.request_id.clone(),
            assistant: self.assistant.clone(),
            attempts,
        });
    }
}

/// A panic elsewhere leaves what is in it whole: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
