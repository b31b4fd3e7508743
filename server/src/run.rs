//! A turn under way, as those see it who follow it: a log of frames that can be replayed from any place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use evenkeel_engine::{Answer, Seam, SeamMode};
use evenkeel_protocol::{
    self as wire, Attempt, ConversationId, Message, RequestId, RunId, ServerFrame, TurnError,
};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::translate;

/// A run. It belongs to the server: those who follow it may come and go.
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The conversation it answers in.
    pub conversation_id: ConversationId,
    /// Whose it is.
    pub principal: Arc<str>,
    /// The assistant that is asked.
    pub assistant: Option<Arc<str>>,
    /// When it began.
    pub began: Instant,
    /// Cancelled when the user stops it.
    pub stop: CancellationToken,
    state: Mutex<RunState>,
    seq: watch::Sender<u64>,
}

struct RunState {
    /// The frames so far, as JSON; the first has seq 1.
    frames: Vec<Utf8Bytes>,
    /// The answer so far.
    answer: Message,
    end: Option<End>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum End {
    /// With a whole answer.
    Done(Message),
    /// Without one.
    Error(TurnError, Message),
}

impl Run {
    /// A run that begins with `accepted`.
    pub fn begin(
        id: RunId,
        principal: Arc<str>,
        request_id: RequestId,
        answer: Message,
    ) -> Result<Arc<Self>, serde_json::Error> {
        let accepted: ServerFrame = ServerFrame::Accepted {
            run_id: id.clone(),
            seq: 1,
            request_id,
            conversation_id: answer.conversation_id.clone(),
            message_id: answer
                .parent_id
                .clone()
                .unwrap_or_else(|| answer.id.clone()),
            answer_id: answer.id.clone(),
        };
        let frame = Utf8Bytes::from(serde_json::to_string(&accepted)?);
        Ok(Arc::new(Self {
            id,
            conversation_id: answer.conversation_id.clone(),
            principal,
            assistant: answer.assistant.as_deref().map(Arc::from),
            began: Instant::now(),
            stop: CancellationToken::new(),
            state: Mutex::new(RunState {
                frames: vec![frame],
                answer,
                end: None,
            }),
            seq: watch::Sender::new(1),
        }))
    }

    /// The answer so far, and the seq of the last frame.
    pub fn answer(&self) -> (Message, u64) {
        let state = self.lock();
        (state.answer.clone(), state.frames.len() as u64)
    }

    /// Changes the answer.
    pub fn update(&self, change: impl FnOnce(&mut Message)) {
        change(&mut self.lock().answer);
    }

    /// More text.
    pub fn delta(&self, text: String) {
        self.append(|run_id, seq, state| {
            state.answer.text.push_str(&text);
            ServerFrame::Delta { run_id, seq, text }
        });
    }

    /// Another model goes on. What a restart replaces stays on record.
    pub fn seam(&self, seam: &Seam, answer: &Answer) {
        self.append(|run_id, seq, state| {
            let message = &mut state.answer;
            let (from, to) = (seam.from.as_str(), seam.to.as_str());
            let mode = translate::seam_mode(seam.mode);
            let discarded = if seam.mode == SeamMode::Restarted {
                Some(std::mem::take(&mut message.text)).filter(|text| !text.is_empty())
            } else {
                None
            };
            message.seams.push(wire::Seam {
                from: from.into(),
                to: to.into(),
                mode,
                at: seam.at,
                discarded,
            });
            message.model_name = Some(answer.model().as_str().into());
            message.provider = Some(answer.provider().as_str().into());
            message.fallback = message.requested_model != message.model_name;
            message.simulated |= answer.simulated();
            ServerFrame::Seam {
                run_id,
                seq,
                from: from.into(),
                to: to.into(),
                mode,
                at: seam.at,
            }
        });
    }

    /// An attempt that began or changed.
    pub fn attempt(&self, attempt: Attempt) {
        self.append(|run_id, seq, state| {
            let attempts = &mut state.answer.attempts;
            match attempts
                .iter_mut()
                .find(|known| known.index == attempt.index)
            {
                Some(known) => *known = attempt.clone(),
                None => attempts.push(attempt.clone()),
            }
            state.answer.simulated |= attempt.simulated;
            ServerFrame::Attempt {
                run_id,
                seq,
                attempt,
            }
        });
    }

    /// The end; nothing comes after it.
    pub fn end(&self, end: End) {
        self.append(|run_id, seq, state| {
            state.end = Some(end.clone());
            terminal_frame(run_id, seq, end)
        });
    }

    /// The frames after a place, and whether the run ends with them.
    pub fn frames_after(&self, seq: u64) -> (Vec<Utf8Bytes>, bool) {
        let state = self.lock();
        let from = usize::try_from(seq)
            .unwrap_or(usize::MAX)
            .min(state.frames.len());
        (
            state.frames.get(from..).unwrap_or_default().to_vec(),
            state.end.is_some(),
        )
    }

    /// Told of each new frame's seq.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.seq.subscribe()
    }

    /// Waits for the end.
    pub async fn ended(&self) -> End {
        let mut changes = self.changes();
        loop {
            if let Some(end) = self.lock().end.clone() {
                return end;
            }
            // The sender lives as long as this run, which is borrowed here.
            let _ = changes.changed().await;
        }
    }

    fn append(&self, frame: impl FnOnce(RunId, u64, &mut RunState) -> ServerFrame) {
        let seq = {
            let mut state = self.lock();
            if state.end.is_some() {
                return;
            }
            let seq = state.frames.len() as u64 + 1;
            let frame = frame(self.id.clone(), seq, &mut state);
            match serde_json::to_string(&frame) {
                Ok(json) => state.frames.push(json.into()),
                Err(error) => tracing::error!(%error, "a frame cannot be written as JSON"),
            }
            seq
        };
        self.seq.send_replace(seq);
    }

    /// A panic elsewhere leaves the log whole: a frame is pushed last.
    fn lock(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame that a run ends with.
pub fn terminal_frame(run_id: RunId, seq: u64, end: End) -> ServerFrame {
    match end {
        End::Done(message) => ServerFrame::Done {
            run_id,
            seq,
            message,
        },
        End::Error(error, message) => ServerFrame::Error {
            run_id: Some(run_id),
            seq: Some(seq),
            request_id: None,
            error,
            message: Some(message),
        },
    }
}

/// The runs under way.
#[derive(Default)]
pub struct Runs {
    running: Mutex<HashMap<RunId, Arc<Run>>>,
    /// Held while a turn is begun, so that the same request sent twice at once begins one.
    pub beginning: tokio::sync::Mutex<()>,
}

impl Runs {
    /// A run that has not ended.
    pub fn get(&self, id: &RunId) -> Option<Arc<Run>> {
        self.lock().get(id).cloned()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// How many of them ask this assistant.
    pub fn of_assistant(&self, id: &str) -> usize {
        let running = self.lock();
        let asking = running
            .values()
            .filter(|run| run.assistant.as_deref() == Some(id));
        asking.count()
    }

    /// The runs of a conversation.
    pub fn of(&self, conversation: &ConversationId) -> Vec<Arc<Run>> {
        let running = self.lock();
        running
            .values()
            .filter(|run| run.conversation_id == *conversation)
            .cloned()
            .collect()
    }

    /// Makes a run known.
    pub fn insert(&self, run: Arc<Run>) {
        self.lock().insert(run.id.clone(), run);
    }

    /// Forgets one that has ended and is stored.
    pub fn remove(&self, id: &RunId) {
        self.lock().remove(id);
    }

    /// A panic elsewhere leaves the map whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Run>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
