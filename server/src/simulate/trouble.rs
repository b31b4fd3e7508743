//! The ways in which a simulated request goes wrong.

use std::time::Duration;

use evenkeel_engine::Observed;

/// One way. The words are the scenario's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An HTTP error.
    Status(u16),
    /// No answer, ever.
    Timeout,
    /// The connection is refused.
    Refused,
    /// The connection is closed before any header.
    Reset,
    /// The answer breaks off.
    Cut,
    /// The answer stands still.
    Stall,
    /// The answer ends well, and is empty.
    Empty,
    /// All goes well, and takes longer.
    Slow,
}

/// The words for them; [`Trouble::Slow`] is an outage's alone.
pub const WORDS: [(&str, Trouble); 18] = [
    ("400", Trouble::Status(400)),
    ("401", Trouble::Status(401)),
    ("402", Trouble::Status(402)),
    ("403", Trouble::Status(403)),
    ("404", Trouble::Status(404)),
    ("408", Trouble::Status(408)),
    ("429", Trouble::Status(429)),
    ("500", Trouble::Status(500)),
    ("502", Trouble::Status(502)),
    ("503", Trouble::Status(503)),
    ("504", Trouble::Status(504)),
    ("529", Trouble::Status(529)),
    ("timeout", Trouble::Timeout),
    ("refused", Trouble::Refused),
    ("reset", Trouble::Reset),
    ("cut", Trouble::Cut),
    ("stall", Trouble::Stall),
    ("empty", Trouble::Empty),
];

/// What comes back of a request that gets no answer at all; none where something else happens than that.
pub fn observed(trouble: Trouble, retry_after: Option<Duration>) -> Option<Observed> {
    match trouble {
        Trouble::Status(status) => Some(Observed::Status {
            status,
            code: None,
            message: String::new(),
            retry_after,
        }),
        Trouble::Refused => Some(Observed::ConnectionFailed("connection refused".to_owned())),
        Trouble::Reset => Some(Observed::ConnectionReset("connection reset".to_owned())),
        Trouble::Timeout | Trouble::Cut | Trouble::Stall | Trouble::Empty | Trouble::Slow => None,
    }
}
