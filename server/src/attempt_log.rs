//! Keeps the attempts of `/v1`, and how turns ended, off their way: what is to be kept queues up, and one task writes much
//! of it in one transaction.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_protocol::{Attempt, AttemptState, Timestamp};
use evenkeel_store::{CallAttempts, Store, StoreError, TurnEnd};
use jiff::SignedDuration;
use prometheus::IntCounter;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;

/// How long a call waits for others to be written with it.
const GATHER: Duration = Duration::from_millis(100);

/// Calls of one transaction; what else is to be written waits for no more than these.
const BATCH: usize = 500;

/// Calls that wait while the database takes nothing: some thirty MiB.
const QUEUE: usize = 65_536;

/// After a failure the same calls are tried again, at first so soon, and then ever later.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long attempts are kept, and how often those that are older are looked for.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const FORGET: Duration = Duration::from_secs(3600);
const FORGET_AT_ONCE: u32 = 1000;

/// The attempts of a call under way, each as it now stands.
#[derive(Default)]
pub struct Noted(Mutex<Vec<Attempt>>);

impl Noted {
    /// Takes note of an attempt that began or changed.
    pub fn note(&self, attempt: Attempt) {
        let mut attempts = self.lock();
        let known = attempts
            .iter_mut()
            .find(|known| known.index == attempt.index);
        match known {
            Some(known) => *known = attempt,
            None => attempts.push(attempt),
        }
    }

    /// Requests that were sent.
    pub fn sent(&self) -> usize {
        let attempts = self.lock();
        let sent = attempts
            .iter()
            .filter(|attempt| attempt.state != AttemptState::Skipped);
        sent.count()
    }

    /// All of them, in order; none are left.
    pub fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.lock())
    }

    /// A panic elsewhere leaves the list whole: each change is one assignment.
    fn lock(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be kept.
enum Entry {
    Call(CallAttempts),
    Turn(TurnEnd),
}

/// The way into the log. A call that it has taken is written, however long the database refuses, and at the latest when
/// the log is closed; one that it cannot take is counted and told of.
pub struct AttemptLog {
    queue: Sender<Entry>,
    lost: IntCounter,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl AttemptLog {
    /// Starts to write, and to forget what is old. `lost` counts the attempts that could not be kept.
    pub fn start(store: Store, clock: Clock, lost: IntCounter) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (closing, tasks) = (CancellationToken::new(), TaskTracker::new());
        let writer = Writer {
            store: store.clone(),
            waiting,
            lost: lost.clone(),
            told: 0,
            closing: closing.clone(),
        };
        tasks.spawn(writer.run());
        tasks.spawn(forget(store, clock, closing.clone()));
        tasks.close();
        Self {
            queue,
            lost,
            closing,
            tasks,
        }
    }

    /// Takes the attempts of a call, without waiting.
    pub fn keep(&self, call: CallAttempts) {
        let attempts = call.attempts.len() as u64;
        if attempts > 0 && self.queue.try_send(Entry::Call(call)).is_err() {
            self.lost.inc_by(attempts);
        }
    }

    /// Takes note of how a turn ended, without waiting.
    pub fn keep_turn(&self, turn: TurnEnd) {
        if self.queue.try_send(Entry::Turn(turn)).is_err() {
            tracing::error!("turn_lost");
        }
    }

    /// Writes what is left; what comes afterwards is lost.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}

/// What is written in one transaction.
#[derive(Default)]
struct Batch {
    calls: Vec<CallAttempts>,
    turns: Vec<TurnEnd>,
}

impl FromIterator<Entry> for Batch {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut batch = Self::default();
        for entry in entries {
            match entry {
                Entry::Call(call) => batch.calls.push(call),
                Entry::Turn(turn) => batch.turns.push(turn),
            }
        }
        batch
    }
}

struct Writer {
    store: Store,
    waiting: Receiver<Entry>,
    lost: IntCounter,
    /// Of the lost ones, those that the log has told of.
    told: u64,
    closing: CancellationToken,
}

impl Writer {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                () = self.closing.cancelled(), if !self.waiting.is_closed() => {
                    self.waiting.close();
                    continue;
                }
                received = self.waiting.recv_many(&mut batch, BATCH) => if received == 0 {
                    break;
                },
            }
            if batch.len() < BATCH {
                self.pause(GATHER).await;
            }
            while batch.len() < BATCH
                && let Ok(entry) = self.waiting.try_recv()
            {
                batch.push(entry);
            }
            self.write(batch.drain(..).collect()).await;
        }
        self.tell();
    }

    /// Waits, but not when the log is to be closed.
    async fn pause(&self, time: Duration) {
        // Either way it goes on.
        let _ = tokio::time::timeout(time, self.closing.cancelled()).await;
    }

    /// Writes these, however often it takes. When the log is to be closed there is one last time.
    async fn write(&mut self, batch: Batch) {
        let mut pause = PAUSE;
        loop {
            let last = self.closing.is_cancelled();
            let Err(error) = self.store.record(&batch.calls, &batch.turns).await else {
                break;
            };
            tracing::error!(%error, calls = batch.calls.len(), waiting = self.waiting.len(), "attempts_not_saved");
            if last {
                // The others would fare no better, and the server is to stop.
                self.waiting.close();
                let mut lost = attempts(&batch.calls);
                while let Ok(entry) = self.waiting.try_recv() {
                    if let Entry::Call(call) = entry {
                        lost += attempts(&[call]);
                    }
                }
                self.lost.inc_by(lost);
                break;
            }
            self.tell();
            self.pause(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        self.tell();
    }

    fn tell(&mut self) {
        let lost = self.lost.get();
        if lost > self.told {
            tracing::error!(attempts = lost - self.told, "attempts_lost");
            self.told = lost;
        }
    }
}

fn attempts(calls: &[CallAttempts]) -> u64 {
    calls.iter().map(|call| call.attempts.len() as u64).sum()
}

async fn forget(store: Store, clock: Clock, closing: CancellationToken) {
    let mut due = interval(FORGET);
    while closing.run_until_cancelled(due.tick()).await.is_some() {
        let Ok(before) = clock.now().checked_sub(KEPT) else {
            return;
        };
        if let Err(error) = forget_before(&store, before, &closing).await {
            tracing::warn!(%error, "old_attempts_not_forgotten");
        }
    }
}

/// A part at a time, until there is no more or the log is to be closed.
async fn forget_before(
    store: &Store,
    before: Timestamp,
    closing: &CancellationToken,
) -> Result<(), StoreError> {
    while !closing.is_cancelled() {
        let attempts = store.forget_attempts(before, FORGET_AT_ONCE).await?;
        let turns = store.forget_turns(before, FORGET_AT_ONCE).await?;
        if attempts.max(turns) < u64::from(FORGET_AT_ONCE) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
