//! What if: the turns of the last hours once more with a change, next to what happened.

use evenkeel_protocol::{DryRun, DryRunOutcome, SettingChange};
use leptos::prelude::*;

use crate::api::admin::{self as api, Refused};
use crate::wording;

/// The button, and what came of it.
pub(super) fn what_if(changes: Vec<SettingChange>) -> AnyView {
    let run = RwSignal::new(None::<Result<DryRun, Refused>>);
    let busy = RwSignal::new(false);
    let replay = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let changes = changes.clone();
        leptos::task::spawn_local(async move {
            let told = api::dry_run(&changes).await;
            // The dialog may be closed by now.
            let _ = busy.try_set(false);
            let _ = run.try_set(Some(told));
        });
    };
    let outcome = move || {
        run.get().map(|run| match run {
            Ok(run) => compared(&run),
            Err(refused) => {
                view! { <p class="problem" role="alert">{refused.sentence}</p> }.into_any()
            }
        })
    };
    view! {
        <div class="flex flex-col gap-2" data-testid="what-if">
            <div class="flex flex-wrap items-center gap-2">
                <button
                    type="button"
                    class="button small"
                    aria-disabled=move || busy.get().to_string()
                    on:click=replay
                >
                    "What if: replay the last three hours with it"
                </button>
                <span class="text-sm text-muted" role="status">
                    {move || busy.get().then_some("Replaying …")}
                </span>
            </div>
            {outcome}
        </div>
    }
    .into_any()
}

fn compared(run: &DryRun) -> AnyView {
    if run.happened.turns.turns == 0 {
        return view! { <p class="text-muted">"Nobody has asked anything in the last three hours."</p> }.into_any();
    }
    let columns = [&run.happened, &run.replayed, &run.changed];
    let row = |name: &'static str, of: fn(&DryRunOutcome) -> String| {
        let cells = columns.map(|outcome| view! { <td>{of(outcome)}</td> });
        view! {
            <tr>
                <th scope="row">{name}</th>
                {cells.into_iter().collect::<Vec<_>>()}
            </tr>
        }
    };
    let unknown = (!run.unknown.is_empty()).then(|| {
        let names: Vec<_> = run.unknown.iter().map(ToString::to_string).collect();
        let sentence = format!(
            "Nothing is recorded of {}; the replay leaves them out.",
            names.join(", ")
        );
        view! { <p class="text-sm">{sentence}</p> }
    });
    view! {
        <table class="figures-table">
            <thead>
                <tr>
                    <th scope="col"><span class="sr-only">"Figure"</span></th>
                    <th scope="col">"As it was"</th>
                    <th scope="col">"Replayed as it is"</th>
                    <th scope="col">"With the change"</th>
                </tr>
            </thead>
            <tbody>
                {row("Answered", |it| wording::percent(it.turns.answered, it.turns.turns))}
                {row("By a fallback", |it| wording::percent(it.turns.fallbacks, it.turns.turns))}
                {row("Exhausted", |it| wording::percent(it.turns.exhausted, it.turns.turns))}
                {row("p95 to the end", |it| {
                    it.turns.total.map_or_else(|| "–".to_owned(), |total| wording::short_time(total.p95_ms))
                })}
                {row("Requests", |it| wording::thousands(it.attempts))}
                {row("Cost", |it| wording::dollars(it.cost))}
            </tbody>
        </table>
        <p class="text-sm text-muted">
            "A replay asks nobody: each model does what it did at that time. How far the second column is from the first says how far to believe the third."
        </p>
        {unknown}
    }
    .into_any()
}
