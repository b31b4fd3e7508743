//! Icons: one path each, drawn with the colour of the text around them.

use leptos::prelude::*;

pub(crate) const MENU: &str = "M4 7h16M4 12h16M4 17h16";
pub(crate) const PLUS: &str = "M12 5v14M5 12h14";
pub(crate) const CLOSE: &str = "M6 6l12 12M18 6L6 18";
pub(crate) const SEND: &str = "M12 19V5M6 11l6-6 6 6";
pub(crate) const STOP: &str = "M8 8h8v8H8z";
pub(crate) const COPY: &str = "M9 9h10v11H9zM5 15V4h10";
pub(crate) const CHECK: &str = "M5 12.5l4.5 4.5L19 7";
pub(crate) const DOWN: &str = "M12 5v14M6 13l6 6 6-6";
pub(crate) const PULSE: &str = "M3 12h4l2.5-6 5 12L17 12h4";
pub(crate) const FLASK: &str = "M9 4h6M10 4v6l-5 9h14l-5-9V4";
pub(crate) const MORE: &str = "M6 12h.01M12 12h.01M18 12h.01";
pub(crate) const SEARCH: &str = "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.500 15.500L20 20";
pub(crate) const PANEL: &str = "M4 5h16v14H4zM9.500 5v14";
pub(crate) const PERSON: &str =
    "M12 4.500a3.750 3.750 0 1 0 0 7.500 3.750 3.750 0 0 0 0-7.500M4.500 20a7.500 7.500 0 0 1 15 0";
pub(crate) const PENCIL: &str = "M4 20l1-4L16 5l3 3L8 19z";
pub(crate) const DOWNLOAD: &str = "M12 4v11M7 10.500l5 5 5-5M5 20h14";
pub(crate) const UPLOAD: &str = "M12 15.500V4.500M7 9l5-5 5 5M5 20h14";
pub(crate) const BIN: &str = "M5 7h14M9 7V4.500h6V7M7 7l1 13h8l1-13";
pub(crate) const RECEIPT: &str =
    "M6 3.500h12V20l-2.500-1.500L12 20l-3.500-1.500L6 20zM9 8h6M9 12h6";
pub(crate) const KEYBOARD: &str = "M3 6.500h18v11H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8";
pub(crate) const ALERT: &str = "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.1";
pub(crate) const CLIP: &str = "M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7";
pub(crate) const NOTE: &str = "M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 8.5h7M8.5 12h4";
pub(crate) const EDIT: &str = "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3";
pub(crate) const AGAIN: &str = "M20 12a8 8 0 1 1-2.3-5.7L20 8.6M20 4v4.6h-4.6";
pub(crate) const LEFT: &str = "M14.5 6l-6 6 6 6";
pub(crate) const RIGHT: &str = "M9.5 6l6 6-6 6";
pub(crate) const UNFOLD: &str = "M6 9.5l6 6 6-6";
pub(crate) const FILE: &str = "M6 3h8l4 4v14H6zM14 3v4h4";
pub(crate) const SKIPPED: &str = "M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M6.5 17.5l11-11";
pub(crate) const CLOCK: &str = "M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M12 7.5V12l3 2";
pub(crate) const DASH: &str = "M6 12h12";

/// An icon; it says nothing by itself, so the control it stands in needs a name.
#[component]
pub(crate) fn Icon(
    /// One of the shapes of this module.
    shape: &'static str,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=shape></path>
        </svg>
    }
}
