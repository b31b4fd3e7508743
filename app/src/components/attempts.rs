//! The timeline of a turn: every request to a provider, and those that were spared, on one axis of time.

use evenkeel_protocol::{Attempt, AttemptState, Message, Reason, RunId, Timestamp};
use leptos::prelude::*;

use super::{CopyButton, Icon, Simulated, icon};
use crate::state::{Bar, Chart, WIDTH};
use crate::wording;

/// What the timeline is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn {
    attempts: Vec<Attempt>,
    run_id: Option<RunId>,
}

impl Turn {
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            attempts: message.attempts.clone(),
            run_id: message.run_id.clone(),
        }
    }

    /// The same without the line that names its request.
    pub(crate) fn bare(self) -> Self {
        Self {
            run_id: None,
            ..self
        }
    }
}

impl From<Vec<Attempt>> for Turn {
    fn from(attempts: Vec<Attempt>) -> Self {
        Self {
            attempts,
            run_id: None,
        }
    }
}

/// All attempts of a turn, folded away. What is not seen is not drawn either.
pub(super) fn attempts(turn: Turn, open: RwSignal<bool>) -> Option<AnyView> {
    if turn.attempts.is_empty() {
        return None;
    }
    let count = turn.attempts.len();
    let plain = count == 1
        && turn
            .attempts
            .iter()
            .all(|one| one.state == AttemptState::Answered);
    let rows = move || {
        if open.get() {
            timeline(&turn, 0)
        } else {
            turn.attempts
                .iter()
                .map(folded)
                .collect::<Vec<_>>()
                .into_any()
        }
    };
    let details = view! {
        <details
            class="attempts"
            data-testid="attempts"
            data-plain=plain.then_some("")
            on:toggle=move |event| {
                let details = event_target::<web_sys::HtmlDetailsElement>(&event);
                open.set(details.open());
            }
        >
            <summary>{wording::attempts(count)}</summary>
            <div class="timeline">{rows}</div>
        </details>
    };
    Some(details.into_any())
}

/// The hooks of an attempt, of which nothing is seen.
fn folded(attempt: &Attempt) -> AnyView {
    view! {
        <span
            data-testid="attempt"
            data-state=attempt.state.as_str()
            data-reason=attempt.reason.map(Reason::as_str).unwrap_or_default()
            data-kind=attempt.kind.as_str()
            data-model=attempt.model_name.to_string()
        ></span>
    }
    .into_any()
}

/// All attempts of a turn, on a scale that holds another one of this length, too.
pub(crate) fn timeline(turn: &Turn, beside: u64) -> AnyView {
    let chart = Chart::beside(&turn.attempts, beside);
    let starts = turn.attempts.iter().map(|attempt| attempt.started_at);
    let first = starts.min().unwrap_or(Timestamp::UNIX_EPOCH);
    let pairs = turn.attempts.iter().zip(&chart.bars);
    let rows: Vec<_> = pairs
        .map(|(attempt, bar)| row(attempt, *bar, &chart, first))
        .collect();
    let labels: Vec<_> = chart
        .marks
        .iter()
        .map(|(place, ms)| {
            let anchor = if *place > WIDTH * 9 / 10 { "end" } else if *place == 0 { "start" } else { "middle" };
            view! {
                <text x=percent(*place) y="11" text-anchor=anchor>{wording::mark(*ms, chart.step)}</text>
            }
        })
        .collect();
    let request = turn.run_id.as_ref().map(|run| {
        let (shown, copied) = (run.to_string(), run.to_string());
        view! {
            <p class="timeline-request">
                <span>"Request " <code>{shown}</code></span>
                <CopyButton text=Callback::new(move |()| copied.clone()) label="Copy request id" bare=true />
            </p>
        }
    });
    view! {
        <ol aria-label="Attempts">{rows}</ol>
        <svg class="gantt gantt-axis" aria-hidden="true">{labels}</svg>
        {request}
    }
    .into_any()
}

fn row(attempt: &Attempt, bar: Bar, chart: &Chart, first: Timestamp) -> AnyView {
    let facts: Vec<_> = wording::facts(attempt, first)
        .into_iter()
        .map(|(name, value)| view! { <div><dt>{name}</dt>" "<dd>{value}</dd></div> })
        .collect();
    view! {
        <li
            class="attempt"
            data-testid="attempt"
            data-state=attempt.state.as_str()
            data-reason=attempt.reason.map(Reason::as_str).unwrap_or_default()
            data-kind=attempt.kind.as_str()
            data-model=attempt.model_name.to_string()
        >
            <details>
                <summary>
                    <span class="attempt-what">
                        <span class="attempt-state"><Icon shape=shape(attempt.state) /></span>
                        <span class="model">{attempt.model_name.to_string()}</span>
                        " "
                        <span class="text-muted">{wording::kind(attempt.kind)}</span>
                        {attempt.simulated.then(|| view! { " " <Simulated /> })}
                    </span>
                    " "
                    <span class="attempt-state attempt-outcome">{wording::outcome(attempt)}</span>
                    {strip(bar, chart)}
                </summary>
                <dl class="attempt-facts">{facts}</dl>
                {attempt.detail.clone().map(|detail| view! { <p class="attempt-detail">{detail}</p> })}
            </details>
        </li>
    }
    .into_any()
}

/// A state's shape, so that it is not told by its colour alone.
fn shape(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Started => icon::CLOCK,
        AttemptState::Answering | AttemptState::Answered => icon::CHECK,
        AttemptState::Failed => icon::CLOSE,
        AttemptState::Skipped => icon::SKIPPED,
        AttemptState::Cancelled => icon::DASH,
    }
}

/// An attempt's place on the axis: waiting, answering, the pause after it, and where its first token came.
fn strip(bar: Bar, chart: &Chart) -> impl IntoView + use<> {
    let marks: Vec<_> = chart
        .marks
        .iter()
        .map(|(place, _)| {
            let x = percent(*place);
            view! { <line class="gantt-mark" x1=x.clone() x2=x y1="0" y2="100%"></line> }
        })
        .collect();
    let spoke = bar.start + bar.waiting;
    let ended = spoke + bar.answering;
    let piece = |class: &'static str,
                 from: u32,
                 width: u32,
                 y: &'static str,
                 height: &'static str| {
        (width > 0).then(|| {
            view! { <rect class=class x=percent(from) width=percent(width) y=y height=height rx="2"></rect> }
        })
    };
    let first = bar.first_token.map(|place| {
        let x = percent(place);
        view! { <line class="gantt-first" x1=x.clone() x2=x y1="1" y2="15"></line> }
    });
    // What took hardly any time is seen all the same.
    let point = (bar.waiting + bar.answering < WIDTH / 100).then(|| {
        let class = if bar.skipped {
            "gantt-skip"
        } else {
            "gantt-wait"
        };
        view! {
            <svg x=percent(bar.start) y="8" overflow="visible">
                <path class=class d="M0 -5L5 0L0 5L-5 0z"></path>
            </svg>
        }
    });
    view! {
        <svg class="gantt" aria-hidden="true">
            {marks}
            {piece("gantt-wait", bar.start, bar.waiting, "5", "6")}
            {piece("gantt-answer", spoke, bar.answering, "3", "10")}
            {piece("gantt-pause", ended, bar.pause, "7", "2")}
            {first}
            {point}
        </svg>
    }
}

/// A place on the axis for SVG.
fn percent(place: u32) -> String {
    format!("{}.{}%", place / 10, place % 10)
}
