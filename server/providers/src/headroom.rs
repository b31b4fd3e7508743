//! What a provider still lets through, as the headers of its responses say.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::retry_after::{moment, text};

/// What is left of a provider's limits for one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// Requests that are left.
    pub requests_left: Option<u64>,
    /// Of so many.
    pub requests_limit: Option<u64>,
    /// Tokens that are left.
    pub tokens_left: Option<u64>,
    /// Of so many.
    pub tokens_limit: Option<u64>,
    /// When the scarcer of the two is full again.
    pub resets: Option<Instant>,
    /// When it was said.
    pub seen: Instant,
}

/// The names of one limit's headers: what is left, of how much, and when it is full again.
type Names = [&'static str; 3];

/// Of each kind the first that says anything holds. Anthropic's own `tokens` is the narrowest of its token limits.
const REQUESTS: &[Names] = &[
    [
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-reset",
    ],
    [
        "x-ratelimit-remaining-requests",
        "x-ratelimit-limit-requests",
        "x-ratelimit-reset-requests",
    ],
    [
        "x-ratelimit-remaining-req-minute",
        "x-ratelimit-limit-req-minute",
        "x-ratelimit-reset-req-minute",
    ],
    [
        "x-ratelimit-remaining",
        "x-ratelimit-limit",
        "x-ratelimit-reset",
    ],
];

const TOKENS: &[Names] = &[
    [
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-reset",
    ],
    [
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-reset",
    ],
    [
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-limit-tokens",
        "x-ratelimit-reset-tokens",
    ],
    [
        "x-ratelimit-remaining-tokens-minute",
        "x-ratelimit-limit-tokens-minute",
        "x-ratelimit-reset-tokens-minute",
    ],
];

/// One limit as the headers tell of it.
#[derive(Clone, Copy, Default)]
struct Limit {
    left: Option<u64>,
    limit: Option<u64>,
    reset: Option<Duration>,
}

impl Limit {
    fn read(headers: &HeaderMap, names: &[Names], now: Timestamp) -> Self {
        let limits = names.iter().map(|[left, limit, reset]| Self {
            left: count(headers, left),
            limit: count(headers, limit),
            reset: text(headers, reset).and_then(|text| moment(text, now)),
        });
        let mut telling = limits.filter(|it| it.left.is_some() || it.limit.is_some());
        telling.next().unwrap_or_default()
    }

    /// The share that is left; what is not limited is left as a whole.
    fn share(&self) -> f64 {
        match (self.left, self.limit) {
            (Some(left), Some(limit)) if limit > 0 => left as f64 / limit as f64,
            (Some(0), _) => 0.0,
            _ => 1.0,
        }
    }
}

/// What these headers say; none where they say nothing of it, or nothing that can be understood.
pub(crate) fn headroom(headers: &HeaderMap, now: Timestamp, seen: Instant) -> Option<Headroom> {
    let requests = Limit::read(headers, REQUESTS, now);
    let tokens = Limit::read(headers, TOKENS, now);
    requests
        .left
        .or(requests.limit)
        .or(tokens.left)
        .or(tokens.limit)?;
    let (scarcer, other) = if tokens.share() < requests.share() {
        (tokens, requests)
    } else {
        (requests, tokens)
    };
    let reset = scarcer.reset.or(other.reset);
    Some(Headroom {
        requests_left: requests.left,
        requests_limit: requests.limit,
        tokens_left: tokens.left,
        tokens_limit: tokens.limit,
        resets: reset.and_then(|after| seen.checked_add(after)),
        seen,
    })
}

/// A whole number; -1 stands for "not limited", and everything else for nothing.
fn count(headers: &HeaderMap, name: &str) -> Option<u64> {
    let text = text(headers, name)?;
    text.parse().ok().or_else(|| {
        // Some write whole numbers with a point.
        let number: f64 = text.parse().ok()?;
        (number >= 0.0 && number.fract() == 0.0 && number < 1e15).then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "2026-11-20T08:00:00Z";

    fn told(pairs: &[(&'static str, &str)]) -> Option<[Option<u64>; 5]> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        let seen = Instant::now();
        let told = headroom(&headers, NOW.parse().unwrap(), seen)?;
        let reset = told
            .resets
            .map(|at| at.duration_since(seen).as_millis() as u64);
        Some([
            told.requests_left,
            told.requests_limit,
            told.tokens_left,
            told.tokens_limit,
            reset,
        ])
    }

    #[test]
    fn openais_words() {
        let headers = [
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "20ms"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-tokens", "1500"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        let expected = [Some(59), Some(60), Some(1500), Some(150_000), Some(360_000)];
        assert_eq!(told(&headers), Some(expected));
        // The scarcer limit is the one whose end is waited for.
        let expected = [Some(59), Some(60), None, None, Some(20)];
        assert_eq!(told(&headers[..3]), Some(expected));
    }

    #[test]
    fn anthropics_words() {
        let headers = [
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-20T08:00:07Z"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2026-11-20T08:01:00Z",
            ),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ];
        let expected = [Some(0), Some(50), Some(39_000), Some(40_000), Some(7_000)];
        assert_eq!(told(&headers), Some(expected));
    }

    #[test]
    fn openrouters_words() {
        let headers = [
            ("x-ratelimit-limit", "20"),
            ("x-ratelimit-remaining", "3"),
            ("x-ratelimit-reset", "1795161630000"),
        ];
        assert_eq!(
            told(&headers),
            Some([Some(3), Some(20), None, None, Some(30_000)])
        );
    }

    #[test]
    fn nonsense_says_nothing() {
        assert_eq!(told(&[]), None);
        for nonsense in [
            "-1",
            "",
            "many",
            "NaN",
            "1e99",
            "0x10",
            "99999999999999999999",
            "é",
        ] {
            assert_eq!(
                told(&[("x-ratelimit-remaining-tokens", nonsense)]),
                None,
                "{nonsense}"
            );
        }
        let headers = [
            ("x-ratelimit-remaining-tokens", "7.0"),
            ("x-ratelimit-limit-tokens", "-1"),
            ("x-ratelimit-reset-tokens", "whenever"),
        ];
        assert_eq!(told(&headers), Some([None, None, Some(7), None, None]));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(left in "[ -~]{0,30}", limit in "[ -~]{0,30}", reset in "[ -~]{0,30}") {
            let _ = told(&[
                ("x-ratelimit-remaining-requests", &left),
                ("x-ratelimit-limit-requests", &limit),
                ("x-ratelimit-reset-requests", &reset),
            ]);
        }
    }
}
