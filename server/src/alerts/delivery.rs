//! The way of the messages to the webhook: one at a time, in their order, again and again for an hour. Nothing waits for
//! them.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_protocol::Timestamp;
use evenkeel_store::{AlertMessage, StoreError};
use jiff::SignedDuration;
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};

use super::webhook::{self, Undelivered};
use super::{lock, message};
use crate::shared::Shared;

/// A message that has not arrived by then never does: it would be news of long ago.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(1);

const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// While the database does not answer, and in case a wake-up was missed.
const ROUND: Duration = Duration::from_secs(30);

/// What came of a message.
#[derive(Clone, Debug, Serialize)]
pub struct Delivered {
    /// It has arrived.
    pub delivered: bool,
    /// The status of the receiver's answer, where one came.
    pub status: Option<u16>,
    /// Why it did not arrive.
    pub detail: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// When it was sent.
    pub at: Timestamp,
}

/// Sends what waits, as long as the server runs.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        match round(&shared).await {
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "alert_messages_not_read"),
        }
        // Either way there is a look.
        let _ = timeout(ROUND, shared.alerts.written.notified()).await;
    }
}

/// Sends until nothing waits.
async fn round(shared: &Shared) -> Result<(), StoreError> {
    let (mut pause, mut before) = (PAUSE, None);
    while let Some((message, waiting)) = shared.store.next_alert_message().await? {
        if before.as_ref() != Some(&message.id) {
            (pause, before) = (PAUSE, Some(message.id.clone()));
        }
        if shared.config().alerts.webhook_url.is_none() {
            // It was taken away in the meantime.
            shared.store.forget_alert_message(&message.id).await?;
            continue;
        }
        let (outcome, told) = send(shared, &message).await;
        *lock(&shared.alerts.last) = Some(told);
        let id = message.id.as_str();
        match outcome {
            Ok(status) => {
                tracing::info!(message = id, status, "alert_delivered");
                shared.store.forget_alert_message(id).await?;
            }
            Err(error) if age(shared, &message) >= GIVEN_UP => {
                tracing::error!(%error, message = id, body = message.body, "alert_given_up");
                shared.store.forget_alert_message(id).await?;
            }
            Err(error) => {
                let wait = pause.mul_f64(rand::random_range(0.5..=1.0));
                let again_in_ms = wait.as_millis() as u64;
                tracing::warn!(%error, message = id, waiting, again_in_ms, "alert_not_delivered");
                sleep(wait).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
    }
    Ok(())
}

fn age(shared: &Shared, message: &AlertMessage) -> SignedDuration {
    shared.clock.now().duration_since(message.written_at)
}

async fn send(shared: &Shared, message: &AlertMessage) -> (Result<u16, Undelivered>, Delivered) {
    let (at, begun) = (shared.clock.now(), Instant::now());
    let outcome = webhook::send(&shared.config().alerts, message, at).await;
    let told = Delivered {
        delivered: outcome.is_ok(),
        status: match &outcome {
            Ok(status) | Err(Undelivered::Refused(status)) => Some(*status),
            Err(
                Undelivered::Nowhere
                | Undelivered::Unknown(..)
                | Undelivered::NoAddress(_)
                | Undelivered::Private(_)
                | Undelivered::Unreachable(_)
                | Undelivered::TooSlow,
            ) => None,
        },
        detail: outcome.as_ref().err().map(ToString::to_string),
        duration_ms: begun.elapsed().as_millis() as u64,
        at,
    };
    (outcome, told)
}

/// Sends a test message now, past those that wait.
pub async fn test(shared: &Shared) -> Delivered {
    let link = shared.alerts.link.get().map_or("", String::as_str);
    let message = message::test(link, shared.clock.now());
    let (_, told) = send(shared, &message).await;
    *lock(&shared.alerts.last) = Some(told.clone());
    told
}
