//! A formula as MathML, written from a tree of listed names; where it is not understood, its source.

use std::cell::Cell;

use leptos::prelude::*;

use crate::browser;
use crate::late;

/// A formula; its source, until the part that knows formulas is here.
pub(super) fn math(source: &str, display: bool) -> AnyView {
    if let Some(markup) = late::MATH.get() {
        return known(source, display, markup);
    }
    let here = RwSignal::new(None::<late::Math>);
    leptos::task::spawn_local(async move {
        let markup = late::MATH.load().await;
        // The answer may be gone by now.
        let _ = here.try_set(Some(markup));
    });
    let source = source.to_owned();
    let shown = move || match here.get() {
        Some(markup) => known(&source, display, markup),
        None => unread(&source),
    };
    shown.into_any()
}

/// The source of a formula, as code.
fn unread(source: &str) -> AnyView {
    view! { <code class="formula-source">{source.replace('\0', "\u{fffd}")}</code> }.into_any()
}

/// A formula, with the part that knows them.
fn known(source: &str, display: bool, markup: late::Math) -> AnyView {
    copied_as_source();
    let markup = markup(source, display);
    if display {
        view! {
            <span
                class="formula formula-block"
                role="group"
                aria-label="Formula"
                tabindex="0"
                inner_html=markup
            ></span>
        }
        .into_any()
    } else {
        view! { <span class="formula" inner_html=markup></span> }.into_any()
    }
}

thread_local! {
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

/// From the first formula on, what a reader copies has the sources of the formulas in it.
fn copied_as_source() {
    if cfg!(feature = "hydrate") && !LISTENS.replace(true) {
        browser::copy_formulas();
    }
}
