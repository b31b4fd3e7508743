//! The one polite voice for those who do not see the page: "answering", "answered by …", "could not answer".

use leptos::prelude::*;

use crate::store::Store;

/// Says each new sentence once. The transcript itself is no live region.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let store = Store::here();
    view! {
        <div class="announcer sr-only" role="status" aria-live="polite" data-testid="announcer">
            {move || store.announcement.get()}
        </div>
    }
}
