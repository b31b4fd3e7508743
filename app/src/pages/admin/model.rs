//! A model's row: its circuit, its figures of the last 15 minutes, what can be done; more on demand.

use std::sync::Arc;

use evenkeel_protocol::{CircuitState, ModelHealth, ModelId, Percentiles};
use leptos::html::Li;
use leptos::prelude::*;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::circuit::{circuit, switches};
use super::details::details;
use super::panel::{ModelCell, Panel};
use super::spark::spark;
use crate::components::{Icon, LocalTime, icon};
use crate::wording;

/// Whether the filter lets a model be seen; `named` says that it lets its whole provider.
pub(super) fn shown(panel: Panel, id: &ModelId, named: bool) -> bool {
    let named = named
        || panel
            .filter
            .with(|filter| id.as_str().to_lowercase().contains(filter.as_str()));
    named
        && (!panel.only_ill.get()
            || panel
                .model(id)
                .is_some_and(|cell| cell.health.with(|health| !is_well(health))))
}

fn is_well(health: &ModelHealth) -> bool {
    health.circuit.state == CircuitState::Closed
        && health.recent.failed == 0
        && health.listed != Some(false)
}

/// A model.
pub(super) fn model(panel: Panel, id: ModelId) -> AnyView {
    let Some(cell) = panel.model(&id) else {
        return ().into_any();
    };
    let name = id.to_string();
    let node = NodeRef::<Li>::new();
    let near = RwSignal::new(true);
    // What is far away keeps what it shows.
    let health = RwSignal::new(cell.health.get_untracked());
    Effect::new({
        let cell = cell.clone();
        move || {
            if near.get() {
                let now = cell.health.get();
                if health.with_untracked(|known| !Arc::ptr_eq(known, &now)) {
                    health.set(now);
                }
            }
        }
    });
    Effect::new({
        let id = id.clone();
        move || {
            if let Some(row) = node.get() {
                let row: &Element = &row;
                panel.near.watch(panel, row.clone(), id.clone(), near);
            }
        }
    });
    on_cleanup({
        let id = id.clone();
        move || panel.near.forget(&id)
    });
    let state = {
        let cell = cell.clone();
        Memo::new(move |_| cell.health.with(|health| health.circuit.state.as_str()))
    };
    let hidden = {
        let id = id.clone();
        let provider = panel_name(panel, &id);
        Memo::new(move |_| {
            let named = panel
                .filter
                .with(|filter| provider.contains(filter.as_str()));
            !shown(panel, &id, named)
        })
    };
    let open = RwSignal::new(false);
    Effect::new({
        let name = name.clone();
        move |before: Option<bool>| {
            let asked = panel
                .route
                .with(|route| route.get("model") == Some(name.as_str()));
            if asked && before != Some(true) {
                open.set(true);
                request_animation_frame(move || reveal(node));
            }
            asked
        }
    });
    let view_now = Memo::new(move |_| health.with(|health| health.circuit.clone()));
    view! {
        <li
            node_ref=node
            class="model-row"
            data-testid="health-model"
            data-id=name.clone()
            data-state=move || state.get()
            hidden=move || hidden.get()
        >
            <div class="model-line">
                <div class="model-who">
                    <h3>{name.clone()}</h3>
                    {move || view_now.with(circuit)}
                </div>
                {spark(panel, &cell, near)}
                {figures(health)}
                {actions(panel, &id, open)}
                {counts(health)}
            </div>
            {troubles(health)}
            {unfolded(panel, &id, &cell, open)}
        </li>
    }
    .into_any()
}

/// The name of a model's provider, as the filter compares it.
fn panel_name(panel: Panel, id: &ModelId) -> String {
    let heads = panel.providers.get_untracked();
    let own = heads.into_iter().find(|provider| {
        let head = panel.head(provider);
        head.is_some_and(|head| head.with_untracked(|head| head.models.contains(id)))
    });
    own.map(|provider| provider.as_str().to_lowercase())
        .unwrap_or_default()
}

fn reveal(node: NodeRef<Li>) {
    if let Some(row) = node.try_get_untracked().flatten() {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Start);
        row.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

fn unfolded(panel: Panel, id: &ModelId, cell: &ModelCell, open: RwSignal<bool>) -> AnyView {
    let (id, cell) = (id.clone(), cell.clone());
    let shown = move || open.get().then(|| details(panel, &id, &cell));
    view! { {shown} }.into_any()
}

fn actions(panel: Panel, id: &ModelId, open: RwSignal<bool>) -> AnyView {
    let tested = id.clone();
    let test = move |_| panel.testing.set(Some(tested.clone()));
    view! {
        <div class="row-actions">
            {switches(panel, "models", id.as_str())}
            <button
                type="button"
                class="quiet-button"
                data-testid="test-now"
                aria-label=format!("Test {id} now")
                disabled=move || !panel.store.hydrated.get()
                on:click=test
            >
                "Test now"
            </button>
            <button
                type="button"
                class="quiet-button unfold"
                data-testid="model-details"
                aria-label=format!("Details of {id}")
                aria-expanded=move || open.get().to_string()
                disabled=move || !panel.store.hydrated.get()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                "Details"
                <Icon shape=icon::UNFOLD />
            </button>
        </div>
    }
    .into_any()
}

type Health = RwSignal<Arc<ModelHealth>>;

fn figures(health: Health) -> AnyView {
    let of = move |text: fn(&ModelHealth) -> String| {
        Memo::new(move |_| health.with(|health| text(health)))
    };
    let percentile = |of: Option<Percentiles>, which: fn(&Percentiles) -> u64| {
        of.as_ref()
            .map_or("–".to_owned(), |times| wording::short_time(which(times)))
    };
    let success = of(|health| wording::success(&health.recent).unwrap_or("–".to_owned()));
    let first = Memo::new(move |_| {
        health.with(|health| percentile(health.recent.first_token, |times| times.p50_ms))
    });
    let total = Memo::new(move |_| {
        health.with(|health| percentile(health.recent.total, |times| times.p95_ms))
    });
    let speed = of(|health| {
        let speed = health.recent.tokens_per_second;
        speed.map_or("–".to_owned(), |speed| format!("{speed:.0}"))
    });
    let in_flight = of(|health| health.in_flight.to_string());
    let cost = of(|health| match health.recent.cost {
        0.0 => "–".to_owned(),
        cost => wording::cost(cost),
    });
    let figure = |name: &'static str, value: Memo<String>| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{move || value.get()}</dd>
            </div>
        }
    };
    view! {
        <dl class="model-figures">
            {figure("Success", success)} {figure("First token", first)} {figure("p95", total)} {figure("Tokens/s", speed)}
            {figure("In flight", in_flight)} {figure("Cost", cost)}
        </dl>
    }
    .into_any()
}

/// What came of it since the server's start.
fn counts(health: Health) -> AnyView {
    let counts = Memo::new(move |_| {
        health.with(|health| {
            let attempts = wording::counted(health.attempts, "attempt");
            format!(
                "{attempts} · {}",
                wording::counted(health.failures, "failure")
            )
        })
    });
    let success = Memo::new(move |_| health.with(|health| health.last_success_at));
    let last = move || {
        success
            .get()
            .map(|at| view! { " · last answer " <LocalTime at /> })
    };
    view! { <p class="model-counts">{move || counts.get()} {last}</p> }.into_any()
}

/// What it last failed with, and whether its provider knows it.
fn troubles(health: Health) -> AnyView {
    let failure = Memo::new(move |_| {
        health.with(|health| {
            health
                .last_failure
                .clone()
                .map(|failure| (failure, health.last_failure_at))
        })
    });
    let failed = move || {
        let (failure, at) = failure.get()?;
        let why = wording::explain(failure.reason, failure.status_code);
        let status = failure
            .status_code
            .map(|status| format!(" (HTTP {status})"));
        let at = at.map(|at| view! { ", " <LocalTime at /> });
        let detail = failure.detail.filter(|detail| !detail.is_empty());
        let detail = detail.map(|detail| view! { <p class="attempt-detail">{detail}</p> });
        Some(view! {
            <div class="model-failure">
                <p>"Last failure: " {why} {status} {at}</p>
                {detail}
            </div>
        })
    };
    let missing = Memo::new(move |_| {
        health.with(|health| (health.listed == Some(false)).then(|| health.near_names.clone()))
    });
    let missed = move || {
        let near = match missing.get()?.as_slice() {
            [] => String::new(),
            names => format!("; did you mean {}?", names.join(" or ")),
        };
        let said = format!("Its provider does not list it{near}");
        Some(view! { <p class="mt-1 text-sm" data-testid="model-missing">{said}</p> })
    };
    view! {
        {missed}
        {failed}
    }
    .into_any()
}
