//! What the black-box tests share: the real binary, and upstreams that behave as they are told, over real sockets.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

pub mod server;
pub mod socket;
pub mod upstream;

pub use server::Server;
pub use socket::Socket;
pub use upstream::{Behaviour, Upstream};
