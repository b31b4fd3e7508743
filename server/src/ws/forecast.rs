//! What a socket is told of who would answer now: as a whole, each time it has changed.

use std::time::Duration;

use evenkeel_protocol::Forecast;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::shared::Shared;
use crate::translate;

/// A forecast is said at most this often.
const PACE: Duration = Duration::from_millis(500);

/// What one socket was told, and when to look again.
pub(super) struct Forecasts {
    changes: watch::Receiver<()>,
    told: Option<Forecast>,
    not_before: Instant,
    /// A cooldown that ends, or a probe that comes to nothing, is no change that anybody tells of.
    look_again: Option<Instant>,
}

impl Forecasts {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            changes: shared.health.changes(),
            told: None,
            not_before: Instant::now(),
            look_again: None,
        }
    }

    /// Resolves when something may have changed, and not before it is time.
    pub(super) async fn due(&mut self) {
        sleep_until(self.not_before).await;
        let look_again = self.look_again;
        let time = async {
            match look_again {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Its sender lives as long as the server.
            _ = self.changes.changed() => {}
            () = time => {}
        }
    }

    /// The forecast as it now is.
    pub(super) fn whole(&mut self, shared: &Shared, principal: &str) -> Forecast {
        self.not_before = Instant::now() + PACE;
        let catalog = shared.catalog();
        let outlooks = catalog.outlooks(principal);
        self.look_again = outlooks.iter().filter_map(|(_, it)| it.look_again).min();
        let models = outlooks
            .iter()
            .map(|(asked, outlook)| translate::forecast(asked, outlook, &shared.clock));
        let now = Forecast {
            models: models.collect(),
        };
        self.told = Some(now.clone());
        now
    }

    /// The same, where it differs from what was said last.
    pub(super) fn changed(&mut self, shared: &Shared, principal: &str) -> Option<Forecast> {
        let before = self.told.take();
        let now = self.whole(shared, principal);
        (before.as_ref() != Some(&now)).then_some(now)
    }
}
