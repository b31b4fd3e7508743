//! The OpenAI-compatible family: chat completions, streamed.

mod calls;
mod decode;
mod dialect;
mod message;
mod models;
mod piece;
mod request;

pub(crate) use decode::Decoder;
pub(crate) use dialect::{Dialect, is_azure};
pub(crate) use models::{list_url, page};
pub(crate) use request::request;
