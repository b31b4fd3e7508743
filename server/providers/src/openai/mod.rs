//! The OpenAI-compatible family: chat completions, streamed.

mod calls;
mod decode;
mod models;
mod piece;
mod request;

pub(crate) use decode::Decoder;
pub(crate) use models::{list_url, page};
pub(crate) use request::{Dialect, is_azure, request};
