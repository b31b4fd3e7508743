//! The store from outside, over real SQLite files.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

mod alerts;
mod answers;
mod assistants;
mod attachments;
mod attempt_log;
mod attempts;
mod branches;
mod changes;
mod conversations;
mod corruption;
mod deletion;
mod foreigners;
mod live;
mod opening;
mod receipt;
mod round_trip;
mod search;
mod support;
mod threads;
mod turns;
