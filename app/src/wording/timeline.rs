//! What the timeline of a turn says of each attempt.

use evenkeel_protocol::{Attempt, AttemptState, Timestamp, Usage};

use super::{seconds, state, why};

/// An attempt in a few words: "failed (rate limited) after 0.3 s", "failed (key refused) at once".
pub fn outcome(attempt: &Attempt) -> String {
    let mut text = state(attempt.state).to_owned();
    if attempt.reason.is_some() {
        text.push_str(&format!(" ({})", why(attempt)));
    }
    if let Some(ms) = attempt.duration_ms
        && attempt.state != AttemptState::Skipped
    {
        let when = match ms {
            0..100 => " at once".to_owned(),
            _ => format!(" after {}", seconds(ms)),
        };
        text.push_str(&when);
    }
    text
}

/// Everything else that is known of an attempt, by its names.
pub fn facts(attempt: &Attempt, first: Timestamp) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Provider", attempt.provider.to_string())];
    let ms = attempt.started_at.as_millisecond() - first.as_millisecond();
    let begun = match u64::try_from(ms) {
        Ok(ms) if ms > 0 => format!("{} after the question", seconds(ms)),
        Ok(_) | Err(_) => "at once".to_owned(),
    };
    facts.push(("Began", begun));
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact(
        "Status",
        attempt.status_code.map(|code| format!("HTTP {code}")),
    );
    fact("Reason", attempt.reason.map(|_| why(attempt).to_owned()));
    fact(
        "First token",
        attempt
            .first_token_ms
            .map(|ms| format!("after {}", seconds(ms))),
    );
    fact("Took", attempt.duration_ms.map(seconds));
    fact("Then waited", attempt.retry_in_ms.map(seconds));
    fact("Tokens", attempt.usage.map(tokens));
    fact("Cost", attempt.cost.map(cost));
    facts
}

/// "1 200 in, 35 out".
pub fn tokens(usage: Usage) -> String {
    format!("{} in, {} out", usage.input_tokens, usage.output_tokens)
}

/// US dollars, as many digits as say something: "$0.0021", "$1.20".
pub fn cost(dollars: f64) -> String {
    if dollars >= 0.995 || dollars == 0.0 {
        format!("${dollars:.2}")
    } else if dollars < 0.000_05 {
        "under $0.0001".to_owned()
    } else {
        format!("${dollars:.4}")
    }
}

/// A time on the axis of the chart, whose marks are `step` apart: "200 ms", "1.5 s", "20 s".
pub fn mark(ms: u64, step: u64) -> String {
    match (ms, step) {
        (0, _) => "0".to_owned(),
        (_, 0..100) => format!("{ms} ms"),
        (_, 100..1000) => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} s", ms / 1000),
    }
}
