//! The pages.

mod admin;
mod chat;
mod debug;
mod late_style;
mod not_found;

use leptos::prelude::*;

pub(crate) use chat::ChatPage;
#[cfg(feature = "ssr")]
pub(crate) use late_style::LATE_STYLE;
pub(crate) use not_found::NotFoundPage;

use late_style::styled;

/// The health panel.
pub(crate) fn admin() -> AnyView {
    styled(|| view! { <admin::AdminPage /> }.into_any())
}

/// The debug pane, as a page or as the chat's drawer.
pub(crate) fn debug() -> AnyView {
    styled(debug::debug)
}
