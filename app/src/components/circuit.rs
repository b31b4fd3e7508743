//! A circuit as an administrator sees it, and the switches that steer it.

use evenkeel_protocol::CircuitView;
use leptos::prelude::*;

use super::{Countdown, LocalTime, Simulated};
use crate::api::{self, CircuitAction};
use crate::store::Store;
use crate::wording;

/// A circuit's state, since when, why, and until when.
#[component]
pub(crate) fn Circuit(
    /// The circuit.
    view: CircuitView,
) -> impl IntoView {
    let reason = view
        .reason
        .map(|reason| format!("({})", wording::reason(reason, None)));
    view! {
        <div class="circuit flex flex-wrap items-center gap-x-2 gap-y-1 text-sm" data-state=view.state.as_str()>
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
            {view.simulated.then(|| view! { <Simulated /> })}
        </div>
    }
    .into_any()
}

/// Open, close, reset.
#[component]
pub(crate) fn Switches(
    /// `models` or `providers`.
    kind: &'static str,
    /// Whose circuit.
    id: String,
    /// The circuit as it now is.
    circuit: Memo<Option<CircuitView>>,
) -> impl IntoView {
    let store = Store::here();
    let problem = RwSignal::new(None::<String>);
    let noun = if kind == "models" {
        "model"
    } else {
        "provider"
    };
    let button =
        |action: CircuitAction, testid: &'static str, label: &'static str, title: &'static str| {
            let name = format!("{label}: {noun} {id}");
            let id = id.clone();
            let press = move |_| {
                let id = id.clone();
                leptos::task::spawn_local(async move {
                    let told = api::circuit(kind, &id, action).await;
                    // The row may be gone by now.
                    let _ = problem.try_set(told.err().map(|problem| problem.sentence()));
                });
            };
            view! {
                <button
                    type="button"
                    class="button small"
                    data-testid=testid
                    aria-label=name
                    title=title
                    disabled=move || !store.hydrated.get()
                    on:click=press
                >
                    {label}
                </button>
            }
        };
    let forced = move || circuit.with(|circuit| circuit.as_ref().is_some_and(|one| one.forced));
    view! {
        <div class="flex flex-wrap items-center gap-2">
            {move || forced().then(|| view! { <span class="badge">"held by hand"</span> })}
            {button(CircuitAction::Open, "circuit-open", "Open", "Hold it open: ask it nothing")}
            {button(CircuitAction::Close, "circuit-close", "Close", "Hold it closed: ask it whatever happens")}
            {button(CircuitAction::Reset, "circuit-reset", "Reset", "Let it decide for itself again")}
            {move || problem.get().map(|text| view! { <p class="problem" role="alert">{text}</p> })}
        </div>
    }
    .into_any()
}
