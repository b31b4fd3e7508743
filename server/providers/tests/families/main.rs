//! Every family over real sockets, against servers that behave and servers that do not.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod anthropic;
mod discovery;
mod faults;
mod gemini;
mod ollama;
mod openai;
mod support;
