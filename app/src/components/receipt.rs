//! The resilience receipt: what the engine has done for this reader, on a card that can be shown around.

use evenkeel_protocol::Receipt;
use leptos::prelude::*;

use super::dialog::dialog;
use crate::store::Store;
use crate::wording::{dollars, lost_time, percent};
use crate::{api, browser};

/// The circle's radius, in units of its picture; its stroke is 10 of them.
const RADIUS: f64 = 45.0;

/// The receipt in a dialog, as soon as it has come.
pub(super) fn receipt(store: Store) -> AnyView {
    let fetched = RwSignal::new(None::<Result<Receipt, String>>);
    let fetch = move || {
        fetched.set(None);
        leptos::task::spawn_local(async move {
            let receipt = api::receipt().await.map_err(|problem| problem.sentence());
            // The dialog may be closed by now.
            let _ = fetched.try_set(Some(receipt));
        });
    };
    fetch();
    let content = move || {
        match fetched.get() {
        None => view! { <p class="receipt-note loading">"Counting …"</p> }.into_any(),
        Some(Err(why)) => view! {
            <div class="receipt-note" role="alert">
                <p>"The receipt could not be fetched. " {why}</p>
                <button type="button" class="button small" on:click=move |_| fetch()>"Try again"</button>
            </div>
        }
        .into_any(),
        Some(Ok(receipt)) => card(&receipt),
    }
    };
    dialog(store, "receipt", "Resilience receipt", content)
}

fn card(receipt: &Receipt) -> AnyView {
    let turns = receipt.answers + receipt.lost;
    if turns == 0 {
        return view! {
            <div class="receipt" data-testid="receipt-card">
                <p class="receipt-lead">"Nothing to show yet"</p>
                <p class="text-muted">
                    "Ask something. Each time a model fails and another one answers for it, it is counted here: what was saved, \
                     and what it cost in time and money."
                </p>
                {simulated(receipt.simulated)}
            </div>
        }
        .into_any();
    }
    let lead = match receipt.saved {
        0 => "Every answer came at the first try".to_owned(),
        1 => "1 answer saved".to_owned(),
        saved => format!("{saved} answers saved"),
    };
    let lead = if receipt.saved == 0 && receipt.lost > 0 {
        format!("{} of {turns} questions answered", receipt.answers)
    } else {
        lead
    };
    let of = match (receipt.saved, receipt.answers) {
        (0, _) if receipt.lost > 0 => "none of them had to be saved".to_owned(),
        (0, 1) => "1 answer so far".to_owned(),
        (0, answers) => format!("{answers} answers so far"),
        (_, 1) => "of 1 answer".to_owned(),
        (_, answers) => format!("of {answers} answers"),
    };
    let extra = match receipt.extra_cost {
        Some(cost) => dollars(cost),
        None if receipt.saved == 0 => "none".to_owned(),
        None => "unknown".to_owned(),
    };
    let since = receipt.since.map(|since| {
        let day = browser::local_day(since);
        view! { <p class="text-sm text-muted">"since " <time datetime=since.to_string()>{day}</time></p> }
    });
    let explained = "An answer is saved where the model asked for failed, and a retry, a fallback or a recovery gave it all the same.";
    view! {
        <div class="receipt" data-testid="receipt-card">
            {ring(receipt)}
            {legend(receipt)}
            <div class="text-center">
                <p class="receipt-lead">{lead}</p>
                <p class="text-muted">{of}</p>
                {since}
            </div>
            <dl class="receipt-figures">
                {figure("Time lost", lost_time(receipt.seconds_lost), "")}
                {figure("Extra cost", extra, "")}
                {figure("Nobody could answer", receipt.lost.to_string(), if receipt.lost > 0 { "danger" } else { "" })}
            </dl>
            {simulated(receipt.simulated)}
            <p class="text-xs text-muted text-center">{explained}</p>
            <p class="brand receipt-brand"><img src="/favicon.svg" alt="" width="20" height="20" />"Evenkeel"</p>
        </div>
    }
    .into_any()
}

fn simulated(count: u64) -> Option<impl IntoView> {
    (count > 0).then(|| {
        let said = match count {
            1 => "and 1 in a rehearsed outage, counted nowhere else".to_owned(),
            _ => format!("and {count} in rehearsed outages, counted nowhere else"),
        };
        view! { <p class="text-center"><span class="badge badge-simulated">{said}</span></p> }
    })
}

fn figure(name: &'static str, value: String, tone: &'static str) -> impl IntoView {
    view! {
        <div class="receipt-figure" data-tone=tone>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}

/// What the ring's colours mean; the ring itself says it to those who do not see it.
fn legend(receipt: &Receipt) -> impl IntoView {
    let plain = receipt.answers.saturating_sub(receipt.saved);
    let parts: Vec<_> = [
        (plain, "plain", "at the first try"),
        (receipt.saved, "saved", "saved"),
        (receipt.lost, "lost", "without an answer"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, kind, what)| view! { <li data-kind=kind>{format!("{count} {what}")}</li> })
    .collect();
    view! { <ul class="legend" aria-hidden="true">{parts}</ul> }
}

/// How the turns ended, as a ring: at the first try, saved, lost.
fn ring(receipt: &Receipt) -> impl IntoView {
    let all = (receipt.answers + receipt.lost) as f64;
    let plain = receipt.answers.saturating_sub(receipt.saved);
    let said = format!(
        "Of {} questions {plain} were answered at the first try, {} were saved, {} nobody could answer.",
        receipt.answers + receipt.lost,
        receipt.saved,
        receipt.lost,
    );
    let round = std::f64::consts::TAU * RADIUS;
    let mut from = 0.0;
    let arcs: Vec<_> = [
        (plain, "plain"),
        (receipt.saved, "saved"),
        (receipt.lost, "lost"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, kind)| {
        let length = count as f64 / all * round;
        let (dashes, offset) = (format!("{length:.2} {round:.2}"), format!("{:.2}", -from));
        from += length;
        view! {
            <circle
                class="arc"
                data-kind=kind
                cx="55"
                cy="55"
                r=RADIUS.to_string()
                stroke-dasharray=dashes
                stroke-dashoffset=offset
            ></circle>
        }
    })
    .collect();
    let answered = percent(receipt.answers, receipt.answers + receipt.lost);
    view! {
        <div class="ring">
            <svg viewBox="0 0 110 110" role="img" aria-label=said>{arcs}</svg>
            <p class="ring-text" aria-hidden="true">
                <strong>{answered}</strong>
                <span>"answered"</span>
            </p>
        </div>
    }
}
