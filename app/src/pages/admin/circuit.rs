//! A circuit as an administrator sees it, and the switches that steer it.

use evenkeel_protocol::CircuitView;
use leptos::prelude::*;

use super::confirm::Deed;
use super::panel::Panel;
use crate::api::admin::CircuitAction;
use crate::components::{Countdown, LocalTime, Simulated};
use crate::wording;

/// A circuit's state, since when, why, and until when.
pub(super) fn circuit(view: &CircuitView) -> AnyView {
    let reason = view
        .reason
        .map(|reason| format!("({})", wording::reason(reason, None)));
    view! {
        <div class="circuit" data-state=view.state.as_str()>
            <span class="dot" aria-hidden="true"></span>
            <span class="font-medium">{wording::circuit(view.state, view.forced)}</span>
            {reason.map(|reason| view! { <span>{reason}</span> })}
            {view.since.map(|at| view! { <span class="text-muted">"since " <LocalTime at /></span> })}
            {view
                .next_probe_at
                .map(|at| {
                    view! {
                        <span class="text-muted">
                            "next probe in " <Countdown until=at.as_millisecond() over="a moment" />
                        </span>
                    }
                })}
            {view.forced.then(|| view! { <span class="badge">"held by hand"</span> })}
            {view.simulated.then(|| view! { <Simulated /> })}
        </div>
    }
    .into_any()
}

/// Open, close, reset; each asks first.
pub(super) fn switches(panel: Panel, kind: &'static str, id: &str) -> AnyView {
    let noun = if kind == "models" {
        "model"
    } else {
        "provider"
    };
    let button =
        |action: CircuitAction, testid: &'static str, label: &'static str, title: &'static str| {
            let name = format!("{label}: {noun} {id}");
            let id = id.to_owned();
            let press = move |_| {
                let id = id.clone();
                panel.deed.set(Some(Deed::Circuit { kind, id, action }));
            };
            view! {
                <button
                    type="button"
                    class="switch-button"
                    data-testid=testid
                    aria-label=name
                    title=title
                    disabled=move || !panel.store.hydrated.get()
                    on:click=press
                >
                    {label}
                </button>
            }
        };
    view! {
        <div class="switches" role="group" aria-label=format!("Circuit of {id}")>
            {button(CircuitAction::Open, "circuit-open", "Open", "Hold it open: ask it nothing")}
            {button(CircuitAction::Close, "circuit-close", "Close", "Hold it closed: ask it whatever happens")}
            {button(CircuitAction::Reset, "circuit-reset", "Reset", "Let it decide for itself again")}
        </div>
    }
    .into_any()
}
