//! Gemini's family: `streamGenerateContent`.

mod contents;
mod decode;
mod models;
mod request;

pub(crate) use decode::Decoder;
pub(crate) use models::{list_url, page};
pub(crate) use request::{request, short};
