//! Alerts: the rules are looked at every few seconds and whenever something changes; what begins to fire and what is
//! over is logged, shown, and sent to the webhook. Simulated outages alert nobody.

mod address;
mod delivery;
mod engine;
mod message;
#[cfg(test)]
mod packaging;
mod readings;
mod source;
mod webhook;
mod wording;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use evenkeel_protocol::{Alert, AlertState, Severity};
use evenkeel_store::{AlertMessage, KeptAlert, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::task::AbortOnDropHandle;

pub use delivery::{Delivered, test};
pub use source::{every_circuit_open, primary_circuit_open};

use crate::shared::Shared;
use engine::Engine;
use source::Source;

/// How often there is a look, whatever happens.
const EVERY: Duration = Duration::from_secs(5);

/// Changes are looked at at most this often.
const PACE: Duration = Duration::from_secs(1);

/// How the alerts stand, for all who ask.
#[derive(Default)]
pub struct Alerts {
    /// Where messages lead to.
    link: OnceLock<String>,
    /// There is a message for the webhook.
    written: Notify,
    /// What came of the last message.
    last: Mutex<Option<Delivered>>,
}

impl Alerts {
    /// What came of the last message to the webhook since the start, a try included.
    pub fn last(&self) -> Option<Delivered> {
        lock(&self.last).clone()
    }
}

/// Takes up where the last server stopped, and goes on until what is returned is dropped. `address` is where this server
/// listens.
///
/// # Errors
///
/// Where the database does not answer.
pub async fn start(
    shared: &Arc<Shared>,
    address: SocketAddr,
) -> Result<[AbortOnDropHandle<()>; 2], StoreError> {
    let kept = shared.store.alerts().await?;
    let link = shared
        .alerts
        .link
        .get_or_init(|| message::link(shared, address));
    let watch = Watch {
        engine: Engine::new(&kept),
        source: Source::default(),
        kept,
        unsaved: vec![],
        link: link.clone(),
        shared: shared.clone(),
    };
    Ok([
        AbortOnDropHandle::new(tokio::spawn(watch.run())),
        AbortOnDropHandle::new(tokio::spawn(delivery::run(shared.clone()))),
    ])
}

/// The watch over the rules.
struct Watch {
    engine: Engine,
    source: Source,
    /// As the database has it.
    kept: Vec<KeptAlert>,
    /// What the database did not take.
    unsaved: Vec<AlertMessage>,
    link: String,
    shared: Arc<Shared>,
}

impl Watch {
    async fn run(mut self) {
        let mut changes = self.shared.health.changes();
        let mut due = interval(EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut not_before = Instant::now();
        loop {
            tokio::select! {
                _ = due.tick() => {}
                () = async {
                    sleep_until(not_before).await;
                    // Its sender lives as long as the server.
                    let _ = changes.changed().await;
                } => {}
            }
            not_before = Instant::now() + PACE;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let shared = self.shared.clone();
        let now = shared.config();
        let config = &now.alerts;
        let now = shared.clock.now();
        let readings = self.source.read(&shared, now);
        let changed = self.engine.step(config, &readings, now);
        for alert in &changed {
            log(alert);
        }
        if config.webhook_url.is_some() {
            let messages = changed
                .iter()
                .map(|alert| message::of(alert, &self.link, now));
            self.unsaved.extend(messages);
        }
        self.save().await;
        let shown = self.engine.alerts(config, now);
        if *shared.health.alerts() != shown {
            shared.health.set_alerts(shown);
        }
    }

    /// Keeps what has changed; what the database does not take now is tried again at the next look.
    async fn save(&mut self) {
        let kept = self.engine.kept();
        // The last value alone is no change.
        let same = |old: &KeptAlert, new: &KeptAlert| {
            (&old.rule, old.state, old.since) == (&new.rule, new.state, new.since)
        };
        let unchanged = kept.len() == self.kept.len()
            && kept.iter().zip(&self.kept).all(|(new, old)| same(old, new));
        if unchanged && self.unsaved.is_empty() {
            return;
        }
        match self.shared.store.keep_alerts(&kept, &self.unsaved).await {
            Ok(()) => {
                self.kept = kept;
                if !self.unsaved.is_empty() {
                    self.unsaved.clear();
                    self.shared.alerts.written.notify_one();
                }
            }
            Err(error) => tracing::error!(%error, "alerts_not_saved"),
        }
    }
}

fn log(alert: &Alert) {
    let Alert {
        rule,
        severity,
        state,
        summary,
        value,
        limit,
        since: _,
    } = alert;
    match (state, severity) {
        (AlertState::Firing, Severity::Critical) => {
            tracing::error!(
                alert = rule,
                severity = "critical",
                value,
                limit,
                summary,
                "alert_firing"
            );
        }
        (AlertState::Firing | AlertState::Pending, Severity::Warning | Severity::Critical) => {
            tracing::warn!(
                alert = rule,
                severity = message::severity(*severity),
                value,
                limit,
                summary,
                "alert_firing"
            );
        }
        (AlertState::Resolved, _) => {
            tracing::info!(
                alert = rule,
                severity = message::severity(*severity),
                value,
                limit,
                summary,
                "alert_resolved"
            );
        }
    }
}

/// A panic elsewhere leaves what is in it whole: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
