//! There is no such page.

use leptos::prelude::*;

/// A calm way back.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <div class="mx-auto flex max-w-md flex-col items-start gap-4 px-4 py-12">
            <h1 class="text-2xl font-semibold">"There is nothing here"</h1>
            <p class="text-muted">"The page or conversation does not exist, or it is not yours."</p>
            <p>
                <a class="button primary" href="/">"New chat"</a>
            </p>
        </div>
    }
    .into_any()
}
