//! Which rows are near to what is seen: only these are drawn anew with each frame, and only their series are fetched.

use std::rc::Rc;

use evenkeel_protocol::ModelId;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use super::panel::Panel;
use crate::api::admin as api;
use crate::state::panel::Track;

/// So far beyond the window a row is near.
const MARGIN: &str = "1200px";
/// Rows that come near within this time are fetched together.
const TOGETHER_MS: u32 = 80;
/// Up to so many models all of them are fetched, whatever is seen.
const FEW: usize = 12;

/// The browser's observer with what it calls.
struct Observer {
    observer: IntersectionObserver,
    _heard: Closure<dyn Fn(js_sys::Array)>,
}

impl Drop for Observer {
    fn drop(&mut self) {
        // What it calls is about to go.
        self.observer.disconnect();
    }
}

/// A row, whose it is, and whether it is near.
type Row = (SendWrapper<Element>, ModelId, RwSignal<bool>);

/// What watches the rows.
#[derive(Clone, Copy, Default)]
pub(super) struct Near {
    // On the server, where a page may be dropped by another thread than the one that made it, both are empty.
    observer: StoredValue<Option<SendWrapper<Rc<Observer>>>>,
    rows: StoredValue<Vec<Row>>,
    wanted: StoredValue<Vec<ModelId>>,
    fetching: StoredValue<bool>,
}

impl Near {
    /// Watches a row for as long as its component is there.
    pub(super) fn watch(self, panel: Panel, row: Element, id: ModelId, near: RwSignal<bool>) {
        self.rows
            .update_value(|rows| rows.push((SendWrapper::new(row.clone()), id, near)));
        match self.observer(panel) {
            Some(observer) => observer.observer.observe(&row),
            None => near.set(true),
        }
    }

    /// It is gone.
    pub(super) fn forget(self, id: &ModelId) {
        // The whole page may be gone.
        let _ = self
            .rows
            .try_update_value(|rows| rows.retain(|(_, known, _)| known != id));
    }

    fn observer(self, panel: Panel) -> Option<SendWrapper<Rc<Observer>>> {
        if let Some(known) = self.observer.get_value() {
            return Some(known);
        }
        let heard: Closure<dyn Fn(js_sys::Array)> = Closure::new(move |entries: js_sys::Array| {
            for entry in entries {
                if let Ok(entry) = entry.dyn_into::<IntersectionObserverEntry>() {
                    self.heard(panel, &entry);
                }
            }
        });
        let init = IntersectionObserverInit::new();
        init.set_root(document().get_element_by_id("main").as_ref());
        init.set_root_margin(MARGIN);
        let observer =
            IntersectionObserver::new_with_options(heard.as_ref().unchecked_ref(), &init);
        let observer = observer.ok()?;
        let observer = SendWrapper::new(Rc::new(Observer {
            observer,
            _heard: heard,
        }));
        self.observer.set_value(Some(observer.clone()));
        Some(observer)
    }

    fn heard(self, panel: Panel, entry: &IntersectionObserverEntry) {
        let target = entry.target();
        let row = self.rows.try_with_value(|rows| {
            let row = rows.iter().find(|(row, ..)| **row == target);
            row.map(|(_, id, near)| (id.clone(), *near))
        });
        let Some((id, near)) = row.flatten() else {
            return;
        };
        if near.try_get_untracked() != Some(entry.is_intersecting()) {
            // The row may be gone.
            let _ = near.try_set(entry.is_intersecting());
        }
        if entry.is_intersecting() {
            self.want(panel, id);
        }
    }

    /// Fetches a model's series soon, with those of others.
    fn want(self, panel: Panel, id: ModelId) {
        self.wanted.update_value(|wanted| {
            if !wanted.contains(&id) {
                wanted.push(id);
            }
        });
        if self.fetching.get_value() {
            return;
        }
        self.fetching.set_value(true);
        leptos::task::spawn_local(async move {
            TimeoutFuture::new(TOGETHER_MS).await;
            let wanted = self
                .wanted
                .try_update_value(std::mem::take)
                .unwrap_or_default();
            let _ = self.fetching.try_set_value(false);
            fetch(panel, wanted).await;
        });
    }

    /// Fetches everything again that is near.
    pub(super) fn fetch_again(self, panel: Panel) {
        let near = self.rows.with_value(|rows| {
            let near = rows.iter().filter(|(.., near)| near.get_untracked());
            near.map(|(_, id, _)| id.clone()).collect::<Vec<_>>()
        });
        near.into_iter().for_each(|id| self.want(panel, id));
    }
}

async fn fetch(panel: Panel, mut wanted: Vec<ModelId>) {
    if wanted.is_empty() {
        return;
    }
    if panel.size() <= FEW {
        // All at once: no name is needed.
        wanted.clear();
    }
    // A chart that stays empty is no reason to disturb anybody; the figures beside it go on.
    let Ok(series) = api::series("15m", &wanted).await else {
        return;
    };
    for model in series.models {
        let Some(cell) = panel.model(&model.model) else {
            continue;
        };
        let mut track = Track::new(model.buckets);
        if let Some(latest) = cell.health.with_untracked(|health| health.latest) {
            track.add(latest, 0);
        }
        cell.track.set(track);
    }
}
