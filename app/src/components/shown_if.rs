//! What is shown only sometimes.

use leptos::prelude::*;

/// This view, while the condition holds. It is leptos's `Show` in a single type, however often it is used; each `Show` is
/// a type of its own, and the browser loads its code anew.
pub(crate) fn shown_if(
    condition: Memo<bool>,
    view: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    view! { {move || condition.get().then(&view)} }.into_any()
}
