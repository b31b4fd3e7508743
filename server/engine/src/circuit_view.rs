//! A circuit as others see it.

use tokio::time::Instant;

use crate::Reason;

/// A circuit's state, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Traffic passes.
    Closed,
    /// One probe may pass.
    HalfOpen,
    /// Nothing passes.
    Open,
}

impl CircuitState {
    /// The public string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// A state that an administrator holds a circuit in, until it is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForcedState {
    /// Refuses everything.
    Open,
    /// Lets everything through, whatever fails.
    Closed,
}

/// A circuit as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitView {
    /// Its state.
    pub state: CircuitState,
    /// An administrator holds it there.
    pub forced: bool,
    /// When the state began; none where it never changed.
    pub since: Option<Instant>,
    /// When an open circuit admits its next probe; none where nothing but an administrator will.
    pub until: Option<Instant>,
    /// Why it is not closed.
    pub cause: Option<Reason>,
    /// The failure that opened it was simulated.
    pub simulated: bool,
}
