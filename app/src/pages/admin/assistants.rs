//! The assistants: whether they can answer, how their own model and the one that is tried beside it do, and what can be
//! changed of it.

use evenkeel_protocol::{AssistantHealth, SettingChange, SettingValue, Status};
use leptos::html::Section;
use leptos::prelude::*;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::confirm::Deed;
use super::panel::Panel;
use super::rollout::rollout;
use crate::components::each;
use crate::state::panel::{PanelRoute, PanelView};
use crate::wording;

/// An assistant as the last report has it.
pub(super) type Known = Memo<Option<AssistantHealth>>;

/// Where the settings of an assistant are.
fn settings_of(id: &str) -> PanelRoute {
    PanelRoute::to(PanelView::Settings).with("scope", &format!("assistants/{id}"))
}

/// The change of one of an assistant's settings.
pub(super) fn change(id: &str, key: &str, value: SettingValue) -> Vec<SettingChange> {
    vec![SettingChange {
        scope: format!("assistants/{id}"),
        key: key.to_owned(),
        value: Some(value),
    }]
}

/// All of them; nothing where there are none.
pub(super) fn assistants(panel: Panel) -> AnyView {
    let ids = Memo::new(move |_| {
        panel.report.with(|report| {
            let all = report.iter().flat_map(|report| &report.assistants);
            all.map(|one| one.id.clone()).collect::<Vec<_>>()
        })
    });
    let some = Memo::new(move |_| ids.with(|ids| !ids.is_empty()));
    let shown = move || {
        let node = NodeRef::<Section>::new();
        let asked = |route: &PanelRoute| route.get("part") == Some("assistants");
        come(panel, asked, node);
        view! {
            <section node_ref=node class="assistants" aria-labelledby="assistants-title" data-testid="assistants">
                <h2 id="assistants-title">"Assistants"</h2>
                {each(move || ids.get(), move |id| assistant(panel, id))}
            </section>
        }
        .into_any()
    };
    crate::components::shown_if(some, shown)
}

/// Brings an element into sight that the address asks for.
fn come(panel: Panel, asked: impl Fn(&PanelRoute) -> bool + 'static, node: NodeRef<Section>) {
    Effect::new(move |before: Option<bool>| {
        let asked = panel.route.with(&asked);
        if asked && before != Some(true) {
            request_animation_frame(move || {
                if let Some(element) = node.try_get_untracked().flatten() {
                    let element: &Element = &element;
                    let options = ScrollIntoViewOptions::new();
                    options.set_block(ScrollLogicalPosition::Start);
                    element.scroll_into_view_with_scroll_into_view_options(&options);
                }
            });
        }
        asked
    });
}

fn assistant(panel: Panel, id: String) -> AnyView {
    let found = {
        let id = id.clone();
        Memo::new(move |_| {
            panel.report.with(|report| {
                let mut all = report.iter().flat_map(|report| &report.assistants);
                all.find(|one| one.id == id).cloned()
            })
        })
    };
    let status = Memo::new(move |_| found.with(|found| found.as_ref().map(|one| one.status)));
    let name = Memo::new(move |_| {
        found.with(|found| {
            found
                .as_ref()
                .map(|one| one.name.clone())
                .unwrap_or_default()
        })
    });
    let asks = move || found.with(|found| found.as_ref().map(wording::asks));
    let tried = Memo::new(move |_| {
        found.with(|found| found.as_ref().is_some_and(|one| one.candidate.is_some()))
    });
    let node = NodeRef::<Section>::new();
    let wanted = id.clone();
    come(
        panel,
        move |route| route.get("assistant") == Some(&wanted),
        node,
    );
    let (whose, own, badge) = (id.clone(), id.clone(), id.clone());
    let named = {
        let id = id.clone();
        Memo::new(move |_| name.with(|name| *name != id))
    };
    view! {
        <section
            node_ref=node
            class="card assistant"
            data-testid="health-assistant"
            data-id=id.clone()
            data-state=move || status.get().map(said)
            aria-label=move || format!("Assistant {}", name.get())
        >
            <div class="provider-head">
                <h3>{move || name.get()}</h3>
                {move || named.get().then(|| view! { <code class="badge">{badge.clone()}</code> })}
                {move || status.get().map(standing)}
                {links(&id, name)}
            </div>
            <p class="provider-sums">{asks}</p>
            <div class="assistant-body">
                {arms(found)}
                <div class="assistant-controls">
                    {crate::components::shown_if(tried, move || rollout(panel, &whose, found))}
                    {fallback(panel, own, found)}
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn said(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Degraded => "degraded",
        Status::Down => "down",
    }
}

fn standing(status: Status) -> AnyView {
    // Its dot has the colours of a circuit's.
    let like = match status {
        Status::Ok => "closed",
        Status::Degraded => "half_open",
        Status::Down => "open",
    };
    view! {
        <div class="circuit" data-state=like>
            <span class="dot" aria-hidden="true"></span>
            <span class="font-medium">{wording::assistant_status(status)}</span>
        </div>
    }
    .into_any()
}

fn links(id: &str, name: Memo<String>) -> AnyView {
    let attempts = PanelRoute::to(PanelView::Log).with("assistant", id);
    view! {
        <div class="row-actions">
            <a
                class="quiet-button"
                href=settings_of(id).address()
                aria-label=move || format!("Settings of assistant {}", name.get())
            >
                "Settings"
            </a>
            <a
                class="quiet-button"
                href=attempts.address()
                aria-label=move || format!("Attempts of assistant {}", name.get())
            >
                "Attempts"
            </a>
        </div>
    }
    .into_any()
}

/// Its own model and its candidate, side by side.
fn arms(found: Known) -> AnyView {
    let arms = Memo::new(move |_| {
        found.with(|found| found.as_ref().map(wording::arms).unwrap_or_default())
    });
    let heads = move || {
        let heads = arms.get().into_iter().map(|arm| {
            let mark = arm
                .candidate
                .then(|| view! { <span class="badge">"candidate"</span> });
            view! { <th scope="col">{arm.model} " " {mark}</th> }
        });
        heads.collect::<Vec<_>>()
    };
    let rows = move || {
        let arms = arms.get();
        let names = arms
            .first()
            .map(|arm| arm.facts.iter().map(|(name, _)| *name));
        let names = names.into_iter().flatten().enumerate();
        let row = |(place, name): (usize, &'static str)| {
            let cells = arms.iter().filter_map(|arm| arm.facts.get(place));
            let cells: Vec<_> = cells
                .map(|(_, fact)| view! { <td>{fact.clone()}</td> })
                .collect();
            view! { <tr><th scope="row">{name}</th> {cells}</tr> }
        };
        names.map(row).collect::<Vec<_>>()
    };
    view! {
        <table class="arms" data-testid="arms">
            <caption>"The last 15 minutes"</caption>
            <thead>
                <tr><td></td> {heads}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// A switch that asks before it is turned.
pub(super) fn switch(
    panel: Panel,
    testid: &'static str,
    label: &'static str,
    on: Memo<bool>,
    turn: impl Fn(bool) -> Option<Deed> + 'static,
) -> AnyView {
    view! {
        <button
            type="button"
            class="setting-switch"
            role="switch"
            data-testid=testid
            aria-checked=move || on.get().to_string()
            disabled=move || !panel.store.hydrated.get()
            on:click=move |_| panel.deed.set(turn(!on.get_untracked()))
        >
            <span class="switch" aria-hidden="true"></span>
            <span>{label}</span>
        </button>
    }
    .into_any()
}

fn fallback(panel: Panel, id: String, found: Known) -> AnyView {
    let on =
        Memo::new(move |_| found.with(|found| found.as_ref().is_some_and(|one| one.use_fallback)));
    let turn = move |on: bool| {
        let name = found.with_untracked(|found| found.as_ref().map(|one| one.name.clone()))?;
        let (title, go) = if on {
            (format!("Let other models step in for {name}?"), "Switch on")
        } else {
            (format!("Let nobody step in for {name}?"), "Switch off")
        };
        Some(Deed::Change {
            title,
            go: go.to_owned(),
            changes: change(&id, "use_fallback", SettingValue::Switch(on)),
            revision: None,
            told: None,
        })
    };
    switch(panel, "use-fallback", "Fallbacks in use", on, turn)
}
