//! Times that only the reader's own clock and time zone can tell: nothing before hydration, so that both sides render
//! the same.

use std::time::Duration;

use evenkeel_protocol::Timestamp;
use leptos::prelude::*;

use crate::store::Store;
use crate::{browser, wording};

/// The time now, in milliseconds, as it passes; none before hydration.
pub(crate) fn ticking() -> ReadSignal<Option<i64>> {
    let hydrated = Store::here().hydrated.get_untracked();
    let (now, set_now) = signal(hydrated.then(browser::now_ms));
    Effect::new(move || {
        set_now.set(Some(browser::now_ms()));
        let tick = move || set_now.set(Some(browser::now_ms()));
        // Without a timer the first value stays.
        if let Ok(timer) = set_interval_with_handle(tick, Duration::from_millis(500)) {
            on_cleanup(move || timer.clear());
        }
    });
    now
}

/// The time that is left until then: "12 s"; `over` when it has come.
#[component]
pub(crate) fn Countdown(
    /// The time in question, in milliseconds since 1970.
    until: i64,
    /// What stands there when it has come.
    over: &'static str,
) -> impl IntoView {
    let now = ticking();
    let text = move || match now.get() {
        None => "…".to_owned(),
        Some(now) if now >= until => over.to_owned(),
        Some(now) => wording::countdown(until - now),
    };
    view! { <span role="timer" class="tabular-nums">{text}</span> }
}

/// A time of day in the reader's own time zone.
#[component]
pub(crate) fn LocalTime(
    /// The time in question.
    at: Timestamp,
) -> impl IntoView {
    let hydrated = Store::here().hydrated;
    let text = move || {
        if hydrated.get() {
            browser::local_time(at)
        } else {
            "…".to_owned()
        }
    };
    view! {
        <time class="tabular-nums" datetime=at.to_string()>
            {text}
        </time>
    }
}
