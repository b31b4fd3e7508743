//! What happens while no text comes: in place, and without a word to the announcer, which has its own.

use std::time::Duration;

use evenkeel_protocol::Message;
use leptos::prelude::*;

use super::Simulated;
use crate::wording::{self, Meanwhile, Wait};
use crate::{browser, store::Store};

/// The line of an answer that is being written, where it says anything that the text does not.
pub(super) fn progress(message: &Message, empty: bool) -> Option<AnyView> {
    let told = wording::progress(&message.attempts)
        .or_else(|| wording::catching_up(message).map(Meanwhile::from));
    if !empty && told.is_none() {
        return None;
    }
    let told = told.unwrap_or_else(|| "Answering …".to_owned().into());
    let wait = told.wait.map(|wait| view! { <Remaining wait /> });
    let line = view! {
        <p class="flex items-center gap-2 text-sm text-muted" data-testid="progress">
            <span class="waves" aria-hidden="true"></span>
            <span>{told.before}{wait}{told.after}</span>
            {(empty && message.simulated).then(|| view! { <Simulated /> })}
        </p>
    };
    Some(line.into_any())
}

/// The time that is left of a pause, in tenths of a second.
#[component]
fn Remaining(
    /// The pause.
    wait: Wait,
) -> impl IntoView {
    let whole = i64::try_from(wait.ms).unwrap_or(i64::MAX);
    // The server's clock may not be this one: there is never more left than the whole pause, nor less than nothing.
    let begun = Store::here().hydrated.get_untracked().then(browser::now_ms);
    let until = begun.map(|now| wait.until.clamp(now, now.saturating_add(whole)));
    let left = move || until.map_or(whole, |until| (until - browser::now_ms()).clamp(0, whole));
    let text = RwSignal::new(wording::tenths(wait.ms));
    Effect::new(move || {
        let tick = move || text.set(wording::tenths(u64::try_from(left()).unwrap_or(0)));
        tick();
        // Without a timer the first value stays.
        if let Ok(timer) = set_interval_with_handle(tick, Duration::from_millis(100)) {
            on_cleanup(move || timer.clear());
        }
    });
    view! { <span class="tabular-nums">{text}</span> }
}
