//! The figures of a random world: wide enough for every rule, and short enough that circuits recover within it.

use std::time::Duration;

use evenkeel_engine::*;

use crate::dice::Dice;

/// The world's figures. A chain of all its models is not too long.
pub fn settings(dice: &mut Dice, legs: u32) -> Settings {
    let base = dice.millis(50, 2_000);
    let deadline = dice.millis(5_000, 120_000);
    let cooldown = dice.millis(2_000, 60_000);
    Settings {
        first_token_timeout: dice.millis(500, 15_000),
        reasoning_first_token_timeout: dice.millis(2_000, 40_000),
        idle_timeout: dice.millis(500, 10_000),
        reasoning_idle_timeout: dice.millis(2_000, 20_000),
        timeout: dice.millis(1_000, 45_000),
        deadline,
        stream_deadline: deadline + dice.skewed(Duration::from_secs(200)),
        backoff: Backoff::new(base, base * dice.count(1, 20))
            .unwrap_or_else(|| Settings::default().backoff),
        max_retries: dice.count(0, 4),
        retries_before_fallback: dice.count(0, 2),
        max_attempts: legs + dice.count(0, 6),
        max_retry_after: dice.skewed(Duration::from_secs(8)),
        hedge_after: dice.one_in(3).then(|| dice.millis(100, 3_000)),
        routing: *dice.pick(&[
            Routing::Ordered,
            Routing::Ordered,
            Routing::Fastest,
            Routing::Cheapest,
        ]),
        on_content_filter: *dice.pick(&[OnContentFilter::End, OnContentFilter::Fallback]),
        circuit: CircuitSettings {
            threshold: dice.count(1, 6),
            cooldown,
            max_cooldown: cooldown * dice.count(1, 8),
            failure_rate: dice.one_in(2).then(|| dice.share(0.2, 0.9)),
            min_outcomes: dice.count(2, 10),
            window: dice.millis(5_000, 60_000),
        },
        ..Settings::default()
    }
}

/// Some models have figures of their own.
pub fn own_settings(common: &Settings, dice: &mut Dice) -> Settings {
    let mut own = common.clone();
    if dice.one_in(3) {
        own.idle_timeout = dice.millis(500, 10_000);
        own.first_token_timeout = dice.millis(500, 10_000);
        own.max_retries = dice.count(0, 4);
        own.max_retry_after = dice.skewed(Duration::from_secs(8));
        own.stream_deadline = own.deadline + dice.skewed(Duration::from_secs(200));
        own.hedge_after = dice.one_in(3).then(|| dice.millis(100, 3_000));
    }
    own
}

/// What is known of a model.
pub fn traits(dice: &mut Dice) -> Traits {
    Traits {
        context_window: dice.one_in(3).then(|| dice.number(500, 4_000)),
        capabilities: dice.one_in(3).then(|| Capabilities {
            vision: dice.one_in(2),
            tools: dice.one_in(2),
        }),
        prefill: dice.percent(40),
        reasoning: dice.one_in(8),
        single_host: dice.one_in(8),
        price: dice.one_in(2).then(|| dice.share(0.0, 9.0)),
    }
}
