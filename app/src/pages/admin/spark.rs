//! The small picture of a model's last 15 minutes.

use leptos::prelude::*;

use super::panel::{ModelCell, Panel};
use crate::state::panel::{Bars, QUARTER, QUARTER_STEP_MS, bars};
use crate::wording;

/// The picture; it is drawn anew only while its row is near.
pub(super) fn spark(panel: Panel, cell: &ModelCell, near: RwSignal<bool>) -> AnyView {
    let track = cell.track.clone();
    let drawn = Memo::new(move |before: Option<&(Bars, String)>| {
        if let (false, Some(before)) = (near.get(), before) {
            return before.clone();
        }
        let tick = panel.tick.get();
        track.with(|track| {
            let Some(end) = tick.map(|tick| tick * QUARTER_STEP_MS).max(track.newest()) else {
                return (Bars::default(), String::new());
            };
            let slots = track.window(end, QUARTER_STEP_MS, QUARTER);
            (bars(&slots), wording::described(&slots, "15 minutes"))
        })
    });
    let path = move |of: fn(&Bars) -> &String| move || drawn.with(|(bars, _)| of(bars).clone());
    view! {
        <svg
            class="spark"
            role="img"
            viewBox="0 0 180 100"
            preserveAspectRatio="none"
            aria-label=move || drawn.with(|(_, said)| said.clone())
        >
            <path class="bar-answered" d=path(|bars| &bars.answered)></path>
            <path class="bar-failed" d=path(|bars| &bars.failed)></path>
            <path class="bar-simulated" d=path(|bars| &bars.simulated)></path>
        </svg>
    }
    .into_any()
}
