//! The watermark of what a fault of the debug pane had its hand in.

use leptos::prelude::*;

/// Marks what is simulated, so that nobody takes a rehearsal for an outage.
#[component]
pub(crate) fn Simulated() -> impl IntoView {
    view! {
        <span class="badge badge-simulated" data-testid="simulated" title="A fault of the debug pane had its hand in this">
            "simulated"
        </span>
    }
}
