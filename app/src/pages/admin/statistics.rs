//! What the attempt log says of a longer time: how often others stepped in, which models are used, which fail.

use evenkeel_protocol::{ModelStatistics, Statistics};
use leptos::prelude::*;

use super::log::server_query;
use super::panel::Panel;
use super::turns::meter;
use crate::api::admin::{self as api, Refused};
use crate::browser;
use crate::state::panel::{PanelRoute, PanelView};
use crate::wording;

/// From so many failures in a row on a model fails consistently.
const CONSISTENTLY: u64 = 3;

/// Spans of time, in hours.
const SPANS: [(&str, i64); 4] = [
    ("1 hour", 1),
    ("24 hours", 24),
    ("7 days", 168),
    ("30 days", 720),
];

/// The statistics.
pub(super) fn statistics(panel: Panel) -> AnyView {
    let told = RwSignal::new(None::<Result<Statistics, Refused>>);
    let hours = Memo::new(move |_| {
        let asked = panel.route.with(|route| {
            route
                .get("hours")
                .and_then(|hours| hours.parse::<i64>().ok())
        });
        asked.unwrap_or(24).clamp(1, 8_760)
    });
    Effect::new(move || {
        let hours = hours.get();
        let from = browser::now_ms() - hours * 3_600_000;
        let query = server_query(&PanelRoute::default().with("from", &from.to_string()));
        leptos::task::spawn_local(async move {
            let answer = api::statistics(&query).await;
            // The reader may have left the page.
            if hours_are(hours, panel) {
                let _ = told.try_set(Some(answer));
            }
        });
    });
    let spans: Vec<_> = SPANS
        .into_iter()
        .map(|(label, span)| {
            let route = PanelRoute::to(PanelView::Statistics).with("hours", &span.to_string());
            let current = move || (hours.get() == span).then_some("true");
            view! { <a class="chip small" href=route.address() aria-current=current>{label}</a> }
        })
        .collect();
    let shown = move || match told.get() {
        None => view! { <p class="loading text-sm text-muted">"Counting …"</p> }.into_any(),
        Some(Err(refused)) => {
            view! { <p class="problem" role="alert">{refused.sentence}</p> }.into_any()
        }
        Some(Ok(statistics)) => all(&statistics),
    };
    view! {
        <nav class="flex flex-wrap items-center gap-2" aria-label="Time that is counted">
            <span class="text-sm text-muted" aria-hidden="true">"The last"</span>
            {spans}
        </nav>
        <div class="flex flex-col gap-4" data-testid="statistics">{shown}</div>
    }
    .into_any()
}

/// Whether the address still asks for this time.
fn hours_are(hours: i64, panel: Panel) -> bool {
    panel
        .route
        .try_with_untracked(|route| {
            let asked = route
                .get("hours")
                .and_then(|hours| hours.parse().ok())
                .unwrap_or(24);
            route.view == PanelView::Statistics && asked == hours
        })
        .unwrap_or(false)
}

fn all(statistics: &Statistics) -> AnyView {
    let figure = |name: &'static str, tone: &'static str, count: u64| {
        let share = match statistics.requests {
            0 => "–".to_owned(),
            all => wording::percent(count, all),
        };
        view! {
            <div class="turn-figure" data-tone=tone>
                <dt>{name}</dt>
                <dd>
                    <strong>{share}</strong>
                    <span>{wording::thousands(count)}</span>
                    {meter(Signal::stored((count, statistics.requests)))}
                </dd>
            </div>
        }
    };
    let failing: Vec<_> = statistics
        .models
        .iter()
        .filter(|one| one.failing_in_a_row >= CONSISTENTLY)
        .collect();
    let failing = (!failing.is_empty()).then(|| {
        let rows: Vec<_> = failing.into_iter().map(consistent).collect();
        view! {
            <section class="card" data-testid="failing">
                <h2>"Failing consistently"</h2>
                <ul class="consistent">{rows}</ul>
            </section>
        }
    });
    let most = statistics
        .models
        .iter()
        .map(|one| one.asked_first + one.stepped_in)
        .max()
        .unwrap_or(0);
    let rows: Vec<_> = statistics.models.iter().map(|one| row(one, most)).collect();
    view! {
        <p class="text-sm text-muted">
            {format!("{} of real traffic.", wording::counted(statistics.requests, "request"))}
        </p>
        <dl class="turn-figures">
            {figure("Answered", "good", statistics.answered)} {figure("By a fallback", "warn", statistics.fallbacks)}
            {figure("Exhausted", "danger", statistics.exhausted)}
        </dl>
        {failing}
        <section class="card">
            <h2>"Which models are used"</h2>
            <ul class="usage" data-testid="usage">{rows}</ul>
        </section>
    }
    .into_any()
}

fn attempts_of(model: &ModelStatistics) -> String {
    PanelRoute::to(PanelView::Log)
        .with("model", model.model.as_str())
        .with("state", "failed")
        .address()
}

fn consistent(model: &ModelStatistics) -> AnyView {
    let why = model.figures.reasons.first();
    let why = why.map_or_else(String::new, |why| {
        format!(", mostly: {}", wording::reason(why.reason, None))
    });
    let said = format!(
        ": its last {} attempts failed{why}. ",
        model.failing_in_a_row
    );
    view! {
        <li>
            <strong>{model.model.to_string()}</strong>
            {said}
            <a href=attempts_of(model)>"See them"</a>
        </li>
    }
    .into_any()
}

fn row(model: &ModelStatistics, most: u64) -> AnyView {
    let figures = &model.figures;
    let mut facts = vec![
        format!("asked first {}", wording::thousands(model.asked_first)),
        format!("stepped in {}", wording::thousands(model.stepped_in)),
    ];
    facts
        .extend(wording::success(figures).map(|share| format!("{share} of its attempts answered")));
    facts.extend(
        figures
            .total
            .map(|total| format!("p95 {}", wording::short_time(total.p95_ms))),
    );
    if figures.cost > 0.0 {
        facts.push(wording::cost(figures.cost));
    }
    let part = |count: u64| format!("{:.1}%", count as f64 * 100.0 / most.max(1) as f64);
    let (asked, stepped) = (part(model.asked_first), part(model.stepped_in));
    let failed = (figures.failed > 0).then(|| {
        let count = wording::counted(figures.failed, "failure");
        view! { <a href=attempts_of(model)>{count}</a> }
    });
    view! {
        <li data-testid="usage-model" data-id=model.model.to_string()>
            <div class="usage-who">
                <strong>{model.model.to_string()}</strong>
                <span class="text-muted">{model.provider.to_string()}</span>
                {failed}
            </div>
            <svg class="usage-bar" aria-hidden="true">
                <rect class="usage-asked" width=asked.clone() height="100%"></rect>
                <rect class="usage-stepped" x=asked width=stepped height="100%"></rect>
            </svg>
            <p class="text-muted">{facts.join(" · ")}</p>
        </li>
    }
    .into_any()
}
