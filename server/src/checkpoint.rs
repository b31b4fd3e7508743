//! Answers under way are saved now and then, so that a kill loses little of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::run::Run;
use crate::shared::Shared;

/// A kill in the middle of an answer loses no more than this of it.
const CHECKPOINT: Duration = Duration::from_millis(300);

/// Saves the answer now and then while it grows, beside the stream and never in its way.
pub struct Checkpoints {
    timer: Interval,
    saved_seq: u64,
    saving: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// The first is due at once.
    pub fn new() -> Self {
        let mut timer = interval(CHECKPOINT);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            timer,
            saved_seq: 1,
            saving: None,
        }
    }

    /// Resolves when the answer is to be saved again.
    pub async fn due(&mut self) {
        self.timer.tick().await;
    }

    /// Saves what there is of the answer, unless the last time is still under way.
    pub fn save(&mut self, shared: &Arc<Shared>, run: &Run) {
        let (message, seq) = run.answer();
        let busy = self
            .saving
            .as_ref()
            .is_some_and(|saving| !saving.is_finished());
        if busy || seq == self.saved_seq {
            return;
        }
        self.saved_seq = seq;
        let shared = shared.clone();
        self.saving = Some(shared.clone().tasks.spawn(async move {
            let now = shared.clock.now();
            if let Err(error) = shared.store.save_answer(&message, seq, now).await {
                tracing::error!(%error, "checkpoint_not_saved");
            }
        }));
    }
}
