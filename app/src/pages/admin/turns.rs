//! What came of the turns of the last 15 minutes, as figures with pictures.

use evenkeel_protocol::TurnFigures;
use leptos::prelude::*;

use super::panel::Panel;
use crate::wording;

/// A p95 of so many milliseconds fills its picture: it is what the alert's rule allows.
const SLOW_MS: u64 = 10_000;

/// The figures.
pub(super) fn turns(panel: Panel) -> AnyView {
    let real = Memo::new(move |_| {
        panel.report.with(|report| {
            report
                .as_ref()
                .map(|report| report.turns.clone())
                .unwrap_or_default()
        })
    });
    let simulated = Memo::new(move |_| {
        panel.report.with(|report| {
            report
                .as_ref()
                .and_then(|report| report.simulated_turns.clone())
        })
    });
    let share = move |of: fn(&TurnFigures) -> u64| {
        Signal::derive(move || real.with(|turns| (of(turns), turns.turns)))
    };
    let slow = Signal::derive(move || {
        real.with(|turns| {
            (
                turns.total.map_or(0, |total| total.p95_ms).min(SLOW_MS),
                SLOW_MS,
            )
        })
    });
    let of_turns = move |of: fn(&TurnFigures) -> u64| {
        move || {
            real.with(|turns| match turns.turns {
                0 => "no turns".to_owned(),
                all => format!(
                    "{} of {}",
                    wording::thousands(of(turns)),
                    wording::thousands(all)
                ),
            })
        }
    };
    let rate = move |of: fn(&TurnFigures) -> u64| {
        move || {
            real.with(|turns| match turns.turns {
                0 => "–".to_owned(),
                all => wording::percent(of(turns), all),
            })
        }
    };
    let p95 = move || {
        real.with(|turns| {
            turns
                .total
                .map_or("–".to_owned(), |total| wording::short_time(total.p95_ms))
        })
    };
    let p50 = move || {
        real.with(|turns| {
            turns.total.map_or("no answers".to_owned(), |total| {
                format!("p50 {}", wording::short_time(total.p50_ms))
            })
        })
    };
    let rehearsed = move || {
        simulated.get().map(|turns| {
            view! {
                <p class="text-sm">
                    <span class="badge badge-simulated" data-testid="simulated">"simulated"</span>
                    {format!(
                        " {} besides, counted nowhere else: {} answered, {} exhausted",
                        wording::counted(turns.turns, "turn"),
                        turns.answered,
                        turns.exhausted,
                    )}
                </p>
            }
        })
    };
    view! {
        <section class="flex flex-col gap-2" aria-label="Turns of the last 15 minutes" data-testid="turns">
            <dl class="turn-figures">
                {figure("Answered", "good", rate(|turns| turns.answered), of_turns(|turns| turns.answered), share(|turns| turns.answered))}
                {figure("By a fallback", "warn", rate(|turns| turns.fallbacks), of_turns(|turns| turns.fallbacks), share(|turns| turns.fallbacks))}
                {figure("Exhausted", "danger", rate(|turns| turns.exhausted), of_turns(|turns| turns.exhausted), share(|turns| turns.exhausted))}
                {figure("p95 to the end", "accent", p95, p50, slow)}
            </dl>
            {rehearsed}
        </section>
    }
    .into_any()
}

fn figure(
    name: &'static str,
    tone: &'static str,
    value: impl Fn() -> String + Send + Sync + 'static,
    note: impl Fn() -> String + Send + Sync + 'static,
    share: Signal<(u64, u64)>,
) -> AnyView {
    view! {
        <div class="turn-figure" data-tone=tone>
            <dt>{name}</dt>
            <dd>
                <strong>{value}</strong>
                <span>{note}</span>
                {meter(share)}
            </dd>
        </div>
    }
    .into_any()
}

/// A part of a whole as a bar; it says nothing that is not beside it in words.
pub(super) fn meter(share: Signal<(u64, u64)>) -> AnyView {
    let width = move || {
        let (part, whole) = share.get();
        // A picture of a hundred pixels.
        format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
    };
    view! {
        <svg class="meter" aria-hidden="true">
            <rect class="meter-all" width="100%" height="100%" rx="2"></rect>
            <rect class="meter-part" width=width height="100%" rx="2"></rect>
        </svg>
    }
    .into_any()
}
