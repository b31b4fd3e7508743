//! Topics that are watched while something on the page shows them. Health and faults are read here: only the parts for
//! administrators and testers call this, so that only they bring the code for it.

use std::sync::Arc;

use evenkeel_protocol::read::Read;
use evenkeel_protocol::{Fault, HealthReport, Topic};
use leptos::prelude::*;

use super::{Store, set_arc};
use crate::state::{Unread, Watched};

/// Somebody who is told, under a number of their own.
pub(super) type Watcher = (u64, Arc<dyn Fn(&Unread) + Send + Sync>);

/// Tells all of them.
pub(super) fn tell(watchers: StoredValue<Vec<Watcher>>, unread: &Unread) {
    // One of them may leave, or another come, because of what it is told.
    for (_, told) in watchers.get_value() {
        told(unread);
    }
}

/// Health and faults, as signals.
#[derive(Clone, Copy)]
pub(crate) struct WatchedStore {
    /// How providers and models stand, once it is known.
    pub(crate) health: RwSignal<Option<Arc<HealthReport>>>,
    /// The armed faults, oldest first.
    pub(crate) faults: RwSignal<Arc<Vec<Fault>>>,
}

impl WatchedStore {
    /// Watches these topics for as long as the component is there that asks for it, and gives what is heard of them to
    /// that component's children.
    pub(crate) fn begin(store: Store, topics: &[Topic]) -> Self {
        let watched = store.read(|state| Watched::from(&state.watching));
        let signals = Self {
            health: RwSignal::new(watched.health.clone()),
            faults: RwSignal::new(Arc::clone(&watched.faults)),
        };
        let watched = StoredValue::new(watched);
        let hear = move |unread: &Unread| {
            // The component may be gone.
            let _ = watched.try_update_value(|watched| match unread {
                Unread::Health(json) => {
                    if let Ok(report) = HealthReport::read(json.clone()) {
                        watched.health(report);
                        signals.health.set(watched.health.clone());
                    }
                }
                Unread::Fault(json) => {
                    if let Ok(change) = Read::read(json.clone()) {
                        watched.fault(change);
                        set_arc(signals.faults, &watched.faults);
                    }
                }
            });
        };
        let watchers = store.watchers;
        let number = watchers
            .try_update_value(|all| {
                let number = all.last().map_or(0, |(last, _)| last + 1);
                all.push((number, Arc::new(hear)));
                number
            })
            .unwrap_or_default();
        on_cleanup(move || {
            // The whole page may be gone.
            let _ = watchers.try_update_value(|all| all.retain(|(one, _)| *one != number));
        });
        for topic in topics {
            store.watch(*topic);
        }
        provide_context(signals);
        signals
    }

    /// What a component above this one watches.
    pub(crate) fn here() -> Self {
        use_context().unwrap_or_else(|| Self::begin(Store::here(), &[]))
    }
}

impl Store {
    /// Follows a topic for as long as the component that asks for it is there.
    pub(crate) fn watch(self, topic: Topic) {
        Effect::new(move || {
            let frame = self
                .state
                .try_update_value(|state| state.watch(topic))
                .flatten();
            frame.into_iter().for_each(|frame| self.say(frame));
        });
        on_cleanup(move || {
            let frame = self
                .state
                .try_update_value(|state| state.unwatch(topic))
                .flatten();
            frame.into_iter().for_each(|frame| self.say(frame));
        });
    }
}
