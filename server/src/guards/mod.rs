//! What is done to a turn for safety's sake: personal data is kept from providers, planted instructions are looked for,
//! answers are checked against their sources. Patterns, not proofs.

pub mod injection;
pub mod pii;

use regex::Regex;

/// A fixed pattern of this program.
#[expect(
    clippy::expect_used,
    reason = "every pattern is a constant, and the tests compile all of them"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this program")
}
