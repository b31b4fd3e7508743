//! The health panel: how providers and models stand, live, and the switches for their circuits.

use evenkeel_protocol::{
    CircuitState, CircuitView, HealthReport, ModelHealth, ModelId, ProviderHealth, ProviderId,
    Status, Topic,
};
use leptos::prelude::*;

use crate::components::{Circuit, ConnectionLine, LocalTime, Switches};
use crate::store::{Store, WatchedStore};
use crate::wording;

/// The panel.
#[component]
pub(crate) fn AdminPage() -> impl IntoView {
    let watched = WatchedStore::begin(Store::here(), &[Topic::Health]);
    let known = Memo::new(move |_| watched.health.with(Option::is_some));
    let ids = Memo::new(move |_| {
        let ids =
            |report: &HealthReport| report.providers.iter().map(|one| one.id.clone()).collect();
        watched
            .health
            .with(|report| report.as_deref().map(ids).unwrap_or_else(Vec::new))
    });
    view! {
        <div class="page mx-auto flex w-full max-w-4xl flex-col gap-4 p-4">
            <header class="flex flex-wrap items-center gap-3">
                <h1 class="text-xl font-semibold">"Health"</h1>
                <ConnectionLine />
            </header>
            {move || (!known.get()).then(|| view! { <p class="loading text-sm text-muted">"Loading …"</p> })}
            <Verdict />
            <For each=move || ids.get() key=Clone::clone let:id>
                <Provider id />
            </For>
        </div>
    }
    .into_any()
}

/// The sentence that an administrator wants.
#[component]
fn Verdict() -> impl IntoView {
    let watched = WatchedStore::here();
    let status = move || {
        watched.health.with(|report| {
            report.as_ref().map(|report| match report.status {
                Status::Ok => "ok",
                Status::Degraded => "degraded",
                Status::Down => "down",
            })
        })
    };
    let sentences = Memo::new(move |_| {
        watched
            .health
            .with(|report| report.as_deref().map(wording::verdict).unwrap_or_default())
    });
    let shown = move || {
        sentences
            .get()
            .into_iter()
            .map(|(text, since)| {
                let since = since.map(|at| view! { " since " <LocalTime at /> "." });
                view! { <p>{text} {since}</p> }
            })
            .collect::<Vec<_>>()
    };
    view! {
        <div class="verdict" data-testid="verdict" data-status=status>
            {shown}
        </div>
    }
    .into_any()
}

/// A provider with its models.
#[component]
fn Provider(
    /// Which.
    id: ProviderId,
) -> impl IntoView {
    let watched = WatchedStore::here();
    let name = id.to_string();
    let provider = {
        let id = id.clone();
        Memo::new(move |_| {
            watched.health.with(|report| {
                report
                    .as_ref()?
                    .providers
                    .iter()
                    .find(|one| one.id == id)
                    .cloned()
            })
        })
    };
    let circuit =
        Memo::new(move |_| provider.with(|one| one.as_ref().map(|one| one.circuit.clone())));
    let kind = move || provider.with(|one| one.as_ref().map(|one| one.kind.clone()));
    let models = Memo::new(move |_| {
        let ids = |one: &ProviderHealth| one.models.iter().map(|model| model.id.clone()).collect();
        provider.with(|one| one.as_ref().map(ids).unwrap_or_else(Vec::new))
    });
    view! {
        <section
            class="card"
            data-testid="health-provider"
            data-id=name.clone()
            data-state=move || circuit.with(state)
            aria-label=format!("Provider {name}")
        >
            <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
                <div class="flex min-w-0 items-center gap-2">
                    <h2 class="truncate text-lg font-semibold">{name.clone()}</h2>
                    <span class="badge">{kind}</span>
                </div>
                {move || circuit.get().map(|view| view! { <Circuit view /> })}
                <Switches kind="providers" id=name.clone() circuit />
            </div>
            <ul class="health-models">
                <For each=move || models.get() key=Clone::clone let:id>
                    <Model provider id />
                </For>
            </ul>
        </section>
    }
    .into_any()
}

fn state(circuit: &Option<CircuitView>) -> &'static str {
    circuit
        .as_ref()
        .map_or(CircuitState::Closed, |circuit| circuit.state)
        .as_str()
}

/// A model.
#[component]
fn Model(
    /// The provider as it now is.
    provider: Memo<Option<ProviderHealth>>,
    /// Which of its models.
    id: ModelId,
) -> impl IntoView {
    let name = id.to_string();
    let model = Memo::new(move |_| {
        provider.with(|one| {
            one.as_ref()?
                .models
                .iter()
                .find(|one| one.id == id)
                .cloned()
        })
    });
    let circuit = Memo::new(move |_| model.with(|one| one.as_ref().map(|one| one.circuit.clone())));
    view! {
        <li data-testid="health-model" data-id=name.clone() data-state=move || circuit.with(state)>
            <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
                <div class="flex min-w-0 items-center gap-2">
                    <h3 class="truncate font-medium">{name.clone()}</h3>
                </div>
                {move || circuit.get().map(|view| view! { <Circuit view /> })}
                <Switches kind="models" id=name.clone() circuit />
            </div>
            {move || model.with(|model| model.as_ref().map(numbers))}
        </li>
    }
    .into_any()
}

fn numbers(model: &ModelHealth) -> impl IntoView + use<> {
    let failure = model.last_failure.as_ref().map(|failure| {
        let why = wording::explain(failure.reason, failure.status_code);
        let status = failure
            .status_code
            .map(|status| format!(" (HTTP {status})"));
        let at = model
            .last_failure_at
            .map(|at| view! { ", " <LocalTime at /> });
        let detail = failure.detail.clone().filter(|detail| !detail.is_empty());
        view! {
            <div class="mt-2 text-sm">
                <p>"Last failure: " {why} {status} {at}</p>
                {detail.map(|detail| view! { <p class="attempt-detail">{detail}</p> })}
            </div>
        }
    });
    let success = model
        .last_success_at
        .map(|at| view! { <span>"last answer " <LocalTime at /></span> });
    view! {
        <div class="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
            <span>{count(model.attempts, "attempt")}</span>
            <span>{count(model.failures, "failure")}</span>
            <span>{format!("{} in flight", model.in_flight)}</span>
            {success}
        </div>
        {missing(model)}
        {failure}
    }
    .into_any()
}

/// A model that its provider does not list is probably misspelt, or gone.
fn missing(model: &ModelHealth) -> Option<impl IntoView + use<>> {
    let near = match model.near_names.as_slice() {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    };
    (model.listed == Some(false)).then(|| {
        view! {
            <p class="mt-2 text-sm" data-testid="model-missing">
                {format!("Its provider does not list it{near}")}
            </p>
        }
    })
}

fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
