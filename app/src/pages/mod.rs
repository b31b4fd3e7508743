//! The pages.

mod admin;
mod chat;
mod debug;
mod not_found;

pub(crate) use admin::AdminPage;
pub(crate) use chat::ChatPage;
pub(crate) use debug::debug;
pub(crate) use not_found::NotFoundPage;
