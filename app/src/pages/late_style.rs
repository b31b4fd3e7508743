//! The style sheet of the pages that are fetched late: those who only chat do not fetch it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Where it is.
pub(crate) const LATE_STYLE: &str = "/late.css";

/// The page, as soon as its style is here. A page that the server has rendered comes with it.
pub(super) fn styled(page: fn() -> AnyView) -> AnyView {
    if cfg!(not(feature = "hydrate")) || linked() {
        return page();
    }
    let here = RwSignal::new(false);
    let arrived = move || {
        // The reader may have left the page.
        let _ = here.try_set(true);
    };
    if fetch(arrived).is_none() {
        arrived();
    }
    let shown = move || here.get().then(page);
    shown.into_any()
}

fn linked() -> bool {
    let link = format!("link[rel=stylesheet][href=\"{LATE_STYLE}\"]");
    let found = document().query_selector(&link);
    found.is_ok_and(|found| found.is_some())
}

/// Fetches it; without it the page is shown as well.
fn fetch(arrived: impl Fn() + 'static) -> Option<()> {
    let link = document().create_element("link").ok()?;
    link.set_attribute("rel", "stylesheet").ok()?;
    link.set_attribute("href", LATE_STYLE).ok()?;
    let told = Closure::<dyn Fn()>::new(arrived);
    let listener = told.as_ref().unchecked_ref();
    for event in ["load", "error"] {
        link.add_event_listener_with_callback(event, listener)
            .ok()?;
    }
    // It is called once, and the link stays as long as the page.
    told.forget();
    document().head()?.append_child(&link).ok()?;
    Some(())
}
