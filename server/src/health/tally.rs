//! What the log says of one model over any span of time.

use evenkeel_protocol::{AttemptState, Usage};
use evenkeel_store::Sample;

use super::cell::{Attempts, Ended};

/// See the module.
pub struct Tally {
    /// The model's provider.
    pub provider: String,
    /// What came of its attempts.
    pub sums: Attempts,
    /// Its last attempts in a row that failed.
    pub failing_in_a_row: u64,
}

impl Tally {
    /// Nothing yet, of a model of this provider.
    pub fn of(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            sums: Attempts::default(),
            failing_in_a_row: 0,
        }
    }

    /// Counts the next attempt.
    pub fn count(&mut self, sample: &Sample) {
        match sample.state {
            AttemptState::Answered => self.failing_in_a_row = 0,
            AttemptState::Failed => self.failing_in_a_row += 1,
            AttemptState::Started
            | AttemptState::Answering
            | AttemptState::Skipped
            | AttemptState::Cancelled => {}
        }
        let usage = sample.tokens.map(|(input_tokens, output_tokens)| Usage {
            input_tokens,
            output_tokens,
        });
        self.sums.record(&Ended {
            state: sample.state,
            reason: sample.reason,
            first_token_ms: sample.first_token_ms,
            duration_ms: sample.duration_ms,
            usage,
            cost: sample.cost,
        });
    }
}
