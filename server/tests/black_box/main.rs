//! The whole server from the outside: the real binary, real sockets on both sides, failures that really happen.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod admin;
mod agreement;
mod alerts;
mod aside;
mod assistants;
mod attachments;
mod branches;
mod deletion;
mod discovery;
mod dry_run;
mod fallback;
mod faults;
mod forecast;
mod gateway;
mod gateway_ends;
mod gateway_seams;
mod guards;
mod health;
mod http;
mod live;
mod messages;
mod open;
mod openapi;
mod persistence;
mod receipt;
mod replay;
mod search;
mod simulate;
mod socket;
mod support;
mod telemetry;
mod temporary;
mod transfer;
mod wall;
