//! The resilience engine: turns one user turn into one answer, or one honest account of why there is none.
//!
//! A [`Turn`] walks its [`Chain`] of legs: a permit from the leg's circuits, an attempt under typed timers, the
//! classification of what came back, and from that the verdict: the same leg again, the next leg, or the end. The first
//! content commits; from then on there is an [`Answer`], a type of its own that can no longer fall back.
//!
//! Fallback wraps retry, never the reverse. This crate must never know HTTP, a database, or the wire types that the
//! browser sees: it asks an [`Upstream`], reports to an [`Observer`], and does no input or output of its own. Time is
//! tokio's clock and randomness a seeded generator passed in, so that every rule here is tested without waiting.

mod account;
mod answer;
mod attempt;
mod backoff;
mod bars;
mod breaker;
mod budget;
mod chain;
mod circuit_group;
mod circuit_view;
mod circuits;
mod classify;
mod failure;
mod first_tokens;
mod guard;
mod hedge;
mod ids;
mod joint;
mod last_resort;
mod layers;
mod leg_failure;
mod outlook;
mod permit;
mod provider_circuits;
mod record;
mod recover;
mod scrub;
mod settings;
mod summary;
mod turn;
mod upstream;
mod verdict;
mod visit;
mod walk;
mod window;

pub use answer::{Answer, Finished, Progress};
pub use backoff::Backoff;
pub use budget::{BudgetSettings, RetryBudget};
pub use chain::{Capabilities, Chain, ChainError, Leg, PromptFacts, Traits};
pub use circuit_view::{CircuitState, CircuitView, ForcedState};
pub use circuits::{Circuits, Transition, TransitionListener};
pub use classify::classify;
pub use failure::{CircuitEffect, Failure, Reason, RetryRule, Scope};
pub use guard::ResponseGuard;
pub use ids::{ModelId, Overlay, Owner, ProviderId};
pub use layers::LayeredCircuits;
pub use leg_failure::LegFailure;
pub use outlook::Outlook;
pub use provider_circuits::{Missing, ProviderCircuits};
pub use record::{AttemptKind, AttemptRecord, AttemptState, Observer};
pub use recover::{Seam, SeamMode};
pub use scrub::{DETAIL_LIMIT, Scrubber};
pub use settings::{CircuitSettings, OnContentFilter, Routing, Settings};
pub use summary::{summarise, summarise_interruption};
pub use turn::{Delivery, NoAnswer, Spent, Turn};
pub use upstream::{
    Ask, Chunk, Chunks, FinishReason, Observed, Opened, ToolCallDelta, Upstream, UpstreamError,
    Usage,
};
pub use verdict::{Standing, Verdict, verdict};

#[cfg(test)]
mod testing;
