//! A scenario: the world that turns are simulated in, as its file says it.

use std::time::Duration;

use evenkeel_engine::{BudgetSettings, Settings};

use super::distribution::Distribution;
use super::trouble::Trouble;

/// A checked scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How long its schedule is. What runs on after it begins again.
    pub period: Duration,
    /// Turns a second, on average.
    pub turns_per_second: f64,
    /// Tokens of the prompts.
    pub prompt_tokens: Distribution,
    /// Tokens of the answers.
    pub answer_tokens: Distribution,
    /// What all turns together may spend on retries and hedges.
    pub retry_budget: BudgetSettings,
    /// The providers.
    pub providers: Vec<Provider>,
    /// The models.
    pub models: Vec<Model>,
    /// The chains that turns are given.
    pub chains: Vec<Chain>,
    /// What is out of order, and when.
    pub outages: Vec<Outage>,
}

/// A provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its id.
    pub id: String,
    /// More requests than these in a minute get a 429.
    pub requests_per_minute: Option<u64>,
}

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// The place of its provider.
    pub provider: usize,
    /// The engine's figures for it.
    pub settings: Settings,
    /// It goes on with an answer that was begun.
    pub prefill: bool,
    /// It thinks before it answers.
    pub reasoning: bool,
    /// The tokens its context holds.
    pub context_window: Option<u64>,
    /// US dollars per million tokens of the prompt.
    pub input_cost: f64,
    /// US dollars per million tokens of the answer.
    pub output_cost: f64,
    /// Seconds until the first token.
    pub first_token: Distribution,
    /// Seconds for each further token, drawn once an answer.
    pub per_token: Distribution,
    /// Seconds until an error comes back.
    pub error_after: Distribution,
    /// The shares of its requests that go wrong, each in its way.
    pub failures: Vec<(Trouble, f64)>,
    /// More requests than these in a minute get a 429.
    pub requests_per_minute: Option<u64>,
}

/// A chain, and how much of the traffic asks for it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The places of its models.
    pub models: Vec<usize>,
    /// Its weight beside the other chains'.
    pub share: f64,
}

/// What an outage strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// All models of the provider at this place.
    Provider(usize),
    /// The model at this place.
    Model(usize),
}

/// A time in which requests go wrong.
#[derive(Clone, Debug)]
pub struct Outage {
    /// Of whom.
    pub target: Target,
    /// Its first moment in the period.
    pub from: Duration,
    /// The first moment after it.
    pub to: Duration,
    /// How they go wrong.
    pub trouble: Trouble,
    /// The share of requests that do.
    pub share: f64,
    /// What the errors say about when to come back.
    pub retry_after: Option<Duration>,
    /// How many times as long everything takes, where it is slow.
    pub factor: f64,
}

impl Outage {
    /// Whether it lasts at this moment of the period, for this model.
    pub fn strikes(&self, model: usize, provider: usize, at: Duration) -> bool {
        (self.from..self.to).contains(&at)
            && match self.target {
                Target::Provider(place) => place == provider,
                Target::Model(place) => place == model,
            }
    }
}

impl Scenario {
    /// The turns of one period.
    pub fn turns_of_a_period(&self) -> u64 {
        (self.period.as_secs_f64() * self.turns_per_second)
            .round()
            .max(1.0) as u64
    }
}
