//! Everything that is known of a model: its charts, its reasons, its percentiles, its headroom.

use std::sync::Arc;

use evenkeel_protocol::{Figures, Headroom, ModelHealth, ModelId, Percentiles};
use leptos::prelude::*;

use super::chart::{Shown, chart};
use super::panel::{ModelCell, Panel};
use super::turns::meter;
use crate::api::admin as api;
use crate::components::LocalTime;
use crate::state::panel::{
    DAY, DAY_STEP_MS, PanelRoute, PanelView, QUARTER, QUARTER_STEP_MS, Track, strip,
};
use crate::wording;

/// The slots around a minute that somebody came for.
const AROUND: usize = 31;

/// What the chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Quarter,
    Day,
    Around(i64),
}

/// The details of a model.
pub(super) fn details(panel: Panel, id: &ModelId, cell: &ModelCell) -> AnyView {
    let day = RwSignal::new(Track::default());
    let minute = Memo::new(move |_| {
        panel
            .tick
            .get()
            .map(|tick| tick * QUARTER_STEP_MS / DAY_STEP_MS)
    });
    let asked = id.clone();
    Effect::new(move || {
        // The day goes on by a minute at a time.
        minute.get();
        let asked = asked.clone();
        leptos::task::spawn_local(async move {
            if let Ok(series) = api::series("24h", &[asked.clone()]).await {
                let own = series.models.into_iter().find(|one| one.model == asked);
                // The details may be folded away by now.
                let _ = day.try_set(Track::new(own.map(|own| own.buckets).unwrap_or_default()));
            }
        });
    });
    let name = id.to_string();
    let wanted = {
        let name = name.clone();
        Memo::new(move |_| {
            panel.route.with(|route| {
                let own = route.get("model") == Some(name.as_str());
                own.then(|| route.get("at").and_then(|at| at.parse::<i64>().ok()))
                    .flatten()
            })
        })
    };
    let span = RwSignal::new(Span::Quarter);
    Effect::new(move || {
        if let Some(at) = wanted.get() {
            span.set(Span::Around(at));
        }
    });
    let track = cell.track.clone();
    let shown = Memo::new(move |_| {
        let now = panel.tick.get().unwrap_or_default() * QUARTER_STEP_MS;
        let now = now.max(track.with(|track| track.newest()).unwrap_or(0));
        let middle = i64::try_from(AROUND / 2).unwrap_or(0) * DAY_STEP_MS;
        match span.get() {
            Span::Quarter => Shown {
                slots: track.with(|track| track.window(now, QUARTER_STEP_MS, QUARTER)),
                step_ms: QUARTER_STEP_MS,
                span: "15 minutes",
                marked: None,
            },
            Span::Day => Shown {
                slots: day.with(|day| day.window(now, DAY_STEP_MS, DAY)),
                step_ms: DAY_STEP_MS,
                span: "24 hours",
                marked: None,
            },
            Span::Around(at) => Shown {
                slots: day.with(|day| day.window(at + middle, DAY_STEP_MS, AROUND)),
                step_ms: DAY_STEP_MS,
                span: "31 minutes of this picture",
                marked: Some(at),
            },
        }
    });
    let health = cell.health.clone();
    let health = Memo::new(move |_| health.get());
    view! {
        <div class="model-details" data-testid="details">
            {spans(span, wanted)}
            {chart(&name, shown)}
            {whole_day(panel, day, span)}
            <div class="detail-columns">
                {percentiles(health)}
                {reasons(&name, health)}
                {headroom(health)}
            </div>
            {simulated(health)}
            {links(&name)}
        </div>
    }
    .into_any()
}

fn spans(span: RwSignal<Span>, wanted: Memo<Option<i64>>) -> AnyView {
    let chip = move |one: Span, label: &'static str| {
        view! {
            <button
                type="button"
                class="chip small"
                aria-pressed=move || (span.get() == one).to_string()
                on:click=move |_| span.set(one)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="flex flex-wrap gap-2" role="group" aria-label="Time that the chart shows">
            {chip(Span::Quarter, "15 minutes")} {chip(Span::Day, "24 hours")}
            {move || wanted.get().map(|at| chip(Span::Around(at), "Around the attempt"))}
        </div>
    }
    .into_any()
}

/// The last 24 hours as one strip; a press on it shows what is around.
fn whole_day(panel: Panel, day: RwSignal<Track>, span: RwSignal<Span>) -> AnyView {
    let end = move || panel.tick.get().unwrap_or_default() * QUARTER_STEP_MS;
    let slots = Memo::new(move |_| {
        let end = end();
        day.with(|day| day.window(end, DAY_STEP_MS, DAY))
    });
    let shapes = Memo::new(move |_| slots.with(|slots| strip(slots)));
    let said = move || slots.with(|slots| wording::described(slots, "24 hours"));
    let look = move |event: leptos::ev::PointerEvent| {
        let target = event_target::<web_sys::Element>(&event);
        let strip = target.closest("svg").ok().flatten().unwrap_or(target);
        let around = strip.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - around.left()) / around.width().max(1.0);
        let place = (share * DAY as f64).max(0.0) as usize;
        if let Some(slot) = slots.with_untracked(|slots| slots.get(place).copied()) {
            span.set(Span::Around(slot.start));
        }
    };
    view! {
        <figure>
            <svg
                class="day-strip"
                role="img"
                viewBox="0 0 1440 100"
                preserveAspectRatio="none"
                aria-label=said
                on:pointerdown=look
            >
                <path class="went-good" d=move || shapes.with(|shapes| shapes.good.clone())></path>
                <path class="went-mixed" d=move || shapes.with(|shapes| shapes.mixed.clone())></path>
                <path class="went-bad" d=move || shapes.with(|shapes| shapes.bad.clone())></path>
                <path class="bar-simulated" d=move || shapes.with(|shapes| shapes.simulated.clone())></path>
            </svg>
            <figcaption class="chart-axis">
                <span>"24 hours ago"</span>
                <span>"12 hours ago"</span>
                <span>"now"</span>
            </figcaption>
        </figure>
    }
    .into_any()
}

type Health = Memo<Arc<ModelHealth>>;

fn percentiles(health: Health) -> AnyView {
    let row = move |name: &'static str, of: fn(&Figures) -> Option<Percentiles>| {
        let cell = move |which: fn(&Percentiles) -> u64| {
            move || {
                health.with(|health| {
                    of(&health.recent)
                        .map_or("–".to_owned(), |times| wording::short_time(which(&times)))
                })
            }
        };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{cell(|times| times.p50_ms)}</td>
                <td>{cell(|times| times.p95_ms)}</td>
                <td>{cell(|times| times.p99_ms)}</td>
            </tr>
        }
    };
    let tokens = move || {
        health.with(|health| {
            let recent = &health.recent;
            let (input, output) = (
                wording::thousands(recent.input_tokens),
                wording::thousands(recent.output_tokens),
            );
            let cost = (recent.cost > 0.0).then(|| format!(" · {}", wording::cost(recent.cost)));
            format!(
                "{input} tokens in, {output} out{}",
                cost.unwrap_or_default()
            )
        })
    };
    view! {
        <section>
            <h4>"Times, 15 minutes"</h4>
            <table class="figures-table">
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">"p50"</th>
                        <th scope="col">"p95"</th>
                        <th scope="col">"p99"</th>
                    </tr>
                </thead>
                <tbody>
                    {row("First token", |figures| figures.first_token)}
                    {row("To the end", |figures| figures.total)}
                </tbody>
            </table>
            <p class="detail-note">{tokens}</p>
        </section>
    }
    .into_any()
}

/// Errors by reason, each with a bar and the way to its attempts.
fn reasons(name: &str, health: Health) -> AnyView {
    let known = Memo::new(move |_| health.with(|health| health.recent.reasons.clone()));
    let name = name.to_owned();
    let rows = move || {
        let reasons = known.get();
        if reasons.is_empty() {
            return view! { <p class="detail-note">"No failures in the last 15 minutes."</p> }
                .into_any();
        }
        let all: u64 = reasons.iter().map(|one| one.count).sum();
        let rows: Vec<_> = reasons
            .into_iter()
            .map(|one| {
                let log = PanelRoute::to(PanelView::Log)
                    .with("model", &name)
                    .with("reason", one.reason.as_str());
                view! {
                    <li>
                        <a href=log.address()>{wording::reason(one.reason, None)}</a>
                        <span>{one.count}</span>
                        {meter(Signal::stored((one.count, all)))}
                    </li>
                }
            })
            .collect();
        view! { <ul class="reasons" data-tone="danger">{rows}</ul> }.into_any()
    };
    view! {
        <section>
            <h4>"Failures by reason"</h4>
            {rows}
        </section>
    }
    .into_any()
}

/// What the provider still lets it take.
fn headroom(health: Health) -> AnyView {
    let known = Memo::new(move |_| health.with(|health| health.headroom));
    let shown = move || match known.get() {
        None => view! { <p class="detail-note">"The provider has not said."</p> }.into_any(),
        Some(headroom) => left(&headroom),
    };
    view! {
        <section data-testid="headroom">
            <h4>"Rate limit"</h4>
            {shown}
        </section>
    }
    .into_any()
}

fn left(headroom: &Headroom) -> AnyView {
    let line = |what: &'static str, left: Option<u64>, limit: Option<u64>| {
        left.map(|left| {
            let of = limit.map(|limit| format!(" of {}", wording::thousands(limit)));
            let bar = limit.map(|limit| meter(Signal::stored((left.min(limit), limit))));
            view! {
                <li>
                    <span>{what}</span>
                    <span>{wording::thousands(left)} {of} " left"</span>
                    {bar}
                </li>
            }
        })
    };
    let resets = headroom
        .resets_at
        .map(|at| view! { "more at " <LocalTime at /> " · " });
    view! {
        <ul class="reasons" data-tone="good">
            {line("Requests", headroom.requests_left, headroom.requests_limit)}
            {line("Tokens", headroom.tokens_left, headroom.tokens_limit)}
        </ul>
        <p class="detail-note">{resets} "said at " <LocalTime at=headroom.seen_at /></p>
    }
    .into_any()
}

/// What a rehearsal did to it, told apart.
fn simulated(health: Health) -> AnyView {
    let known = Memo::new(move |_| health.with(|health| health.simulated.clone()));
    let shown = move || {
        known.get().map(|figures| {
            let (answered, failed) = (figures.answered, figures.failed);
            view! {
                <p class="text-sm">
                    <span class="badge badge-simulated">"simulated"</span>
                    {format!(" besides, counted nowhere else: {answered} answered, {failed} failed")}
                </p>
            }
        })
    };
    view! { {shown} }.into_any()
}

fn links(name: &str) -> AnyView {
    let log = PanelRoute::to(PanelView::Log).with("model", name);
    let settings = PanelRoute::to(PanelView::Settings).with("scope", &format!("models/{name}"));
    view! {
        <p class="flex flex-wrap gap-4 text-sm">
            <a href=log.address()>"Its attempts"</a>
            <a href=settings.address()>"Its chain and settings"</a>
        </p>
    }
    .into_any()
}
