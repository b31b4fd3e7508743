//! How everything stands now.

use leptos::prelude::*;

use super::panel::Panel;
use super::{alerts, assistants, findings, provider, turns};
use crate::components::each;

/// From so many models on a filter is offered, and providers that are well begin folded.
pub(super) const MANY: usize = 12;

/// The first part of the panel.
pub(super) fn overview(panel: Panel) -> AnyView {
    let ids = move || {
        panel
            .providers
            .with(|all| all.iter().map(ToString::to_string).collect())
    };
    view! {
        {alerts::line(panel)}
        {findings::findings(panel)}
        {turns::turns(panel)}
        {assistants::assistants(panel)}
        {filter(panel)}
        {each(ids, move |id| provider::provider(panel, id.into()))}
        {nothing(panel)}
    }
    .into_any()
}

fn filter(panel: Panel) -> AnyView {
    let many = Memo::new(move |_| {
        panel.providers.track();
        panel.size() >= MANY
    });
    let shown = move || {
        view! {
            <div class="flex flex-wrap items-center gap-2" role="search">
                <input
                    type="search"
                    class="input panel-filter"
                    data-testid="health-filter"
                    autocomplete="off"
                    placeholder="Filter by name"
                    aria-label="Filter providers and models by name"
                    prop:value=move || panel.filter.get()
                    on:input=move |event| panel.filter.set(event_target_value(&event).to_lowercase())
                />
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || panel.only_ill.get().to_string()
                    on:click=move |_| panel.only_ill.update(|only| *only = !*only)
                >
                    "Not well only"
                </button>
            </div>
        }
        .into_any()
    };
    crate::components::shown_if(many, shown)
}

/// Says so where there is no provider at all.
fn nothing(panel: Panel) -> AnyView {
    let none = Memo::new(move |_| {
        let known = panel.report.with(Option::is_some);
        known && panel.providers.with(Vec::is_empty)
    });
    crate::components::shown_if(none, || {
        view! { <p class="card text-muted">"No provider is configured."</p> }.into_any()
    })
}
