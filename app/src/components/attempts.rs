//! The timeline of a turn: every request to a provider, and those that were spared.

use evenkeel_protocol::{Attempt, Reason};
use leptos::prelude::*;

use super::Simulated;
use crate::state::{Bar, WIDTH, bars};
use crate::wording;

/// All attempts of a turn, folded away.
#[component]
pub(crate) fn Attempts(
    /// The attempts, in order.
    attempts: Vec<Attempt>,
) -> impl IntoView {
    let bars = bars(&attempts);
    let rows: Vec<_> = attempts
        .iter()
        .zip(bars)
        .map(|(attempt, bar)| row(attempt, bar))
        .collect();
    view! {
        <details class="attempts" data-testid="attempts">
            <summary>{wording::attempts(attempts.len())}</summary>
            <ol>{rows}</ol>
        </details>
    }
    .into_any()
}

fn row(attempt: &Attempt, bar: Bar) -> impl IntoView + use<> {
    let reason = attempt.reason.map(Reason::as_str).unwrap_or_default();
    let mut facts = Vec::new();
    if let Some(status) = attempt.status_code {
        facts.push(format!("HTTP {status}"));
    }
    if let Some(why) = attempt.reason {
        facts.push(wording::reason(why, attempt.status_code).to_owned());
    }
    if let Some(ms) = attempt.first_token_ms {
        facts.push(format!("first token after {}", wording::seconds(ms)));
    }
    if let Some(ms) = attempt.duration_ms {
        facts.push(format!("took {}", wording::seconds(ms)));
    }
    if let Some(ms) = attempt.retry_in_ms {
        facts.push(format!("then waited {}", wording::seconds(ms)));
    }
    view! {
        <li
            class="attempt flex flex-col gap-1 py-2"
            data-testid="attempt"
            data-state=attempt.state.as_str()
            data-reason=reason
            data-kind=attempt.kind.as_str()
            data-model=attempt.model_name.to_string()
        >
            <div class="flex flex-wrap items-center gap-x-2 gap-y-1">
                <span class="model">{attempt.model_name.to_string()}</span>
                <span class="attempt-state text-sm">{wording::state(attempt.state)}</span>
                <span class="text-sm text-muted">{wording::kind(attempt.kind)}</span>
                {attempt.simulated.then(|| view! { <Simulated /> })}
            </div>
            <svg class="gantt" viewBox=format!("0 0 {WIDTH} 6") preserveAspectRatio="none" aria-hidden="true">
                <rect class="gantt-track" x="0" y="0" width=WIDTH.to_string() height="6"></rect>
                <rect
                    class="gantt-wait"
                    x=bar.start.to_string()
                    y="0"
                    width=bar.waiting.max(4).to_string()
                    height="6"
                ></rect>
                <rect
                    class="gantt-answer"
                    x=(bar.start + bar.waiting).to_string()
                    y="0"
                    width=bar.answering.to_string()
                    height="6"
                ></rect>
                <rect
                    class="gantt-pause"
                    x=(bar.start + bar.waiting + bar.answering).to_string()
                    y="2"
                    width=bar.pause.to_string()
                    height="2"
                ></rect>
            </svg>
            <p class="text-sm text-muted">{facts.join(" · ")}</p>
            {attempt.detail.clone().map(|detail| view! { <p class="attempt-detail">{detail}</p> })}
        </li>
    }
    .into_any()
}
