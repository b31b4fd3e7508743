//! The faults that are armed.

use evenkeel_protocol::{Audience, Fault, FaultId};
use leptos::prelude::*;

use crate::api;
use crate::components::Countdown;
use crate::store::WatchedStore;
use crate::wording;

/// The faults that are armed.
#[component]
pub(super) fn Armed() -> impl IntoView {
    let watched = WatchedStore::here();
    let none = Memo::new(move |_| watched.faults.with(|faults| faults.is_empty()));
    view! {
        <section aria-label="Armed faults" class="pane-section">
            <h2>"Armed"</h2>
            {move || none.get().then(|| view! { <p class="text-muted">"No fault is armed."</p> })}
            <ul class="flex flex-col gap-2">
                <For
                    each=move || watched.faults.get().to_vec()
                    key=|fault| fault.id.clone()
                    children=|fault| view! { <ArmedFault fault /> }
                />
            </ul>
        </section>
    }
    .into_any()
}

/// One of them.
#[component]
fn ArmedFault(
    /// The fault as it was when it appeared.
    fault: Fault,
) -> impl IntoView {
    let watched = WatchedStore::here();
    let id = fault.id.clone();
    let hits = {
        let id = id.clone();
        Memo::new(move |_| {
            watched.faults.with(|all| {
                all.iter()
                    .find(|one| one.id == id)
                    .map_or(0, |one| one.hits)
            })
        })
    };
    let problem = RwSignal::new(None::<String>);
    let end = move |_| {
        let FaultId(id) = id.clone();
        leptos::task::spawn_local(async move {
            let told = api::end_fault(&id).await;
            // It is gone as soon as it has ended.
            let _ = problem.try_set(told.err().map(|problem| problem.sentence()));
        });
    };
    let strikes = format!(
        "{}: {}",
        wording::target(&fault.spec.target),
        wording::fault(&fault.spec.kind)
    );
    let name = format!("End: {strikes}");
    let audience = match fault.spec.audience {
        Audience::Me => "only mine",
        Audience::Everyone => "everyone's",
    };
    let mut limits = Vec::new();
    if fault.spec.probability < 1.0 {
        limits.push(format!("probability {}", fault.spec.probability));
    }
    if let Some(first) = fault.spec.first_n {
        limits.push(format!("first {first} only"));
    }
    if let Some(seed) = fault.spec.seed {
        limits.push(format!("seed {seed}"));
    }
    view! {
        <li class="card" data-testid="fault" data-id=fault.id.to_string()>
            <div class="flex items-start gap-4">
                <div class="min-w-0 flex-1">
                    <p class="break-anywhere">{strikes}</p>
                    {fault.spec.note.clone().map(|note| view! { <p class="break-anywhere text-muted">{note}</p> })}
                </div>
                <button type="button" class="button small" aria-label=name on:click=end>
                    "End"
                </button>
            </div>
            <div class="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
                <span>
                    "ends in " <Countdown until=fault.expires_at.as_millisecond() over="a moment" />
                </span>
                <span data-testid="fault-hits">{move || hits_in_words(hits.get())}</span>
                <span>{audience}</span>
                {limits.into_iter().map(|limit| view! { <span>{limit}</span> }).collect::<Vec<_>>()}
            </div>
            {move || problem.get().map(|text| view! { <p class="problem" role="alert">{text}</p> })}
        </li>
    }
    .into_any()
}

fn hits_in_words(hits: u64) -> String {
    match hits {
        0 => "no request struck yet".to_owned(),
        1 => "1 request struck".to_owned(),
        more => format!("{more} requests struck"),
    }
}
