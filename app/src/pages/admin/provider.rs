//! A provider with its models.

use evenkeel_protocol::{CircuitState, ModelId, ProviderId, SettingChange, SettingValue};
use leptos::prelude::*;

use super::circuit::{circuit, switches};
use super::confirm::Deed;
use super::model;
use super::overview::MANY;
use super::panel::Panel;
use crate::components::{Icon, each, icon};
use crate::state::panel::{PanelRoute, PanelView};
use crate::wording;

/// Where the settings of a provider are.
pub(super) fn settings_of(id: &str) -> PanelRoute {
    PanelRoute::to(PanelView::Settings).with("scope", &format!("providers/{id}"))
}

/// The question whether a provider is to be asked or left out.
pub(super) fn enabling(id: &str, on: bool) -> Deed {
    let verb = if on { "Enable" } else { "Disable" };
    Deed::Change {
        title: format!("{verb} {id}?"),
        go: verb.to_owned(),
        changes: vec![SettingChange {
            scope: format!("providers/{id}"),
            key: "enabled".to_owned(),
            value: Some(SettingValue::Switch(on)),
        }],
        revision: None,
        told: None,
    }
}

/// A provider with its models.
pub(super) fn provider(panel: Panel, id: ProviderId) -> AnyView {
    let Some(head) = panel.head(&id) else {
        return ().into_any();
    };
    let name = id.to_string();
    let view_now = {
        let head = head.clone();
        Memo::new(move |_| head.with(|head| head.health.circuit.clone()))
    };
    let models = {
        let head = head.clone();
        Memo::new(move |_| head.with(|head| head.models.clone()))
    };
    let enabled = {
        let head = head.clone();
        Memo::new(move |_| head.with(|head| head.health.enabled))
    };
    let ids = move || models.with(|all| all.iter().map(ToString::to_string).collect());
    let closed = view_now.with_untracked(|view| view.state == CircuitState::Closed);
    let ill_within = models.with_untracked(|all| all.iter().any(|id| !well(panel, id)));
    let open = RwSignal::new(panel.size() < MANY * 3 || !closed || ill_within);
    // What is looked for is unfolded.
    let unfolded = Memo::new(move |_| {
        let asked = panel.route.with(|route| {
            let model = route.get("model").map(ModelId::from);
            let own = model.is_some_and(|id| models.with(|all| all.contains(&id)));
            own || route.get("provider").is_some_and(|id| id == name)
        });
        open.get()
            || asked
            || panel.filter.with(|filter| !filter.is_empty())
            || panel.only_ill.get()
    });
    let name = id.to_string();
    let hidden = {
        let name = name.clone();
        Memo::new(move |_| {
            let named = panel
                .filter
                .with(|filter| name.to_lowercase().contains(filter.as_str()));
            models.with(|all| {
                let some = all.iter().any(|id| model::shown(panel, id, named));
                !(some || all.is_empty() && named)
            })
        })
    };
    let region = format!("models-of-{name}");
    view! {
        <section
            class="card"
            data-testid="health-provider"
            data-id=name.clone()
            data-state=move || view_now.with(|view| view.state.as_str())
            aria-label=format!("Provider {name}")
            hidden=move || hidden.get()
        >
            <div class="provider-head">
                <button
                    type="button"
                    class="fold"
                    aria-expanded=move || unfolded.get().to_string()
                    aria-controls=region.clone()
                    aria-label=format!("Models of {name}")
                    on:click=move |_| open.set(!unfolded.get_untracked())
                >
                    <Icon shape=icon::UNFOLD />
                </button>
                <h2>{name.clone()}</h2>
                {facts(panel, &id)}
                {move || view_now.with(circuit)}
                {actions(panel, &name, enabled)}
            </div>
            {sums(panel, &id)}
            <ul class="health-models" id=region hidden=move || !unfolded.get()>
                {each(ids, move |id| model::model(panel, id.into()))}
            </ul>
        </section>
    }
    .into_any()
}

fn well(panel: Panel, id: &ModelId) -> bool {
    panel.model(id).is_none_or(|cell| {
        cell.health
            .with_untracked(|health| health.circuit.state == CircuitState::Closed)
    })
}

/// Its kind, whether it is in use, and where its key comes from.
fn facts(panel: Panel, id: &ProviderId) -> AnyView {
    let head = panel.head(id);
    let facts = Memo::new(move |_| {
        let head = head.as_ref()?;
        Some(head.with(|head| {
            let health = &head.health;
            (
                health.kind.clone(),
                health.enabled,
                health.key_source.clone(),
            )
        }))
    });
    let shown = move || {
        let (kind, enabled, key) = facts.get()?;
        let key = key.map(|source| view! { <span class="badge">{format!("key: {source}")}</span> });
        let off = (!enabled).then(|| view! { <span class="badge badge-off">"disabled"</span> });
        Some(view! {
            <span class="badge">{kind}</span>
            {key}
            {off}
        })
    };
    view! { <div class="provider-facts">{shown}</div> }.into_any()
}

fn actions(panel: Panel, name: &str, enabled: Memo<bool>) -> AnyView {
    let settings = settings_of(name);
    let key = settings_of(name).with("key", "key");
    let toggled = name.to_owned();
    let toggle = move |_| {
        let deed = enabling(&toggled, !enabled.get_untracked());
        panel.deed.set(Some(deed));
    };
    let verb = move || if enabled.get() { "Disable" } else { "Enable" };
    let spoken = name.to_owned();
    let label = move || format!("{}: provider {spoken}", verb());
    view! {
        <div class="row-actions">
            {switches(panel, "providers", name)}
            <button
                type="button"
                class="quiet-button"
                data-testid="provider-enabled"
                aria-label=label
                disabled=move || !panel.store.hydrated.get()
                on:click=toggle
            >
                {verb}
            </button>
            <a class="quiet-button" href=settings.address() aria-label=format!("Settings of provider {name}")>"Settings"</a>
            <a class="quiet-button" href=key.address() aria-label=format!("Replace the key of provider {name}")>"Key"</a>
        </div>
    }
    .into_any()
}

/// The sum of its models.
fn sums(panel: Panel, id: &ProviderId) -> AnyView {
    let head = panel.head(id);
    let sentence = Memo::new(move |_| {
        let head = head.as_ref()?;
        Some(head.with(|head| {
            let recent = &head.health.recent;
            let count = wording::counted(head.models.len().try_into().unwrap_or(0), "model");
            match wording::success(recent) {
                None => format!("{count} · no attempts in the last 15 minutes"),
                Some(share) => {
                    let all = wording::counted(recent.answered + recent.failed, "attempt");
                    let cost = match recent.cost {
                        0.0 => String::new(),
                        cost => format!(" · {}", wording::cost(cost)),
                    };
                    format!("{count} · {all} in the last 15 minutes, {share} answered{cost}")
                }
            }
        }))
    });
    view! { <p class="provider-sums">{move || sentence.get()}</p> }.into_any()
}
