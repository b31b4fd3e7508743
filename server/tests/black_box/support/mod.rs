//! What the black-box tests share: the real binary, and upstreams that behave as they are told, over real sockets.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test may fail by panicking"
)]

pub mod administrator;
pub mod behaviour;
pub mod events;
pub mod hook;
pub mod http;
pub mod leaving;
pub mod server;
pub mod socket;
pub mod upstream;

pub use administrator::Administrator;
pub use behaviour::{Act, Behaviour};
pub use events::Events;
pub use hook::Hook;
pub use http::{DOCUMENT, complaint};
pub use leaving::leaves;
pub use server::{KEY, Server, config};
pub use socket::Socket;
pub use upstream::Upstream;
