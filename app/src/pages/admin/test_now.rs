//! One small real request to a model: first what it costs, then what came of it.

use evenkeel_protocol::{AttemptState, ModelId, TestPlan, TestResult};
use leptos::prelude::*;

use super::panel::Panel;
use crate::api::admin::{self as api, Refused};
use crate::components::dialog::{Beside, close, modal};
use crate::wording;

/// The dialog's name.
const NAME: &str = "test";

/// The dialog, while there is a model to be tested.
pub(super) fn test_now(panel: Panel) -> AnyView {
    let asked = move || panel.testing.get().map(|model| dialog(panel, &model));
    view! { {asked} }.into_any()
}

fn dialog(panel: Panel, model: &ModelId) -> AnyView {
    let plan = RwSignal::new(None::<Result<TestPlan, Refused>>);
    let result = RwSignal::new(None::<Result<TestResult, Refused>>);
    let busy = RwSignal::new(false);
    let asked = model.to_string();
    leptos::task::spawn_local(async move {
        // The dialog may be closed by now; so below.
        let told = api::test_plan(&asked).await;
        let _ = plan.try_set(Some(told));
    });
    let asked = model.to_string();
    let go = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let asked = asked.clone();
        leptos::task::spawn_local(async move {
            let told = api::test(&asked).await;
            let _ = busy.try_set(false);
            let _ = result.try_set(Some(told));
        });
    };
    let ready = move || plan.with(|plan| matches!(plan, Some(Ok(_))));
    let label = move || match (busy.get(), result.with(Option::is_some)) {
        (true, _) => "Waiting for it …",
        (false, true) => "Send it again",
        (false, false) => "Send it",
    };
    let content = view! {
        <div class="flex flex-col gap-3">
            {move || plan.get().map(planned)}
            <div role="status">{move || result.get().map(came)}</div>
            <div class="flex justify-end gap-2">
                <button type="button" class="button" on:click=move |_| close(NAME)>
                    "Close"
                </button>
                <button
                    type="button"
                    class="button primary"
                    data-testid="test-go"
                    disabled=move || !ready()
                    aria-disabled=move || busy.get().to_string()
                    on:click=go
                >
                    {label}
                </button>
            </div>
        </div>
    };
    let closed = Box::new(move || panel.testing.set(None));
    modal(
        NAME,
        format!("Test {model}").into(),
        Beside::Closes,
        closed,
        content.into_any(),
    )
}

fn refused(refused: &Refused) -> AnyView {
    view! { <p class="problem" role="alert">{refused.sentence.clone()}</p> }.into_any()
}

fn planned(plan: Result<TestPlan, Refused>) -> AnyView {
    let plan = match plan {
        Ok(plan) => plan,
        Err(why) => return refused(&why),
    };
    let cost = match plan.cost {
        Some(cost) => format!("at most {}", wording::cost(cost)),
        None => "not known: the model has no prices".to_owned(),
    };
    view! {
        <p>"One small real request is sent, past its circuit and without a retry:"</p>
        <blockquote class="quoted">{plan.prompt}</blockquote>
        <dl class="attempt-facts" data-testid="test-plan">
            <div><dt>"Tokens"</dt>" "<dd>"at most " {wording::tokens(plan.usage)}</dd></div>
            <div><dt>"Cost"</dt>" "<dd>{cost}</dd></div>
        </dl>
    }
    .into_any()
}

fn came(result: Result<TestResult, Refused>) -> AnyView {
    let result = match result {
        Ok(result) => result,
        Err(why) => return refused(&why),
    };
    let attempt = result.attempt;
    let well = attempt.state == AttemptState::Answered;
    let status = attempt
        .status_code
        .map(|status| format!(" (HTTP {status})"));
    let first = attempt
        .first_token_ms
        .map(|ms| format!(", first token after {}", wording::short_time(ms)));
    let cost = attempt
        .cost
        .map(|cost| format!(", {}", wording::cost(cost)));
    let detail = attempt
        .detail
        .clone()
        .map(|detail| view! { <p class="attempt-detail">{detail}</p> });
    let text = (!result.text.is_empty())
        .then(|| view! { <blockquote class="quoted">{result.text}</blockquote> });
    view! {
        <div class="test-result" data-testid="test-result" data-state=attempt.state.as_str() data-well=well.then_some("")>
            <p class="font-medium">{wording::outcome(&attempt)} {status} {first} {cost}</p>
            {detail}
            {text}
        </div>
    }
    .into_any()
}
