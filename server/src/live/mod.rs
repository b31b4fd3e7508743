//! What administrators change while the server runs.

pub mod describe;
