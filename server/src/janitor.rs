//! Takes away what nobody can reach any more: conversations that were deleted, and temporary ones that were left.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_protocol::Timestamp;
use evenkeel_store::{Store, StoreError};
use tokio::time::{MissedTickBehavior, interval};

use crate::shared::Shared;

/// A deleted conversation can be restored for this long.
const RESTORABLE: Duration = Duration::from_secs(60 * 60);

/// A temporary conversation in which nothing is written for this long is deleted.
const TEMPORARY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often there is a look.
const ROUND: Duration = Duration::from_secs(60);

/// Tidies up before anybody asks for anything: no temporary conversation outlives the server.
///
/// # Errors
///
/// Where the database does not answer.
pub async fn begin(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    purge(store, now, Timestamp::MAX).await
}

/// Tidies up from time to time, until it is dropped.
pub async fn keep(shared: Arc<Shared>) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = round(&shared).await {
            tracing::error!(%error, "conversations_not_purged");
        }
    }
}

async fn round(shared: &Shared) -> Result<(), StoreError> {
    let now = shared.clock.now();
    purge(&shared.store, now, before(now, TEMPORARY)).await
}

async fn purge(store: &Store, now: Timestamp, temporary: Timestamp) -> Result<(), StoreError> {
    let purged = store.purge(before(now, RESTORABLE), temporary).await?;
    if purged > 0 {
        tracing::info!(conversations = purged, "conversations_purged");
    }
    Ok(())
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    now.checked_sub(time).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
