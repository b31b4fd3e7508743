//! What goes on beside the requests: figures that fall out of the window reach those who watch, and minutes that are over
//! are kept in the database, so that a restart forgets nothing.
//!
//! Only whole minutes are kept. What happened after the last of them is counted anew from the attempts and turns in the
//! log, at the start: after a crash nothing is missing but what the log had no time to write.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use evenkeel_engine::ModelId;
use evenkeel_protocol::Timestamp;
use evenkeel_store::{KeptMinute, Store, StoreError};
use tokio::time::{Instant, sleep_until};

use super::cell::{Attempts, TurnOutcome, Turns};
use super::model::milliseconds;
use super::sum::Sum;
use super::track::{MINUTE, MINUTES, STEP, STEPS};
use super::{ArmTurn, Health, lock};
use crate::shared::Shared;

/// After a minute's end, before it is written: what ended with it may come a moment late.
const GRACE: u64 = STEP;

/// Attempts that are read at once.
const PAGE: u32 = 10_000;

/// Reads what was kept, and counts what came after it.
///
/// # Errors
///
/// Where the database does not answer.
pub async fn restore(health: &Health, store: &Store) -> Result<(), StoreError> {
    let now = milliseconds(health.clock.now());
    let oldest = (now / MINUTE + 1).saturating_sub(MINUTES);
    let mut unwritten = oldest;
    for kept in store.kept_minutes(oldest).await? {
        if kept.minute > now / MINUTE {
            // The clock was ahead, and has been set back.
            continue;
        }
        unwritten = unwritten.max(kept.minute + 1);
        match &kept.model {
            Some(id) => {
                if let Some(sums) = Attempts::unpack(&kept.sums) {
                    let model = health.entry(&ModelId::from(id.as_str()));
                    let mut model = lock(&model);
                    let side = model.side_mut(kept.simulated);
                    side.track.restore(kept.minute, now, &sums);
                }
            }
            None => {
                if let Some(sums) = Turns::unpack(&kept.sums) {
                    let mut turns = lock(&health.turns);
                    let track = turns.side_mut(kept.simulated);
                    track.restore(kept.minute, now, &sums);
                }
            }
        }
    }
    recount(health, store, unwritten).await?;
    lock(&health.written).replace(unwritten);
    health.touch();
    Ok(())
}

/// Counts what the log has of the minutes from this one on, and of the last 15, whose steps are kept nowhere.
async fn recount(health: &Health, store: &Store, first: u64) -> Result<(), StoreError> {
    let now = milliseconds(health.clock.now());
    let window = (now / STEP + 1).saturating_sub(STEPS) * STEP;
    let since = i64::try_from(window.min(first * MINUTE)).unwrap_or(i64::MAX);
    let since = Timestamp::from_millisecond(since).unwrap_or(Timestamp::MAX);
    let mut after = 0;
    loop {
        let page = store.ended_attempts(since, after, PAGE).await?;
        let whole = page.len() == PAGE as usize;
        for (place, attempt) in page {
            after = place;
            let model = health.entry(&ModelId::from(attempt.model_name.as_str()));
            lock(&model).count(&attempt, health.clock.now(), first);
        }
        if !whole {
            break;
        }
    }
    for turn in store.ended_turns(since, Timestamp::MAX).await? {
        let kind = TurnOutcome::of(
            &turn.outcome,
            turn.answered_by
                .as_ref()
                .is_some_and(|by| *by != turn.asked),
        );
        let at = milliseconds(turn.ended_at);
        let mut turns = lock(&health.turns);
        let track = turns.side_mut(turn.simulated);
        track.recount(at, now, first, |cell| cell.record(kind, turn.duration_ms));
        if let (Some(assistant), false) = (&turn.assistant, turn.simulated) {
            let turn = ArmTurn {
                assistant,
                asked: turn.asked.as_str(),
                kind,
                milliseconds: turn.duration_ms,
                ended: at,
            };
            lock(&health.arms).record(&turn, now);
        }
    }
    Ok(())
}

/// Tells those who watch as time passes, and keeps the minutes that are over, until it is dropped.
pub async fn keep(shared: Arc<Shared>) {
    let health = &shared.health;
    loop {
        let now = milliseconds(health.clock.now());
        // With the beginning of each step: then the oldest one falls out of the window.
        sleep_until(Instant::now() + Duration::from_millis(STEP - now % STEP)).await;
        if health.pass() {
            health.touch();
        }
        if let Err(error) = write(health, &shared.store).await {
            tracing::warn!(%error, "health_not_kept");
        }
    }
}

/// Writes the minutes that are over and not written yet. What cannot be written is written with the next ones.
async fn write(health: &Health, store: &Store) -> Result<(), StoreError> {
    let now = milliseconds(health.clock.now());
    let until = now.saturating_sub(GRACE) / MINUTE;
    let Some(from) = *lock(&health.written) else {
        return Ok(());
    };
    if from >= until {
        return Ok(());
    }
    let oldest = (now / MINUTE + 1).saturating_sub(MINUTES);
    store
        .keep_minutes(&health.minutes_between(from, until), oldest)
        .await?;
    lock(&health.written).replace(until);
    Ok(())
}

impl Health {
    /// Lets go of what is too old; says whether the figures of the window may be others than the last time.
    pub(super) fn pass(&self) -> bool {
        let now = self.clock.now();
        let mut filled = false;
        for (_, model) in self.all() {
            let mut model = lock(&model);
            model.pass(now);
            filled |= model.fills_window();
        }
        {
            let mut turns = lock(&self.turns);
            for simulated in [false, true] {
                let track = turns.side_mut(simulated);
                track.pass(milliseconds(now));
                filled |= track.fills_window();
            }
        }
        filled |= lock(&self.arms).pass(milliseconds(now));
        // Whoever looked in between may have let go of the last of it.
        self.filled.swap(filled, Ordering::Relaxed) || filled
    }

    /// The minutes from this one on and before that one.
    pub(super) fn minutes_between(&self, from: u64, until: u64) -> Vec<KeptMinute> {
        let mut kept = vec![];
        for (id, model) in self.all() {
            let model = lock(&model);
            for simulated in [false, true] {
                let Some(side) = model.side(simulated) else {
                    continue;
                };
                let minutes = side.track.minutes_from(from);
                kept.extend(minutes.map(|(minute, cell)| KeptMinute {
                    minute,
                    model: Some(id.as_str().into()),
                    simulated,
                    sums: cell.pack(),
                }));
            }
        }
        let mut turns = lock(&self.turns);
        for simulated in [false, true] {
            let minutes = turns.side_mut(simulated).minutes_from(from);
            kept.extend(minutes.map(|(minute, cell)| KeptMinute {
                minute,
                model: None,
                simulated,
                sums: cell.pack(),
            }));
        }
        kept.retain(|minute| minute.minute < until);
        kept
    }
}
