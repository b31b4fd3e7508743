//! The debug pane: rehearse outages. Faults are armed for a while, count down, and can be halted at any time.

use evenkeel_protocol::{Fault, FaultId, Role, Topic};
use leptos::prelude::*;

use crate::api;
use crate::components::{ConnectionLine, Countdown};
use crate::state::{FaultDraft, PRESETS};
use crate::store::{Store, WatchedStore};
use crate::wording;

/// The pane.
#[component]
pub(crate) fn DebugPage() -> impl IntoView {
    let store = Store::here();
    WatchedStore::begin(store, &[Topic::Faults]);
    let problem = RwSignal::new(None::<String>);
    let halt = move |_| {
        leptos::task::spawn_local(async move {
            let told = api::halt().await;
            // The reader may have left the page.
            let _ = problem.try_set(told.err().map(|problem| problem.sentence()));
        });
    };
    view! {
        <div class="page mx-auto flex w-full max-w-4xl flex-col gap-4 p-4">
            <header class="sticky-head flex flex-wrap items-center gap-3">
                <h1 class="flex-1 text-xl font-semibold">"Rehearse outages"</h1>
                <button
                    type="button"
                    class="button danger"
                    data-testid="halt-all"
                    disabled=move || !store.hydrated.get()
                    on:click=halt
                >
                    "Halt all"
                </button>
                <ConnectionLine />
            </header>
            {move || problem.get().map(|text| view! { <p class="problem" role="alert">{text}</p> })}
            <p class="text-muted">
                "A fault acts on the bytes from a provider, so everything above takes the path of a real outage. What it touches is marked as simulated, and it ends by itself."
            </p>
            <FaultForm />
            <Armed />
        </div>
    }
    .into_any()
}

/// The form that arms a fault.
#[component]
fn FaultForm() -> impl IntoView {
    let store = Store::here();
    let draft = RwSignal::new(FaultDraft::default());
    let problem = RwSignal::new(None::<String>);
    let arming = RwSignal::new(false);
    let arm = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let spec = match draft.with_untracked(FaultDraft::spec) {
            Ok(spec) => spec,
            Err(wrong) => return problem.set(Some(wrong)),
        };
        if arming.get_untracked() {
            return;
        }
        arming.set(true);
        leptos::task::spawn_local(async move {
            let told = api::arm(&spec).await;
            // The reader may have left the page.
            let _ = arming.try_set(false);
            let _ = problem.try_set(told.err().map(|problem| problem.sentence()));
        });
    };
    let presets: Vec<_> = PRESETS
        .iter()
        .map(|preset| {
            let chosen = move || draft.with(|draft| draft.note == preset.name);
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || chosen().to_string()
                    on:click=move |_| draft.update(|draft| draft.fill(preset))
                >
                    {preset.name}
                </button>
            }
        })
        .collect();
    let kind = Memo::new(move |_| draft.with(|draft| draft.kind.clone()));
    view! {
        <form class="card flex flex-col gap-4" data-testid="fault-form" on:submit=arm>
            <fieldset class="flex flex-wrap gap-2">
                <legend class="mb-2 text-sm font-medium">"Outages as they happen"</legend>
                {presets}
            </fieldset>
            <div class="grid grid-cols-1 gap-3 sm:grid-cols-2">
                <Choice
                    draft
                    name="target"
                    label="Strikes"
                    get=|draft| &draft.target
                    set=|draft, value| draft.target = value
                    options=Signal::derive(move || targets(store))
                />
                <Choice
                    draft
                    name="kind"
                    label="What happens"
                    get=|draft| &draft.kind
                    set=|draft, value| draft.kind = value
                    options=Signal::derive(kinds)
                />
                <Field draft name="ttl_s" label="For how many seconds" get=|draft| &draft.ttl_s set=|draft, value| draft.ttl_s = value />
                <Choice
                    draft
                    name="audience"
                    label="Whose answers"
                    get=|draft| &draft.audience
                    set=|draft, value| draft.audience = value
                    options=Signal::derive(move || audiences(store))
                />
                {move || match kind.get().as_str() {
                    "http_status" => {
                        view! {
                            <Field draft name="status" label="Status" get=|draft| &draft.status set=|draft, value| draft.status = value />
                            <Field draft name="retry_after_s" label="Retry-After in seconds (optional)" get=|draft| &draft.retry_after_s set=|draft, value| draft.retry_after_s = value />
                            <Field draft name="message" label="Message (optional)" text=true get=|draft| &draft.message set=|draft, value| draft.message = value />
                        }
                            .into_any()
                    }
                    "stream_cut" => {
                        view! {
                            <Field draft name="after_tokens" label="After so many pieces" get=|draft| &draft.after_tokens set=|draft, value| draft.after_tokens = value />
                        }
                            .into_any()
                    }
                    _ => ().into_any(),
                }}
                <Field draft name="probability" label="Probability, 0 to 1 (optional)" get=|draft| &draft.probability set=|draft, value| draft.probability = value />
                <Field draft name="first_n" label="Only the first requests (optional)" get=|draft| &draft.first_n set=|draft, value| draft.first_n = value />
            </div>
            {move || problem.get().map(|text| view! { <p class="problem" role="alert">{text}</p> })}
            <div class="flex justify-end">
                <button
                    type="submit"
                    class="button primary"
                    data-testid="arm"
                    disabled=move || !store.hydrated.get()
                    aria-disabled=move || arming.get().to_string()
                >
                    "Arm this fault"
                </button>
            </div>
        </form>
    }
    .into_any()
}

type Options = Vec<(String, String)>;

fn targets(store: Store) -> Options {
    let hello = store.hello.get();
    let mut options = vec![("*".to_owned(), "Everything".to_owned())];
    let mut providers: Vec<&str> = Vec::new();
    for model in &hello.models {
        if !providers.contains(&model.provider.as_str()) {
            providers.push(model.provider.as_str());
        }
    }
    options.extend(
        providers
            .iter()
            .map(|id| (format!("provider:{id}"), format!("Provider {id}"))),
    );
    options.extend(
        hello
            .models
            .iter()
            .map(|model| (format!("model:{}", model.id), format!("Model {}", model.id))),
    );
    options
}

fn kinds() -> Options {
    [
        ("http_status", "Answers with a status"),
        ("connection_refused", "Refuses the connection"),
        ("no_response", "Never answers"),
        ("stream_cut", "Breaks off mid-answer"),
    ]
    .map(|(value, label)| (value.to_owned(), label.to_owned()))
    .to_vec()
}

fn audiences(store: Store) -> Options {
    let mut options = vec![("me".to_owned(), "Only mine".to_owned())];
    if store
        .hello
        .with(|hello| hello.user.roles.contains(&Role::Admin))
    {
        options.push(("everyone".to_owned(), "Everyone's".to_owned()));
    }
    options
}

/// A choice of the form.
#[component]
fn Choice(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
    /// The control's name.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// Reads its value.
    get: fn(&FaultDraft) -> &String,
    /// Writes its value.
    set: fn(&mut FaultDraft, String),
    /// Values and labels.
    options: Signal<Options>,
) -> impl IntoView {
    let current = Memo::new(move |_| draft.with(|draft| get(draft).clone()));
    let options = move || {
        options
            .get()
            .into_iter()
            .map(|(value, label)| {
                let selected = value == current.get_untracked();
                view! { <option value=value selected=selected>{label}</option> }
            })
            .collect::<Vec<_>>()
    };
    view! {
        <label class="flex flex-col gap-1 text-sm">
            <span>{label}</span>
            <select
                class="select"
                name=name
                autocomplete="off"
                prop:value=move || current.get()
                on:change=move |event| draft.update(|draft| set(draft, event_target_value(&event)))
            >
                {options}
            </select>
        </label>
    }
    .into_any()
}

/// A number or a text of the form.
#[component]
fn Field(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
    /// The control's name.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// It is free text, not a number.
    #[prop(optional)]
    text: bool,
    /// Reads its value.
    get: fn(&FaultDraft) -> &String,
    /// Writes its value.
    set: fn(&mut FaultDraft, String),
) -> impl IntoView {
    let first = draft.with_untracked(|draft| get(draft).clone());
    let current = Memo::new(move |_| draft.with(|draft| get(draft).clone()));
    view! {
        <label class="flex flex-col gap-1 text-sm">
            <span>{label}</span>
            <input
                class="input"
                name=name
                type="text"
                inputmode=if text { "text" } else { "decimal" }
                autocomplete="off"
                value=first
                prop:value=move || current.get()
                on:input=move |event| draft.update(|draft| set(draft, event_target_value(&event)))
            />
        </label>
    }
    .into_any()
}

/// The faults that are armed.
#[component]
fn Armed() -> impl IntoView {
    let watched = WatchedStore::here();
    let none = Memo::new(move |_| watched.faults.with(|faults| faults.is_empty()));
    view! {
        <section aria-label="Armed faults" class="flex flex-col gap-2">
            <h2 class="text-lg font-semibold">"Armed"</h2>
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
        evenkeel_protocol::Audience::Me => "only mine",
        evenkeel_protocol::Audience::Everyone => "everyone's",
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
