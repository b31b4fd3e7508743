//! The form that arms a fault: what it strikes, what happens, and for how long, in a click each.

use evenkeel_protocol::Role;
use leptos::prelude::*;

use super::fields::{Choice, Field, Options};
use super::parameters::parameters;
use crate::api;
use crate::state::{FaultDraft, KINDS, PRESETS, preset_named};
use crate::store::Store;

/// For how long a click arms: seconds, and in words.
const DURATIONS: [(&str, &str); 4] = [
    ("60", "1 min"),
    ("300", "5 min"),
    ("900", "15 min"),
    ("3600", "1 h"),
];

/// The form.
#[component]
pub(super) fn FaultForm(
    /// Its content.
    draft: RwSignal<FaultDraft>,
) -> impl IntoView {
    let store = Store::here();
    let problem = RwSignal::new(None::<String>);
    let arming = RwSignal::new(false);
    let arm = Callback::new(move |()| {
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
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        arm.run(());
    };
    let durations: Vec<_> = DURATIONS
        .into_iter()
        .map(|(seconds, words)| {
            let click = move |_| {
                draft.update(|draft| draft.ttl_s = seconds.to_owned());
                arm.run(());
            };
            view! {
                <button
                    type="button"
                    class="button small"
                    data-testid="arm-for"
                    aria-label=format!("Arm for {words}")
                    disabled=move || !store.hydrated.get()
                    on:click=click
                >
                    {words}
                </button>
            }
        })
        .collect();
    let kind = Memo::new(move |_| draft.with(|draft| draft.kind.clone()));
    let about = Memo::new(move |_| {
        draft.with(|draft| preset_named(&draft.note).map(|preset| preset.about))
    });
    view! {
        <form class="card fault-form" data-testid="fault-form" aria-label="Arm a fault" on:submit=submit>
            <Targets draft />
            <Presets draft />
            {move || about.get().map(|about| view! { <p class="text-sm text-muted" data-testid="about">{about}</p> })}
            <div class="arm-line" role="group" aria-label="Arm it for">
                <span class="text-sm font-medium" aria-hidden="true">"Arm it for"</span>
                {durations}
            </div>
            <div class="field-grid">
                <Choice
                    draft
                    name="kind"
                    label="What happens"
                    get=|draft| &draft.kind
                    set=|draft, value| draft.kind = value
                    options=Signal::derive(kinds)
                />
                {move || parameters(draft, &kind.get())}
            </div>
            <Whom draft />
            {move || problem.get().map(|text| view! { <p class="problem" role="alert">{text}</p> })}
            <div class="arm-own">
                <Field draft name="ttl_s" label="For how many seconds" get=|draft| &draft.ttl_s set=|draft, value| draft.ttl_s = value />
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

fn kinds() -> Options {
    KINDS
        .map(|(value, label)| (value.to_owned(), label.to_owned()))
        .to_vec()
}

/// What it strikes: what the reader is about to ask, in a click; anything else from the list.
#[component]
fn Targets(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
) -> impl IntoView {
    let store = Store::here();
    let near = Memo::new(move |_| near(store));
    let chips = move || {
        let chip = |(value, label): (String, String)| {
            let chosen = value.clone();
            let pressed = move || draft.with(|draft| draft.target == chosen).to_string();
            view! {
                <button
                    type="button"
                    class="chip small"
                    aria-pressed=pressed
                    on:click=move |_| draft.update(|draft| draft.target.clone_from(&value))
                >
                    {label}
                </button>
            }
        };
        near.get().into_iter().map(chip).collect::<Vec<_>>()
    };
    view! {
        <fieldset class="chips">
            <legend>"What is struck"</legend>
            {chips}
            <Choice
                draft
                name="target"
                label="Strikes"
                get=|draft| &draft.target
                set=|draft, value| draft.target = value
                options=Signal::derive(move || targets(store))
            />
        </fieldset>
    }
    .into_any()
}

/// Everything, the model that would be asked now, its provider, and who would step in.
fn near(store: Store) -> Options {
    let mut options = vec![("*".to_owned(), "Everything".to_owned())];
    let asked = store.next();
    store.hello.with(|hello| {
        let asked = asked.first(hello);
        let mut models = hello.models.iter();
        let Some(model) = models.find(|model| Some(&model.id) == asked.as_ref()) else {
            return;
        };
        let mut add = |kind: &str, id: &str| {
            options.push((format!("{kind}:{id}"), id.to_owned()));
        };
        add("model", model.id.as_str());
        model
            .fallbacks
            .first()
            .into_iter()
            .for_each(|next| add("model", next.as_str()));
        add("provider", model.provider.as_str());
    });
    options
}

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

/// The outages as they happen.
#[component]
fn Presets(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
) -> impl IntoView {
    let groups: Vec<_> = PRESETS
        .iter()
        .map(|(group, presets)| {
            let chips: Vec<_> = presets
                .iter()
                .map(|preset| {
                    let chosen = move || draft.with(|draft| draft.note == preset.name);
                    view! {
                        <button
                            type="button"
                            class="chip small"
                            data-testid="preset"
                            aria-pressed=move || chosen().to_string()
                            on:click=move |_| draft.update(|draft| draft.fill(preset))
                        >
                            {preset.name}
                        </button>
                    }
                })
                .collect();
            view! {
                <fieldset class="chips">
                    <legend>{*group}</legend>
                    {chips}
                </fieldset>
            }
        })
        .collect();
    groups.into_any()
}

/// Whose requests are struck, and which of them: all of the reader's own, unless something else is said.
#[component]
fn Whom(
    /// The form's content.
    draft: RwSignal<FaultDraft>,
) -> impl IntoView {
    let store = Store::here();
    let said = Memo::new(move |_| draft.with(whom));
    view! {
        <details class="whom">
            <summary>
                <span class="font-medium">"Whose answers, and how many"</span>
                <span class="text-muted">" · " {move || said.get()}</span>
            </summary>
            <div class="field-grid">
                <Choice
                    draft
                    name="audience"
                    label="Whose answers"
                    get=|draft| &draft.audience
                    set=|draft, value| draft.audience = value
                    options=Signal::derive(move || audiences(store))
                />
                <Field draft name="probability" label="Probability, 0 to 1 (optional)" get=|draft| &draft.probability set=|draft, value| draft.probability = value />
                <Field draft name="first_n" label="Only the first requests (optional)" get=|draft| &draft.first_n set=|draft, value| draft.first_n = value />
                <Field draft name="seed" label="Seed of the dice (optional)" get=|draft| &draft.seed set=|draft, value| draft.seed = value />
                <div class="wide-field">
                    <Field draft name="note" label="Note (optional)" text=true get=|draft| &draft.note set=|draft, value| draft.note = value />
                </div>
            </div>
        </details>
    }
    .into_any()
}

/// "only mine, every request".
fn whom(draft: &FaultDraft) -> String {
    let whose = match draft.audience.as_str() {
        "everyone" => "everyone's",
        _ => "only mine",
    };
    let which = match (draft.first_n.trim(), draft.probability.trim()) {
        ("", "") => "every request".to_owned(),
        (first, "") => format!("the first {first}"),
        ("", share) => format!("with probability {share}"),
        (first, share) => format!("the first {first}, with probability {share}"),
    };
    let seed = match draft.seed.trim() {
        "" => String::new(),
        seed => format!(", seed {seed}"),
    };
    format!("{whose}, {which}{seed}")
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
