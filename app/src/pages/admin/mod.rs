//! The health panel: how providers and models stand, live; what can be changed, by whom it was, and what it did.

mod alerts;
mod assistants;
mod audit;
mod chart;
mod circuit;
mod confirm;
mod details;
mod effect;
mod findings;
mod key;
mod list_editor;
mod log;
mod log_filter;
mod model;
mod near;
mod overview;
mod panel;
mod provider;
mod rollout;
mod rules;
mod runbook;
mod setting;
mod settings;
mod spark;
mod statistics;
mod test_now;
mod turns;
mod what_if;

use evenkeel_protocol::Status;
use leptos::prelude::*;

use self::panel::Panel;
use crate::components::{ConnectionLine, LocalTime};
use crate::state::panel::{PanelRoute, PanelView};
use crate::wording;

/// The panel.
#[component]
pub(crate) fn AdminPage() -> impl IntoView {
    let panel = Panel::begin();
    let view_now = Memo::new(move |_| panel.route.with(|route| route.view));
    Effect::new(move |before: Option<PanelView>| {
        let now = view_now.get();
        if before.is_some_and(|before| before != now)
            && let Some(main) = document().get_element_by_id("main")
        {
            main.set_scroll_top(0);
        }
        now
    });
    let shown = move || match view_now.get() {
        PanelView::Overview => overview::overview(panel),
        PanelView::Log => log::log(panel),
        PanelView::Statistics => statistics::statistics(panel),
        PanelView::Settings => settings::settings(panel),
        PanelView::Alerts => alerts::page(panel),
        PanelView::Audit => audit::audit(panel),
        PanelView::Runbook => runbook::runbook(),
    };
    view! {
        <div class="page panel mx-auto flex w-full flex-col gap-4 p-4">
            <header class="flex flex-wrap items-center gap-x-3 gap-y-1">
                <h1 class="text-xl font-semibold">"Health"</h1>
                <ConnectionLine />
            </header>
            {verdict(panel)}
            {tabs(panel)}
            {shown}
            {confirm::confirmation(panel)}
            {test_now::test_now(panel)}
        </div>
    }
    .into_any()
}

/// The sentence that an administrator wants.
fn verdict(panel: Panel) -> AnyView {
    let status = move || {
        panel.report.with(|report| {
            report.as_ref().map(|report| match report.status {
                Status::Ok => "ok",
                Status::Degraded => "degraded",
                Status::Down => "down",
            })
        })
    };
    let sentences = Memo::new(move |_| {
        panel
            .report
            .with(|report| report.as_deref().map(wording::verdict).unwrap_or_default())
    });
    let shown = move || {
        let told = sentences.get().into_iter();
        told.map(|told| view! { <p>{sentence(&told)}</p> })
            .collect::<Vec<_>>()
    };
    let unknown = Memo::new(move |_| panel.report.with(Option::is_none));
    view! {
        {move || unknown.get().then(|| view! { <p class="loading text-sm text-muted">"Loading …"</p> })}
        <div class="verdict" role="status" data-testid="verdict" data-status=status>
            {shown}
        </div>
    }
    .into_any()
}

/// A sentence with its time.
fn sentence(told: &wording::Told) -> AnyView {
    let end = format!("{}.", told.rest);
    match told.since {
        None => view! { {told.text.clone() + &end} }.into_any(),
        Some(at) => view! { {told.text.clone() + " since "} <LocalTime at /> {end} }.into_any(),
    }
}

/// The parts of the panel.
fn tabs(panel: Panel) -> AnyView {
    let links: Vec<_> = PanelView::ALL
        .into_iter()
        .map(|one| {
            let current = move || panel.route.with(|route| route.view == one).then_some("page");
            view! {
                <li>
                    <a class="panel-tab" href=PanelRoute::to(one).address() aria-current=current>{one.label()}</a>
                </li>
            }
        })
        .collect();
    view! {
        <nav aria-label="Parts of the panel">
            <ul class="panel-tabs">{links}</ul>
        </nav>
    }
    .into_any()
}
