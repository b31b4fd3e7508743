//! A block of code with the name of its language and a button to copy it.

use leptos::prelude::*;

use super::CopyButton;

/// Code, as it was written.
#[component]
pub(crate) fn Code(
    /// The language, or nothing.
    language: String,
    /// The code.
    text: String,
) -> impl IntoView {
    let copied = text.clone();
    let label = if language.is_empty() {
        "text".to_owned()
    } else {
        language
    };
    // The last line break ends the block, not a line of it.
    let shown = text.strip_suffix('\n').unwrap_or(&text).to_owned();
    view! {
        <div class="code">
            <div class="code-head">
                <span>{label}</span>
                <CopyButton text=Callback::new(move |()| copied.clone()) label="Copy code" />
            </div>
            <pre tabindex="0">
                <code>{shown}</code>
            </pre>
        </div>
    }
    .into_any()
}
