//! What came of the attempts, or of the turns, of a span of time: plain sums, so that spans can be added up and taken away.

use evenkeel_protocol::{
    Attempt, AttemptState, Figures, Percentiles, Reason, ReasonCount, TurnFigures, Usage,
};

use super::histogram::Histogram;

/// Attempts that have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Those that answered.
    pub answered: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those whose turn ended first.
    pub cancelled: u64,
    /// Those that were spared.
    pub skipped: u64,
    /// Why they failed, in the order of [`Reason::ALL`].
    pub reasons: [u64; Reason::ALL.len()],
    /// From the start to the first token.
    pub first_token: Histogram,
    /// From the start to the end, of those that answered.
    pub total: Histogram,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Tokens of answers whose streaming was timed.
    pub streamed_tokens: u64,
    /// From the first token to the end, of these.
    pub streaming_ms: u64,
    /// Billionths of a US dollar.
    pub cost: u64,
}

/// Billionths of a dollar: sums of them are the same in every order, those of fractions are not.
const BILLION: f64 = 1e9;

/// What is counted of an attempt.
pub struct Ended {
    /// Where it came to.
    pub state: AttemptState,
    /// Why it failed or was skipped.
    pub reason: Option<Reason>,
    /// From the start to the first token.
    pub first_token_ms: Option<u64>,
    /// From the start to the end.
    pub duration_ms: Option<u64>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// US dollars.
    pub cost: Option<f64>,
}

impl From<&Attempt> for Ended {
    fn from(attempt: &Attempt) -> Self {
        Self {
            state: attempt.state,
            reason: attempt.reason,
            first_token_ms: attempt.first_token_ms,
            duration_ms: attempt.duration_ms,
            usage: attempt.usage,
            cost: attempt.cost,
        }
    }
}

impl Attempts {
    /// Counts an attempt that has ended; one that has not counts nothing.
    pub fn record(&mut self, attempt: &Ended) {
        match attempt.state {
            AttemptState::Started | AttemptState::Answering => return,
            AttemptState::Answered => self.answered += 1,
            AttemptState::Failed => self.failed += 1,
            AttemptState::Cancelled => self.cancelled += 1,
            AttemptState::Skipped => {
                self.skipped += 1;
                return;
            }
        }
        if let (AttemptState::Failed, Some(reason)) = (attempt.state, attempt.reason) {
            self.reasons[place(reason)] += 1;
        }
        if let Some(first) = attempt.first_token_ms {
            self.first_token.record(first);
        }
        let usage = attempt.usage.unwrap_or_default();
        // What a provider says of its tokens may be anything.
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.input_tokens, usage.input_tokens);
        add(&mut self.output_tokens, usage.output_tokens);
        let cost = (attempt.cost.unwrap_or_default() * BILLION).round() as u64;
        add(&mut self.cost, cost);
        if let (AttemptState::Answered, Some(total)) = (attempt.state, attempt.duration_ms) {
            self.total.record(total);
            if let (Some(first), true) = (attempt.first_token_ms, usage.output_tokens > 0) {
                add(&mut self.streamed_tokens, usage.output_tokens);
                add(&mut self.streaming_ms, total.saturating_sub(first));
            }
        }
    }

    /// As people see it.
    pub fn figures(&self) -> Figures {
        let counts = Reason::ALL.into_iter().zip(self.reasons);
        let mut reasons: Vec<_> = counts
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| ReasonCount { reason, count })
            .collect();
        reasons.sort_by_key(|it| std::cmp::Reverse(it.count));
        let seconds = self.streaming_ms as f64 / 1000.0;
        Figures {
            answered: self.answered,
            failed: self.failed,
            cancelled: self.cancelled,
            skipped: self.skipped,
            reasons,
            first_token: percentiles(&self.first_token),
            total: percentiles(&self.total),
            tokens_per_second: (self.streaming_ms > 0)
                .then(|| self.streamed_tokens as f64 / seconds),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost: self.cost as f64 / BILLION,
        }
    }
}

fn place(reason: Reason) -> usize {
    let found = Reason::ALL.iter().position(|one| *one == reason);
    found.unwrap_or_default()
}

fn percentiles(times: &Histogram) -> Option<Percentiles> {
    Some(Percentiles {
        p50_ms: times.percentile(50)?,
        p95_ms: times.percentile(95)?,
        p99_ms: times.percentile(99)?,
    })
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOutcome {
    /// The model that was asked for answered.
    Answered,
    /// Another one did.
    Fallback,
    /// No model could answer.
    Exhausted,
    /// It ended without an answer for another reason.
    Failed,
    /// Whoever asked stopped it, or left.
    Stopped,
}

impl TurnOutcome {
    /// What the metrics' word means here; `other`: another model than the one asked for answered.
    pub fn of(word: &str, other: bool) -> Self {
        match (word, other) {
            ("answered", true) => Self::Fallback,
            ("answered", false) => Self::Answered,
            ("fallback_exhausted", _) => Self::Exhausted,
            ("cancelled", _) => Self::Stopped,
            _ => Self::Failed,
        }
    }
}

/// Turns that have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// Those that were answered.
    pub answered: u64,
    /// Of these, those that another model than the one asked for answered.
    pub fallbacks: u64,
    /// Those that no model could answer.
    pub exhausted: u64,
    /// Those that ended without an answer for another reason.
    pub failed: u64,
    /// Those that were stopped.
    pub stopped: u64,
    /// From the question to the end, of those that were answered.
    pub total: Histogram,
}

impl Turns {
    /// Counts a turn that took so long.
    pub fn record(&mut self, outcome: TurnOutcome, milliseconds: u64) {
        match outcome {
            TurnOutcome::Answered => self.answered += 1,
            TurnOutcome::Fallback => {
                self.answered += 1;
                self.fallbacks += 1;
            }
            TurnOutcome::Exhausted => self.exhausted += 1,
            TurnOutcome::Failed => self.failed += 1,
            TurnOutcome::Stopped => self.stopped += 1,
        }
        if matches!(outcome, TurnOutcome::Answered | TurnOutcome::Fallback) {
            self.total.record(milliseconds);
        }
    }

    /// Turns that have ended, stopped ones left out.
    pub fn turns(&self) -> u64 {
        self.answered + self.exhausted + self.failed
    }

    /// As people see it.
    pub fn figures(&self) -> TurnFigures {
        TurnFigures {
            turns: self.turns(),
            answered: self.answered,
            fallbacks: self.fallbacks,
            exhausted: self.exhausted,
            total: percentiles(&self.total),
        }
    }
}
