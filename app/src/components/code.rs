//! A block of code with the name of its language and a button to copy it.

use leptos::prelude::*;

use super::CopyButton;

/// Code, as it was written.
#[component]
pub(crate) fn Code(
    /// The language, or nothing.
    language: String,
    /// The code, to be copied.
    text: String,
    /// The code as it is shown.
    shown: Vec<AnyView>,
) -> impl IntoView {
    let label = if language.is_empty() {
        "text".to_owned()
    } else {
        language
    };
    view! {
        <div class="code">
            <div class="code-head">
                <span>{label}</span>
                <CopyButton text=Callback::new(move |()| text.clone()) label="Copy code" />
            </div>
            <pre tabindex="0">
                <code>{shown}</code>
            </pre>
        </div>
    }
    .into_any()
}
