//! Anthropic's family: messages, streamed.

mod decode;
mod generation;
mod models;
mod own;
mod request;
mod turns;

pub(crate) use decode::Decoder;
pub(crate) use models::{list_url, page};
pub(crate) use own::betas;
pub(crate) use request::request;

/// The version of the API that is spoken here.
pub(crate) const VERSION: &str = "2023-06-01";
