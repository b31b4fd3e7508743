//! How many of an assistant's conversations try its candidate, and whether it is tried at all.

use evenkeel_protocol::{self as wire, ModelId, SettingValue};
use leptos::prelude::*;

use super::assistants::{Known, change, switch};
use super::confirm::Deed;
use super::panel::Panel;
use crate::api::admin::Refused;
use crate::browser;
use crate::state::panel::percentage;
use crate::wording;

/// The question whether so many conversations are to try the candidate.
pub(super) fn rolling(
    (id, name, candidate): (&str, &str, &ModelId),
    percent: f64,
    told: Option<Callback<Result<wire::Effect, Refused>>>,
) -> Deed {
    Deed::Change {
        title: wording::rollout(name, candidate, percent),
        go: format!("Set to {}", wording::share(percent)),
        changes: change(id, "candidate.percent", SettingValue::Number(percent)),
        revision: None,
        told,
    }
}

/// The candidate's controls.
pub(super) fn rollout(panel: Panel, id: &str, found: Known) -> AnyView {
    let id = StoredValue::new(id.to_owned());
    let holds = Memo::new(move |_| {
        found.with(|found| {
            let percent = found.as_ref()?.candidate.as_ref()?.percent;
            // As it is typed, without the unit.
            wording::share(percent).split(' ').next().map(str::to_owned)
        })
    });
    let typed = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let now = Memo::new(move |_| typed.get().or_else(|| holds.get()).unwrap_or_default());
    // While what is typed is no share, the slider stays where it was.
    let place = Memo::new(move |before: Option<&f64>| {
        let percent = now.with(|text| percentage(text).ok());
        percent.or(before.copied()).unwrap_or_default()
    });
    let field = format!("rollout-{}", id.get_value());
    let (wrong, back) = (format!("{field}-problem"), field.clone());
    let told = Callback::new(move |result: Result<wire::Effect, Refused>| {
        // The reader may have left the page.
        match result {
            Ok(_) => {
                let _ = typed.try_set(None);
                let _ = problem.try_set(None);
            }
            Err(refused) => {
                let said = refused.problems.into_iter().next();
                let said = said.map_or(refused.sentence, |said| said.message);
                let _ = problem.try_set(Some(said));
            }
        }
    });
    let ask = move |percent: f64| {
        let deed = found.with_untracked(|found| {
            let one = found.as_ref()?;
            let model = &one.candidate.as_ref()?.model;
            let whose = (one.id.as_str(), one.name.as_str(), model);
            Some(rolling(whose, percent, Some(told)))
        });
        panel.deed.set(deed);
    };
    let unchanged = move || typed.with(Option::is_none);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(unchanged) {
            return;
        }
        match now.with_untracked(|text| percentage(text)) {
            Ok(percent) => {
                problem.set(None);
                ask(percent);
            }
            Err(why) => {
                problem.set(Some(why.to_owned()));
                browser::focus(&back);
            }
        }
    };
    let write = move |event| {
        let text = event_target_value(&event);
        typed.set(
            Some(text).filter(|text| holds.with_untracked(|holds| holds.as_ref() != Some(text))),
        );
        problem.set(None);
    };
    let all_at_once = move |percent: f64| {
        let so = Memo::new(move |_| {
            found.with(|found| {
                let candidate = found.as_ref().and_then(|one| one.candidate.as_ref());
                candidate.is_some_and(|candidate| candidate.percent == percent)
            })
        });
        view! {
            <button
                type="button"
                class="button small"
                aria-pressed=move || so.get().to_string()
                disabled=move || !panel.store.hydrated.get()
                on:click=move |_| if !so.get_untracked() { ask(percent) }
            >
                {wording::share(percent)}
            </button>
        }
    };
    let candidate =
        move || found.with(|found| Some(found.as_ref()?.candidate.as_ref()?.model.to_string()));
    let described = {
        let wrong = wrong.clone();
        move || problem.with(Option::is_some).then(|| wrong.clone())
    };
    view! {
        <form class="rollout" data-testid="rollout" on:submit=submit>
            <label for=field.clone()>"Conversations that try " <strong>{candidate}</strong></label>
            <div class="rollout-line">
                <input
                    type="range"
                    min="0"
                    max="100"
                    step="1"
                    class="rollout-slider"
                    data-testid="rollout-slider"
                    autocomplete="off"
                    aria-label="Conversations that try the candidate, of 100"
                    aria-valuetext=move || wording::share(place.get())
                    prop:value=move || place.get().to_string()
                    on:input=write
                />
                <input
                    type="text"
                    class="input"
                    id=field
                    inputmode="decimal"
                    autocomplete="off"
                    data-testid="rollout-percent"
                    aria-describedby=described
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    value=now.get_untracked()
                    prop:value=move || now.get()
                    on:input=write
                />
                <span class="text-muted">"%"</span>
            </div>
            <div class="rollout-line">
                {all_at_once(0.0)} {all_at_once(100.0)}
                <button
                    type="submit"
                    class="button small primary"
                    data-testid="rollout-go"
                    aria-disabled=move || unchanged().to_string()
                    disabled=move || !panel.store.hydrated.get()
                >
                    "Change …"
                </button>
            </div>
            {move || problem.get().map(|why| view! { <p class="problem" id=wrong.clone()>{why}</p> })}
        </form>
        {in_use(panel, id, found)}
    }
    .into_any()
}

fn in_use(panel: Panel, id: StoredValue<String>, found: Known) -> AnyView {
    let on =
        Memo::new(move |_| found.with(|found| found.as_ref().is_some_and(|one| one.use_candidate)));
    let turn = move |on: bool| {
        let (title, go) = found.with_untracked(|found| {
            let one = found.as_ref()?;
            let (name, model) = (&one.name, &one.candidate.as_ref()?.model);
            Some(if on {
                (format!("Let {name} try {model} again?"), "Switch on")
            } else {
                (format!("Let {name} try {model} no longer?"), "Switch off")
            })
        })?;
        Some(Deed::Change {
            title,
            go: go.to_owned(),
            changes: change(&id.get_value(), "use_candidate", SettingValue::Switch(on)),
            revision: None,
            told: None,
        })
    };
    switch(panel, "use-candidate", "Candidate in use", on, turn)
}
