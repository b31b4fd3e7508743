//! What the parts of the panel share: each provider and model in a signal of its own, so that a frame disturbs only what
//! it changes; the address; and what is laid over the page.

use std::sync::Arc;

use evenkeel_protocol::{HealthReport, ModelHealth, ModelId, ProviderHealth, ProviderId, Topic};
use leptos::prelude::*;

use super::confirm::Deed;
use super::near::Near;
use crate::Query;
use crate::components::ticking;
use crate::state::panel::{PanelRoute, QUARTER_STEP_MS, Track};
use crate::state::{Connection, Map};
use crate::store::{Store, WatchedStore};

/// A provider without its models.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    /// The provider; its models are left out.
    pub(super) health: ProviderHealth,
    /// Which models it has.
    pub(super) models: Vec<ModelId>,
}

impl Head {
    fn of(provider: &ProviderHealth) -> Self {
        Self {
            models: provider.models.iter().map(|one| one.id.clone()).collect(),
            health: ProviderHealth {
                id: provider.id.clone(),
                kind: provider.kind.clone(),
                enabled: provider.enabled,
                key_source: provider.key_source.clone(),
                circuit: provider.circuit.clone(),
                recent: provider.recent.clone(),
                models: Vec::new(),
            },
        }
    }
}

/// A model as its row shows it.
#[derive(Clone)]
pub(super) struct ModelCell {
    /// How it stands.
    pub(super) health: ArcRwSignal<Arc<ModelHealth>>,
    /// The last 15 minutes.
    pub(super) track: ArcRwSignal<Track>,
}

/// The panel's signals.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    pub(super) store: Store,
    /// The last report, of which the parts take what is small.
    pub(super) report: RwSignal<Option<Arc<HealthReport>>>,
    /// What the address asks for.
    pub(super) route: RwSignal<PanelRoute>,
    /// The providers, in their order.
    pub(super) providers: RwSignal<Vec<ProviderId>>,
    heads: StoredValue<Map<ProviderId, ArcRwSignal<Arc<Head>>>>,
    models: StoredValue<Map<ModelId, ModelCell>>,
    /// What waits for a confirmation.
    pub(super) deed: RwSignal<Option<Deed>>,
    /// The model that is about to be tested.
    pub(super) testing: RwSignal<Option<ModelId>>,
    /// Only what has this in its name is shown.
    pub(super) filter: RwSignal<String>,
    /// Only what is not well is shown.
    pub(super) only_ill: RwSignal<bool>,
    /// The number of the slot that the charts end with, as time passes.
    pub(super) tick: Memo<Option<i64>>,
    /// Knows which rows are near to what is seen.
    pub(super) near: Near,
}

impl Panel {
    /// Begins to watch, and gives the panel to the children of the component that asks for it.
    pub(super) fn begin() -> Self {
        let store = Store::here();
        let watched = WatchedStore::begin(store, &[Topic::Health]);
        let query = if cfg!(feature = "hydrate") {
            window().location().search().unwrap_or_default()
        } else {
            use_context::<Query>().unwrap_or_default().0
        };
        let now = ticking();
        let panel = Self {
            store,
            report: watched.health,
            route: RwSignal::new(PanelRoute::of(&query)),
            providers: RwSignal::default(),
            heads: StoredValue::default(),
            models: StoredValue::default(),
            deed: RwSignal::new(None),
            testing: RwSignal::new(None),
            filter: RwSignal::default(),
            only_ill: RwSignal::new(false),
            tick: Memo::new(move |_| now.get().map(|now| now / QUARTER_STEP_MS)),
            near: Near::default(),
        };
        watched
            .health
            .with_untracked(|report| report.iter().for_each(|report| panel.take(report)));
        Effect::new(move || {
            watched
                .health
                .with(|report| report.iter().for_each(|report| panel.take(report)));
        });
        panel.follow();
        Effect::new(move || {
            if store.connection.get() == Connection::Open {
                // What happened while there was no connection is in no frame.
                panel.near.fetch_again(panel);
            }
        });
        panel
    }

    fn take(self, report: &HealthReport) {
        for provider in &report.providers {
            let head = Head::of(provider);
            let known = self.heads.with_value(|all| all.get(&provider.id).cloned());
            match known {
                Some(known) if known.with_untracked(|known| **known == head) => {}
                Some(known) => known.set(Arc::new(head)),
                None => {
                    let signal = ArcRwSignal::new(Arc::new(head));
                    self.heads.update_value(|all| {
                        all.insert(provider.id.clone(), signal);
                    });
                }
            }
            provider
                .models
                .iter()
                .for_each(|model| self.take_model(model));
        }
        let ids = || report.providers.iter().map(|one| &one.id);
        if self
            .providers
            .with_untracked(|known| !known.iter().eq(ids()))
        {
            self.providers.set(ids().cloned().collect());
        }
    }

    fn take_model(self, model: &ModelHealth) {
        let Some(known) = self.models.with_value(|all| all.get(&model.id).cloned()) else {
            let cell = ModelCell {
                health: ArcRwSignal::new(Arc::new(model.clone())),
                track: ArcRwSignal::default(),
            };
            return self.models.update_value(|all| {
                all.insert(model.id.clone(), cell);
            });
        };
        if known.health.with_untracked(|known| **known == *model) {
            return;
        }
        let before = known.health.with_untracked(|known| known.latest);
        if let Some(latest) = model.latest.filter(|latest| Some(*latest) != before) {
            let keep_from = latest.start.as_millisecond() - 20 * 60_000;
            known.track.update(|track| track.add(latest, keep_from));
        }
        known.health.set(Arc::new(model.clone()));
    }

    /// A provider's signal.
    pub(super) fn head(self, id: &ProviderId) -> Option<ArcRwSignal<Arc<Head>>> {
        self.heads.with_value(|all| all.get(id).cloned())
    }

    /// A model's signals.
    pub(super) fn model(self, id: &ModelId) -> Option<ModelCell> {
        self.models.with_value(|all| all.get(id).cloned())
    }

    /// How many models there are.
    pub(super) fn size(self) -> usize {
        self.models.with_value(Map::len)
    }

    /// The revision of the live settings, as far as it has been told.
    pub(super) fn revision(self) -> u64 {
        self.report
            .with_untracked(|report| report.as_ref().map_or(0, |report| report.revision))
    }

    /// Goes to an address of the panel.
    pub(super) fn go(self, route: &PanelRoute) {
        self.store.go(&route.address());
        self.route.set(route.clone());
    }

    /// Follows the address: links and the browser's way back change it without the page's knowledge.
    fn follow(self) {
        let look = move || {
            let search = window().location().search().unwrap_or_default();
            let route = PanelRoute::of(&search);
            let here = window()
                .location()
                .pathname()
                .is_ok_and(|path| path.trim_end_matches('/') == "/admin");
            // The page may be gone by now.
            if here && self.route.try_with_untracked(|known| *known != route) == Some(true) {
                self.route.set(route);
            }
        };
        Effect::new(move || {
            // What follows links hears of the click, too; the address is as it will be once all have heard of it.
            let click = window_event_listener(leptos::ev::click, move |_| {
                request_animation_frame(look);
            });
            let back = window_event_listener(leptos::ev::popstate, move |_| look());
            on_cleanup(move || {
                click.remove();
                back.remove();
            });
        });
    }
}
