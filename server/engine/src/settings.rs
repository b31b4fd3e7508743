//! The engine's figures. Names and defaults are those of the configuration's `[resilience]` section.

use std::time::Duration;

use crate::Backoff;

/// What to do when a provider's safety system refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnContentFilter {
    /// The turn ends with the provider's reason: another model would be a way around it.
    #[default]
    End,
    /// The next leg is asked.
    Fallback,
}

/// In which order the legs after the first are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Routing {
    /// As the chain has them.
    #[default]
    Ordered,
    /// By recent time to the first token.
    Fastest,
    /// By price.
    Cheapest,
}

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CircuitSettings {
    /// Consecutive failures that open it.
    pub threshold: u32,
    /// How long it stays open at first.
    pub cooldown: Duration,
    /// How long at most, after it has doubled with each failed probe.
    pub max_cooldown: Duration,
    /// The share of failures within the window that opens it; none switches this rule off.
    pub failure_rate: Option<f64>,
    /// Outcomes that the window must hold before its share counts.
    pub min_outcomes: u32,
    /// How far the window reaches back.
    pub window: Duration,
}

impl Default for CircuitSettings {
    fn default() -> Self {
        Self {
            threshold: 3,
            cooldown: Duration::from_secs(60),
            max_cooldown: Duration::from_secs(300),
            failure_rate: Some(0.5),
            min_outcomes: 10,
            window: Duration::from_secs(30),
        }
    }
}

/// Everything that can be set for one leg. The turn's own limits are its first leg's.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// To the connection; the transport arms it.
    pub connect_timeout: Duration,
    /// From send to the first token, before the prompt's length is added.
    pub first_token_timeout: Duration,
    /// The same for a model that reasons.
    pub reasoning_first_token_timeout: Duration,
    /// Between tokens.
    pub idle_timeout: Duration,
    /// Between tokens while the model reasons.
    pub reasoning_idle_timeout: Duration,
    /// What the last usable leg gets at least until its first token.
    pub timeout: Duration,
    /// From the user's send to commit.
    pub deadline: Duration,
    /// From the user's send to the end of a stream that makes progress.
    pub stream_deadline: Duration,
    /// Between retries.
    pub backoff: Backoff,
    /// Retries on the last usable leg.
    pub max_retries: u32,
    /// Retries on a leg while a further one is usable.
    pub retries_before_fallback: u32,
    /// Attempts of a turn, all legs together.
    pub max_attempts: u32,
    /// The longest Retry-After that is waited for while a further leg is usable.
    pub max_retry_after: Duration,
    /// When a second leg starts beside a first one that has said nothing; none: never.
    pub hedge_after: Option<Duration>,
    /// The order of the legs after the first.
    pub routing: Routing,
    /// What a refusal by a safety system means.
    pub on_content_filter: OnContentFilter,
    /// The circuits' figures.
    pub circuit: CircuitSettings,
}

impl Default for Settings {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "constants, and every test runs this")]
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(20))
            .expect("one second is less than twenty");
        Self {
            connect_timeout: Duration::from_secs(5),
            first_token_timeout: Duration::from_secs(10),
            reasoning_first_token_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(15),
            reasoning_idle_timeout: Duration::from_secs(60),
            timeout: Duration::from_secs(45),
            deadline: Duration::from_secs(300),
            stream_deadline: Duration::from_secs(900),
            backoff,
            max_retries: 3,
            retries_before_fallback: 1,
            max_attempts: 8,
            max_retry_after: Duration::from_secs(3),
            hedge_after: None,
            routing: Routing::Ordered,
            on_content_filter: OnContentFilter::End,
            circuit: CircuitSettings::default(),
        }
    }
}

impl Settings {
    /// How long the first token may take: longer for long prompts, for models that reason or may have to be loaded
    /// first, for models that were slow lately (`recent_p95`), and where nobody else is left to ask.
    pub fn first_token_limit(
        &self,
        prompt_tokens: u64,
        slow_start: bool,
        recent_p95: Option<Duration>,
        last: bool,
    ) -> Duration {
        let base = if slow_start {
            self.reasoning_first_token_timeout
        } else {
            self.first_token_timeout + Duration::from_millis(prompt_tokens / 2)
        };
        let usual = recent_p95.map_or(Duration::ZERO, |p95| p95.saturating_mul(3));
        let limit = base.max(usual);
        if last { limit.max(self.timeout) } else { limit }
    }

    /// How long a started stream may be silent.
    pub fn idle_limit(&self, reasoning: bool) -> Duration {
        if reasoning {
            self.reasoning_idle_timeout
        } else {
            self.idle_timeout
        }
    }
}
