//! A button that copies a text and says so.

use std::time::Duration;

use leptos::prelude::*;

use super::{Icon, icon};
use crate::browser;

/// Copies what `text` gives at the time of the press.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    text: Callback<(), String>,
    /// What the button is called.
    label: &'static str,
    /// Its name is not seen, but for what came of the press.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let copied = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = text.run(());
        leptos::task::spawn_local(async move {
            let done = browser::copy(&text).await;
            // The button may be gone by now.
            let _ = copied.try_set(Some(done));
            set_timeout(
                move || {
                    let _ = copied.try_set(None);
                },
                Duration::from_secs(2),
            );
        });
    };
    let shape = move || {
        if copied.get() == Some(true) {
            icon::CHECK
        } else {
            icon::COPY
        }
    };
    let said = move || match copied.get() {
        None => label,
        Some(true) => "Copied",
        Some(false) => "Could not copy",
    };
    view! {
        <button type="button" class="quiet-button" class:tool=bare title=bare.then_some(label) on:click=copy>
            {move || view! { <Icon shape=shape() /> }}
            <span class:sr-only=move || bare && copied.get().is_none()>{said}</span>
        </button>
    }
    .into_any()
}
