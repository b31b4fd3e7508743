//! What is looked for in the attempt log; the address says it, so that it can be sent to somebody.

use evenkeel_protocol::Reason;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::panel::Panel;
use crate::browser;
use crate::state::panel::{PanelRoute, PanelView};
use crate::wording;

const STATES: [(&str, &str); 4] = [
    ("failed", "failed"),
    ("answered", "answered"),
    ("skipped", "not asked"),
    ("cancelled", "cancelled"),
];

/// Spans of time that are often asked for, in minutes.
const SPANS: [(&str, i64); 4] = [
    ("15 minutes", 15),
    ("1 hour", 60),
    ("24 hours", 1_440),
    ("7 days", 10_080),
];

type Draft = RwSignal<PanelRoute>;

/// The filter.
pub(super) fn filter(panel: Panel) -> AnyView {
    let draft = RwSignal::new(panel.route.get_untracked());
    Effect::new(move || draft.set(panel.route.get()));
    let apply = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        panel.go(&draft.get_untracked());
    };
    let models = Signal::derive(move || {
        let heads = panel
            .providers
            .get()
            .into_iter()
            .filter_map(|id| panel.head(&id));
        let models = heads.flat_map(|head| head.with(|head| head.models.clone()));
        models.map(|id| (id.to_string(), id.to_string())).collect()
    });
    let providers = Signal::derive(move || {
        panel.providers.with(|all| {
            all.iter()
                .map(|id| (id.to_string(), id.to_string()))
                .collect()
        })
    });
    let assistants = Memo::new(move |_| {
        panel.report.with(|report| {
            let all = report.iter().flat_map(|report| &report.assistants);
            all.map(|one| (one.id.clone(), one.name.clone()))
                .collect::<Vec<_>>()
        })
    });
    let some = Memo::new(move |_| assistants.with(|all| !all.is_empty()));
    let reasons = Reason::ALL.map(|one| {
        (
            one.as_str().to_owned(),
            wording::reason(one, None).to_owned(),
        )
    });
    let pairs = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
            .collect()
    };
    let states: Vec<_> = pairs(&STATES);
    let simulated: Vec<_> = pairs(&[("false", "real ones only"), ("true", "simulated ones only")]);
    let spans: Vec<_> = SPANS
        .into_iter()
        .map(|(label, minutes)| {
            let go = move |_| {
                let from = browser::now_ms() - minutes * 60_000;
                let route = draft
                    .get_untracked()
                    .with("from", &from.to_string())
                    .with("to", "");
                panel.go(&route);
            };
            view! { <button type="button" class="chip small" on:click=go>{label}</button> }
        })
        .collect();
    view! {
        <form class="card log-filter" data-testid="log-filter" aria-label="Filter of the attempts" on:submit=apply>
            {choice(draft, "model", "Model", models)} {choice(draft, "provider", "Provider", providers)}
            {crate::components::shown_if(some, move || choice(draft, "assistant", "Assistant", assistants.into()))}
            {choice(draft, "state", "State", Signal::stored(states))}
            {choice(draft, "reason", "Reason", Signal::stored(reasons.to_vec()))}
            {choice(draft, "simulated", "Simulated", Signal::stored(simulated))} {text(draft, "user", "Person")}
            {text(draft, "request_id", "Request id")} {moment(draft, "from", "From")} {moment(draft, "to", "To")}
            <div class="log-filter-foot">
                <div class="flex flex-wrap items-center gap-2" role="group" aria-label="The last">
                    <span class="text-sm text-muted" aria-hidden="true">"The last"</span>
                    {spans}
                </div>
                <button type="button" class="button" on:click=move |_| panel.go(&PanelRoute::to(PanelView::Log))>
                    "Clear"
                </button>
                <button type="submit" class="button primary" data-testid="log-apply">"Apply"</button>
            </div>
        </form>
    }
    .into_any()
}

fn value(draft: Draft, name: &'static str) -> Memo<String> {
    Memo::new(move |_| draft.with(|draft| draft.get(name).unwrap_or_default().to_owned()))
}

fn set(draft: Draft, name: &str, value: &str) {
    draft.update(|draft| *draft = std::mem::take(draft).with(name, value.trim()));
}

fn choice(
    draft: Draft,
    name: &'static str,
    label: &'static str,
    options: Signal<Vec<(String, String)>>,
) -> AnyView {
    let current = value(draft, name);
    let options = move || {
        let options = options.get().into_iter();
        options
            .map(|(value, label)| {
                let selected = current.with_untracked(|current| *current == value);
                view! { <option value=value selected=selected>{label}</option> }
            })
            .collect::<Vec<_>>()
    };
    view! {
        <label>
            <span>{label}</span>
            <select
                class="select"
                name=name
                autocomplete="off"
                prop:value=move || current.get()
                on:change=move |event| set(draft, name, &event_target_value(&event))
            >
                <option value="">"any"</option>
                {options}
            </select>
        </label>
    }
    .into_any()
}

fn text(draft: Draft, name: &'static str, label: &'static str) -> AnyView {
    let current = value(draft, name);
    view! {
        <label>
            <span>{label}</span>
            <input
                type="text"
                class="input"
                name=name
                autocomplete="off"
                spellcheck="false"
                prop:value=move || current.get()
                on:input=move |event| set(draft, name, &event_target_value(&event))
            />
        </label>
    }
    .into_any()
}

/// A time by the reader's clock; the address has it in milliseconds.
fn moment(draft: Draft, name: &'static str, label: &'static str) -> AnyView {
    let current = value(draft, name);
    let local = move || current.with(|ms| ms.parse().map(as_local).unwrap_or_default());
    let take = move |event| {
        let said = event_target_value(&event);
        let ms = js_sys::Date::new(&JsValue::from_str(&said)).get_time();
        // A time of day in milliseconds is far below 2^53.
        let ms = if ms.is_nan() {
            String::new()
        } else {
            (ms as i64).to_string()
        };
        set(draft, name, &ms);
    };
    view! {
        <label>
            <span>{label}</span>
            <input type="datetime-local" step="1" class="input" name=name autocomplete="off" prop:value=local on:change=take />
        </label>
    }
    .into_any()
}

/// As a field for times has it: "2026-11-20T14:02:00".
fn as_local(ms: i64) -> String {
    if !cfg!(feature = "hydrate") {
        return String::new();
    }
    let Ok(at) = evenkeel_protocol::Timestamp::from_millisecond(ms) else {
        return String::new();
    };
    let ahead = browser::utc_offset(at) * 60_000;
    let local = evenkeel_protocol::Timestamp::from_millisecond(ms / 1000 * 1000 + ahead);
    local
        .map(|local| local.to_string().trim_end_matches('Z').to_owned())
        .unwrap_or_default()
}
