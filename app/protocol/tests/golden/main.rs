//! The exact JSON of every frame of protocol version 1. A test that fails here means that the public contract changed.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod admin;
mod assistants;
mod client;
mod faults;
mod http;
mod outside;
mod samples;
mod turn;
