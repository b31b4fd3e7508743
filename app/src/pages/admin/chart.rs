//! A chart of attempts and times with axes, that can be read with the pointer and with the keys, and as a table.

use evenkeel_protocol::Timestamp;
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;

use crate::browser;
use crate::state::panel::{PanelRoute, PanelView, Slot, bars, curves, summed};
use crate::wording;

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// The slots, oldest first.
    pub(super) slots: Vec<Slot>,
    /// How long each of them is.
    pub(super) step_ms: i64,
    /// How long they are together, in words: "15 minutes".
    pub(super) span: &'static str,
    /// The slot that is marked from the beginning begins at this time.
    pub(super) marked: Option<i64>,
}

fn time(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

fn clock(ms: i64, step_ms: i64) -> String {
    let said = |at| {
        if step_ms < 60_000 {
            browser::local_time(at)
        } else {
            browser::short_time(at)
        }
    };
    time(ms).map(said).unwrap_or_default()
}

/// The chart of a model.
pub(super) fn chart(model: &str, shown: Memo<Shown>) -> AnyView {
    let plot = NodeRef::<Div>::new();
    let cursor = RwSignal::new(None::<usize>);
    let place = Memo::new(move |_| {
        shown.with(|shown| {
            let marked = || {
                let at = shown.marked?;
                shown
                    .slots
                    .iter()
                    .position(|slot| (slot.start..slot.start + shown.step_ms).contains(&at))
            };
            cursor
                .get()
                .or_else(marked)
                .filter(|place| *place < shown.slots.len())
        })
    });
    let reading = Memo::new(move |_| {
        shown.with(|shown| {
            let slot = shown.slots.get(place.get()?)?;
            Some(format!(
                "{}: {}",
                clock(slot.start, shown.step_ms),
                wording::reading(slot)
            ))
        })
    });
    let point = move |event: PointerEvent| {
        let Some(plot) = plot.get_untracked() else {
            return;
        };
        let around = plot.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - around.left()) / around.width().max(1.0);
        let count = shown.with_untracked(|shown| shown.slots.len());
        // Negative values become 0, and what is too large the last place.
        let at = (share * count as f64).floor().max(0.0) as usize;
        cursor.set(Some(at.min(count.saturating_sub(1))));
    };
    let keydown = move |event: KeyboardEvent| {
        let last = shown
            .with_untracked(|shown| shown.slots.len())
            .saturating_sub(1);
        let here = place.get_untracked().unwrap_or(last);
        let stride = if event.shift_key() { 12 } else { 1 };
        let next = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => here.saturating_sub(stride),
            "ArrowRight" | "ArrowUp" => (here + stride).min(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        cursor.set(Some(next));
    };
    let named = format!("Chart of {model}");
    let said = move || {
        let whole = shown.with(|shown| wording::described(&shown.slots, shown.span));
        reading.get().unwrap_or(whole)
    };
    let model = model.to_owned();
    let leads = Memo::new(move |_| {
        shown.with(|shown| {
            let slot = shown.slots.get(place.get()?)?;
            let from = slot.start.div_euclid(60_000) * 60_000;
            let log = PanelRoute::to(PanelView::Log)
                .with("model", &model)
                .with("from", &from.to_string())
                .with("to", &(from + 60_000).to_string());
            Some(log.address())
        })
    });
    view! {
        <div>
            <div
                node_ref=plot
                class="chart-plot"
                role="slider"
                tabindex="0"
                data-testid="chart"
                aria-label=named
                aria-valuemin="0"
                aria-valuemax=move || shown.with(|shown| shown.slots.len().saturating_sub(1).to_string())
                aria-valuenow=move || place.get().unwrap_or_default().to_string()
                aria-valuetext=said
                on:pointermove=point
                on:pointerdown=point
                on:pointerleave=move |_| cursor.set(None)
                on:keydown=keydown
            >
                {plots(shown, place)}
            </div>
            {axis(shown)}
            <p class="chart-reading" data-testid="chart-reading">
                {move || reading.get().unwrap_or_else(|| shown.with(|shown| wording::described(&shown.slots, shown.span)))}
                {move || leads.get().map(|to| view! { " " <a href=to>"Attempts of this minute"</a> })}
            </p>
            {table(shown)}
        </div>
    }
    .into_any()
}

/// The two pictures, one above the other.
fn plots(shown: Memo<Shown>, place: Memo<Option<usize>>) -> AnyView {
    let counts = Memo::new(move |_| shown.with(|shown| bars(&shown.slots)));
    let times = Memo::new(move |_| shown.with(|shown| curves(&shown.slots)));
    let frame = move || shown.with(|shown| format!("0 0 {} 100", shown.slots.len().max(1)));
    let cursor = move || {
        place.get().map(|at| {
            view! { <rect class="chart-cursor" x=at.to_string() y="0" width="1" height="100"></rect> }
        })
    };
    view! {
        <div class="chart-band">
            <span class="chart-top">{move || counts.with(|counts| wording::thousands(counts.top))}</span>
            <span class="chart-name">"attempts"</span>
            <svg viewBox=frame preserveAspectRatio="none" aria-hidden="true">
                {cursor}
                <path class="bar-answered" d=move || counts.with(|counts| counts.answered.clone())></path>
                <path class="bar-failed" d=move || counts.with(|counts| counts.failed.clone())></path>
                <path class="bar-simulated" d=move || counts.with(|counts| counts.simulated.clone())></path>
            </svg>
        </div>
        <div class="chart-band">
            <span class="chart-top">{move || times.with(|times| wording::short_time(times.top_ms))}</span>
            <span class="chart-name">
                <span class="key-first">"first token"</span>
                " · "
                <span class="key-total">"p95 to the end"</span>
            </span>
            <svg viewBox=frame preserveAspectRatio="none" aria-hidden="true">
                {cursor}
                <path class="curve-first" d=move || times.with(|times| times.first_token.clone())></path>
                <path class="curve-total" d=move || times.with(|times| times.total.clone())></path>
            </svg>
        </div>
    }
    .into_any()
}

/// Times under the chart, evenly spread.
fn axis(shown: Memo<Shown>) -> AnyView {
    let labels = move || {
        shown.with(|shown| {
            let (first, last) = (shown.slots.first()?.start, shown.slots.last()?.start);
            let third = (last - first) / 3;
            let marks = [first, first + third, first + 2 * third, last];
            let labels = marks.map(|at| view! { <span>{clock(at, 60_000)}</span> });
            Some(labels.into_iter().collect::<Vec<_>>())
        })
    };
    view! { <div class="chart-axis" aria-hidden="true">{labels}</div> }.into_any()
}

/// The same in figures, for those who want them.
fn table(shown: Memo<Shown>) -> AnyView {
    let open = RwSignal::new(false);
    let rows = move || {
        if !open.get() {
            return Vec::new();
        }
        shown.with(|shown| {
            let at_a_time = (shown.slots.len() / 15).max(1);
            let rows = summed(&shown.slots, at_a_time).into_iter().rev();
            rows.map(|slot| {
                let ms = |ms: Option<u64>| ms.map_or("–".to_owned(), wording::short_time);
                view! {
                    <tr>
                        <th scope="row">{clock(slot.start, 60_000)}</th>
                        <td>{slot.answered}</td>
                        <td>{slot.failed}</td>
                        <td>{slot.simulated}</td>
                        <td>{ms(slot.first_token_ms)}</td>
                        <td>{ms(slot.total_ms)}</td>
                    </tr>
                }
            })
            .collect()
        })
    };
    view! {
        <details
            class="chart-table"
            on:toggle=move |event| open.set(event_target::<web_sys::HtmlDetailsElement>(&event).open())
        >
            <summary>"As a table"</summary>
            <div class="table" tabindex="0" role="region" aria-label="The chart as a table">
                <table class="figures-table">
                    <thead>
                        <tr>
                            <th scope="col">"From"</th>
                            <th scope="col">"Answered"</th>
                            <th scope="col">"Failed"</th>
                            <th scope="col">"Simulated"</th>
                            <th scope="col">"First token"</th>
                            <th scope="col">"p95"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
